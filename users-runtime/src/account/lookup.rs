//! Lookups of one user.

use crate::{
    domain::CanonicalEmail,
    port::{Lookup, StoreError},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Returns the user with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be queried.
    pub async fn get(&self, id: U::Id) -> Result<Option<U>, StoreError> {
        let found = self.inner().store.find(&[Lookup::by_id(id)]).await?;
        Ok(found.into_iter().next().flatten().map(|found| found.user))
    }

    /// Returns the user with this e-mail address. Case does not matter.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be queried.
    pub async fn get_by_email(&self, email: &str) -> Result<Option<U>, StoreError> {
        Ok(self.inner().store.find_by_email(&CanonicalEmail::of(email)).await?.map(|found| found.user))
    }
}
