//! Random tokens that name a stored session.

mod database;
#[cfg(feature = "redis")]
mod redis;
mod settings;
mod token;

pub use database::DatabaseTokens;
#[cfg(feature = "redis")]
pub use redis::RedisTokens;
pub(crate) use settings::SessionSettings;
#[cfg(feature = "redis")]
pub use settings::RedisSessions;
pub use settings::{DatabaseSessions, StoredSessions};
