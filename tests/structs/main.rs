//! What the derive makes of user structs: columns of every kind, ids, tables of other programs, and hygiene.
#![cfg_attr(
    not(feature = "services"),
    allow(unused_imports, unused_mut, reason = "some items are used only by tests that need servers")
)]

#[cfg(feature = "services")]
mod adopting;
#[cfg(feature = "services")]
#[path = "../shared/clock.rs"]
mod clock;
#[cfg(feature = "services")]
mod columns;
#[path = "../shared/credentials.rs"]
mod credentials;
#[cfg(feature = "services")]
#[path = "../shared/database.rs"]
mod database;
#[path = "../shared/dice.rs"]
mod dice;
#[cfg(feature = "services")]
mod fields_on_databases;
mod golden;
#[path = "../shared/hashing.rs"]
mod hashing;
#[path = "../shared/http.rs"]
mod http;
mod hygiene;
mod ids;
#[path = "../../users-runtime/tests/it/log.rs"]
mod log;
#[cfg(feature = "services")]
mod mysql8;
#[cfg(feature = "services")]
mod named_schema;
mod newtype;
mod one_line;
#[cfg(feature = "services")]
#[path = "../../users-runtime/tests/it/redis/server.rs"]
mod redis_server;
#[cfg(feature = "services")]
mod replaced_types;
#[path = "../shared/repository.rs"]
mod repository;
#[cfg(feature = "services")]
#[path = "../../users-runtime/tests/it/servers/mod.rs"]
mod servers;
#[path = "../shared/store.rs"]
mod store;
#[cfg(feature = "services")]
mod stored_values;
