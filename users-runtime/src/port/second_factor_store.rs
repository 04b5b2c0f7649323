//! Storage of second factors.

use super::BoxFuture;
use crate::domain::{Epoch, RememberedDevice, SecretDigest, StoreError, StoredFactor, Timestamp, TokenId};

/// The second factors of users: one encrypted seed each, recovery codes, and remembered devices. All secrets are
/// encrypted or hashed.
///
/// A second factor is activated, given new recovery codes and removed by [`UserStore::update`](super::UserStore::update)
/// with a [`FactorChange`](crate::store::FactorChange), so that the changes of one user are serialized. Deleting a user
/// removes all of it; a change that writes a new password removes the remembered devices.
///
/// # Errors
/// Every method returns [`StoreError::Unavailable`] if the operation may succeed later, and [`StoreError::Failed`] for
/// any other failure of the database.
pub trait SecondFactorStore: Send + Sync + 'static {
    /// Returns the second factor of a user, pending or in force.
    fn find<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Option<StoredFactor>, StoreError>>;

    /// Stores a pending second factor in place of another pending one. Returns `false`, and stores nothing, if one is in force.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the user does not exist.
    fn begin<'a>(&'a self, subject: &'a str, factor: &'a StoredFactor) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Uses the code of a time step, if the user's second factor is in force and no code of this step or a later one
    /// was used. One statement decides: of several concurrent calls, exactly one returns `true`. It stores `resealed`
    /// in place of the seed, which may be the same seed encrypted with another key.
    fn use_step<'a>(
        &'a self,
        subject: &'a str,
        factor: &'a StoredFactor,
        step: i64,
        resealed: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Uses up a recovery code of a user. One statement decides, as for a time step.
    fn use_recovery_code<'a>(
        &'a self,
        subject: &'a str,
        code: &'a SecretDigest,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Returns how many recovery codes a user has left.
    fn recovery_codes_left<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<u32, StoreError>>;

    /// Remembers a device.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the user does not exist.
    fn remember<'a>(&'a self, device: &'a RememberedDevice) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Records a login from a remembered device. Returns `false` if the user has no such device that was remembered at this epoch
    /// and has not expired at `at`. One statement.
    fn use_device<'a>(
        &'a self,
        subject: &'a str,
        token: &'a SecretDigest,
        epoch: Epoch,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Returns the remembered devices of a user, in the order in which they were remembered, including those that expired or were
    /// forgotten because all sessions ended.
    fn devices<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<RememberedDevice>, StoreError>>;

    /// Forgets a device of a user. Returns `true` if it existed.
    fn forget_device<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Removes what has expired at `now`: pending second factors and remembered devices, in bounded steps. Returns the number of
    /// removed rows.
    fn purge(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}
