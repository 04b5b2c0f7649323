//! Lookups of users. A user who cannot be read is treated as unknown.

use super::Users;
use crate::{
    domain::{CanonicalEmail, LoginName},
    event,
    port::{Found, Lookup, StoreError},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Returns the user with this address. An address that the database cannot hold is unknown, and so is a user who cannot
    /// be read.
    pub(crate) async fn find_by_email(&self, email: &CanonicalEmail) -> Result<Option<Found<U>>, StoreError> {
        if !email.may_be_stored() {
            return Ok(None);
        }
        hide_unreadable(self.inner().store.find_by_email(email).await)
    }

    /// Returns the user for an address as a person typed it, by the same rules. Every route that receives an address
    /// uses it, so the text that was used to register also works for login, reset and verification.
    ///
    /// Looks up all forms of the text even if one is found, so that the number of queries reveals nothing.
    pub(crate) async fn find_by_address(&self, text: &str) -> Result<Option<Found<U>>, StoreError> {
        let mut found = None;
        for form in CanonicalEmail::candidates(text, self.policy().email_rules()) {
            let of_form = self.find_by_email(&form).await?;
            found = found.or(of_form);
        }
        Ok(found)
    }

    /// Returns the login name in the text that a person typed into the login form. A name contains no `@`, so a text is
    /// either a name or an address.
    pub(crate) fn login_name_in(&self, text: &str) -> Option<LoginName> {
        if U::HAS_LOGIN_NAME { LoginName::typed(text) } else { None }
    }

    /// Returns the user with this login name.
    pub(crate) async fn find_by_login_name(&self, name: &LoginName) -> Result<Option<Found<U>>, StoreError> {
        hide_unreadable(self.inner().store.find_by_login_name(name).await)
    }

    /// Returns whether an account has the address that a person typed, in any of its forms. Looks up all of them, like
    /// [`Users::find_by_address`].
    pub(crate) async fn is_address_taken(&self, text: &str) -> Result<bool, StoreError> {
        let mut is_taken = false;
        for form in CanonicalEmail::candidates(text, self.policy().email_rules()) {
            is_taken |= self.is_taken(&form).await?;
        }
        Ok(is_taken)
    }

    /// Returns the user of a lookup, with the same rules.
    pub(crate) async fn find(&self, wanted: Lookup<U::Id>) -> Result<Option<Found<U>>, StoreError> {
        hide_unreadable(self.inner().store.find(&[wanted]).await.map(|found| found.into_iter().next().flatten()))
    }

    /// Returns whether an account has this address, even one that cannot be read.
    async fn is_taken(&self, email: &CanonicalEmail) -> Result<bool, StoreError> {
        match self.inner().store.find_by_email(email).await {
            Ok(found) => Ok(found.is_some()),
            Err(StoreError::Unreadable { .. }) => Ok(true),
            Err(StoreError::InvalidValue { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Turns the errors about one user, or about the value that was looked up, into `None`. An event notifies operators of
/// a user who cannot be read; the client must not learn that the account exists.
pub(crate) fn hide_unreadable<T>(found: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::InvalidValue { .. }) => Ok(None),
        Err(StoreError::Unreadable { id, column }) => {
            event::unreadable_user(&id, &column);
            Ok(None)
        }
        found => found,
    }
}
