//! Redis: the connection, revoked JWTs and counters. Sessions in Redis are in
//! [`session_tokens`](super::session_tokens).

mod connection;
mod counters;
mod durability;
mod failure;
mod refresh;
mod revocations;
mod server;
mod stream;
#[cfg(feature = "tls")]
mod tls;

pub use connection::Redis;
pub use counters::RedisCounters;
pub(crate) use refresh::RedisRefreshTokens;
pub use revocations::RedisRevocations;
