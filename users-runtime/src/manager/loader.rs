//! Look-ups of authenticated requests.

use std::sync::Arc;

use crate::{
    port::{Found, Lookup, StoreError, UserStore},
    user::AuthUser,
};

/// Looks users up.
pub(crate) struct Loader<U: AuthUser>(Arc<dyn UserStore<U>>);

impl<U: AuthUser> Loader<U> {
    pub(crate) fn new(store: Arc<dyn UserStore<U>>) -> Self {
        Self(store)
    }

    pub(crate) async fn find(&self, lookup: Lookup<U::Id>) -> Result<Option<Found<U>>, StoreError> {
        Ok(self.0.find(&[lookup]).await?.into_iter().next().flatten())
    }
}
