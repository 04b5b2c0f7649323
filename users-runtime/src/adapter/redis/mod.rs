//! Redis, shared by all nodes: the connection, and the list of revoked JWTs. Sessions kept there are in
//! [`opaque`](super::opaque).

mod connection;
mod failure;
mod revocations;
#[cfg(feature = "tls")]
mod tls;

pub use connection::Redis;
pub use revocations::RedisRevocations;
