//! Signing a user in: the steps that every login takes after its credentials are verified.

use http::HeaderMap;

use crate::{
    domain::{AccessToken, Login, Suspension, TokenId},
    event::{EventKind, SecurityEvent},
    port::{
        Found, HookCall, HookError, Lookup, NewDevice, RequestContext, StoreError, StrategyError, TokenResponse,
        Verdict,
    },
    service::{ActiveBackend, BAD_CREDENTIALS, PASSWORD_CHANGE_REQUIRED, SUSPENDED, Users},
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

/// What a login was proved with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The account's password.
    Password,
    /// An identity at a provider, or the decision of the application.
    Other,
}

/// A refusal after the credentials were verified, with the refused user.
pub(crate) struct Closed<U> {
    pub(crate) user: U,
    pub(crate) code: &'static str,
    /// The suspension, if the user may be told about it.
    pub(crate) suspension: Option<Suspension>,
}

impl<U: AuthUser> Users<U> {
    /// Signs a user in without credentials and returns what a login returns: for sign-up flows, invitations and tests.
    ///
    /// The user passes the same gates as at the login route and must not be suspended, and `on_after_login` runs. No
    /// password is used, so the mark that it must be changed has no effect.
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
        let found = self.pass_gates(found, Proof::Other, backend, cx).await;
        let found = found.map_err(|closed| SignInError::Refused(closed.code))?;
        // As at the login route: the new cookie replaces that of the browser.
        if let Some(held) = cx.headers().and_then(|headers| backend.held_by_browser(headers)) {
            backend.strategy.revoke(&held).await.map_err(SignInError::Strategy)?;
        }
        self.issue(&found, backend, cx).await
    }

    /// Checks the standing of the account and every gate in order. The first refusal ends the login and is recorded.
    pub(crate) async fn pass_gates(
        &self,
        found: Found<U>,
        proof: Proof,
        backend: &ActiveBackend,
        cx: &RequestContext,
    ) -> Result<Found<U>, Closed<U>> {
        let record = |found: &Found<U>, reason| {
            let event = SecurityEvent::new(EventKind::Login, cx).refused(reason).of(&found.user.id());
            self.record(&event.at(&backend.name));
        };
        if let Some(suspension) = found.standing.suspension_at(self.now()).cloned() {
            record(&found, "suspended");
            // An inactive account answers as one that does not exist, also if it is suspended.
            let is_told =
                proof == Proof::Password && self.policy().tells_suspended_users() && found.user.status().is_active;
            let (code, suspension) =
                if is_told { (SUSPENDED.code, Some(suspension)) } else { (BAD_CREDENTIALS.code, None) };
            return Err(Closed { user: found.user, code, suspension });
        }
        for gate in &self.inner().gates {
            if let Verdict::Closed(code) = self.run_gate(&**gate, &found.user, cx, BAD_CREDENTIALS.code).await {
                record(&found, gate.name());
                return Err(Closed { user: found.user, code, suspension: None });
            }
        }
        if proof == Proof::Password && found.standing.must_change_password {
            record(&found, "password change required");
            return Err(Closed { user: found.user, code: PASSWORD_CHANGE_REQUIRED.code, suspension: None });
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

    /// Makes the client of a login known to the account, and notifies the owner if it is a new one.
    pub(crate) async fn greet_client(
        &self,
        user: &U,
        cx: &RequestContext,
        response: &mut HeaderMap,
    ) -> Result<(), StrategyError> {
        let is_new = self.make_known(user.account().email, cx, response).await;
        if is_new.map_err(StrategyError::unavailable)? {
            self.notify_new_device(user, cx).await;
        }
        Ok(())
    }

    /// Notifies the owner of an account after the response, as often as mails to one account are allowed.
    async fn notify_new_device(&self, user: &U, cx: &RequestContext) {
        let (user, at) = (user.clone(), self.now());
        self.after_response_or_log("on_after_new_device_login", cx, move |users, cx, share| {
            let user = user.clone();
            Box::pin(async move {
                if !users.may_notify("new-device", user.account().email, share).await {
                    return Ok(());
                }
                users.run_hook(HookCall::LoggedInOnNewDevice(&user, &NewDevice::new(cx.device(), at)), cx).await
            })
        })
        .await;
    }
}
