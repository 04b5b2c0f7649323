//! Sessions and revoked tokens in a real Redis: at `TEST_REDIS_URL`, under unique keys, or in a server that
//! the test starts and stops.

mod server;
mod support;

mod counters;
mod hostile;
mod outage;
mod revocations;
mod sentinel;
mod session;
mod upstream;
