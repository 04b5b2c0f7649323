//! Every flow over real HTTP, against the routes that the derive writes.

mod http;
mod support;

mod mail;
mod matrix;
mod openapi;
#[cfg(feature = "redis")]
mod redis;
mod security;
mod security_b;
#[cfg(all(feature = "postgres", feature = "mysql"))]
#[path = "../../users-runtime/tests/servers/mod.rs"]
mod servers;
mod smoke;
mod tenants;
mod wire;
