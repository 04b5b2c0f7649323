//! What a token is.

use std::time::Duration;

use super::BoxFuture;
use crate::domain::{AccessToken, ListedSession, Login, Relaxation, Session, SessionKey, Timestamp, TokenId};

/// Turns a login into a token and a token back into a session. It never loads users.
pub trait Strategy: Send + Sync + 'static {
    /// Mints a token for a login.
    ///
    /// # Errors
    /// [`StrategyError`] if no token can be made or kept; the login then fails.
    fn issue<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<AccessToken, StrategyError>>;

    /// Reads a token that a client presented; `None` for anything that is not a live token of this strategy.
    ///
    /// # Errors
    /// [`StrategyError`] only if the answer is not known, such as with its storage down: the request is then refused.
    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Resolved>, StrategyError>>;

    /// Kills a token at logout. `Ok` means that it is dead, durably, or that it is not one of this strategy's.
    ///
    /// # Errors
    /// [`StrategyError`] if that cannot be promised; the client then sees 503 and not 204.
    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>>;

    /// The sessions of a user that this strategy keeps, in the order of their logins, ended ones perhaps among them. A
    /// strategy whose tokens stand for themselves keeps none.
    ///
    /// # Errors
    /// [`StrategyError`] if its storage does not answer.
    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StrategyError>> {
        let _ = subject;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Ends the session of a user that has this name; answers whether there was one.
    ///
    /// # Errors
    /// [`StrategyError`] if that cannot be promised.
    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        let _ = (subject, id);
        Box::pin(async { Ok(false) })
    }

    /// Removes what it keeps of sessions that cannot live any more at `now`, in bounded steps; answers how many.
    ///
    /// # Errors
    /// [`StrategyError`] if its storage does not answer.
    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StrategyError>> {
        let _ = now;
        Box::pin(async { Ok(0) })
    }

    /// The most bytes that a token can have for a user whose id is that long in text, if that is known. A transport with a
    /// limit is refused at build if it would not hold one.
    fn largest_token(&self, id_bytes: usize) -> Option<usize> {
        let _ = id_bytes;
        None
    }

    /// The rules that this strategy's own settings take away, for the warning at start.
    fn relaxations(&self) -> Vec<Relaxation> {
        Vec::new()
    }
}

/// What a token turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// The token, or the strategy's own storage, says whose session it is.
    Session(Session),
    /// The session is stored beside its user: one query finds both.
    Stored(StoredSession),
}

/// A session that is stored beside its user, if it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Where it may be, to be tried in order.
    pub keys: Vec<SessionKey>,
    /// How long after the login it ends; `None` for never.
    pub lifetime: Option<Duration>,
    /// How long after its last use it ends; `None` for never.
    pub idle: Option<Duration>,
}

/// Where self-contained tokens are noted as revoked until they end by themselves.
///
/// The user store is one; it is asked in the same query that loads the user. Any other costs a round trip of its own in
/// every request.
pub trait RevocationStore: Send + Sync + 'static {
    /// Notes that `token` is dead until `until`.
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>>;

    /// Whether `token` is noted as dead. Asked for each token that is otherwise good.
    ///
    /// # Errors
    /// [`StrategyError`] if that is not known; the request is then refused.
    fn is_revoked<'a>(&'a self, token: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>>;
}

/// Why a strategy did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// Its storage, its keys or its source of randomness failed: the answer is not known.
    #[error("the token strategy is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The user was deleted between the proof of the password and the session. Told to clients as a wrong password.
    #[error("the user is gone")]
    UserGone,
}

impl StrategyError {
    /// It cannot answer, because of `cause`.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }
}
