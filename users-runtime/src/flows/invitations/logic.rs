//! The steps of an invitation.

use crate::{
    account::{CreateError, NewPassword, PasswordError, token_subject},
    domain::{EmailAddress, InvitationToken, Password, Status, UserId},
    event::{EventKind, SecurityEvent},
    port::{
        BoxFuture, Change, EndSessions, Found, HookCall, HookError, Lookup, PasswordSubject, RequestContext,
        StoreError, StoredChange,
    },
    service::{AfterResponse, DrawnQuota, Users},
    user::{AuthUser, Columns},
};

/// The reason why a user was not invited.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// [`UsersBuilder::invitations`](crate::UsersBuilder::invitations) was not called.
    #[error("there are no invitations: call UsersBuilder::invitations")]
    Off,
    /// The user does not exist.
    #[error("there is no such user")]
    NotFound,
    /// The account is open: its address is verified.
    #[error("the account is open")]
    Accepted,
    /// The account was not created. In the case of [`CreateError::Hook`] it was created, but no mail was sent.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mail queue is full. Nothing was done.
    #[error("the mail queue is full")]
    MailQueueFull,
    /// No mail was sent. The account exists; [`Users::resend_invitation`] sends the mail again.
    #[error("no mail was sent: {}", .0.cause())]
    Hook(HookError),
}

/// The reason why an account was not opened.
#[derive(Debug)]
pub(super) enum AcceptError {
    BadToken,
    Password(PasswordError),
    Store(StoreError),
    Hook(HookError),
}

impl From<StoreError> for AcceptError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<U: AuthUser> Users<U> {
    /// Invites a user: creates an account with a password that nobody knows and runs
    /// [`on_after_invite`](crate::UserManager::on_after_invite), which mails the link that opens it. Ignores the password of
    /// `input`, and `is_verified` of `status`: the link verifies the address. Runs `on_before_register` and
    /// `on_after_register`, too. Not counted against [`Limits`](crate::Limits).
    ///
    /// # Errors
    /// Returns [`InviteError`].
    pub async fn invite(&self, input: U::Create, status: Status) -> Result<U, InviteError> {
        let parsed = self.policy().new_email().parse(U::credentials(&input).0);
        let email = parsed.map_err(CreateError::InvalidEmail)?;
        self.invite_in(input, email, status, &RequestContext::none()).await
    }

    /// Mails the link that opens an invited account again. Earlier links stay valid until one of them is used. The hook gets the
    /// user as stored now. Not counted against [`Limits`](crate::Limits).
    ///
    /// # Errors
    /// Returns [`InviteError`].
    pub async fn resend_invitation(&self, user: &U) -> Result<(), InviteError> {
        self.resend_invitation_in(user.id(), &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "invite", skip_all)]
    pub(super) async fn invite_in(
        &self,
        input: U::Create,
        email: EmailAddress,
        status: Status,
        cx: &RequestContext,
    ) -> Result<U, InviteError> {
        if self.inner().by_mail.invitations.is_none() {
            return Err(InviteError::Off);
        }
        self.ensure_room_for_mail().map_err(of_queue)?;
        let status = Status { is_verified: false, ..status };
        let user = self.create_account(input, email, NewPassword::Unusable.into(), status, cx).await?;
        self.mail_invitation(user.id(), cx).await?;
        Ok(user)
    }

    #[tracing::instrument(target = "axum_users", name = "resend_invitation", skip_all)]
    pub(super) async fn resend_invitation_in(&self, id: U::Id, cx: &RequestContext) -> Result<(), InviteError> {
        if self.inner().by_mail.invitations.is_none() {
            return Err(InviteError::Off);
        }
        let found = self.find(Lookup::by_id(id.clone())).await?.ok_or(InviteError::NotFound)?;
        if found.user.status().is_verified {
            return Err(InviteError::Accepted);
        }
        self.mail_invitation(id, cx).await
    }

