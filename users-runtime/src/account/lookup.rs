//! Lookups of one user.

use crate::{
    domain::CanonicalEmail,
    port::{Lookup, StoreError},
    service::Users,
    user::{AuthUser, OAuthAccountRead},
};

impl<U: AuthUser> Users<U> {
    /// Returns the user with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be queried or the stored user cannot be read.
    pub async fn get(&self, id: U::Id) -> Result<Option<U>, StoreError> {
        let found = match self.inner().store.find(&[Lookup::by_id(id)]).await {
            Err(StoreError::InvalidValue { .. }) => return Ok(None),
            found => found?,
        };
        Ok(found.into_iter().next().flatten().map(|found| found.user))
    }

    /// Returns a user as clients see it: [`AuthUser::read`] with the accounts at OAuth providers, if the user type has them
    /// (`#[auth(oauth)]`).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be queried.
    pub async fn read(&self, user: &U) -> Result<U::Read, StoreError> {
        let mut read = user.read();
        if U::HAS_OAUTH
            && let Some(store) = &self.inner().oauth_accounts
        {
            let accounts = store.list(user.id()).await?;
            U::show_oauth_accounts(&mut read, accounts.into_iter().map(OAuthAccountRead::from).collect());
        }
        Ok(read)
    }

    /// Returns the user with this e-mail address, in any spelling: case, spaces around it, and the form of an
    /// internationalized domain do not matter.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be queried or the stored user cannot be read.
    pub async fn get_by_email(&self, email: &str) -> Result<Option<U>, StoreError> {
        for form in CanonicalEmail::candidates(email, self.policy().email_rules()) {
            match self.inner().store.find_by_email(&form).await {
                Ok(None) | Err(StoreError::InvalidValue { .. }) => {}
                found => return Ok(found?.map(|found| found.user)),
            }
        }
        Ok(None)
    }
}
