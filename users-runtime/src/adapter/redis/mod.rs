//! Redis, shared by all nodes: the connection, the list of revoked JWTs, and counters. Sessions kept there are in
//! [`opaque`](super::opaque).

mod connection;
mod counters;
mod failure;
mod revocations;
mod server;
#[cfg(feature = "tls")]
mod tls;

pub use connection::Redis;
pub use counters::RedisCounters;
pub use revocations::RedisRevocations;
