//! Storage of accounts at OAuth providers.

#[cfg(feature = "audit")]
use std::sync::Arc;

#[cfg(feature = "audit")]
use super::AuditEntry;
use super::{BoxFuture, Change};
use crate::{
    domain::{
        StoreError, Timestamp, TokenId,
        oauth::{NewOAuthAccount, OAuthAccount, OAuthAccountId, StoredTokens},
    },
    user::AuthUser,
};

/// The accounts at OAuth providers that are linked with users: fastapi-users' table `oauth_account`, in which
/// axum-users makes each account unique.
///
/// Every write is one transaction. Deleting a user removes the user's links.
///
/// # Errors
/// Every method returns the errors of [`UserStore`](super::UserStore). Additional ones are documented with the method.
pub trait OAuthStore<U: AuthUser>: Send + Sync + 'static {
    /// Looks up the link of an account at a provider, compared byte for byte. If another program has linked it with several
    /// users, returns [`StoreError::Conflict`].
    fn find<'a>(
        &'a self,
        oauth_name: &'a str,
        account_id: &'a str,
    ) -> BoxFuture<'a, Result<Option<OAuthAccount<U::Id>>, StoreError>>;

    /// Returns the links of a user, in the order of their providers and subjects.
    fn list(&self, user: U::Id) -> BoxFuture<'_, Result<Vec<OAuthAccount<U::Id>>, StoreError>>;

    /// Adds a user together with a link.
    ///
    /// # Errors
    /// Those of [`UserStore::insert`](super::UserStore::insert), and [`StoreError::Conflict`] if the account is linked
    /// already.
    fn insert(&self, user: U, account: NewOAuthAccount) -> BoxFuture<'_, Result<U, StoreError>>;

    /// Adds a link to the user of a change, if every condition of the change holds, and applies the change. Returns `None`
    /// if the user does not exist or a condition fails. [`Change::unlink`] removes the other links first.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the account is linked already.
    fn link(&self, change: Change<U>, account: NewOAuthAccount) -> BoxFuture<'_, Result<Option<U>, StoreError>>;

    /// Stores the current address of a linked account at its provider. Does nothing if the link no longer exists.
    fn refresh<'a>(&'a self, account: &'a OAuthAccount<U::Id>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Returns what the columns `access_token` and `refresh_token` of a user's link hold: whatever was written last, also by
    /// another program. `None` if the user has no such link.
    fn tokens(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Option<StoredTokens>, StoreError>>;

    /// Replaces both in one statement if `access_token` still has its value from `before` (compare-and-set). Returns whether it
    /// did: of several concurrent calls with the same `before`, exactly one succeeds. `false` if the user has no such link.
    fn replace_tokens<'a>(
        &'a self,
        user: U::Id,
        account: OAuthAccountId,
        before: &'a StoredTokens,
        after: &'a StoredTokens,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes a link of a user, unless it is the last login method: no other link exists, and the user's password hash is the
    /// [placeholder](NewOAuthAccount::placeholder) that came with one. Concurrent calls never remove the last one together.
    fn unlink(&self, user: U::Id, account: OAuthAccountId) -> BoxFuture<'_, Result<Unlinked, StoreError>>;

    /// Removes a link whose user does not exist, because another program deleted the user without its links. Does nothing if
    /// the user exists. Default: nothing, for stores that no other program writes.
    fn remove_orphan<'a>(&'a self, account: &'a OAuthAccount<U::Id>) -> BoxFuture<'a, Result<(), StoreError>> {
        let _ = account;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Records the use of a single-use id until `until`. Returns `true` for the first call only, even among concurrent
    /// calls and instances.
    fn redeem<'a>(&'a self, once: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Returns the same storage for one change, as [`UserStore::recording`](super::UserStore::recording) does.
    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn OAuthStore<U>>> {
        let _ = entries;
        None
    }
}

/// The result of removing a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Unlinked {
    /// It is removed.
    Removed,
    /// The user has no such link.
    NotFound,
    /// It is the last login method, and was kept.
    LastWayIn,
}
