//! Every store against a real database: conformance, races, plans of the hot queries, schema, durability.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod conformance;
mod schema;
mod sql;

mod support;
mod users;
