//! Every flow over real HTTP, against the routes that the derive writes.

mod http;
mod support;

mod mail;
mod matrix;
mod openapi;
#[cfg(feature = "redis")]
mod redis;
#[path = "../../users-runtime/tests/redis/server.rs"]
mod redis_server;
mod security;
#[path = "../../users-runtime/tests/servers/mod.rs"]
mod servers;
mod smoke;
mod tenants;
mod wire;
