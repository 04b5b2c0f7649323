//! Tests over real HTTP against the derived routes, checks of the documentation and the source tree, and hygiene tests of
//! the derive.
#![cfg_attr(
    not(feature = "services"),
    allow(unused_imports, unused_mut, reason = "some items are used only by tests that need servers")
)]

mod access_matrix;
#[cfg(feature = "services")]
mod adopting;
#[cfg(all(feature = "audit", feature = "services"))]
mod audit;
#[cfg(feature = "passkeys")]
mod authenticator;
mod columns;
mod docs;
#[cfg(feature = "services")]
mod fields_on_databases;
mod golden;
mod health;
mod hook_failures;
mod http;
mod hygiene;
mod ids;
#[path = "../../users-runtime/tests/it/log.rs"]
mod log;
mod mail;
#[cfg(feature = "services")]
mod matrix;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "services")]
mod mysql8;
#[cfg(feature = "services")]
mod named_schema;
mod newtype;
#[cfg(feature = "oauth")]
mod oauth;
mod one_line;
mod openapi;
#[cfg(feature = "pages")]
mod pages;
mod recorder;
#[cfg(feature = "services")]
mod redis;
#[cfg(feature = "services")]
#[path = "../../users-runtime/tests/it/redis/server.rs"]
mod redis_server;
#[cfg(feature = "services")]
mod replaced_types;
mod repository;
mod repository_rules;
mod security;
#[cfg(all(unix, feature = "services"))]
mod server_process;
#[cfg(feature = "services")]
#[path = "../../users-runtime/tests/it/servers/mod.rs"]
mod servers;
mod session_settings;
mod sign_in;
mod start_errors;
#[cfg(feature = "services")]
mod stored_values;
mod sub_path;
mod support;
mod tenants;
mod wire;
