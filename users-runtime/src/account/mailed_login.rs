//! Logging in with a secret that was mailed to the account's address: the steps after the secret was found to be right.

use super::{CreateError, NotProved, Proof, SecondFactor, SignInError, kept_until};
use crate::{
    domain::{Timestamp, TokenId},
    event::{EventKind, SecurityEvent},
    port::{
        BoxFuture, Change, EndSessions, Found, HookError, Lookup, RequestContext, StoreError, StoredChange,
        TokenResponse, TokenState,
    },
    service::{ActiveBackend, BAD_CREDENTIALS, DrawnQuota, Held, Limited, Users},
    user::{AuthUser, Columns},
};

/// A login whose mailed secret is right.
pub(crate) struct MailedLogin<'a, U: AuthUser> {
    /// The account as it was looked up with the secret's id.
    pub(crate) found: Found<U>,
    /// The secret's id, under which it is used up, and when it expires.
    pub(crate) secret: (TokenId, Timestamp),
    pub(crate) backend: &'a ActiveBackend,
    /// The tokens that the browser holds from an earlier login.
    pub(crate) held: Option<Held>,
    /// The code of the second factor, if there is one.
    pub(crate) otp: Option<&'a str>,
}

/// The reason why a mailed secret is refused.
#[derive(Debug)]
pub(crate) enum MailedLoginError {
    /// It is invalid, expired or used, or the account was changed since it was mailed.
    BadSecret,
    /// A gate refuses the login, the second factor is missing or wrong, or the service failed.
    SignIn(SignInError),
    /// Too many wrong codes of the second factor.
    Limited(Limited),
    /// The random password that replaces the old one could not be made.
    Unusable(CreateError),
    /// The hook after the verification refused or failed. The secret is used up.
    Hook(HookError),
}

impl From<StoreError> for MailedLoginError {
    fn from(error: StoreError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<SignInError> for MailedLoginError {
    fn from(error: SignInError) -> Self {
        match error {
            // The account was deleted, deactivated or suspended meanwhile.
            SignInError::NotFound => Self::BadSecret,
            SignInError::Refused(code) if code == BAD_CREDENTIALS.code => Self::BadSecret,
            error => Self::SignIn(error),
        }
    }
}

impl From<Limited> for MailedLoginError {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl<U: AuthUser> Users<U> {
    /// Returns the account to which a login mail may be sent: an active one with this address. Counts and records the mail.
    pub(crate) fn recipient_of_login<'a>(
        &'a self,
        email: &'a str,
        kind: EventKind,
        cx: &'a RequestContext,
        drawn: &'a DrawnQuota,
    ) -> BoxFuture<'a, Result<Option<Found<U>>, HookError>> {
        Box::pin(async move {
            let found = self
                .find_by_address(email)
                .await?
                .filter(|found| found.user.status().is_active && !found.standing.is_suspended_at(self.now()));
            let Some(found) = found else { return Ok(None) };
            let id = found.user.id();
            if !self.may_mail(kind, id.clone(), cx, drawn).await? {
                return Ok(None);
            }
            self.record(&SecurityEvent::new(kind, cx).of(&id));
            Ok(Some(found))
        })
    }

    /// Looks up an account with the state of a mailed secret. `None` for a secret that is used up.
    pub(crate) fn find_unused<'a>(
        &'a self,
        id: U::Id,
        secret: &'a TokenId,
    ) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(async move {
            let found = self.find(Lookup::User { id, token: Some(secret.clone()) }).await?;
            Ok(found.filter(|found| found.token == TokenState::Unmarked))
        })
    }

    /// Checks the gates and the second factor, uses the secret up and signs in. The secret proves ownership of the address,
    /// so the account becomes verified if it was not; anyone else who registered it is locked out ([`Users::use_up`]).
    pub(crate) fn log_in_by_mail<'a>(
        &'a self,
        login: MailedLogin<'a, U>,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<TokenResponse, MailedLoginError>> {
        Box::pin(async move {
            let MailedLogin { found, secret, backend, held, otp } = login;
            let mut verified = found.clone();
            *verified.user.account_mut().is_verified = true;
            let passed = self.pass_gates(verified, Proof::Mail, backend, cx).await;
            passed.map_err(|closed| SignInError::Refused(closed.code))?;
            // The secret is not used up yet, so the client can send it again with a code.
            let proved = self.prove(found.clone(), Proof::Mail, SecondFactor::given(otp), backend, cx).await;
            let proved = proved.map_err(NotProved::into_error::<MailedLoginError>)?;
            let found = self.use_up(found, secret, cx).await?;
            self.clear_failures(found.user.account().email, cx).await;
            Ok(self.begin_session(&proved.read_again(found), held, backend, cx).await?)
        })
    }

    /// Uses a secret up, unless the account was changed since the lookup. Of several concurrent uses, one succeeds.
    ///
    /// An account that was not verified may have been registered by somebody else, who knows its password and waits for the
    /// owner of the address (pre-hijacking). In the same transaction it gets a password that nobody knows, its sessions end, and its
    /// accounts at providers and its passkeys are removed, as when an identity takes it over.
    async fn use_up(
        &self,
        found: Found<U>,
        (secret, expires_at): (TokenId, Timestamp),
        cx: &RequestContext,
    ) -> Result<Found<U>, MailedLoginError> {
        let before = found.user.clone();
        let (account, id) = (before.account(), before.id());
        let change = Change {
            if_email: Some(account.email.to_owned()),
            if_hashed_password: Some(account.hashed_password.clone()),
            if_epoch: Some(found.epoch),
            use_token: Some((secret, kept_until(expires_at))),
            ..Change::new(before.clone(), Columns::NONE)
        };
        if account.status.is_verified {
            let event = SecurityEvent::new(EventKind::Login, cx).of(&id);
            if self.inner().store.update(change).await?.is_none() {
                self.record(&event.refused("used or changed meanwhile"));
                return Err(MailedLoginError::BadSecret);
            }
            return Ok(found);
        }
        let mut user = before.clone();
        *user.account_mut().hashed_password =
            self.unusable_password_hash().await.map_err(MailedLoginError::Unusable)?;
        *user.account_mut().is_verified = true;
        let change = Change {
            user,
            columns: Columns::HASHED_PASSWORD.and(Columns::IS_VERIFIED),
            must_change_password: Some(false),
            end_sessions: EndSessions::All,
            unlink: U::HAS_OAUTH,
            remove_passkeys: self.has_passkeys(),
            ..change
        };
        let event = SecurityEvent::new(EventKind::Verify, cx).of(&id).changing(change.columns.fields::<U>());
        let recording = self.recording(&event);
        let Some(user) = recording.store.update(change).await? else {
            self.record(&event.changing(Vec::new()).refused("used or changed meanwhile"));
            return Err(MailedLoginError::BadSecret);
        };
        self.record_changed(&event, &recording);
        self.notify_credentials_changed(&user, &before, cx).await;
        self.run_change_hook(StoredChange::Verified(user), cx).await.map_err(MailedLoginError::Hook)?;
        // Its epoch was raised.
        self.find(Lookup::by_id(id)).await?.ok_or(MailedLoginError::BadSecret)
    }
}
