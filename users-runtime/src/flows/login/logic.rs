//! The steps of login.

use crate::{
    account::{NotProved, Proof, SecondFactor, SignInError},
    domain::{Password, Suspension},
    event::{self, EventKind, SecurityEvent, operation},
    port::{Change, Found, HashError, RequestContext, StoreError, TokenResponse, Verification},
    service::{ActiveBackend, BAD_CREDENTIALS, Held, Limited, Users},
    user::{AuthUser, Columns},
};

/// The reason why a login failed.
#[derive(Debug)]
pub(super) enum LoginError {
    SignIn(SignInError),
    /// The account is suspended, and the policy permits disclosing it to the user.
    Suspended(Suspension),
    Hash(HashError),
    Limited(Limited),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<Limited> for LoginError {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<SignInError> for LoginError {
    fn from(error: SignInError) -> Self {
        Self::SignIn(error)
    }
}

/// The credentials that a client sends to log in.
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: Password,
    /// The code of the second factor, if there is one.
    pub(super) otp: Option<String>,
    pub(super) remember_device: bool,
}

impl<U: AuthUser> Users<U> {
    /// Counts the attempt, verifies the password, checks the gates, requires the second factor, and issues a token. Ends the sessions
    /// that the browser `held`.
    #[tracing::instrument(target = "axum_users", name = "login", skip_all, fields(backend = %backend.name))]
    pub(super) async fn login(
        &self,
        backend: &ActiveBackend,
        credentials: Credentials,
        held: Option<Held>,
        cx: &RequestContext,
    ) -> Result<TokenResponse, LoginError> {
        let Credentials { username, password, otp, remember_device } = credentials;
        // Before any work is done for the request, so that a refusal is cheap.
        self.inner().hasher.ensure_room().map_err(LoginError::Hash)?;
        let event = SecurityEvent::new(EventKind::Login, cx).at(&backend.name);
        // A name is looked up first: its failures count at the account, like those with the address.
        let named = match self.login_name_in(&username) {
            Some(name) => Some(self.find_by_login_name(&name).await?),
            None => None,
        };
        let account = named.iter().flatten().next().map_or(&*username, |found| found.user.account().email);
        let attempt = self.begin_attempt(account, event.clone(), cx).await?;
        let found = match named {
            Some(found) => Ok(found),
            None => self.find_by_address(&username).await,
        };
        let proved = match found {
            Ok(found) => self.prove_password(found, &username, &password, event, cx).await,
            Err(error) => Err(error.into()),
        };
        let found = match proved {
            Ok(Some(found)) => found,
            Ok(None) => return Err(SignInError::Refused(BAD_CREDENTIALS.code).into()),
            // Overload or an outage: no password was checked.
            Err(error) => {
                self.attempt_undone(attempt).await;
                return Err(error);
            }
        };
        let found = match self.pass_gates(found, Proof::Password, backend, cx).await {
            Ok(found) => found,
            // Still counted as a failure: the counter must not reveal that the password was right.
            Err(closed) => {
                self.report_failed_login(username, Some(closed.user), closed.code, cx).await;
                return Err(closed.suspension.map_or(SignInError::Refused(closed.code).into(), LoginError::Suspended));
            }
        };
        // The password was right, and the response reveals it: a missing or wrong code has its own limit.
        self.attempt_succeeded(attempt).await;
        let given = SecondFactor::given(otp.as_deref()).remembering(remember_device);
        let proved = self.prove(found, Proof::Password, given, backend, cx).await;
        let proved = proved.map_err(NotProved::into_error::<LoginError>)?;
        Ok(self.begin_session(&proved, held, backend, cx).await?)
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
            self.report_failed_login(username.to_owned(), None, BAD_CREDENTIALS.code, cx).await;
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
                self.report_failed_login(username.to_owned(), Some(found.user), BAD_CREDENTIALS.code, cx).await;
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
}
