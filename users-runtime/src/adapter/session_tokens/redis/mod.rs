//! Sessions in Redis, shared by all nodes.

mod record;
mod script;
mod strategy;

pub use strategy::RedisTokens;
