//! The steps of a registration with a passkey instead of a password.

use serde_json::{Map, Value};

use super::{error::PasskeyError, log_in::PasskeyOptions};
use crate::{
    account::{CreateError, NewCredentials, NewPassword, PasswordError, RegisterError, SignUpPasskey},
    domain::{Attestation, EmailAddress, Limit, StoreError, UserHandle},
    event::{EventKind, SecurityEvent},
    port::{PasskeyFlow, PasskeyOwner, PasskeyPurpose, RequestContext},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Begins a registration. `registration` is its body, which the state carries. Nothing is looked up or stored.
    pub(super) fn start_passkey_sign_up(
        &self,
        email: &EmailAddress,
        registration: Map<String, Value>,
    ) -> Result<PasskeyOptions, PasskeyError> {
        let passkeys = self.passkeys()?;
        // The id is not known yet, and the database may generate it.
        let handle = UserHandle::new(self.random_bytes()?);
        let owner = PasskeyOwner { handle, name: email.as_str(), stored: &[] };
        let started = passkeys.ceremonies.start_registration(&owner)?;
        let flow = self.new_passkey_flow(PasskeyPurpose::SignUp { handle, registration }, &started)?;
        let state = passkeys.flows.seal(&flow).ok_or(PasskeyError::TooLong)?;
        Ok(PasskeyOptions { state, options: started.options })
    }

    /// Returns the ceremony of a registration, with the body with which it was begun.
    pub(super) fn passkey_sign_up(
        &self,
        state: &str,
        cx: &RequestContext,
    ) -> Result<(PasskeyFlow, UserHandle, Map<String, Value>), PasskeyError> {
        let flow = self.open_passkey_flow(state)?;
        match flow.as_ref().map(|flow| flow.purpose.clone()).zip(flow) {
            Some((PasskeyPurpose::SignUp { handle, registration }, flow)) => Ok((flow, handle, registration)),
            _ => {
                self.record(&SecurityEvent::new(EventKind::Register, cx).refused("bad state"));
                Err(PasskeyError::BAD_CREDENTIAL)
            }
        }
    }

    /// Verifies the new credential of an authenticator, and registers the user with it. The account has no password.
    #[tracing::instrument(target = "axum_users", name = "passkey_sign_up", skip_all)]
    pub(super) async fn sign_up_with_passkey(
        &self,
        (flow, handle): (PasskeyFlow, UserHandle),
        (input, email): (U::Create, EmailAddress),
        name: String,
        made: &Attestation,
        cx: &RequestContext,
    ) -> Result<Result<U, RegisterError>, PasskeyError> {
        let counted = self.count_by_address(Limit::Register, EventKind::Register, cx).await?;
        let verified = self.passkeys()?.ceremonies.finish_registration(made, &flow.ceremony);
        let Ok(made) = verified else {
            self.record(&SecurityEvent::new(EventKind::Register, cx).refused("wrong passkey"));
            return Err(PasskeyError::BAD_CREDENTIAL);
        };
        // Before anything depends on the address, so that the response does not reveal whether it has an account.
        if Self::passkeys_in(&self.inner().store)?.find(&made.id).await?.is_some() {
            self.record(&SecurityEvent::new(EventKind::Register, cx).refused("wrong passkey"));
            return Err(PasskeyError::BAD_CREDENTIAL);
        }
        let passkey = SignUpPasskey { passkey: self.new_passkey(made, handle, name), once: flow.once() };
        let credentials = NewCredentials { password: NewPassword::Unusable, passkey: Some(passkey) };
        let registered = self.register_account(input, email, credentials, cx).await;
        match &registered {
            Err(
                RegisterError::Create(CreateError::Password(PasswordError::Hash(_))) | RegisterError::AfterResponse(_),
            ) => self.give_back(counted).await,
            // The ceremony was used before, or another account has the passkey.
            Err(RegisterError::Create(CreateError::Store(StoreError::Conflict))) => {
                self.record(&SecurityEvent::new(EventKind::Register, cx).refused("used state"));
                return Err(PasskeyError::BAD_CREDENTIAL);
            }
            _ => {}
        }
        Ok(registered)
    }
}
