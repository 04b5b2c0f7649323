//! Tokens that are nothing but random, and name a session that is stored.

mod config;
mod database;
#[cfg(feature = "redis")]
mod redis;
mod token;

pub use config::SessionConfig;
pub use database::DatabaseTokens;
#[cfg(feature = "redis")]
pub use redis::RedisTokens;
