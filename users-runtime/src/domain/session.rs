//! Logins and sessions.

use std::{fmt, time::Duration};

use sha2::{Digest, Sha256};

use super::{AccessToken, AuthMethods, Reauthentication, Timestamp, TokenSeed};

/// A counter of how often all sessions of a user were ended. A token contains the value at its login and is valid only
/// while the database has the same value.
///
/// It is a counter and not a time so that a login within the second of a password reset works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Epoch(pub i64);

/// The precision of a session's last use: it is written again only when the stored time is older than this.
pub(crate) const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Returns `true` if a session belongs to another backend than `own`. A session without a backend works at every backend,
/// and a strategy without one (`Policy::fastapi_users()`) accepts every session.
pub(crate) fn is_of_another_backend(own: Option<&str>, of_session: Option<&str>) -> bool {
    own.zip(of_session).is_some_and(|(own, of_session)| own != of_session)
}

/// The id of a session (the `jti` of a JWT): 128 bits in 22 URL-safe characters. It identifies a session but does not
/// authenticate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenId(pub String);

impl TokenId {
    /// The maximum length of an id, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Reads an id that a client sent: 1 to [`TokenId::MAX_CHARS`] letters and digits of ASCII, `-`, `_` and `.`.
    /// Returns `None` for any other text. Such a text is not the id of any session and need not be looked up.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        ((1..=Self::MAX_CHARS).contains(&text.len()) && text.bytes().all(known)).then(|| Self(text.to_owned()))
    }

    /// Makes an id from 128 random bits.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base64url(&bytes))
    }
}

/// The key under which a session is stored: the SHA-256 of its token, or the token itself if fastapi-users shares the
/// table.
///
/// Both have 43 characters and fit the column of fastapi-users. A store also records which of the two the text is, and
/// compares both the text and its kind. A digest from a stolen table is therefore useless as a token: it is hashed
/// again before the lookup.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey {
    text: String,
    hashed: bool,
}

impl SessionKey {
    /// The length of a key in characters: 256 bits in base64url without padding.
    pub const CHARS: usize = 43;

    /// Returns the digest of a token as a key: base64url(SHA-256(token)).
    #[must_use]
    pub fn hashed(token: &AccessToken) -> Self {
        Self { text: base64url(&Sha256::digest(token.secret().as_bytes())), hashed: true }
    }

    /// Returns the token itself as a key, as fastapi-users stores it.
    ///
    /// # Security
    /// Anyone who can read the table can use the sessions.
    #[must_use]
    pub fn plain(token: &AccessToken) -> Self {
        Self { text: token.secret().to_owned(), hashed: false }
    }

    /// Returns the text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the text is a digest.
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

/// A login, for which a strategy issues a token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Login {
    /// The id of the user as text.
    pub subject: String,
    /// The epoch of the user *before* the password was checked, so that a password change in the meantime invalidates the
    /// token.
    pub epoch: Epoch,
    /// The time of the login.
    pub at: Timestamp,
    /// The device that logged in.
    pub device: Device,
    /// The id that the session gets, as made by [`TokenId::from_random`], so that the event of the login can name it. `None` lets
    /// the strategy make one.
    pub session_id: Option<TokenId>,
    /// The authentication methods of the login. Stored with the session.
    pub methods: AuthMethods,
    /// The time of the login, if the token is issued later, by a refresh. `at` is then the time of the refresh.
    pub logged_in_at: Option<Timestamp>,
    /// The seed from which a strategy must derive the token at a refresh, so that the same response can be repeated: two calls
    /// with the same data issue the same token, and earlier tokens of the session may become invalid. `None` for a random token.
    pub seed: Option<TokenSeed>,
}

impl Login {
    /// Describes a login.
    #[must_use]
    pub fn new(subject: impl Into<String>, epoch: Epoch, at: Timestamp, device: Device) -> Self {
        Self {
            subject: subject.into(),
            epoch,
            at,
            device,
            session_id: None,
            methods: AuthMethods::NONE,
            logged_in_at: None,
            seed: None,
        }
    }

    /// Sets the id that the session gets.
    #[must_use]
    pub fn in_session(self, id: TokenId) -> Self {
        Self { session_id: Some(id), ..self }
    }

