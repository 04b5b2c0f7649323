//! Stored sessions whose token is in the table itself, as fastapi-users writes and reads them.

use crate::domain::{AccessToken, SessionKey, Timestamp};

/// Whether plaintext tokens are written, and until when they are accepted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PlaintextTokens {
    stored: bool,
    accepted: Accepted,
}

#[derive(Debug, Clone, Copy, Default)]
enum Accepted {
    /// Only if they are also written.
    #[default]
    IfStored,
    Until(Timestamp),
    Always,
}

impl PlaintextTokens {
    pub(crate) fn store(&mut self) {
        self.stored = true;
    }

    /// Accepts them until a time, or without a limit for `None`.
    pub(crate) fn accept(&mut self, until: Option<Timestamp>) {
        self.accepted = until.map_or(Accepted::Always, Accepted::Until);
    }

    #[cfg(feature = "redis")]
    pub(crate) fn are_stored(self) -> bool {
        self.stored
    }

    pub(crate) fn are_accepted(self, now: Timestamp) -> bool {
        match self.accepted {
            Accepted::IfStored => self.stored,
            Accepted::Until(until) => self.stored || now < until,
            Accepted::Always => true,
        }
    }

    /// Returns the key under which a new session is stored.
    pub(crate) fn key_of(self, token: &AccessToken) -> SessionKey {
        if self.stored { SessionKey::plain(token) } else { SessionKey::hashed(token) }
    }

    /// Returns the keys that the session of a token may have. The plaintext key is first, because fastapi-users writes it.
    pub(crate) fn keys_of(self, token: &AccessToken, now: Timestamp) -> Vec<SessionKey> {
        let plain = self.are_accepted(now).then(|| SessionKey::plain(token));
        plain.into_iter().chain([SessionKey::hashed(token)]).collect()
    }
}
