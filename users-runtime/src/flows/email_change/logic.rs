//! The steps of confirming and undoing a change of the address.

use crate::{
    account::{UpdateError, kept_until, token_subject},
    domain::{CLOCK_SKEW, ConfirmEmailToken, FactorChange, UndoEmailToken, UserId},
    event::{EventKind, SecurityEvent},
    port::{
        Change, EndSessions, Found, HookCall, Lookup, OldEmail, RequestContext, StoreError, StoredChange, TokenState,
        UNDO_LIFETIME, Updated,
    },
    service::Users,
    user::{AuthUser, Columns},
};

/// The reason why an address was not confirmed or restored.
#[derive(Debug)]
pub(super) enum EmailChangeError {
    BadToken,
    /// Another account has verified the old address.
    AddressTaken,
    Update(UpdateError),
}

impl From<UpdateError> for EmailChangeError {
    fn from(error: UpdateError) -> Self {
        Self::Update(error)
    }
}

impl From<StoreError> for EmailChangeError {
    fn from(error: StoreError) -> Self {
        Self::Update(error.into())
    }
}

impl<U: AuthUser> Users<U> {
    /// Stores the new address of a token as verified, unless the account was changed since the token was mailed.
    #[tracing::instrument(target = "axum_users", name = "confirm_email", skip_all)]
    pub(super) async fn confirm_email(
        &self,
        token: &ConfirmEmailToken,
        cx: &RequestContext,
    ) -> Result<U, EmailChangeError> {
        let bad_token = |user: Option<&U::Id>| {
            let event = SecurityEvent::new(EventKind::ConfirmEmail, cx).refused("bad token");
            self.record(&user.into_iter().fold(event, SecurityEvent::of));
            EmailChangeError::BadToken
        };
        let changes = &self.inner().email_changes;
        let token = changes.read_confirm(token).ok_or_else(|| bad_token(None))?;
        let id = U::Id::parse(&token.subject).ok_or_else(|| bad_token(None))?;
        let found = self.find(Lookup::by_id(id.clone())).await?.ok_or_else(|| bad_token(Some(&id)))?;
        let is_usable = found.user.status().is_active && !found.standing.is_suspended_at(self.now());
        if !is_usable || !changes.is_bound(&token, token_subject(&found, &id.to_string())) {
            return Err(bad_token(Some(&id)));
        }
        if self.is_address_taken(&token.email).await? {
            return Err(UpdateError::EmailTaken.into());
        }
        let Found { user: before, epoch, .. } = found;
        let mut user = before.clone();
        *user.account_mut().email = token.email.clone();
        *user.account_mut().is_verified = true;
        let updated = Updated { before, fields: vec!["email"] };
        self.run_hook(HookCall::Updating(&user, &updated), cx).await.map_err(UpdateError::Refused)?;

        // Before the change, so that no undo token of full power is minted for an address that was just set. If nothing is
        // changed after all, the record only weakens such tokens for a week.
        let until = self.now() + UNDO_LIFETIME + CLOCK_SKEW;
        self.inner().store.revoke(&changes.recent_email(&id.to_string(), &token.email), until).await?;
        let account = updated.before.account();
        let change = Change {
            if_email: Some(account.email.to_owned()),
            if_hashed_password: Some(account.hashed_password.clone()),
            if_epoch: Some(epoch),
            // A superuser may set the old address again within the hour.
            use_token: Some((token.id, kept_until(token.expires_at))),
            ..Change::new(user, Columns::EMAIL.and(Columns::IS_VERIFIED))
        };
        let event = SecurityEvent::new(EventKind::ConfirmEmail, cx).of(&id).changing(change.columns.fields::<U>());
        let recording = self.recording(&event);
        let user = recording.store.update(change).await?.ok_or_else(|| bad_token(Some(&id)))?;
        self.record_changed(&event, &recording);
        let was_verified = updated.before.status().is_verified;
        self.run_change_hook(StoredChange::Updated(user.clone(), updated), cx).await.map_err(UpdateError::Hook)?;
        if !was_verified {
            self.run_change_hook(StoredChange::Verified(user.clone()), cx).await.map_err(UpdateError::Hook)?;
        }
        Ok(user)
    }

