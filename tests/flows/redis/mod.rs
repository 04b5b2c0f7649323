//! Services that share a Redis.

#[path = "../../../users-runtime/tests/redis/server.rs"]
pub mod server;

mod node;

mod nodes;
pub mod outage;
mod sessions;
#[cfg(feature = "tls")]
mod tls;
