//! Services that share one Redis.

pub(crate) use crate::redis_server as server;

mod clocks;
mod node;

mod nodes;
pub mod outage;
mod sessions;
#[cfg(feature = "tls")]
mod tls;
