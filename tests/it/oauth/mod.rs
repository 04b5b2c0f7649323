//! Logins with OAuth providers, against a test provider that behaves correctly or incorrectly.

mod accounts;
#[cfg(all(feature = "audit", feature = "services"))]
mod audit;
mod client;
mod config;
#[cfg(feature = "services")]
mod databases;
mod flows;
pub mod grants;
mod id_tokens;
mod keys;
mod limits;
mod linking;
#[cfg(feature = "totp")]
mod mfa;
#[cfg(feature = "pages")]
mod pages;
pub mod provider;
mod race;
mod recorded;
mod resource;
mod state;
pub mod support;
mod takeover;
mod tokens;
