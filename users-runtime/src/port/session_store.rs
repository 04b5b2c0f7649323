//! Where sessions are kept that a strategy does not keep in the token itself.

use super::BoxFuture;
use crate::domain::{Device, Epoch, ListedSession, SessionKey, StoreError, Timestamp, TokenId};

/// Rows of sessions beside their users: fastapi-users' table `accesstoken`, with columns of our own.
///
/// Finding a session is no method here: [`UserStore::find`](super::UserStore::find) answers session and user in one
/// query. Every write is one transaction.
pub trait SessionStore: Send + Sync + 'static {
    /// Adds a session, and removes others of the user beyond `at_most`: first those that a raised epoch or a revocation
    /// ended, so that they take no place from one that was spared, then the oldest by time of login.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is no such user any more.
    fn add(&self, session: NewSession, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Removes a session, ended or not; answers whether there was one.
    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Notes that a session was used. One that is gone stays gone, and a later time is never overwritten by an earlier.
    fn touch<'a>(&'a self, key: &'a SessionKey, at: Timestamp) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The sessions of a user in the order of their logins, ended ones among them. Rows of fastapi-users have no name and
    /// are left out.
    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StoreError>>;

    /// Removes the session of a user that has this name; answers whether there was one.
    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes all sessions that cannot live any more, in transactions of at most `step` of them, so that none holds its
    /// locks for long; answers how many it removed.
    fn purge(&self, ended: EndedSessions, step: u32) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// A session to be stored.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// What it is found by.
    pub key: SessionKey,
    /// What it is called.
    pub id: TokenId,
    /// The user's id in its text form.
    pub subject: String,
    /// The user's epoch before the password was checked.
    pub epoch: Epoch,
    /// When the login happened.
    pub at: Timestamp,
    /// Where it came from.
    pub device: Device,
}

/// A session as found beside its user. What it lacks, fastapi-users did not note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSession {
    /// What it is called.
    pub id: Option<TokenId>,
    /// The user's epoch at login.
    pub epoch: Option<Epoch>,
    /// When the login happened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Option<Timestamp>,
}

/// Which sessions a purge removes: those that meet one of these, and those whose epoch was left behind and that nothing
/// spared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndedSessions {
    /// Logged in before this time.
    pub created_before: Option<Timestamp>,
    /// Last used before this time.
    pub seen_before: Option<Timestamp>,
}

impl EndedSessions {
    /// Whether one of the times has ended a session, which counts as used at its login.
    #[must_use]
    pub fn covers(&self, created_at: Timestamp, last_seen_at: Option<Timestamp>) -> bool {
        self.created_before.is_some_and(|time| created_at < time)
            || self.seen_before.is_some_and(|time| last_seen_at.unwrap_or(created_at) < time)
    }
}
