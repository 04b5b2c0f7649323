//! Providers over HTTP: OpenID Connect issuers, OAuth 2.0 services, and the catalogue of well-known ones.
//!
//! The crates `oauth2` and `openidconnect` implement the protocols. This module has the HTTP client with its limits,
//! the rules that the crates leave to their users, and the differences between providers, as data.

mod apple;
mod authorize;
mod catalogue;
mod discovery;
mod exchange;
mod http_client;
mod id_token;
mod limits;
mod openid;
mod plain;
mod profile;
mod resource;

pub(crate) use self::catalogue::{Known, Protocol, known, known_names};
pub use self::{
    apple::AppleKey,
    openid::OpenId,
    plain::{OAuth2, OAuth2Endpoints},
    resource::ResourceServer,
};
