//! The wire of fastapi-users (docs/contributing/contract.md), call by call over real HTTP, under both policies.

pub mod app;
mod journal;
pub mod recorded;

mod backends;
mod cookie;
mod current_user;
mod emails;
#[cfg(feature = "foreign-hashes")]
mod foreign;
mod general;
mod hashes;
mod hooks;
mod integer_ids;
mod login;
mod logout;
mod mails;
mod me;
mod moving;
mod problems;
mod programmatic;
#[cfg(feature = "services")]
mod redis;
mod register;
mod reset;
mod schemas;
mod updates;
mod users_by_id;
mod vectors;
mod verify;
