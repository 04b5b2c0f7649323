//! Tokens that are nothing but random, and name a session that is stored.

mod config;
mod database;
mod token;

pub use config::SessionConfig;
pub use database::DatabaseTokens;
