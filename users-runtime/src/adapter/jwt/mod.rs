//! JSON Web Tokens: access tokens and the tokens of reset and verification mails.
//!
//! A token is checked in three steps: `jws` selects the key and verifies the signature with `jsonwebtoken`, `claims`
//! parses and checks the payload, and the strategy or the mail tokens decide what the token permits. No claim is read
//! before the signature was verified ([RFC 8725](https://www.rfc-editor.org/rfc/rfc8725#section-3.3)).
//!
//! | algorithm | key | for |
//! |---|---|---|
//! | HS256 | [`HmacKey`], at least 32 bytes | the default; one service, or services that trust each other |
//! | ES256, EdDSA | [`SigningKeyPair`], [`VerifyingKey`], PEM | other services verify tokens that only this service signs |
//! | RS256 | the same types, by [`SigningKeyPair::legacy_rs256_pem`] and [`VerifyingKey::legacy_rs256_pem`] | tokens of a fastapi-users service or an identity provider that signs with RS256 |

mod bound_tokens;
mod claims;
mod email_change;
mod email_codes;
mod header;
#[cfg(feature = "oauth")]
mod issuer_keys;
mod jws;
mod key;
mod keys;
mod mail_tokens;
#[cfg(feature = "oauth")]
mod oauth_flows;
#[cfg(feature = "passkeys")]
mod passkey_flows;
mod pem;
mod purpose;
mod purpose_keys;
mod ring;
mod settings;
mod strategy;

pub(crate) use bound_tokens::JwtBoundTokens;
pub(crate) use email_change::JwtEmailChangeTokens;
pub(crate) use email_codes::JwtEmailCodes;
#[cfg(feature = "oauth")]
pub(crate) use issuer_keys::{ForeignToken, IssuerKeys, Signature};
#[cfg(feature = "oauth")]
pub(crate) use jws::sign_claims;
pub use keys::{HmacKey, SigningKeyPair, VerifyingKey};
pub use mail_tokens::{JwtMailTokens, MailTokenSettings};
#[cfg(feature = "oauth")]
pub(crate) use oauth_flows::JwtOAuthFlows;
#[cfg(feature = "passkeys")]
pub(crate) use passkey_flows::JwtPasskeyFlows;
pub use purpose::{Purpose, ensure_distinct_audiences};
pub use ring::{KeyRing, RotatingKeys};
pub use settings::Jwt;
pub use strategy::JwtStrategy;

/// The longest token that is accepted, in bytes: the size of a cookie (RFC 6265 section 6.1).
pub const MAX_TOKEN_BYTES: usize = 4096;
