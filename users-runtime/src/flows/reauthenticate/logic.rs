//! The steps of re-authentication.

#[cfg(feature = "passkeys")]
use crate::account::GivenPasskey;
use crate::{
    account::NotChecked,
    domain::{AuthMethod, AuthMethods, Password, Reauthentication, Timestamp},
    event::{EventKind, SecurityEvent},
    port::{HashError, RequestContext, StoreError},
    service::{ActiveBackend, Authenticated, Limited, Users},
    user::AuthUser,
};

/// The credentials of a re-authentication.
pub(super) struct Given {
    pub(super) password: Option<Password>,
    /// The code of a second factor.
    pub(super) otp: Option<String>,
    #[cfg(feature = "passkeys")]
    pub(super) passkey: Option<GivenPasskey>,
}

impl Given {
    pub(super) fn is_empty(&self) -> bool {
        #[cfg(feature = "passkeys")]
        let has_passkey = self.passkey.is_some();
        #[cfg(not(feature = "passkeys"))]
        let has_passkey = false;
        self.password.is_none() && self.otp.is_none() && !has_passkey
    }
}

/// The reason why a re-authentication failed.
#[derive(Debug)]
pub(super) enum ReauthenticateError {
    BadCredentials,
    /// The token has no id under which the re-authentication could be recorded, or its user was just deleted.
    NotPossible,
    Limited(Limited),
    Hash(HashError),
    Store(StoreError),
}

impl From<NotChecked> for ReauthenticateError {
    fn from(error: NotChecked) -> Self {
        match error {
            NotChecked::Limited(limited) => Self::Limited(limited),
            NotChecked::Hash(error) => Self::Hash(error),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// Verifies all given credentials, and records the time for the session of the request. The record ends with the
    /// session. Methods that were used before remain valid, but not as of now.
    #[cfg_attr(not(feature = "passkeys"), allow(unused_variables, reason = "passkeys belong to a backend"))]
    #[tracing::instrument(target = "axum_users", name = "reauthenticate", skip_all, fields(user.id = %own.user.id()))]
    pub(super) async fn reauthenticate(
        &self,
        own: &Authenticated<U>,
        backend: &ActiveBackend,
        given: &Given,
        cx: &RequestContext,
    ) -> Result<(), ReauthenticateError> {
        let id = own.user.id();
        let session = own.session.token_id.as_ref().ok_or(ReauthenticateError::NotPossible)?;
        let mut methods = AuthMethods::NONE;
        if let Some(password) = &given.password {
            // Before any work is done for the request, so that a refusal is cheap.
            self.inner().hasher.ensure_room().map_err(ReauthenticateError::Hash)?;
            if !self.is_current_password(&own.user, password, EventKind::Reauthenticate, cx).await? {
                return Err(ReauthenticateError::BadCredentials);
            }
            methods = methods.and(AuthMethod::Password.into());
        }
        #[cfg(feature = "passkeys")]
        if let Some(passkey) = &given.passkey {
            methods = methods.and(self.prove_again_by_passkey(own, backend, passkey, cx).await?);
        }
        // Last, because a code works only once.
        if let Some(otp) = &given.otp {
            self.check_second_factor(own, otp, cx).await?;
            methods = methods.and(AuthMethod::OneTimeCode.into());
        }
        let proof = Reauthentication::new(self.now(), methods).after(own.session.methods);
        // As long as the session, which a refresh may prolong.
        let until = self.kept_until(&own.session).expires_at.unwrap_or(Timestamp::MAX_UTC);
        let event = SecurityEvent::new(EventKind::Reauthenticate, cx).of(&id).at(self.backend_name(own.backend));
        let recording = self.recording(&event);
        match recording.store.reauthenticate(id, session, proof, until).await {
            Ok(()) => {
                self.record_changed(&event, &recording);
                Ok(())
            }
            Err(StoreError::Conflict) => Err(ReauthenticateError::NotPossible),
            Err(error) => Err(ReauthenticateError::Store(error)),
        }
    }

    /// Uses up the code of a second factor. For a user without a second factor, every code is wrong.
    #[cfg(feature = "totp")]
    async fn check_second_factor(
        &self,
        own: &Authenticated<U>,
        otp: &str,
        cx: &RequestContext,
    ) -> Result<(), ReauthenticateError> {
        use crate::{account::CodeError, domain::Limit};
        let event = SecurityEvent::new(EventKind::Reauthenticate, cx).of(&own.user.id());
        let event = event.at(self.backend_name(own.backend));
        let refused = |reason| {
            self.record(&event.clone().refused(reason));
            ReauthenticateError::BadCredentials
        };
        let Some(mfa) = self.mfa() else { return Err(refused("no second factor")) };
        let factor = self.factor_in_force(mfa, &own.user.id()).await.map_err(ReauthenticateError::Store)?;
        let Some(factor) = factor else { return Err(refused("no second factor")) };
        let attempt = (Limit::OF_CODES_IN_SESSION, event.clone());
        match self.use_code(mfa, (&own.user, &factor), otp, attempt, cx).await {
            Ok(()) => Ok(()),
            Err(CodeError::Wrong | CodeError::NotEnrolled) => Err(refused("wrong second factor")),
            Err(CodeError::Limited(limited)) => Err(ReauthenticateError::Limited(limited)),
            Err(CodeError::Store(error)) => Err(ReauthenticateError::Store(error)),
        }
    }

    /// Refuses every code: no user has a second factor.
    #[cfg(not(feature = "totp"))]
    #[allow(clippy::unused_self, clippy::unused_async, reason = "with the feature it depends on the service")]
    async fn check_second_factor(
        &self,
        _: &Authenticated<U>,
        _: &str,
        _: &RequestContext,
    ) -> Result<(), ReauthenticateError> {
        Err(ReauthenticateError::BadCredentials)
    }

    /// Verifies a passkey, which must be one of the session's own user.
    #[cfg(feature = "passkeys")]
    async fn prove_again_by_passkey(
        &self,
        own: &Authenticated<U>,
        backend: &ActiveBackend,
        given: &GivenPasskey,
        cx: &RequestContext,
    ) -> Result<AuthMethods, ReauthenticateError> {
        use crate::account::NotProvedByPasskey;
        let event = || SecurityEvent::new(EventKind::Reauthenticate, cx).at(&backend.name);
        let proved = self.prove_passkey(backend, given, event(), cx).await;
        let proved = proved.map_err(|error| match error {
            NotProvedByPasskey::Refused(_) => ReauthenticateError::BadCredentials,
            NotProvedByPasskey::Limited(limited) => ReauthenticateError::Limited(limited),
            NotProvedByPasskey::Store(error) => ReauthenticateError::Store(error),
        })?;
        if proved.found.user.id() != own.user.id() {
            self.record(&event().refused("a passkey of another user").of(&own.user.id()));
            return Err(ReauthenticateError::BadCredentials);
        }
        Ok(proved.methods)
    }
}
