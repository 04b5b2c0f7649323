//! Tests of the runtime below HTTP, with real databases, a real Redis and real keys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking, and their items are not public"
)]

#[cfg(feature = "foreign-hashes")]
mod foreign_hashes;
mod log;
#[cfg(feature = "redis")]
mod redis;
mod security_passwords;
mod security_tokens;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod servers;
#[cfg(feature = "sqlite")]
mod store;
