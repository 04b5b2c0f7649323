//! Attacks on tokens, tested at the adapters. Test names are those of docs/contributing/security.md.

mod config;
mod crypto;
mod entropy;
mod jwt;
mod mail;
mod provider;
mod race;
mod rs256;
mod support;
mod upstream;
