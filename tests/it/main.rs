//! Everything over real HTTP against the routes that the derive writes, the documentation and the source tree against each
//! other, and the derive in unusual surroundings.

mod access_matrix;
#[cfg(all(feature = "sqlite", feature = "openapi"))]
mod docs;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod fields_on_databases;
mod golden;
mod house;
mod http;
mod hygiene;
mod mail;
mod matrix;
mod one_line;
mod openapi;
#[cfg(feature = "redis")]
mod redis;
#[path = "../../users-runtime/tests/it/redis/server.rs"]
mod redis_server;
mod repository;
mod security;
#[cfg(all(unix, feature = "postgres", feature = "mysql", feature = "redis"))]
mod server_process;
#[path = "../../users-runtime/tests/it/servers/mod.rs"]
mod servers;
mod session_settings;
mod smoke;
mod support;
mod tenants;
mod wire;
