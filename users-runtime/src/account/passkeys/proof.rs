//! Authentication with a passkey: at a login, and as re-authentication in a session.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::{
    domain::{
        Assertion, AuthMethod, AuthMethods, CLOCK_SKEW, Limit, Once, Passkey, PasskeyId, PasskeyUse, PasskeyUsed,
        UserHandle,
    },
    event::SecurityEvent,
    port::{
        BoxFuture, Found, Lookup, PasskeyChangeKind, PasskeyFlow, PasskeyPurpose, PasskeyRefused, RequestContext,
        Signed, StoreError,
    },
    service::{ActiveBackend, Limited, Users, whole_milliseconds},
    user::AuthUser,
};

/// The data that a client sends for a login with a passkey.
#[derive(Deserialize)]
pub(crate) struct GivenPasskey {
    pub(crate) state: String,
    pub(crate) credential: Assertion,
}

/// A user who was authenticated by a passkey.
pub(crate) struct ProvedByPasskey<U> {
    pub(crate) found: Found<U>,
    pub(crate) methods: AuthMethods,
}

/// The reason why authentication with a passkey failed.
#[derive(Debug)]
pub(crate) enum NotProvedByPasskey<U> {
    /// The passkey is refused. The user is known if it has one.
    Refused(Option<Box<U>>),
    Limited(Limited),
    Store(StoreError),
}

impl<U> From<StoreError> for NotProvedByPasskey<U> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl PasskeyFlow {
    /// Returns the single-use id of the ceremony: it is remembered until the ceremony has expired even on a node whose
    /// clock is behind.
    pub(crate) fn once(&self) -> Once {
        let skew = TimeDelta::from_std(CLOCK_SKEW).unwrap_or_default();
        Once { id: self.id.clone(), until: self.expires_at.checked_add_signed(skew).unwrap_or(self.expires_at) }
    }
}

impl<U: AuthUser> Users<U> {
    /// Verifies a passkey and uses the ceremony up. A wrong one is counted as a failed login of the client. `event` is
    /// that of the attempt.
    pub(crate) fn prove_passkey<'a>(
        &'a self,
        backend: &'a ActiveBackend,
        given: &'a GivenPasskey,
        event: SecurityEvent,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<ProvedByPasskey<U>, NotProvedByPasskey<U>>> {
        Box::pin(async move {
            // There is no account yet for which to count, and nothing to guess.
            let counted = self.count_by_address(Limit::LoginAddress, event.kind, cx).await;
            let counted = counted.map_err(NotProvedByPasskey::Limited)?;
            let proved = self.prove_counted(backend, given, event, cx).await;
            if !matches!(proved, Err(NotProvedByPasskey::Refused(_))) {
                self.give_back(counted).await;
            }
            proved
        })
    }

    async fn prove_counted(
        &self,
        backend: &ActiveBackend,
        GivenPasskey { state, credential: signed }: &GivenPasskey,
        event: SecurityEvent,
        cx: &RequestContext,
    ) -> Result<ProvedByPasskey<U>, NotProvedByPasskey<U>> {
        let refused = |event: SecurityEvent, reason, user: Option<U>| {
            self.record(&event.refused(reason));
            NotProvedByPasskey::Refused(user.map(Box::new))
        };
        let is_of_backend = |flow: &PasskeyFlow| matches!(&flow.purpose, PasskeyPurpose::Login { backend: of } if **of == *backend.name);
        let Some(flow) = self.open_passkey_flow(state)?.filter(is_of_backend) else {
            return Err(refused(event, "bad state", None));
        };
        let passkeys = Self::passkeys_in(&self.inner().store)?;
        let Some(passkey) = passkeys.find(&PasskeyId::of(&signed.credential_id)).await? else {
            return Err(refused(event, "unknown passkey", None));
        };
        let Some(found) = self.find(Lookup::by_id(passkey.user_id.clone())).await? else {
            return Err(refused(event, "unknown user", None));
        };
        let event = event.of(&passkey.user_id);
        if !is_of_user(signed, &passkey) {
            return Err(refused(event, "wrong user handle", Some(found.user)));
        }
        let verified = self.passkeys()?.ceremonies.finish_login(signed, &flow.ceremony, &passkey.credential);
        let Signed { credential, sign_count, is_synced } = match verified {
            Ok(verified) => verified,
            Err(PasskeyRefused::Invalid) => return Err(refused(event, "wrong passkey", Some(found.user))),
            Err(PasskeyRefused::PerhapsCopied) => {
                // The same response sent twice does not indicate a copy. It is recognized by the ceremony, which only
                // the first one uses up.
                let seen = passkeys.redeem(&unchanged(&passkey), &flow.once()).await?;
                if seen == PasskeyUsed::Replayed {
                    return Err(refused(event, "used state", Some(found.user)));
                }
                self.notify_passkey_change(&found.user, &passkey, PasskeyChangeKind::PerhapsCopied, cx).await;
                return Err(refused(event, "the passkey may be copied", Some(found.user)));
            }
        };
        let at = whole_milliseconds(self.now());
        let used = PasskeyUse { sign_count, credential, at, ..unchanged(&passkey) };
        match passkeys.redeem(&used, &flow.once()).await? {
            PasskeyUsed::Used => {}
            PasskeyUsed::Replayed => return Err(refused(event, "used state", Some(found.user))),
            PasskeyUsed::Changed => {
                return Err(refused(event, "the passkey was used or removed meanwhile", Some(found.user)));
            }
        }
        let key = if is_synced { AuthMethod::SyncedKey } else { AuthMethod::DeviceKey };
        Ok(ProvedByPasskey { found, methods: [key, AuthMethod::VerifiedUser].into_iter().collect() })
    }
}

/// Returns a use that changes nothing except that it uses up the ceremony.
fn unchanged<Id>(passkey: &Passkey<Id>) -> PasskeyUse {
    PasskeyUse {
        id: passkey.id.clone(),
        sign_count_before: passkey.sign_count,
        sign_count: passkey.sign_count,
        credential: passkey.credential.clone(),
        at: passkey.last_used_at.unwrap_or(passkey.created_at),
    }
}

/// Returns whether the user handle of the authenticator is that of the owner of the passkey. The login names no user,
/// so the authenticator must send one (WebAuthn section 7.2, step 6).
fn is_of_user<Id>(signed: &Assertion, passkey: &Passkey<Id>) -> bool {
    let handle = signed.user_handle.as_deref().and_then(|handle| handle.try_into().ok()).map(UserHandle::new);
    handle == Some(passkey.user_handle)
}
