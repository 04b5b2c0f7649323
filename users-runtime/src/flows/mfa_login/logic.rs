//! The steps of the second step.
#![cfg_attr(not(feature = "totp"), allow(dead_code, unused_variables, reason = "no login waits for a second factor"))]

use super::BAD_TOKEN;
use crate::{
    account::SignInError,
    domain::MfaToken,
    port::{RequestContext, StoreError, TokenResponse},
    service::{ActiveBackend, Held, Limited, Users},
    user::AuthUser,
};
#[cfg(feature = "totp")]
use crate::{
    account::{NotProved, Proof, SecondFactor},
    domain::{CLOCK_SKEW, UserId as _},
    event::{EventKind, SecurityEvent},
    port::{Change, Found, Lookup, TokenState},
    service::PendingLogin,
    user::Columns,
};

/// The reason why a login was not finished.
#[derive(Debug)]
pub(super) enum MfaLoginError {
    SignIn(SignInError),
    Limited(Limited),
}

impl MfaLoginError {
    const BAD_TOKEN: Self = Self::SignIn(SignInError::Refused(BAD_TOKEN.code));
}

impl From<StoreError> for MfaLoginError {
    fn from(error: StoreError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<Limited> for MfaLoginError {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<SignInError> for MfaLoginError {
    fn from(error: SignInError) -> Self {
        Self::SignIn(error)
    }
}

/// The data that a client sends to finish a login.
pub(super) struct Pending {
    pub(super) token: MfaToken,
    pub(super) otp: String,
    pub(super) held: Option<Held>,
}

impl<U: AuthUser> Users<U> {
    /// Finishes a login whose first factor was verified by a provider. The account must still pass every gate, and its
    /// sessions must not have been ended since. The token is used up only after the code was found right, so that a
    /// mistyped code can be corrected.
    #[tracing::instrument(target = "axum_users", name = "finish_login", skip_all, fields(backend = %backend.name))]
    pub(super) async fn finish_login(
        &self,
        backend: &ActiveBackend,
        pending: Pending,
        cx: &RequestContext,
    ) -> Result<TokenResponse, MfaLoginError> {
        #[cfg(feature = "totp")]
        if let Some(mfa) = self.mfa()
            && let Some(login) = mfa.pending_of(pending.token.secret(), &backend.name, self.now())
        {
            return self.finish_pending(backend, login, pending, cx).await;
        }
        #[cfg(feature = "totp")]
        self.record(&SecurityEvent::new(EventKind::Login, cx).refused("bad token").at(&backend.name));
        Err(MfaLoginError::BAD_TOKEN)
    }

    #[cfg(feature = "totp")]
    async fn finish_pending(
        &self,
        backend: &ActiveBackend,
        login: PendingLogin,
        Pending { otp, held, .. }: Pending,
        cx: &RequestContext,
    ) -> Result<TokenResponse, MfaLoginError> {
        let refused = |reason: &'static str| {
            let event = SecurityEvent::new(EventKind::Login, cx).refused(reason).of(&login.subject);
            self.record(&event.at(&backend.name));
            MfaLoginError::BAD_TOKEN
        };
        let id = U::Id::parse(&login.subject).ok_or(MfaLoginError::BAD_TOKEN)?;
        let found = self.find(Lookup::User { id, token: Some(login.id.clone()) }).await?;
        let Some(found) = found else { return Err(refused("unknown user")) };
        if found.epoch != login.epoch || found.token != TokenState::Unmarked {
            return Err(refused("used token, or the sessions have ended"));
        }
        let found = self.pass_gates(found, Proof::Provider, backend, cx).await;
        let found: Found<U> = found.map_err(|closed| SignInError::Refused(closed.code))?;
        let proved = self.prove(found, Proof::Provider, SecondFactor::given(Some(&otp)), backend, cx).await;
        let proved = proved.map_err(NotProved::into_error::<MfaLoginError>)?;
        let change = Change {
            if_epoch: Some(login.epoch),
            use_token: Some((login.id.clone(), login.expires_at + CLOCK_SKEW)),
            ..Change::new(proved.user().clone(), Columns::NONE)
        };
        if self.inner().store.update(change).await?.is_none() {
            return Err(refused("used token, or the sessions have ended"));
        }
        Ok(self.begin_session(&proved, held, backend, cx).await?)
    }
}
