//! Storage of refresh tokens.

use super::BoxFuture;
use crate::domain::{RefreshFamily, Rotated, Rotation, StoreError, Timestamp, TokenId};

/// The families of refresh tokens. It stores no tokens: only the number of the newest one in each family.
///
/// # Errors
/// Every method returns [`StoreError::Unavailable`] if the operation may succeed later, and [`StoreError::Failed`] for
/// any other failure of the storage.
pub trait RefreshStore: Send + Sync + 'static {
    /// Adds a family and removes the user's families at this backend beyond `at_most`: first those that have expired, or were ended
    /// by an epoch or a record ([`TokenState::is_live`](super::TokenState::is_live)) where the storage knows them, then the oldest by
    /// time of login.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the user no longer exists, where the storage knows the users.
    fn add(&self, family: RefreshFamily, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Returns a family, expired or not.
    fn find<'a>(&'a self, id: &'a TokenId) -> BoxFuture<'a, Result<Option<RefreshFamily>, StoreError>>;

    /// Replaces the newest token of a family, if the presented one is the newest: of several concurrent calls with one
    /// token, exactly one returns [`Rotated::Rotated`]. The result is that of [`Rotation::decide`], computed in one
    /// statement on the storage. Removes nothing.
    fn rotate<'a>(&'a self, rotation: &'a Rotation) -> BoxFuture<'a, Result<Rotated, StoreError>>;

    /// Removes a family of a user. Returns `true` if it existed.
    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Returns the families of a user at a backend in the order of their logins, including expired ones.
    fn list<'a>(&'a self, subject: &'a str, backend: &'a str) -> BoxFuture<'a, Result<Vec<RefreshFamily>, StoreError>>;

    /// Removes families that have expired at `now`, in bounded steps. Returns their number.
    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}
