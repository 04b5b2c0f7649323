//! Signing a user in: the steps that every login takes after its credentials are verified.

use crate::{
    domain::{AccessToken, Login, TokenId},
    event::{EventKind, SecurityEvent},
    port::{Found, HookCall, HookError, Lookup, RequestContext, StoreError, StrategyError, TokenResponse, Verdict},
    service::{ActiveBackend, BAD_CREDENTIALS, Users},
    user::AuthUser,
};

/// A new session: its token, and the transport's response that carries it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedIn {
    /// The token.
    pub token: AccessToken,
    /// The response of the login route: the token in the body, or in a cookie. It converts into an HTTP response.
    pub response: TokenResponse,
}

/// The reason why a user was not signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// No backend has this name.
    #[error("there is no backend of this name")]
    UnknownBackend,
    /// A gate refused with this code: the user is inactive, not verified, or does not meet a rule of the application.
    #[error("the login is refused: {0}")]
    Refused(&'static str),
    /// The user no longer exists.
    #[error("there is no such user")]
    NotFound,
    /// The user store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The strategy could not issue a token.
    #[error(transparent)]
    Strategy(StrategyError),
    /// The hook after the login failed. The session was created.
    #[error("the hook after the login failed: {}", .0.cause())]
    Hook(HookError),
}

/// A gate's refusal, with the refused user.
pub(crate) struct Closed<U> {
    pub(crate) user: U,
    pub(crate) code: &'static str,
}

impl<U: AuthUser> Users<U> {
    /// Signs a user in without credentials and returns what a login returns: for sign-up flows, invitations and tests.
    ///
    /// The user passes the same gates as at the login route, and `on_after_login` runs.
    ///
    /// # Errors
    /// Returns [`SignInError`]. No session exists then, except for [`SignInError::Hook`].
    ///
    /// # Security
    /// The caller decides who is signed in. Call this only after the user was authenticated in another way.
    pub async fn sign_in(&self, user: &U, backend: &str) -> Result<SignedIn, SignInError> {
        self.sign_in_with(user, backend, &RequestContext::none()).await
    }

    /// Signs a user in as [`Users::sign_in`] does, with the details of a request: hooks, events and the list of
    /// sessions then have the client.
    ///
    /// # Errors
    /// As [`Users::sign_in`].
    #[tracing::instrument(target = "axum_users", name = "sign_in", skip_all, fields(user.id = %user.id(), backend))]
    pub async fn sign_in_with(&self, user: &U, backend: &str, cx: &RequestContext) -> Result<SignedIn, SignInError> {
        let backend = self.inner().backends.iter().find(|known| *known.name == *backend);
        let backend = backend.ok_or(SignInError::UnknownBackend)?;
        let found = self.find(Lookup::by_id(user.id())).await?.ok_or(SignInError::NotFound)?;
        let found = self.pass_gates(found, backend, cx).await.map_err(|closed| SignInError::Refused(closed.code))?;
        self.issue(&found, backend, cx).await
    }

    /// Checks every gate in order. The first refusal ends the login and is recorded.
    pub(crate) async fn pass_gates(
        &self,
        found: Found<U>,
        backend: &ActiveBackend,
        cx: &RequestContext,
    ) -> Result<Found<U>, Closed<U>> {
        for gate in &self.inner().gates {
            if let Verdict::Closed(code) = self.run_gate(&**gate, &found.user, cx, BAD_CREDENTIALS.code).await {
                let event = SecurityEvent::new(EventKind::Login, cx).refused(gate.name()).of(&found.user.id());
                self.record(&event.at(&backend.name));
                return Err(Closed { user: found.user, code });
            }
        }
        Ok(found)
    }

    /// Issues a token to a user who has passed the gates, and runs `on_after_login`.
    pub(crate) async fn issue(
        &self,
        found: &Found<U>,
        backend: &ActiveBackend,
        cx: &RequestContext,
    ) -> Result<SignedIn, SignInError> {
        let id = found.user.id();
        let random = self.random_bytes().map_err(|error| SignInError::Strategy(StrategyError::unavailable(error)))?;
        let session = TokenId::from_random(random);
        let event = SecurityEvent::new(EventKind::Login, cx).of(&id).at(&backend.name).in_session(Some(&session));
        let login = Login::new(id.to_string(), found.epoch, self.now(), cx.device()).in_session(session);
        let recording = self.recording_login(backend, &event);
        let token = match recording.store.issue(&login).await {
            Ok(token) => token,
            // The user was deleted in the meantime. To a client it looks like wrong credentials.
            Err(StrategyError::UserGone) => {
                self.record(&event.in_session(None).refused("unknown user"));
                return Err(SignInError::Refused(BAD_CREDENTIALS.code));
            }
            Err(error) => return Err(SignInError::Strategy(error)),
        };
        let mut response = backend.transport.grant(&token);
        self.record_changed(&event, &recording);
        let hook = HookCall::LoggedIn(&found.user, &mut response.headers);
        self.run_after_hook(hook, cx).await.map_err(SignInError::Hook)?;
        Ok(SignedIn { token, response })
    }
}
