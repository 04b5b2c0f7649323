//! What a login is, and what a token says about one.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{AccessToken, Timestamp};

/// How often all sessions of a user were ended. A token carries the value of its login; another value in the
/// database means that the token is dead.
///
/// A counter and not a time, so that a login in the very second of a password reset works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Epoch(pub i64);

/// The name of one session (a JWT's `jti`): 22 URL-safe characters, 128 bits. It identifies a session and logs nobody in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenId(pub String);

impl TokenId {
    /// Names a token by 128 random bits.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base64url(&bytes))
    }
}

/// Under which key a session is stored: the SHA-256 of its token, or the token itself where fastapi-users must read it.
///
/// Both are 43 characters, so that they fit that library's column. A store keeps beside the text which of the two it is,
/// and finds a session only under the key it was stored by: a digest out of a stolen table, presented as a token, is
/// looked up as *its* digest and found nowhere.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    text: String,
    hashed: bool,
}

impl SessionKey {
    /// How many characters a key has: 256 bits in base64url without padding.
    pub const CHARS: usize = 43;

    /// The key of a token that nobody else must read: base64url(SHA-256(token)).
    #[must_use]
    pub fn hashed(token: &AccessToken) -> Self {
        Self { text: base64url(&Sha256::digest(token.secret().as_bytes())), hashed: true }
    }

    /// The token itself, as fastapi-users stores it.
    ///
    /// # Security
    /// Whoever reads the table can log in with it.
    #[must_use]
    pub fn plain(token: &AccessToken) -> Self {
        Self { text: token.secret().to_owned(), hashed: false }
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text is a digest.
    #[must_use]
    pub fn is_hashed(&self) -> bool {
        self.hashed
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(***)")
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
    /// Where it came from.
    pub device: Device,
}

/// Where a login came from, for the list of sessions that a person is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The client's address, if the server knows it.
    pub client: Option<std::net::IpAddr>,
    /// What the client calls itself, at most [`Device::MAX_USER_AGENT`] characters without control characters. It is the
    /// client's word: show it, and decide nothing by it.
    pub user_agent: Option<String>,
}

impl Device {
    /// The most characters that are kept of a `User-Agent`.
    pub const MAX_USER_AGENT: usize = 255;

    /// A login from `client` by a program that sent this `User-Agent`.
    #[must_use]
    pub fn new(client: Option<std::net::IpAddr>, user_agent: Option<&str>) -> Self {
        let text = |text: &str| text.chars().filter(|c| !c.is_control()).take(Self::MAX_USER_AGENT).collect::<String>();
        Self { client, user_agent: user_agent.map(text).filter(|text| !text.is_empty()) }
    }
}

/// What a strategy read out of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The user's id in its text form, not yet parsed.
    pub subject: String,
    /// The session's name, absent where fastapi-users made the token.
    pub token_id: Option<TokenId>,
    /// The epoch at login, absent where fastapi-users made the token.
    pub epoch: Option<Epoch>,
    /// When the person logged in, if the token says so.
    pub logged_in_at: Option<Timestamp>,
    /// When the token ends by itself; `None` only under `never_expires()` or for upstream's eternal tokens.
    pub expires_at: Option<Timestamp>,
}

/// One of a person's sessions, as they are listed. It never holds the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// When it was last used, to the minute; never since the login if absent.
    pub last_seen_at: Option<Timestamp>,
    /// Where the login came from.
    pub device: Device,
}

fn base64url(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}
