//! What a token is.

use super::BoxFuture;
use crate::domain::{AccessToken, Login, Relaxation, Session, Timestamp, TokenId};

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
    fn resolve<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<Option<Session>, StrategyError>>;

    /// Kills a token at logout. `Ok` means that it is dead, durably, or that it is not one of this strategy's.
    ///
    /// # Errors
    /// [`StrategyError`] if that cannot be promised; the client then sees 503 and not 204.
    fn revoke<'a>(&'a self, token: &'a AccessToken) -> BoxFuture<'a, Result<(), StrategyError>>;

    /// The rules that this strategy's own settings take away, for the warning at start.
    fn relaxations(&self) -> Vec<Relaxation> {
        Vec::new()
    }
}

/// Where self-contained tokens are noted as revoked until they end by themselves.
///
/// The user store is one; it is asked in the same query that loads the user.
pub trait RevocationStore: Send + Sync + 'static {
    /// Notes that `token` is dead until `until`.
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>>;
}

/// A strategy cannot answer.
#[derive(Debug, thiserror::Error)]
#[error("the token strategy is not available")]
pub struct StrategyError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