    /// Sets the authentication methods of the login.
    #[must_use]
    pub fn proved_with(self, methods: AuthMethods) -> Self {
        Self { methods, ..self }
    }

    /// Makes it a refresh of an earlier login.
    #[must_use]
    pub fn refreshed(self, logged_in_at: Timestamp, seed: TokenSeed) -> Self {
        Self { logged_in_at: Some(logged_in_at), seed: Some(seed), ..self }
    }
}

/// The device that logged in, for the list of sessions that a user can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// The IP address of the client, if the server knows it.
    pub client: Option<std::net::IpAddr>,
    /// The `User-Agent` of the client, at most [`Device::MAX_USER_AGENT`] characters, without control characters. A client
    /// can send any text, so show it but do not base decisions on it.
    pub user_agent: Option<String>,
}

impl Device {
    /// The maximum number of characters that are kept of a `User-Agent`.
    pub const MAX_USER_AGENT: usize = 255;

    /// Describes a device by its IP address and the `User-Agent` it sent.
    #[must_use]
    pub fn new(client: Option<std::net::IpAddr>, user_agent: Option<&str>) -> Self {
        let text = |text: &str| text.chars().filter(|c| !c.is_control()).take(Self::MAX_USER_AGENT).collect::<String>();
        Self { client, user_agent: user_agent.map(text).filter(|text| !text.is_empty()) }
    }
}

/// The content of a valid token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// The id of the user as text, not yet parsed.
    pub subject: String,
    /// The id of the session. Absent if fastapi-users issued the token.
    pub token_id: Option<TokenId>,
    /// The epoch at login. Absent if fastapi-users issued the token.
    pub epoch: Option<Epoch>,
    /// The time of the login, if the token contains it.
    pub logged_in_at: Option<Timestamp>,
    /// The time at which the token expires. `None` only under `never_expires()` or for tokens of fastapi-users without
    /// expiry.
    pub expires_at: Option<Timestamp>,
    /// The time of the last re-authentication in this session.
    pub reauthenticated_at: Option<Timestamp>,
    /// The authentication methods of the session, at the login and since then.
    pub methods: AuthMethods,
    /// The time of the last verification of a second factor, at the login or since then. Known once the session is validated.
    pub second_factor_at: Option<Timestamp>,
}

impl Session {
    /// Describes a session of the user with this id. The other fields are absent until they are set.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            token_id: None,
            epoch: None,
            logged_in_at: None,
            expires_at: None,
            reauthenticated_at: None,
            methods: AuthMethods::NONE,
            second_factor_at: None,
        }
    }

    /// Returns the time at which the user last authenticated, at the login or since then. It determines whether a
    /// session is fresh.
    #[must_use]
    pub fn proved_at(&self) -> Option<Timestamp> {
        self.logged_in_at.max(self.reauthenticated_at)
    }

    /// Adds a re-authentication. In a session without a time of login, a second factor of the login has no time either.
    pub(crate) fn proved_again(&mut self, proof: Option<Reauthentication>) {
        if self.methods.has_second_factor() {
            self.second_factor_at = self.logged_in_at;
        }
        let Some(Reauthentication { at, methods, earlier }) = proof else { return };
        self.reauthenticated_at = Some(at);
        self.methods = self.methods.and(methods).and(earlier);
        if methods.has_second_factor() {
            self.second_factor_at = self.second_factor_at.max(Some(at));
        }
    }
}

/// A session in the list of a user's sessions. It never contains the token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// The time of the last use, to the minute. `None` if the session was not used since the login.
    pub last_seen_at: Option<Timestamp>,
    /// The device that logged in.
    pub device: Device,
    /// The time from which the lifetime of its token counts, if that is not the login but a refresh.
    pub refreshed_at: Option<Timestamp>,
}

impl ListedSession {
    /// Describes a session that has not been used since its login.
    #[must_use]
    pub fn new(session: Session, device: Device) -> Self {
        Self { session, last_seen_at: None, device, refreshed_at: None }
    }

    /// Returns the time from which the lifetime of its token counts.
    pub(crate) fn begun_at(&self) -> Option<Timestamp> {
        self.refreshed_at.or(self.session.logged_in_at)
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}
