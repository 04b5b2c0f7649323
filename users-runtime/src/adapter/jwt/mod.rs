//! JSON Web Tokens: access tokens and the tokens of reset and verification mails.
//!
//! A token passes through three rooms, in this order: `jws` finds the key and verifies the signature, `claims` reads
//! and judges what the payload says, and the strategy or the mail tokens decide what it is good for. No claim is looked at
//! before the signature holds (RFC 8725 section 3.3).
//!
//! | algorithm | key | for |
//! |---|---|---|
//! | HS256 | [`HmacKey`], at least 32 bytes | the default; one service, or services that trust each other |
//! | ES256, EdDSA | [`SigningKeyPair`], [`VerifyingKey`], PEM | others verify what only this service signs |
//!
//! RS256 is not offered: OWASP ASVS 5.0 appendix C disallows PKCS#1 v1.5 signatures.

mod claims;
mod config;
mod jws;
mod keys;
mod mail_tokens;
mod mail_tokens_until;
mod purpose;
mod ring;
mod strategy;

pub use config::JwtConfig;
pub use keys::{HmacKey, SigningKeyPair, VerifyingKey};
pub use mail_tokens::{JwtMailTokens, MailTokenConfig};
pub(crate) use mail_tokens_until::UntilThen;
pub use purpose::{Purpose, ensure_distinct_audiences};
pub use ring::{KeyRing, RotatingKeys};
pub use strategy::Jwt;

/// The longest token that is looked at, in bytes: what a cookie can carry (RFC 6265 section 6.1).
pub const MAX_TOKEN_BYTES: usize = 4096;
