//! Storage of server-side sessions.

#[cfg(feature = "audit")]
use std::sync::Arc;

#[cfg(feature = "audit")]
use super::AuditEntry;
use super::BoxFuture;
use crate::domain::{AuthMethods, Device, Epoch, ListedSession, SessionKey, StoreError, Timestamp, TokenId};

/// The sessions that are stored in the users' database: fastapi-users' table `accesstoken`, with additional columns.
///
/// Sessions are looked up by [`UserStore::find`](super::UserStore::find), which reads the session and its user in one
/// query. Every write is one transaction.
///
/// # Errors
/// Every method returns [`StoreError::Unavailable`] if the operation may succeed later, and [`StoreError::Failed`] for
/// any other failure of the database.
pub trait SessionStore: Send + Sync + 'static {
    /// Adds a session and removes the user's sessions beyond `at_most`: first those that a raised epoch or a revocation
    /// has ended, so that they do not displace a valid one, then the oldest by time of login.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the user no longer exists.
    fn add(&self, session: NewSession, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Removes a session, expired or not. Returns `true` if it existed.
    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Records that a session was used at `at`. Does nothing if the session no longer exists or a later use is already
    /// recorded.
    fn touch<'a>(&'a self, key: &'a SessionKey, at: Timestamp) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Returns the sessions of a user in the order of their logins, including expired ones. Rows that fastapi-users
    /// wrote have no id and are omitted.
    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StoreError>>;

    /// Removes the session of a user with this id. Returns `true` if it existed.
    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes all sessions that are expired or revoked, in transactions of at most `step` rows, so that locks are held
    /// only briefly. Returns the number of removed sessions.
    fn purge(&self, ended: EndedSessions, step: u32) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Returns the same storage for one change, as [`UserStore::recording`](super::UserStore::recording) does.
    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn SessionStore>> {
        let _ = entries;
        None
    }
}

/// A session to store.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The key that the session is looked up by.
    pub key: SessionKey,
    /// The public id of the session.
    pub id: TokenId,
    /// The user's id in text form.
    pub subject: String,
    /// The user's epoch, read before the password was verified.
    pub epoch: Epoch,
    /// The time of the login.
    pub at: Timestamp,
    /// The client that logged in.
    pub device: Device,
    /// The backend that the session belongs to, or `None` if it works at every backend.
    pub backend: Option<String>,
    /// The authentication methods of the login.
    pub methods: AuthMethods,
    /// The time of the login, if the session is stored later, by a refresh: `at` is then the time of the refresh, from which
    /// its lifetime counts.
    pub logged_in_at: Option<Timestamp>,
    /// Whether the other sessions with this id are removed in the same transaction. Adding the same session again is then
    /// no error.
    pub replaces: bool,
}

/// A session as stored with its user. Fields that fastapi-users does not store are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSession {
    /// The public id of the session.
    pub id: Option<TokenId>,
    /// The user's epoch at login.
    pub epoch: Option<Epoch>,
    /// The time of the login.
    pub created_at: Timestamp,
    /// The time of the last use.
    pub last_seen_at: Option<Timestamp>,
    /// The backend that the session belongs to.
    pub backend: Option<String>,
    /// The authentication methods of the login.
    pub methods: AuthMethods,
    /// The time of the login, if the session was stored later, by a refresh.
    pub logged_in_at: Option<Timestamp>,
}

/// The sessions that a purge removes: those that meet one of these conditions, and those that were ended by a raised
/// epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndedSessions {
    /// Logged in before this time.
    pub created_before: Option<Timestamp>,
    /// Last used before this time.
    pub seen_before: Option<Timestamp>,
}

impl EndedSessions {
    /// Returns `true` if a session meets one of the conditions. A session that was never used is treated as used at its login.
    #[must_use]
    pub fn covers(&self, created_at: Timestamp, last_seen_at: Option<Timestamp>) -> bool {
        self.created_before.is_some_and(|time| created_at < time)
            || self.seen_before.is_some_and(|time| last_seen_at.unwrap_or(created_at) < time)
    }
}
