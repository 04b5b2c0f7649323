//! The facts in the documentation, compared with the code: tables, defaults and links. Sentences are not compared.
//!
//! `UPDATE_DOCS=1` writes the pages and tables that are generated.

mod access;
mod containers;
mod cookies;
mod cryptography;
mod data;
mod databases;
mod decisions;
mod events;
mod limits;
mod links;
mod metrics;
mod moving;
mod numbers;
pub(crate) mod page;
mod passwords;
mod validation;
