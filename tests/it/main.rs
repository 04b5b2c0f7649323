//! Tests over real HTTP against the derived routes, and checks of the documentation and the source tree. Tests of other user
//! structs than that of `support` are in `tests/structs`.
#![cfg_attr(
    not(feature = "services"),
    allow(unused_imports, unused_mut, reason = "some items are used only by tests that need servers")
)]

mod access_matrix;
#[cfg(all(feature = "audit", feature = "services"))]
mod audit;
#[cfg(feature = "passkeys")]
mod authenticator;
#[path = "../shared/clock.rs"]
mod clock;
#[path = "../shared/credentials.rs"]
mod credentials;
#[cfg(feature = "services")]
#[path = "../shared/database.rs"]
mod database;
#[path = "../shared/dice.rs"]
mod dice;
mod docs;
#[path = "../shared/hashing.rs"]
mod hashing;
mod health;
mod hook_failures;
#[path = "../shared/http.rs"]
mod http;
#[path = "../../users-runtime/tests/it/log.rs"]
mod log;
mod mail;
#[cfg(feature = "services")]
mod matrix;
#[cfg(feature = "metrics")]
mod metrics;
mod mounts;
#[cfg(feature = "services")]
mod mysql8;
#[cfg(feature = "oauth")]
mod oauth;
mod openapi;
#[cfg(feature = "pages")]
mod pages;
mod recorder;
#[cfg(feature = "services")]
mod redis;
#[cfg(feature = "services")]
#[path = "../../users-runtime/tests/it/redis/server.rs"]
mod redis_server;
#[path = "../shared/repository.rs"]
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
#[path = "../shared/store.rs"]
mod store;
mod sub_path;
mod support;
mod tenants;
mod wire;
