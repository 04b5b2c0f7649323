//! Passkeys in memory.

use super::{MemoryStore, State};
use crate::{
    domain::{
        Epoch, NewPasskey, Once, Passkey, PasskeyAdded, PasskeyId, PasskeyRemoved, PasskeyUse, PasskeyUsed, StoreError,
        oauth::PlaceholderPassword,
    },
    port::{BoxFuture, PasskeyStore},
    user::AuthUser,
};

/// A stored passkey.
pub(super) struct KeptPasskey<Id> {
    pub(super) passkey: Passkey<Id>,
    placeholder: Option<PlaceholderPassword>,
}

impl<U: AuthUser> State<U> {
    fn has_passkey(&self, id: &PasskeyId) -> bool {
        self.passkeys.iter().any(|kept| kept.passkey.id == *id)
    }

    fn add_passkey(&mut self, user: U::Id, new: NewPasskey, once: Once) {
        self.mark(once.id, once.until).revoked = true;
        let placeholder = new.placeholder.clone();
        self.passkeys.push(KeptPasskey { passkey: Passkey::stored(user, new, None), placeholder });
    }

    /// Stores the placeholder with every login method of a user.
    pub(super) fn keep_placeholder(&mut self, user: &U::Id, placeholder: &PlaceholderPassword) {
        for kept in self.accounts.iter_mut().filter(|kept| kept.account.user_id == *user) {
            kept.placeholder = Some(placeholder.clone());
        }
        for kept in self.passkeys.iter_mut().filter(|kept| kept.passkey.user_id == *user) {
            kept.placeholder = Some(placeholder.clone());
        }
    }

    fn remove_passkey(&mut self, user: &U::Id, id: &PasskeyId) -> PasskeyRemoved {
        let Some(hash) = self.users.get(user).map(|stored| stored.user.account().hashed_password.clone()) else {
            return PasskeyRemoved::NotFound;
        };
        let of_user = || self.passkeys.iter().filter(|kept| kept.passkey.user_id == *user);
        let links = || self.accounts.iter().filter(|kept| kept.account.user_id == *user);
        if !of_user().any(|kept| kept.passkey.id == *id) {
            return PasskeyRemoved::NotFound;
        }
        let placeholders = of_user().filter_map(|kept| kept.placeholder.clone());
        let placeholders = placeholders.chain(links().filter_map(|kept| kept.placeholder.clone()));
        let placeholder = placeholders.into_iter().find(|kept| kept.is_of(&hash));
        if let Some(placeholder) = placeholder {
            if of_user().count() + links().count() == 1 {
                return PasskeyRemoved::LastWayIn;
            }
            // The passkey that is removed may be the one that records that there is no password.
            self.keep_placeholder(user, &placeholder);
        }
        self.passkeys.retain(|kept| kept.passkey.id != *id);
        PasskeyRemoved::Removed
    }
}

impl<U: AuthUser> PasskeyStore<U> for MemoryStore<U> {
    fn find<'a>(&'a self, id: &'a PasskeyId) -> BoxFuture<'a, Result<Option<Passkey<U::Id>>, StoreError>> {
        Box::pin(async move {
            Ok(self.state().passkeys.iter().map(|kept| &kept.passkey).find(|passkey| passkey.id == *id).cloned())
        })
    }

    fn list(&self, user: U::Id) -> BoxFuture<'_, Result<Vec<Passkey<U::Id>>, StoreError>> {
        Box::pin(async move {
            let state = self.state();
            let passkeys = state.passkeys.iter().map(|kept| &kept.passkey);
            let mut found: Vec<_> = passkeys.filter(|passkey| passkey.user_id == user).cloned().collect();
            found.sort_by(|a, b| (a.created_at, a.id.as_str()).cmp(&(b.created_at, b.id.as_str())));
            Ok(found)
        })
    }

    fn add(
        &self,
        user: U::Id,
        epoch: Epoch,
        passkey: NewPasskey,
        at_most: u32,
        once: Once,
    ) -> BoxFuture<'_, Result<PasskeyAdded, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let others = state.passkeys.iter().filter(|kept| kept.passkey.user_id == user).count();
            if state.users.get(&user).is_none_or(|stored| stored.epoch != epoch) {
                return Ok(PasskeyAdded::Ended);
            }
            if state.tokens.contains_key(&once.id) {
                return Ok(PasskeyAdded::Replayed);
            }
            if u32::try_from(others).is_ok_and(|others| others >= at_most) {
                return Ok(PasskeyAdded::TooMany);
            }
            if state.has_passkey(&passkey.id) {
                return Ok(PasskeyAdded::Taken);
            }
            state.add_passkey(user, passkey, once);
            Ok(PasskeyAdded::Added)
        })
    }

    fn insert(&self, user: U, passkey: NewPasskey, once: Once) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move {
            let (tenant, mut state) = (self.tenant()?, self.state());
            if state.tokens.contains_key(&once.id) || state.has_passkey(&passkey.id) {
                return Err(StoreError::Conflict);
            }
            let user = state.insert(tenant, user)?;
            state.add_passkey(user.id(), passkey, once);
            Ok(user)
        })
    }

    fn redeem<'a>(&'a self, used: &'a PasskeyUse, once: &'a Once) -> BoxFuture<'a, Result<PasskeyUsed, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            if state.tokens.contains_key(&once.id) {
                return Ok(PasskeyUsed::Replayed);
            }
            let mut passkeys = state.passkeys.iter_mut().map(|kept| &mut kept.passkey);
            let found = passkeys.find(|passkey| passkey.id == used.id && passkey.sign_count == used.sign_count_before);
            let Some(passkey) = found else { return Ok(PasskeyUsed::Changed) };
            passkey.sign_count = used.sign_count;
            passkey.credential.clone_from(&used.credential);
            passkey.last_used_at = Some(used.at);
            state.mark(once.id.clone(), once.until).revoked = true;
            Ok(PasskeyUsed::Used)
        })
    }

    fn rename<'a>(&'a self, user: U::Id, id: &'a PasskeyId, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut state = self.state();
            let mut passkeys = state.passkeys.iter_mut().map(|kept| &mut kept.passkey);
            let Some(passkey) = passkeys.find(|passkey| passkey.user_id == user && passkey.id == *id) else {
                return Ok(false);
            };
            name.clone_into(&mut passkey.name);
            Ok(true)
        })
    }

    fn remove<'a>(&'a self, user: U::Id, id: &'a PasskeyId) -> BoxFuture<'a, Result<PasskeyRemoved, StoreError>> {
        Box::pin(async move { Ok(self.state().remove_passkey(&user, id)) })
    }
}
