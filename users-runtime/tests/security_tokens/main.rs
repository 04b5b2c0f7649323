//! What tokens must withstand, at the level of the adapters: the names are those of the project's security contract.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod crypto;
mod entropy;
mod jwt;
mod mail;
mod race;
mod support;
mod upstream;
