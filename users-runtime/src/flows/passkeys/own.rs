//! The steps with which users add, rename and remove their own passkeys.

use super::{error::PasskeyError, log_in::PasskeyOptions};
use crate::{
    domain::{Attestation, NewPasskey, Passkey, PasskeyAdded, PasskeyId, PasskeyRemoved, UserHandle},
    event::{EventKind, SecurityEvent},
    port::{MadePasskey, PasskeyChangeKind, PasskeyOwner, PasskeyPurpose, RequestContext},
    service::{Authenticated, Users, whole_milliseconds},
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Begins the registration of a passkey. Nothing is stored.
    pub(super) async fn start_passkey(&self, own: &Authenticated<U>) -> Result<PasskeyOptions, PasskeyError> {
        let (passkeys, id) = (self.passkeys()?, own.user.id());
        let stored = Self::passkeys_in(&self.inner().store)?.list(id.clone()).await?;
        if !u32::try_from(stored.len()).is_ok_and(|stored| stored < passkeys.at_most) {
            return Err(PasskeyError::TOO_MANY);
        }
        let subject = id.to_string();
        // The handle of an account that was registered with a passkey is not derived from its id.
        let handle = stored.first().map_or_else(|| passkeys.handles.of(&subject), |passkey| passkey.user_handle);
        let credentials: Vec<_> = stored.iter().map(|passkey| passkey.credential.as_str()).collect();
        let owner = PasskeyOwner { handle, name: own.user.account().email, stored: &credentials };
        let started = passkeys.ceremonies.start_registration(&owner)?;
        let flow = self.new_passkey_flow(PasskeyPurpose::Add { subject, handle }, &started)?;
        let state = passkeys.flows.seal(&flow).ok_or(PasskeyError::TooLong)?;
        Ok(PasskeyOptions { state, options: started.options })
    }

    /// Verifies the new credential of an authenticator, and stores it, unless the session has ended meanwhile.
    #[tracing::instrument(target = "axum_users", name = "add_passkey", skip_all, fields(user.id = %own.user.id()))]
    pub(super) async fn add_passkey(
        &self,
        own: &Authenticated<U>,
        state: &str,
        name: String,
        made: &Attestation,
        cx: &RequestContext,
    ) -> Result<Passkey<U::Id>, PasskeyError> {
        let (id, passkeys) = (own.user.id(), self.passkeys()?);
        let event = SecurityEvent::new(EventKind::AddPasskey, cx).of(&id);
        let refused = |reason| {
            self.record(&event.clone().refused(reason));
            PasskeyError::BAD_CREDENTIAL
        };
        let flow = self.open_passkey_flow(state)?.ok_or_else(|| refused("bad state"))?;
        let handle = match &flow.purpose {
            PasskeyPurpose::Add { subject, handle } if *subject == id.to_string() => *handle,
            _ => return Err(refused("bad state")),
        };
        let verified = passkeys.ceremonies.finish_registration(made, &flow.ceremony);
        let made = verified.map_err(|_| refused("wrong passkey"))?;
        let passkey = self.new_passkey(made, handle, name);
        let recording = self.recording(&event);
        let store = Self::passkeys_in(&recording.store)?;
        match store.add(id.clone(), own.epoch, passkey.clone(), passkeys.at_most, flow.once()).await? {
            PasskeyAdded::Added => {}
            PasskeyAdded::Replayed => return Err(refused("used state")),
            PasskeyAdded::Taken => return Err(refused("the passkey is registered")),
            PasskeyAdded::Ended => {
                self.record(&event.refused("the session has ended"));
                return Err(PasskeyError::Ended);
            }
            PasskeyAdded::TooMany => {
                self.record(&event.refused("too many passkeys"));
                return Err(PasskeyError::TOO_MANY);
            }
        }
        self.record_changed(&event, &recording);
        let passkey = Passkey::stored(id, passkey, None);
        self.notify_passkey_change(&own.user, &passkey, PasskeyChangeKind::Added, cx).await;
        Ok(passkey)
    }

    /// Describes a passkey to store.
    pub(super) fn new_passkey(&self, made: MadePasskey, handle: UserHandle, name: String) -> NewPasskey {
        let MadePasskey { id, credential, sign_count } = made;
        NewPasskey {
            id,
            user_handle: handle,
            name,
            credential,
            sign_count,
            created_at: whole_milliseconds(self.now()),
            placeholder: None,
        }
    }

    pub(super) async fn rename_passkey(
        &self,
        own: &Authenticated<U>,
        id: &PasskeyId,
        name: &str,
    ) -> Result<Passkey<U::Id>, PasskeyError> {
        let store = Self::passkeys_in(&self.inner().store)?;
        if !store.rename(own.user.id(), id, name).await? {
            return Err(PasskeyError::NotFound);
        }
        store.find(id).await?.ok_or(PasskeyError::NotFound)
    }

    /// Removes a passkey, unless the account would be left without a login method.
    #[tracing::instrument(target = "axum_users", name = "remove_passkey", skip_all, fields(user.id = %own.user.id()))]
    pub(super) async fn remove_passkey(
        &self,
        own: &Authenticated<U>,
        id: &PasskeyId,
        cx: &RequestContext,
    ) -> Result<(), PasskeyError> {
        let user = own.user.id();
        let found = Self::passkeys_in(&self.inner().store)?.find(id).await?;
        let passkey = found.filter(|found| found.user_id == user).ok_or(PasskeyError::NotFound)?;
        let event = SecurityEvent::new(EventKind::RemovePasskey, cx).of(&user);
        let recording = self.recording(&event);
        match Self::passkeys_in(&recording.store)?.remove(user, id).await? {
            PasskeyRemoved::Removed => {}
            PasskeyRemoved::NotFound => return Err(PasskeyError::NotFound),
            PasskeyRemoved::LastWayIn => {
                self.record(&event.refused("last way in"));
                return Err(PasskeyError::LAST_WAY_IN);
            }
        }
        self.record_changed(&event, &recording);
        self.notify_passkey_change(&own.user, &passkey, PasskeyChangeKind::Removed, cx).await;
        Ok(())
    }
}
