//! The users of passkeys.

use super::{Dialect, SqlUser, passkeys::Addition, store::Store, writes::AddedLoginMethod};
use crate::{
    domain::{
        Epoch, IdValue, NewPasskey, Once, Passkey, PasskeyAdded, PasskeyId, PasskeyRemoved, PasskeyUse, PasskeyUsed,
        StoreError, UserId,
    },
    port::{BoxFuture, PasskeyStore},
};

/// Returns a passkey with its user's id in the type of the application.
fn typed<I: UserId>(passkey: Passkey<IdValue>) -> Result<Passkey<I>, StoreError> {
    passkey.with_user(I::from_value).ok_or_else(|| StoreError::failed("an id is out of the range of its type"))
}

impl<U: SqlUser<DB>, DB: Dialect> PasskeyStore<U> for Store<U, DB> {
    fn find<'a>(&'a self, id: &'a PasskeyId) -> BoxFuture<'a, Result<Option<Passkey<U::Id>>, StoreError>> {
        Box::pin(async move { self.base.passkey(id).await?.map(typed).transpose() })
    }

    fn list(&self, user: U::Id) -> BoxFuture<'_, Result<Vec<Passkey<U::Id>>, StoreError>> {
        Box::pin(async move { self.base.passkeys(&user.to_value()).await?.into_iter().map(typed).collect() })
    }

    fn add(
        &self,
        user: U::Id,
        epoch: Epoch,
        passkey: NewPasskey,
        at_most: u32,
        once: Once,
    ) -> BoxFuture<'_, Result<PasskeyAdded, StoreError>> {
        let user = user.to_value();
        Box::pin(async move {
            let addition = Addition { user: &user, epoch, passkey: &passkey, at_most, once: &once };
            self.base.add_passkey(&addition).await
        })
    }

    fn insert(&self, user: U, passkey: NewPasskey, once: Once) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move { self.insert_user(user, Some(AddedLoginMethod::Passkey(&passkey, &once))).await })
    }

    fn redeem<'a>(&'a self, passkey: &'a PasskeyUse, once: &'a Once) -> BoxFuture<'a, Result<PasskeyUsed, StoreError>> {
        self.base.redeem_passkey(passkey, once)
    }

    fn rename<'a>(&'a self, user: U::Id, id: &'a PasskeyId, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let user = user.to_value();
        Box::pin(async move { self.base.rename_passkey(&user, id, name).await })
    }

    fn remove<'a>(&'a self, user: U::Id, id: &'a PasskeyId) -> BoxFuture<'a, Result<PasskeyRemoved, StoreError>> {
        let user = user.to_value();
        Box::pin(async move { self.base.remove_passkey(&user, id).await })
    }
}
