//! Everything over real HTTP against the routes that the derive writes, the documentation and the source tree against each
//! other, and the derive in unusual surroundings.
#![cfg_attr(
    not(feature = "services"),
    allow(unused_imports, unused_mut, reason = "some is needed only where a test uses servers")
)]

mod access_matrix;
mod docs;
#[cfg(feature = "services")]
mod fields_on_databases;
mod golden;
mod house;
mod http;
mod hygiene;
mod mail;
#[cfg(feature = "services")]
mod matrix;
mod one_line;
mod openapi;
#[cfg(feature = "services")]
mod redis;
#[cfg(feature = "services")]
#[path = "../../users-runtime/tests/it/redis/server.rs"]
mod redis_server;
mod repository;
mod security;
#[cfg(all(unix, feature = "services"))]
mod server_process;
#[cfg(feature = "services")]
#[path = "../../users-runtime/tests/it/servers/mod.rs"]
mod servers;
mod session_settings;
mod smoke;
mod support;
mod tenants;
mod wire;
