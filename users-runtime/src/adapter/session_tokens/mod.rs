//! Random tokens that refer to stored sessions.

mod database;
#[cfg(feature = "redis")]
mod redis;
mod settings;
mod token;

pub use database::DatabaseTokens;
#[cfg(feature = "redis")]
pub use redis::RedisTokens;
#[cfg(feature = "redis")]
pub use settings::RedisSessions;
pub(crate) use settings::SessionSettings;
pub use settings::{DatabaseSessions, StoredSessions};
