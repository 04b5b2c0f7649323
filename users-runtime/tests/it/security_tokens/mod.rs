//! What tokens must withstand, at the level of the adapters: the names are those of the project's security contract.

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
