//! What axum-users does at run time: flows, policy, hashing, tokens and storage. Applications use it through the crate
//! `axum-users`, which adds the derive.
//!
//! The floors, low to high: [`domain`] → [`user`] → [`port`] → { [`adapter`] | `manager` } → { steps of `flows` |
//! `http` } → routes of `flows` → `builder`. A file uses lower floors only; `docs/contributing/architecture.md` has the picture.
//!
//! | Cargo feature | default | what it adds |
//! |---|---|---|
//! | `sqlite` | yes | the SQL store on SQLite |
//! | `postgres` | no | the SQL store on PostgreSQL |
//! | `mysql` | no | the SQL store on MySQL and MariaDB |
//! | `tls` | no | TLS to PostgreSQL, MySQL and Redis, by rustls with ring |
//! | `openapi` | yes | the OpenAPI document |
//! | `smtp` | no | mail over SMTP |
//! | `breached` | no | sources of breached passwords |
//! | `foreign-hashes` | no | verifiers of hashes that Django, Flask, Devise and Firebase stored |
//! | `redis` | no | sessions and revoked JWTs in Redis |
//! | `testing` | no | a clock to set, a mailbox to read, the conformance suite of stores; nothing in a release build |
#![forbid(unsafe_code)]

// Lets unit tests share the users of `tests/it/store`.
#[cfg(test)]
extern crate self as users_runtime;

mod account;
pub mod adapter;
mod background;
mod builder;
pub mod domain;
mod event;
mod flows;
mod http;
mod inventory;
#[cfg(feature = "openapi")]
mod openapi;
pub mod port;
#[doc(hidden)]
pub mod private;
mod service;
#[cfg(any(test, all(feature = "testing", debug_assertions)))]
pub mod testing;
pub mod user;

pub use account::{CreateError, PasswordError, Sessions, SessionsError, UpdateError};
#[cfg(feature = "redis")]
pub use adapter::redis::{Redis, RedisRevocations};
pub use adapter::{
    Bearer, Cookie, SameSite,
    jwt::JwtConfig,
    mail::{MailHooks, Mailer},
    session_tokens::SessionConfig,
};
pub use builder::{Backend, NoHooks, UsersBuilder};
pub use domain::{
    AccessToken, Device, EmailAddress, Epoch, Error, ListedSession, Origin, Password, PasswordHash, PasswordPolicy,
    Quota, Relaxation, ResetToken, Result, SecretKey, Session, Status, Timestamp, TrustedOrigins, UserId, VerifyToken,
};
pub use event::{EventKind, Outcome as EventOutcome};
pub use flows::sessions::session_routes;
pub use http::{
    ApiError, Caller, CurrentSession, CurrentUser, Endpoint, FreshUser, Guard, Guarded, HasUsers, Loc, Problem,
    Require, Requirements, RouteGroup, SecurityHeaders, Superuser, VerifiedUser, not_found, security_headers,
};
pub use inventory::{Prefixes, access_matrix, endpoints};
#[cfg(feature = "openapi")]
pub use openapi::{openapi, openapi_at, openapi_routes, openapi_routes_of};
pub use port::{
    FailedLogin, Gate, HookError, HookResult, InvalidPassword, PasswordSubject, RequestContext, StoreError, Updated,
    UserManager, UserStore, Verdict,
};
pub use service::{Limits, Policy, Users};
pub use user::{AuthUser, HasTenant, Tenant};
#[cfg(feature = "openapi")]
pub use utoipa;
