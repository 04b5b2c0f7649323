//! Look-ups of users: who counts as nobody.

use super::Users;
use crate::{
    domain::CanonicalEmail,
    event,
    port::{Found, Lookup, StoreError},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Returns the user with this address. Nobody has an address that the database cannot hold, and a user who cannot be
    /// read counts as nobody.
    pub(crate) async fn find_by_email(&self, email: &CanonicalEmail) -> Result<Option<Found<U>>, StoreError> {
        if !email.may_be_stored() {
            return Ok(None);
        }
        or_nobody(self.inner().store.find_by_email(email).await)
    }

    /// Returns the user of a look-up, with the same rules.
    pub(crate) async fn find(&self, wanted: Lookup<U::Id>) -> Result<Option<Found<U>>, StoreError> {
        or_nobody(self.inner().store.find(&[wanted]).await.map(|found| found.into_iter().next().flatten()))
    }

    /// Returns whether an account has this address, even one that cannot be read.
    pub(crate) async fn is_taken(&self, email: &CanonicalEmail) -> Result<bool, StoreError> {
        match self.inner().store.find_by_email(email).await {
            Ok(found) => Ok(found.is_some()),
            Err(StoreError::Unreadable { .. }) => Ok(true),
            Err(StoreError::InvalidValue { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Turns the errors about one user, or about the value that was looked up, into nobody. Operators learn of a user who
/// cannot be read; the client does not, because it would learn that the account exists.
pub(crate) fn or_nobody<T>(found: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::InvalidValue { .. }) => Ok(None),
        Err(StoreError::Unreadable { id, column }) => {
            event::unreadable_user(&id, &column);
            Ok(None)
        }
        found => found,
    }
}
