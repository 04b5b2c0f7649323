//! The steps of a password reset.

use crate::{
    account::PasswordError,
    domain::{EmailAddress, Password, Relaxation, ResetToken, UserId},
    event::{EventKind, SecurityEvent},
    port::{
        Change, EndSessions, Found, HashError, HookError, Lookup, MailTokenError, PasswordSubject, RequestContext,
        StoreError, StoredChange,
    },
    service::{AfterResponse, Users},
    user::{AuthUser, Columns},
};

/// The reason why a password was not reset.
#[derive(Debug)]
pub(super) enum ResetError {
    BadToken,
    Password(PasswordError),
    Token(MailTokenError),
    Store(StoreError),
    Hook(HookError),
}

impl<U: AuthUser> Users<U> {
    /// Sends a reset mail if an active user has the address. All of this happens after the response, so its timing does
    /// not allow account enumeration.
    #[tracing::instrument(target = "axum_users", name = "forgot_password", skip_all)]
    pub(super) async fn forgot_password(&self, email: EmailAddress, cx: &RequestContext) -> Result<(), AfterResponse> {
        self.after_response("on_after_forgot_password", cx, move |users, cx, drawn| {
            let email = email.clone();
            Box::pin(async move {
                let found = users.find_by_address(email.as_str()).await?;
                match found {
                    Some(found) if found.user.status().is_active && !found.standing.is_suspended_at(users.now()) => {
                        if !users.may_mail(EventKind::ForgotPassword, found.user.id(), cx, drawn).await? {
                            return Ok(users.equalize_timing().await?);
                        }
                        users.record(&SecurityEvent::new(EventKind::ForgotPassword, cx).of(&found.user.id()));
                        users.mail_reset_token(&found, cx).await
                    }
                    _ => Ok(users.equalize_timing().await?),
                }
            })
        })
        .await
    }

    /// Hashes once, because issuing a reset token in fastapi-users' format costs a hash. If the hook runs before the
    /// response, an unknown address and an account above its limit must cost the same.
    async fn equalize_timing(&self) -> Result<(), HashError> {
        if self.policy().allows(Relaxation::InlineHooks) && self.policy().allows(Relaxation::UpstreamTokens) {
            self.inner().hasher.hash(&Password::new("nobody")).await?;
        }
        Ok(())
    }

    /// Sets the new password, once per token, and ends all sessions of the user in the same transaction. Clears the failures
    /// at the account.
    #[tracing::instrument(target = "axum_users", name = "reset_password", skip_all)]
    pub(super) async fn reset_password(
        &self,
        token: &ResetToken,
        password: &Password,
        cx: &RequestContext,
    ) -> Result<U, ResetError> {
        let bad_token = |user: Option<&U::Id>| {
            let event = SecurityEvent::new(EventKind::ResetPassword, cx).refused("bad token");
            self.record(&user.into_iter().fold(event, SecurityEvent::of));
            ResetError::BadToken
        };
        let claims = self.inner().mail_tokens.read_reset(token).ok_or_else(|| bad_token(None))?;
        let id = U::Id::parse(&claims.subject).ok_or_else(|| bad_token(None))?;
        let found = self.find(Lookup::by_id(id.clone())).await.map_err(ResetError::Store)?;
        let found = found.ok_or_else(|| bad_token(Some(&id)))?;
        if !self.is_bound(&claims, &found).await.map_err(ResetError::Token)?
            || !found.user.status().is_active
            || found.standing.is_suspended_at(self.now())
        {
            return Err(bad_token(Some(&id)));
        }
        let Found { user, epoch, .. } = found;
        let account = user.account();
        self.validate_password(password, account.email, PasswordSubject::Existing(&user))
            .await
            .map_err(ResetError::Password)?;
        let hash = self.hash_password(password).await.map_err(ResetError::Password)?;
        let (if_hashed_password, if_email) = (Some(account.hashed_password.clone()), Some(account.email.to_owned()));
        let mut changed = user.clone();
        *changed.account_mut().hashed_password = hash;
        let end_sessions =
            if self.policy().allows(Relaxation::KeepSessions) { EndSessions::Keep } else { EndSessions::All };
        let change = Change {
            if_hashed_password,
            if_email,
            if_epoch: Some(epoch),
            end_sessions,
            // A person who registered the address without owning it may have linked an account or added a passkey.
            unlink: U::HAS_OAUTH && !user.status().is_verified,
            remove_passkeys: self.has_passkeys() && !user.status().is_verified,
            ..Change::new(changed, Columns::HASHED_PASSWORD)
        };
        let before = user;
        let event = SecurityEvent::new(EventKind::ResetPassword, cx).of(&id);
        let recording = self.recording(&event);
        let user =
            recording.store.update(change).await.map_err(ResetError::Store)?.ok_or_else(|| bad_token(Some(&id)))?;
        self.record_changed(&event, &recording);
        self.clear_failures(user.account().email, cx).await;
        self.notify_credentials_changed(&user, &before, cx).await;
        self.run_change_hook(StoredChange::PasswordReset(user.clone()), cx).await.map_err(ResetError::Hook)?;
        Ok(user)
    }
}
