//! The steps of verification.

use crate::{
    domain::{CanonicalEmail, EmailAddress, UserId, VerifyToken},
    event::{EventKind, SecurityEvent},
    port::{Change, Found, HookError, MailTokenError, RequestContext, StoreError, StoredChange},
    service::{AfterResponse, Users},
    user::{AuthUser, Columns},
};

/// The reason why an address was not verified.
#[derive(Debug)]
pub(super) enum VerifyError {
    BadToken,
    AlreadyVerified,
    Token(MailTokenError),
    Store(StoreError),
    Hook(HookError),
}

impl<U: AuthUser> Users<U> {
    /// Sends a verification mail if an active, unverified user has the address. All of this happens after the response,
    /// so its timing does not allow account enumeration.
    #[tracing::instrument(target = "axum_users", name = "request_verify", skip_all)]
    pub(super) async fn request_verify(&self, email: EmailAddress, cx: &RequestContext) -> Result<(), AfterResponse> {
        self.after_response("on_after_request_verify", cx, move |users, cx, drawn| {
            let email = email.clone();
            Box::pin(async move {
                let Some(found) = users.find_by_address(email.as_str()).await? else { return Ok(()) };
                let status = found.user.status();
                if !status.is_active || status.is_verified || found.standing.is_suspended_at(users.now()) {
                    return Ok(());
                }
                if !users.may_mail(EventKind::RequestVerify, found.user.id(), cx, drawn).await? {
                    return Ok(());
                }
                users.record(&SecurityEvent::new(EventKind::RequestVerify, cx).of(&found.user.id()));
                users.mail_verify_token(&found, cx).await
            })
        })
        .await
    }

    /// Verifies the address that a token was mailed to, if the user still has it.
    #[tracing::instrument(target = "axum_users", name = "verify", skip_all)]
    pub(super) async fn verify(&self, token: &VerifyToken, cx: &RequestContext) -> Result<U, VerifyError> {
        let bad_token = |user: Option<&U::Id>| {
            let event = SecurityEvent::new(EventKind::Verify, cx).refused("bad token");
            self.record(&user.into_iter().fold(event, SecurityEvent::of));
            VerifyError::BadToken
        };
        let claims = self.inner().mail_tokens.read_verify(token).ok_or_else(|| bad_token(None))?;
        let email = claims.email.as_deref().ok_or_else(|| bad_token(None))?;
        let found = self.find_by_email(&CanonicalEmail::of(email)).await.map_err(VerifyError::Store)?;
        let found = found.ok_or_else(|| bad_token(None))?;
        let id = found.user.id();
        if U::Id::parse(&claims.subject).as_ref() != Some(&id)
            || !self.is_bound(&claims, &found).await.map_err(VerifyError::Token)?
        {
            return Err(bad_token(Some(&id)));
        }
        let Found { user, epoch, .. } = found;
        if user.status().is_verified {
            self.record(&SecurityEvent::new(EventKind::Verify, cx).refused("verified already").of(&id));
            return Err(VerifyError::AlreadyVerified);
        }
        let if_email = Some(user.account().email.to_owned());
        let mut verified = user;
        *verified.account_mut().is_verified = true;
        let change = Change { if_email, if_epoch: Some(epoch), ..Change::new(verified, Columns::IS_VERIFIED) };
        let event = SecurityEvent::new(EventKind::Verify, cx).of(&id);
        let recording = self.recording(&event);
        let user =
            recording.store.update(change).await.map_err(VerifyError::Store)?.ok_or_else(|| bad_token(Some(&id)))?;
        self.record_changed(&event, &recording);
        self.run_change_hook(StoredChange::Verified(user.clone()), cx).await.map_err(VerifyError::Hook)?;
        Ok(user)
    }
}
