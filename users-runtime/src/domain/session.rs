//! What a login is, and what a token says about one.

use super::Timestamp;

/// How often all sessions of a user were ended. A token carries the value of its login; another value in the
/// database means that the token is dead.
///
/// A counter and not a time, so that a login in the very second of a password reset works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Epoch(pub i64);

/// The name of one token (a JWT's `jti`): 22 URL-safe characters, 128 bits. It identifies a session and logs nobody in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenId(pub String);

impl TokenId {
    /// Names a token by 128 random bits.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// The facts of a login that a strategy turns into a token.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user's id in its text form.
    pub subject: String,
    /// The user's epoch as it was *before* the password was checked, so that a password change meanwhile kills the token.
    pub epoch: Epoch,
    /// When the login happened.
    pub at: Timestamp,
    /// The client's address, if the server knows it.
    pub client: Option<std::net::IpAddr>,
}

/// What a strategy read out of a valid token.
#[derive(Debug, Clone)]
pub struct Session {
    /// The user's id in its text form, not yet parsed.
    pub subject: String,
    /// The token's name, absent in tokens that fastapi-users minted.
    pub token_id: Option<TokenId>,
    /// The epoch at login, absent in tokens that fastapi-users minted.
    pub epoch: Option<Epoch>,
    /// When the person logged in, if the token says so.
    pub logged_in_at: Option<Timestamp>,
    /// When the token ends by itself; `None` only under `never_expires()` or for upstream's eternal tokens.
    pub expires_at: Option<Timestamp>,
}
