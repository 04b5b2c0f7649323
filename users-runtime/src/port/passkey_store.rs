//! Storage of passkeys.

use super::BoxFuture;
use crate::{
    domain::{
        Epoch, NewPasskey, Once, Passkey, PasskeyAdded, PasskeyId, PasskeyRemoved, PasskeyUse, PasskeyUsed, StoreError,
    },
    user::AuthUser,
};

/// The passkeys of users. They are deleted with their user.
///
/// [`Change::remove_passkeys`](super::Change) removes all passkeys of a user together with a change of the user. Every
/// write is one transaction, as for [`UserStore`](super::UserStore). The store of a tenant adds users of that tenant
/// only; passkeys themselves are found by their own id or by that of their user.
///
/// # Errors
/// Those of [`UserStore`](super::UserStore).
pub trait PasskeyStore<U: AuthUser>: Send + Sync + 'static {
    /// Returns a passkey.
    fn find<'a>(&'a self, id: &'a PasskeyId) -> BoxFuture<'a, Result<Option<Passkey<U::Id>>, StoreError>>;

    /// Returns the passkeys of a user in the order in which they were added.
    fn list(&self, user: U::Id) -> BoxFuture<'_, Result<Vec<Passkey<U::Id>>, StoreError>>;

    /// Adds a passkey to a user who has `epoch`, unless the user has `at_most` of them. Of several calls with the same
    /// `once`, at most one adds a passkey; a call that adds none changes nothing and does not use up `once`.
    fn add(
        &self,
        user: U::Id,
        epoch: Epoch,
        passkey: NewPasskey,
        at_most: u32,
        once: Once,
    ) -> BoxFuture<'_, Result<PasskeyAdded, StoreError>>;

    /// Adds a user together with a passkey.
    ///
    /// # Errors
    /// Those of [`UserStore::insert`](super::UserStore::insert), and [`StoreError::Conflict`] if the passkey exists or `once` was
    /// used before.
    fn insert(&self, user: U, passkey: NewPasskey, once: Once) -> BoxFuture<'_, Result<U, StoreError>>;

    /// Records the use of a passkey, if it still has the number of signatures that it had before (compare-and-set). Of
    /// several calls with the same `once`, at most one returns [`PasskeyUsed::Used`].
    fn redeem<'a>(&'a self, passkey: &'a PasskeyUse, once: &'a Once) -> BoxFuture<'a, Result<PasskeyUsed, StoreError>>;

    /// Changes the name of a passkey of a user. Returns `true` if it exists.
    fn rename<'a>(&'a self, user: U::Id, id: &'a PasskeyId, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes a passkey of a user, unless it is the last login method: the user has neither another one nor an account at a
    /// provider, and the password hash is the [placeholder](NewPasskey::placeholder) that came with one. Concurrent calls,
    /// also those of [`OAuthStore::unlink`](super::OAuthStore::unlink), never remove the last one together.
    fn remove<'a>(&'a self, user: U::Id, id: &'a PasskeyId) -> BoxFuture<'a, Result<PasskeyRemoved, StoreError>>;
}
