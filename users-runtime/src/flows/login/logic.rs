//! The steps of login.

use crate::{
    account::{Proof, SignInError},
    domain::{AccessToken, Password, Suspension},
    event::{self, EventKind, SecurityEvent, operation},
    port::{
        Change, FailedLogin, Found, HashError, HookCall, HookError, RequestContext, StoreError, StrategyError,
        TokenResponse, Verification,
    },
    service::{ActiveBackend, BAD_CREDENTIALS, Limited, Users},
    user::{AuthUser, Columns},
};

/// The reason why a login failed.
#[derive(Debug)]
pub(super) enum LoginError {
    /// The error code of the response.
    Refused(&'static str),
    /// The account is suspended, and the user may know.
    Suspended(Suspension),
    Hash(HashError),
    Store(StoreError),
    Strategy(StrategyError),
    Hook(HookError),
    Limited(Limited),
}

impl From<Limited> for LoginError {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<SignInError> for LoginError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused(code) => Self::Refused(code),
            SignInError::UnknownBackend | SignInError::NotFound => Self::Refused(BAD_CREDENTIALS.code),
            SignInError::Store(error) => Self::Store(error),
            SignInError::Strategy(error) => Self::Strategy(error),
            SignInError::Hook(error) => Self::Hook(error),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// Counts the attempt, verifies the password, checks the gates, and issues a token. Revokes the token that the browser `held`: the new
    /// cookie replaces it, so it could not be logged out any more, and an attacker may have planted it (session
    /// fixation).
    #[tracing::instrument(target = "axum_users", name = "login", skip_all, fields(backend = %backend.name))]
    pub(super) async fn login(
        &self,
        backend: &ActiveBackend,
        username: String,
        password: Password,
        held: Option<AccessToken>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, LoginError> {
        // Before anything is done for the request, so that a refusal costs next to nothing.
        self.inner().hasher.ensure_room().map_err(LoginError::Hash)?;
        let event = SecurityEvent::new(EventKind::Login, cx).at(&backend.name);
        let attempt = self.begin_attempt(&username, event.clone(), cx).await?;
        let proved = match self.find_by_address(&username).await {
            Ok(found) => self.prove_password(found, &username, &password, event, cx).await,
            Err(error) => Err(LoginError::Store(error)),
        };
        let found = match proved {
            Ok(Some(found)) => found,
            Ok(None) => return Err(LoginError::Refused(BAD_CREDENTIALS.code)),
            // Overload or an outage: no password was checked.
            Err(error) => {
                self.attempt_undone(attempt).await;
                return Err(error);
            }
        };
        let found = match self.pass_gates(found, Proof::Password, backend, cx).await {
            Ok(found) => found,
            // Still counted as a failure: the counter must not tell that the password was right.
            Err(closed) => {
                self.report_failure(username, Some(closed.user), closed.code, cx).await;
                return Err(closed.suspension.map_or(LoginError::Refused(closed.code), LoginError::Suspended));
            }
        };
        self.attempt_succeeded(attempt).await;
        // Revoked before the new token is issued, so that it does not count against the limit on sessions.
        if let Some(held) = held {
            backend.strategy.revoke(&held).await.map_err(LoginError::Strategy)?;
        }
        let mut response = self.issue(&found, backend, cx).await?.response;
        self.greet_client(&found.user, cx, &mut response.headers).await.map_err(LoginError::Strategy)?;
        Ok(response)
    }

    /// Verifies the password and upgrades an outdated hash. For an unknown user, spends the same time on a dummy hash. `event` is
    /// that of the login.
    async fn prove_password(
        &self,
        found: Option<Found<U>>,
        username: &str,
        password: &Password,
        event: SecurityEvent,
        cx: &RequestContext,
    ) -> Result<Option<Found<U>>, LoginError> {
        let hasher = &self.inner().hasher;
        let Some(found) = found else {
            hasher.verify_dummy(password).await.map_err(LoginError::Hash)?;
            self.record(&event.refused("unknown user"));
            self.report_failure(username.to_owned(), None, BAD_CREDENTIALS.code, cx).await;
            return Ok(None);
        };
        let verification =
            hasher.verify(password, found.user.account().hashed_password).await.map_err(LoginError::Hash)?;
        match verification {
            Verification::Right => Ok(Some(found)),
            Verification::RightButOutdated => {
                let user = self.upgrade_hash(found.user, password, cx).await;
                Ok(Some(Found { user, ..found }))
            }
            Verification::Wrong => {
                self.record(&event.refused("wrong password").of(&found.user.id()));
                self.report_failure(username.to_owned(), Some(found.user), BAD_CREDENTIALS.code, cx).await;
                Ok(None)
            }
        }
    }

    /// Replaces an outdated hash, unless the password was changed in the meantime. A failure does not refuse the login.
    async fn upgrade_hash(&self, user: U, password: &Password, cx: &RequestContext) -> U {
        let Ok(hash) = self.inner().hasher.hash(password).await else { return user };
        let mut upgraded = user.clone();
        *upgraded.account_mut().hashed_password = hash;
        let change = Change {
            if_hashed_password: Some(user.account().hashed_password.clone()),
            // It is the same password.
            must_change_password: None,
            ..Change::new(upgraded, Columns::HASHED_PASSWORD)
        };
        let event = SecurityEvent::new(EventKind::Rehash, cx).of(&user.id());
        let recording = self.recording(&event);
        match recording.store.update(change).await {
            Ok(Some(stored)) => {
                self.record_changed(&event, &recording);
                stored
            }
            Ok(None) => user,
            Err(error) => {
                operation!(WARN, "rehash_failed", "an outdated hash was not replaced", cause = event::cause(&error));
                user
            }
        }
    }

    /// Runs the hook for failed logins after the response, so that the response time reveals nothing about the account.
    async fn report_failure(&self, username: String, user: Option<U>, code: &'static str, cx: &RequestContext) {
        self.after_response_or_log("on_after_failed_login", cx, move |users, cx, _| {
            let (username, user) = (username.clone(), user.clone());
            Box::pin(async move {
                let failed = FailedLogin { username: &username, user: user.as_ref(), code };
                users.run_hook(HookCall::LoginFailed(&failed), cx).await
            })
        })
        .await;
    }
}
