//! The steps of a login with a passkey.

use serde::Serialize;
use serde_json::Value;

use super::error::PasskeyError;
use crate::{
    account::{GivenPasskey, NotProved, NotProvedByPasskey, PASSKEY_BAD_CREDENTIAL, Proof, SecondFactor},
    event::{EventKind, SecurityEvent},
    port::{PasskeyPurpose, RequestContext, TokenResponse},
    service::{ActiveBackend, Held, Users},
    user::AuthUser,
};

/// The first response of a ceremony. `PASSKEY_OPTIONS` documents its fields.
#[derive(Debug, Serialize)]
pub(super) struct PasskeyOptions {
    pub(super) state: String,
    pub(super) options: Value,
}

impl<U: AuthUser> Users<U> {
    /// Begins a login at a backend. The ceremony names no account, and nothing is stored.
    pub(super) fn start_passkey_login(&self, backend: &ActiveBackend) -> Result<PasskeyOptions, PasskeyError> {
        let passkeys = self.passkeys()?;
        let started = passkeys.ceremonies.start_login()?;
        let flow = self.new_passkey_flow(PasskeyPurpose::Login { backend: backend.name.to_string() }, &started)?;
        let state = passkeys.flows.seal(&flow).ok_or(PasskeyError::TooLong)?;
        Ok(PasskeyOptions { state, options: started.options })
    }

    /// Verifies a passkey, checks the gates, and issues a token. Ends the sessions that the browser `held`, as every login does.
    #[tracing::instrument(target = "axum_users", name = "passkey_login", skip_all, fields(backend = %backend.name))]
    pub(super) async fn log_in_with_passkey(
        &self,
        backend: &ActiveBackend,
        given: &GivenPasskey,
        held: Option<Held>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, PasskeyError> {
        let event = SecurityEvent::new(EventKind::Login, cx).at(&backend.name);
        let proved = match self.prove_passkey(backend, given, event, cx).await {
            Ok(proved) => proved,
            Err(error) => {
                if let NotProvedByPasskey::Refused(Some(user)) = &error {
                    let (address, user) = (user.account().email.to_owned(), (**user).clone());
                    self.report_failed_login(address, Some(user), PASSKEY_BAD_CREDENTIAL.code, cx).await;
                }
                return Err(error.into());
            }
        };
        let proof = Proof::Passkey(proved.methods);
        let found = match self.pass_gates(proved.found, proof, backend, cx).await {
            Ok(found) => found,
            Err(closed) => {
                let address = closed.user.account().email.to_owned();
                self.report_failed_login(address, Some(closed.user), closed.code, cx).await;
                return Err(PasskeyError::of_gate(closed.code));
            }
        };
        let proved = self.prove(found, proof, SecondFactor::default(), backend, cx).await;
        let proved = proved.map_err(NotProved::into_error::<PasskeyError>)?;
        Ok(self.begin_session(&proved, held, backend, cx).await?)
    }
}
