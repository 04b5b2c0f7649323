//! Signing a user in: the steps that every login takes after its credentials are verified.

use http::HeaderMap;

use super::Proved;
use crate::{
    domain::{AccessToken, AuthMethod, AuthMethods, Login, RefreshToken, Suspension, TokenId},
    event::{EventKind, SecurityEvent},
    port::{
        BoxFuture, Found, HookCall, HookError, Lookup, NewDevice, RequestContext, StoreError, StrategyError,
        TokenResponse, Verdict,
    },
    service::{ActiveBackend, BAD_CREDENTIALS, Held, PASSWORD_CHANGE_REQUIRED, SUSPENDED, Users},
    user::AuthUser,
};

/// A new session: its token, and the transport's response that carries it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignedIn {
    /// The token.
    pub token: AccessToken,
    /// The refresh token beside it, if the backend has them.
    pub refresh_token: Option<RefreshToken>,
    /// The response of the login route: the tokens in the body, or in cookies. It converts into an HTTP response.
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

/// The credentials of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The account's password.
    Password,
    /// An identity at a provider.
    #[cfg_attr(not(feature = "oauth"), allow(dead_code, reason = "there are no providers"))]
    Provider,
    /// A link or a code that was mailed to the account's address.
    Mail,
    /// A passkey: its key, and the person at the authenticator.
    #[cfg_attr(not(feature = "passkeys"), allow(dead_code, reason = "there are no passkeys"))]
    Passkey(AuthMethods),
    /// The decision of the application.
    Application,
}

impl Proof {
    pub(super) fn methods(self) -> AuthMethods {
        match self {
            Self::Password => AuthMethod::Password.into(),
            Self::Provider => AuthMethod::Provider.into(),
            Self::Mail => AuthMethod::Mail.into(),
            Self::Passkey(methods) => methods,
            Self::Application => AuthMethods::NONE,
        }
    }
}

/// A refusal after the credentials were verified, with the refused user.
pub(crate) struct Closed<U> {
    pub(crate) user: U,
    pub(crate) code: &'static str,
    /// The suspension, if it may be disclosed to the user.
    pub(crate) suspension: Option<Suspension>,
}

impl<U: AuthUser> Users<U> {
    /// Signs a user in without credentials and returns what a login returns: for sign-up flows, invitations and tests.
    ///
    /// The user passes the same gates as at the login route and must not be suspended, and `on_after_login` runs. No
    /// password is used, so the mark that it must be changed has no effect, and no second factor is required. The
    /// session has no authentication methods, so routes that need a second factor refuse it.
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
    /// sessions then contain the client.
    ///
    /// # Errors
    /// As [`Users::sign_in`].
    #[tracing::instrument(target = "axum_users", name = "sign_in", skip_all, fields(user.id = %user.id(), backend))]
    pub async fn sign_in_with(&self, user: &U, backend: &str, cx: &RequestContext) -> Result<SignedIn, SignInError> {
        let backend = self.inner().backends.iter().find(|known| *known.name == *backend);
        let backend = backend.ok_or(SignInError::UnknownBackend)?;
        let found = self.find(Lookup::by_id(user.id())).await?.ok_or(SignInError::NotFound)?;
        let found = self.pass_gates(found, Proof::Application, backend, cx).await;
        let found = found.map_err(|closed| SignInError::Refused(closed.code))?;
        // As at the login route: the new cookie replaces that of the browser.
        if let Some(held) = cx.headers().and_then(|headers| backend.held_by_browser(headers)) {
            self.end_held(backend, &held).await.map_err(SignInError::Strategy)?;
        }
        self.issue(&Proved::by_application(found), backend, cx).await
    }

    /// Checks the standing of the account and every gate in order. The first refusal ends the login and is recorded.
    pub(crate) fn pass_gates<'a>(
        &'a self,
        found: Found<U>,
        proof: Proof,
        backend: &'a ActiveBackend,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<Found<U>, Closed<U>>> {
        Box::pin(async move {
            let record = |found: &Found<U>, reason| {
                let event = SecurityEvent::new(EventKind::Login, cx).refused(reason).of(&found.user.id());
                self.record(&event.at(&backend.name));
            };
            if let Some(suspension) = found.standing.suspension_at(self.now()).cloned() {
                record(&found, "suspended");
                // An inactive account gets the response of a nonexistent one, even if it is suspended.
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
        })
    }

