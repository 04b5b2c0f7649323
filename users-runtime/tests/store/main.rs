//! Every store against a real database: conformance, races, plans of the hot queries, schema, durability.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod conformance;
mod faults;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod like_sqlite;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod on_servers;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod outages;
mod plans;
mod schema;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod server_store;
mod sql;

#[cfg(all(feature = "postgres", feature = "mysql"))]
#[path = "../servers/mod.rs"]
mod servers;
mod support;
mod users;
