//! Token strategies: how a login becomes a token.

#[cfg(feature = "audit")]
use std::sync::Arc;
use std::time::Duration;

use super::BoxFuture;
#[cfg(feature = "audit")]
use super::{AuditEntry, SessionChange};
#[cfg(feature = "oauth")]
use crate::domain::oauth::ExternalIdentity;
use crate::domain::{AccessToken, ListedSession, Login, Relaxation, Session, SessionKey, Timestamp, TokenId};

/// Mints the token of a login and resolves a token to its session. Strategies never load users.
pub trait Strategy: Send + Sync + 'static {
    /// Mints a token for a login.
    ///
    /// # Errors
    /// [`StrategyError`] if the token cannot be minted or stored; the login then fails.
    fn issue<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>>;

    /// Resolves a token that a client presented. Returns `None` if it is not a valid token of this strategy.
    ///
    /// # Errors
    /// [`StrategyError`] only if the validity cannot be determined, for instance while the storage is down. The request
    /// is then refused.
    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>>;

    /// Revokes a token at logout. `Ok` means that the token is durably revoked, or was not issued by this strategy.
    ///
    /// # Errors
    /// [`StrategyError`] if the revocation was not stored; the client then receives status 503 instead of 204.
    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>>;

    /// Returns the user's sessions that this strategy stores, in the order of their logins; expired ones may be
    /// included. Strategies with self-contained tokens return none.
    ///
    /// # Errors
    /// [`StrategyError`] if the storage is not available.
    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StrategyError>> {
        let _ = subject;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Ends the session of a user with this id. Returns `true` if it existed.
    ///
    /// # Errors
    /// [`StrategyError`] if the change was not stored.
    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        let _ = (subject, id);
        Box::pin(async { Ok(false) })
    }

    /// Removes sessions that are expired at `now`, in bounded batches. Returns the number of removed sessions.
    ///
    /// # Errors
    /// [`StrategyError`] if the storage is not available.
    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StrategyError>> {
        let _ = now;
        Box::pin(async { Ok(0) })
    }

    /// Checks that the storage of tokens responds, for health checks. The default checks nothing: a token may need no
    /// storage, and the users' database is checked anyway.
    ///
    /// # Errors
    /// [`StrategyError`] if the storage is not available.
    fn ping(&self) -> BoxFuture<'_, Result<(), StrategyError>> {
        Box::pin(async { Ok(()) })
    }

    /// Returns the size in bytes of the largest token for a user whose id has `id_bytes` bytes in text form, or `None`
    /// if it is not known. Building a backend fails if its transport cannot carry such a token.
    fn largest_token(&self, id_bytes: usize) -> Option<usize> {
        let _ = id_bytes;
        None
    }

    /// Returns the time from the issue of a token to its expiry, regardless of use. `None` if there is no limit, or if it is not
    /// known.
    fn lifetime(&self) -> Option<Duration> {
        None
    }

    /// Returns the maximum number of sessions of a user, if a further login ends the oldest. It also applies to refresh tokens.
    fn session_cap(&self) -> Option<u32> {
        None
    }

    /// Returns the time from the last use of a session to its end, if the application set it. It also applies to
    /// refresh tokens. `None` for a default: refresh tokens then use their own.
    fn idle_limit(&self) -> Option<Duration> {
        None
    }

    /// Returns whether the strategy issues tokens. If not, the backend has no routes for login and logout.
    fn issues_tokens(&self) -> bool {
        true
    }

    /// Adds further data about the person of a token that resolved to [`Resolved::External`]. Called if the person has
    /// no account yet and the identity has no address.
    #[cfg(feature = "oauth")]
    fn complete<'a>(
        &'a self,
        token: &'a AccessToken,
        identity: ExternalIdentity,
    ) -> BoxFuture<'a, Result<ExternalIdentity, StrategyError>> {
        let _ = token;
        Box::pin(std::future::ready(Ok(identity)))
    }

    /// Returns the same strategy for one login or for the end of one session, which writes these entries of the audit log in the
    /// transaction of its change. A strategy that stores nothing in the users' database for `change` returns `None`, which is
    /// the default.
    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, change: SessionChange, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn Strategy>> {
        let _ = (change, entries);
        None
    }

    /// Returns the security rules that this strategy's settings relax, for the warning at startup.
    fn relaxations(&self) -> Vec<Relaxation> {
        Vec::new()
    }
}

/// The result of resolving a token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Resolved {
    /// The session, read from the token or from the strategy's storage.
    Session(Session),
    /// A session that is stored with its user: one query reads both.
    Stored(StoredSession),
    /// A token of another service. Its person becomes a user by the rules for logins with a provider.
    #[cfg(feature = "oauth")]
    External(ExternalSession),
}

/// The content of a token of another service.
#[cfg(feature = "oauth")]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExternalSession {
    /// The person.
    pub identity: ExternalIdentity,
    /// The time at which the person entered credentials, if the token contains it.
    pub logged_in_at: Option<Timestamp>,
    /// The time at which the token expires.
    pub expires_at: Option<Timestamp>,
}

#[cfg(feature = "oauth")]
impl ExternalSession {
    /// Describes a token of which only the person is known.
    #[must_use]
    pub fn new(identity: ExternalIdentity) -> Self {
        Self { identity, logged_in_at: None, expires_at: None }
    }
}

/// A session that is stored with its user, if it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// The keys it may be stored under, in the order in which they are tried.
    pub keys: Vec<SessionKey>,
    /// The time from the login to the expiry; `None` if there is no limit.
    pub lifetime: Option<Duration>,
    /// The time from the last use to the expiry; `None` if there is no limit.
    pub idle: Option<Duration>,
    /// The backend that the session must belong to, unless it belongs to none; `None` if it does not matter.
    pub backend: Option<String>,
}

/// Storage of revoked self-contained tokens, until they expire.
///
/// The user store implements it and is read in the query that loads the user. Any other implementation costs one more
/// round trip in every request.
pub trait RevocationStore: Send + Sync + 'static {
    /// Records that `token` is revoked until `until`.
    ///
    /// # Errors
    /// [`StrategyError`] if the revocation was not stored.
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>>;

    /// Returns `true` if `token` is revoked. Called for every token that is otherwise valid.
    ///
    /// # Errors
    /// [`StrategyError`] if this cannot be determined; the request is then refused.
    fn is_revoked<'a>(&'a self, token: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>>;

    /// Checks that the storage responds, for health checks. The default checks nothing, because the users' database is
    /// checked anyway.
    ///
    /// # Errors
    /// [`StrategyError`] if the storage is not available.
    fn ping(&self) -> BoxFuture<'_, Result<(), StrategyError>> {
        Box::pin(async { Ok(()) })
    }

    /// Returns the same storage for one revocation, which writes these entries of the audit log in its transaction. A storage
    /// outside of the users' database returns `None`, which is the default.
    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn RevocationStore>> {
        let _ = entries;
        None
    }
}

/// The reason why a strategy could not complete an operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// The storage, a key or the random number generator failed; the result is not known.
    #[error("the token strategy is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The user was deleted between the verification of the password and the creation of the session. Clients see the
    /// response to a wrong password.
    #[error("the user no longer exists")]
    UserGone,
}

impl StrategyError {
    /// Wraps the cause of the failure.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }
}
