//! Every store against a real database: conformance, races, plans of the hot queries, schema, durability.

#[cfg(all(feature = "postgres", feature = "mysql"))]
use crate::servers;

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

mod support;
mod users;