    /// Issues a token to a user who has passed the gates and every factor, and runs `on_after_login`.
    pub(crate) fn issue<'a>(
        &'a self,
        proved: &'a Proved<U>,
        backend: &'a ActiveBackend,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<SignedIn, SignInError>> {
        Box::pin(async move {
            let found = proved.found();
            let id = found.user.id();
            let random =
                self.random_bytes().map_err(|error| SignInError::Strategy(StrategyError::unavailable(error)))?;
            let session = TokenId::from_random(random);
            let event = SecurityEvent::new(EventKind::Login, cx).of(&id).at(&backend.name).in_session(Some(&session));
            let login = Login::new(id.to_string(), found.epoch, self.now(), cx.device()).in_session(session);
            // fastapi-users does not know authentication methods.
            let login = if self.policy().keeps_quirks() { login } else { login.proved_with(proved.methods()) };
            let recording = self.recording_login(backend, &event);
            let issued = async {
                // First, because a family without a session is harmless, and a login is recorded with its session.
                let refresh_token = self.begin_refresh(backend, &login).await?;
                let token = recording.store.issue(&login).await;
                if token.is_err() {
                    self.forget_refresh(backend, &login).await;
                }
                Ok((token?, refresh_token))
            };
            let (token, refresh_token) = match issued.await {
                Ok(issued) => issued,
                // The user was deleted in the meantime. The client gets the response to wrong credentials.
                Err(StrategyError::UserGone) => {
                    self.record(&event.in_session(None).refused("unknown user"));
                    return Err(SignInError::Refused(BAD_CREDENTIALS.code));
                }
                Err(error) => return Err(SignInError::Strategy(error)),
            };
            let mut response = backend.grant(&token, refresh_token.as_ref());
            // Appended: the session may be a cookie as well.
            for (name, value) in proved.headers() {
                response.headers.append(name, value.clone());
            }
            self.record_changed(&event, &recording);
            let hook = HookCall::LoggedIn(&found.user, &mut response.headers);
            self.run_after_hook(hook, cx).await.map_err(SignInError::Hook)?;
            Ok(SignedIn { token, refresh_token, response })
        })
    }

    /// Ends the sessions that the browser `held`, issues a token and makes the client known: the last steps of every
    /// login by a route. The new cookies replace the tokens that the browser held, which could then no longer be logged
    /// out and may have been planted by an attacker (session fixation). They end before the new token is issued, so
    /// that they do not count against the limit on sessions.
    ///
    /// # Errors
    /// As [`Users::issue`], and [`SignInError::Strategy`] if the held sessions could not be ended or the client could
    /// not be made known.
    pub(crate) fn begin_session<'a>(
        &'a self,
        proved: &'a Proved<U>,
        held: Option<Held>,
        backend: &'a ActiveBackend,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<TokenResponse, SignInError>> {
        Box::pin(async move {
            if let Some(held) = held {
                self.end_held(backend, &held).await.map_err(SignInError::Strategy)?;
            }
            let mut response = self.issue(proved, backend, cx).await?.response;
            self.greet_client(proved.user(), cx, &mut response.headers).await.map_err(SignInError::Strategy)?;
            Ok(response)
        })
    }

    /// Makes the client of a login known to the account, and notifies the owner if it is a new one.
    fn greet_client<'a>(
        &'a self,
        user: &'a U,
        cx: &'a RequestContext,
        response: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(async move {
            let is_new = self.make_known(user.account().email, cx, response).await;
            if is_new.map_err(StrategyError::unavailable)? {
                self.notify_new_device(user, cx).await;
            }
            Ok(())
        })
    }

    /// Notifies the owner of an account after the response, as often as mails to one account are allowed.
    async fn notify_new_device(&self, user: &U, cx: &RequestContext) {
        let (user, at) = (user.clone(), self.now());
        self.after_response_or_log("on_after_new_device_login", cx, move |users, cx, drawn| {
            let user = user.clone();
            Box::pin(async move {
                if !users.may_notify("new-device", user.account().email, drawn).await {
                    return Ok(());
                }
                users.run_hook(HookCall::LoggedInOnNewDevice(&user, &NewDevice::new(cx.device(), at)), cx).await
            })
        })
        .await;
    }
}
