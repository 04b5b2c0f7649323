//! Every store on a real database: conformance, races, query plans, schema, durability.

#[cfg(all(feature = "postgres", feature = "mysql"))]
use crate::servers;

mod conformance;
mod every_write;
mod faults;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod integers;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod like_sqlite;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod links;
mod lookup_cache;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod mysql8;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod on_servers;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod outages;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod places;
mod plans;
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod pooler;
mod refused_writes;
mod schema;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod schema_changes;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod server_store;
mod shared_commits;
mod short_rows;
mod sql;

mod support;
mod undone_commits;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod unique_keys;
mod users;
mod uuid_forms;
mod wal;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod widths;