    /// Mails an invitation after the response; for calls from code at once, returning the error of the hook.
    async fn mail_invitation(&self, id: U::Id, cx: &RequestContext) -> Result<(), InviteError> {
        if cx.method().is_none() {
            return self.mail_invitation_now(id, cx, None).await.map_err(InviteError::Hook);
        }
        let mailed = self.after_response("on_after_invite", cx, move |users, cx, drawn| {
            let id = id.clone();
            Box::pin(async move { users.mail_invitation_now(id, cx, Some(drawn)).await })
        });
        mailed.await.map_err(of_queue)
    }

    fn mail_invitation_now<'a>(
        &'a self,
        id: U::Id,
        cx: &'a RequestContext,
        drawn: Option<&'a DrawnQuota>,
    ) -> BoxFuture<'a, Result<(), HookError>> {
        Box::pin(async move {
            let Some(invitations) = &self.inner().by_mail.invitations else { return Ok(()) };
            let found = self.find_for_mail(id.clone()).await?;
            if let Some(drawn) = drawn
                && !self.may_mail(EventKind::Invite, id.clone(), cx, drawn).await?
            {
                return Ok(());
            }
            self.record(&SecurityEvent::new(EventKind::Invite, cx).of(&id));
            let token = invitations.tokens.mint(token_subject(&found, &id.to_string()), invitations.lifetime)?;
            self.run_hook(HookCall::Invited(&found.user, &InvitationToken::new(token)), cx).await
        })
    }

    /// Sets the first password of an invited account and verifies its address, once per account. Anyone else who gained
    /// access to it is locked out: its sessions end, and its accounts at providers are removed.
    #[tracing::instrument(target = "axum_users", name = "accept_invitation", skip_all)]
    pub(super) async fn accept_invitation(
        &self,
        token: &InvitationToken,
        password: &Password,
        cx: &RequestContext,
    ) -> Result<U, AcceptError> {
        let bad_token = |user: Option<&U::Id>| {
            let event = SecurityEvent::new(EventKind::AcceptInvitation, cx).refused("bad token");
            self.record(&user.into_iter().fold(event, SecurityEvent::of));
            AcceptError::BadToken
        };
        let invitations = self.inner().by_mail.invitations.as_ref().ok_or(AcceptError::BadToken)?;
        let token = invitations.tokens.read(token.secret()).ok_or_else(|| bad_token(None))?;
        let id = U::Id::parse(&token.subject).ok_or_else(|| bad_token(None))?;
        let found = self.find(Lookup::by_id(id.clone())).await?.ok_or_else(|| bad_token(Some(&id)))?;
        let status = found.user.status();
        if !invitations.tokens.is_bound(&token, token_subject(&found, &id.to_string()))
            || status.is_verified
            || !status.is_active
            || found.standing.is_suspended_at(self.now())
        {
            return Err(bad_token(Some(&id)));
        }
        let Found { user, epoch, .. } = found;
        let account = user.account();
        self.validate_password(password, account.email, PasswordSubject::Existing(&user))
            .await
            .map_err(AcceptError::Password)?;
        let hash = self.hash_password(password).await.map_err(AcceptError::Password)?;
        let mut opened = user.clone();
        *opened.account_mut().hashed_password = hash;
        *opened.account_mut().is_verified = true;
        let change = Change {
            if_hashed_password: Some(account.hashed_password.clone()),
            if_email: Some(account.email.to_owned()),
            if_epoch: Some(epoch),
            end_sessions: EndSessions::All,
            unlink: U::HAS_OAUTH,
            remove_passkeys: self.has_passkeys(),
            ..Change::new(opened, Columns::HASHED_PASSWORD.and(Columns::IS_VERIFIED))
        };
        let event = SecurityEvent::new(EventKind::AcceptInvitation, cx).of(&id);
        let recording = self.recording(&event);
        let user = recording.store.update(change).await?.ok_or_else(|| bad_token(Some(&id)))?;
        self.record_changed(&event, &recording);
        self.clear_failures(user.account().email, cx).await;
        self.run_change_hook(StoredChange::Verified(user.clone()), cx).await.map_err(AcceptError::Hook)?;
        Ok(user)
    }
}

/// Returns the error of a mail that cannot be queued.
fn of_queue(error: AfterResponse) -> InviteError {
    match error {
        AfterResponse::Hook(error) => InviteError::Hook(error),
        AfterResponse::Full(_) => InviteError::MailQueueFull,
    }
}