    /// Restores the address to which a token was mailed, whatever has happened to the account since: an attacker may
    /// have changed the address again, or the password. Ends all sessions, removes links and passkeys and a second
    /// factor that the attacker may have set up, and invalidates the password, which the attacker may know.
    #[tracing::instrument(target = "axum_users", name = "undo_email", skip_all)]
    pub(super) async fn undo_email(&self, token: &UndoEmailToken, cx: &RequestContext) -> Result<U, EmailChangeError> {
        let bad_token = |user: Option<&U::Id>| {
            let event = SecurityEvent::new(EventKind::UndoEmail, cx).refused("bad token");
            self.record(&user.into_iter().fold(event, SecurityEvent::of));
            EmailChangeError::BadToken
        };
        let token = self.inner().email_changes.read_undo(token).ok_or_else(|| bad_token(None))?;
        let id = U::Id::parse(&token.subject).ok_or_else(|| bad_token(None))?;
        let found = self.find(Lookup::User { id: id.clone(), token: Some(token.id.clone()) }).await?;
        let found = found.filter(|found| token.is_of(found.epoch) && found.token == TokenState::Unmarked);
        let Found { user: before, .. } = found.ok_or_else(|| bad_token(Some(&id)))?;
        let mut user = before.clone();
        *user.account_mut().email = token.email.clone();
        *user.account_mut().is_verified = true;
        let updated = Updated { before, fields: vec!["email"] };
        self.run_hook(HookCall::Updating(&user, &updated), cx).await.map_err(UpdateError::Refused)?;
        self.remove_squatter(&id, &token, cx).await?;

        let change = Change {
            end_sessions: EndSessions::All,
            must_change_password: Some(true),
            unlink: U::HAS_OAUTH,
            remove_passkeys: self.has_passkeys(),
            second_factor: self.has_second_factors().then(|| FactorChange::RemoveSince(token.suspect_since())),
            use_token: Some((token.id, kept_until(token.expires_at))),
            ..Change::new(user, Columns::EMAIL.and(Columns::IS_VERIFIED))
        };
        let event = SecurityEvent::new(EventKind::UndoEmail, cx).of(&id).changing(change.columns.fields::<U>());
        let recording = self.recording(&event);
        let user = match recording.store.update(change).await {
            Err(StoreError::EmailTaken) => return Err(self.taken(&id, cx)),
            user => user?.ok_or_else(|| bad_token(Some(&id)))?,
        };
        self.record_changed(&event, &recording);
        self.run_change_hook(StoredChange::Updated(user.clone(), updated), cx).await.map_err(UpdateError::Hook)?;
        Ok(user)
    }

    /// Deletes another account that has the old address without having verified it, unlike the holder of the token.
    async fn remove_squatter(&self, id: &U::Id, token: &OldEmail, cx: &RequestContext) -> Result<(), EmailChangeError> {
        let Some(other) = self.find_by_address(&token.email).await?.filter(|other| other.user.id() != *id) else {
            return Ok(());
        };
        let status = other.user.status();
        if status.is_verified || status.is_superuser {
            return Err(self.taken(id, cx));
        }
        match self.delete_user(&other.user, cx).await {
            // Another request with the same token was faster.
            Err(UpdateError::NotFound) => Ok(()),
            deleted => Ok(deleted?),
        }
    }

    fn taken(&self, id: &U::Id, cx: &RequestContext) -> EmailChangeError {
        self.record(&SecurityEvent::new(EventKind::UndoEmail, cx).refused("address taken").of(id));
        EmailChangeError::AddressTaken
    }
}
