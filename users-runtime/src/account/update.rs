//! Changing a user: the rules that `PATCH /users/me`, `PATCH /users/{id}` and application code share.

use serde_json::Value;

use super::{PasswordError, login_name, reauthentication::NotChecked};
use crate::{
    domain::{Code, EmailRefused, Epoch, Limit, LimitReached, Password, Relaxation, email::ReadEmail},
    event::{EventKind, SecurityEvent},
    port::{
        BoxFuture, ChallengeUnavailable, Change, CountersUnavailable, EndSessions, HookCall, HookError, Lookup,
        PasswordSubject, RequestContext, StoreError, StoredChange, Updated,
    },
    service::{Authenticated, Counted, Limited, Users},
    user::{AccountUpdate, AuthUser, Changes, Columns, Parsed},
};

pub(crate) const EMAIL_EXISTS: Code =
    Code::new("UPDATE_USER_EMAIL_ALREADY_EXISTS", "A user with this address already exists.");
pub(crate) const INVALID_PASSWORD: Code = Code::refused_password("UPDATE_USER_INVALID_PASSWORD");
/// The codes of a refused change.
pub(crate) const UPDATE_CODES: [Code; 2] = [EMAIL_EXISTS, INVALID_PASSWORD];

/// The author of a change.
pub(crate) enum Actor<'a, U> {
    /// The user, with the session of the request.
    Owner(&'a Authenticated<U>),
    /// A superuser, or the application's code.
    Admin,
}

/// The reason why a user was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// Another user has the new address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// The new address is not acceptable.
    #[error("not an e-mail address: {}", .0.reason)]
    InvalidEmail(#[from] EmailRefused),
    /// The new password is refused, or re-authentication failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The user no longer exists.
    #[error("there is no such user")]
    NotFound,
    /// A request has reached a limit: of wrong current passwords, or of changes of the address.
    #[error("a limit is reached: {}", .0.limit.name())]
    TooManyAttempts(LimitReached),
    /// The client must solve this challenge first, in an application with [`Challenges`](crate::limits::Challenges).
    #[error("a challenge must be solved first")]
    ChallengeRequired(Value),
    /// The attempt could not be counted.
    #[error(transparent)]
    NotCounted(CountersUnavailable),
    /// No challenge could be issued or checked.
    #[error(transparent)]
    NoChallenge(ChallengeUnavailable),
    /// Too many mails are queued, so the owner could not be notified of the change.
    #[error("too many mails wait")]
    MailQueueFull,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The hook `on_before_update` or `on_before_delete` refused or failed. Nothing is stored.
    #[error("the hook before the change refused: {}", .0.cause())]
    Refused(HookError),
    /// The hook after the change failed. The change was stored.
    #[error("the hook after the change failed: {}", .0.cause())]
    Hook(HookError),
}

impl From<Limited> for UpdateError {
    fn from(limited: Limited) -> Self {
        match limited {
            Limited::Reached(reached) => Self::TooManyAttempts(reached),
            Limited::Challenged { challenge, .. } => Self::ChallengeRequired(challenge),
            Limited::Unavailable(error) => Self::NotCounted(error),
            Limited::NoChallenge(error) => Self::NoChallenge(error),
        }
    }
}

impl From<StoreError> for UpdateError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::EmailTaken => Self::EmailTaken,
            other => Self::Store(other),
        }
    }
}

impl<U: AuthUser> Users<U> {
    /// Changes a user with the rights of a superuser: any field of the update schema. A new address is stored at once,
    /// and the old one is notified.
    ///
    /// # Errors
    /// Returns [`UpdateError`]. Nothing is stored, except for [`UpdateError::Hook`].
    pub async fn update(&self, user: U, input: U::AdminUpdate) -> Result<U, UpdateError> {
        let update = Parsed { input, email: None, fields: Vec::new() };
        self.apply_update(user, update, U::admin_update, Actor::Admin, &RequestContext::none()).await
    }

    /// Applies a change to `before`. `write` is [`AuthUser::update`] or [`AuthUser::admin_update`].
    pub(crate) fn apply_update<'a, I>(
        &'a self,
        before: U,
        update: Parsed<I>,
        write: fn(&mut U, I) -> Changes<U>,
        actor: Actor<'a, U>,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<U, UpdateError>> {
        let mut user = before.clone();
        let changes = write(&mut user, update.input);
        Box::pin(self.change(
            before,
            user,
            Parsed { input: changes, email: update.email, fields: update.fields },
            actor,
            cx,
        ))
    }

    /// Applies a change in a fixed order: password, address, flags, custom fields. `user` is the user with the custom fields already
    /// changed. Nothing is stored if any step refuses. An address that its owner changes is not stored: it is pending until it is
    /// confirmed.
    #[tracing::instrument(target = "axum_users", name = "update_user", skip_all, fields(user.id = %before.id()))]
    async fn change(
        &self,
        before: U,
        mut user: U,
        update: Parsed<Changes<U>>,
        actor: Actor<'_, U>,
        cx: &RequestContext,
    ) -> Result<U, UpdateError> {
        let Parsed { input: changes, email, fields } = update;
        login_name::normalize(&mut user, Some(&before))?;
        let account = changes.account();
        let email = match (email, &account.email) {
            // A change by code: no request validation has parsed the address.
            (None, Some(text)) => Some(self.policy().own_or_new_email(before.account().email).read(text)?),
            (parsed, _) => parsed,
        };
        let new_email = email.filter(|email| email.as_str() != before.account().email);

        if account.password.is_some() || new_email.is_some() {
            // The notice of the change must not be lost because others have filled the queue.
            if let Actor::Owner(_) = actor {
                self.ensure_room_for_mail().map_err(|_| UpdateError::MailQueueFull)?;
            }
            self.require_reauthentication(&before, account.current_password.as_ref(), &actor, cx).await?;
        }
        let mut columns = Columns::NONE;
        if let Some(password) = &account.password {
            if matches!(actor, Actor::Admin) && self.policy().denies_admin_password() && cx.method().is_some() {
                return Err(refused("A superuser may not set a password; start a reset instead"));
            }
            if let Some(email) = &new_email {
                self.check_policy(password, email.as_str())?;
            }
            self.validate_password(password, before.account().email, PasswordSubject::Existing(&before)).await?;
            *user.account_mut().hashed_password = self.hash_password(password).await?;
            columns = columns.and(Columns::HASHED_PASSWORD);
        }
        let mut change_of_address = Counted::default();
        let mut pending = None;
        if let Some(email) = new_email {
            let is_pending = matches!(actor, Actor::Owner(_)) && !self.policy().allows(Relaxation::EmailChangeAtOnce);
            if let Actor::Owner(_) = actor {
                let id = before.id();
                change_of_address = self.count_by_user(Limit::EmailChange, &id, EventKind::Update, cx).await?;
            }
            let typed = account.email.as_deref().unwrap_or(email.as_str());
            // Under private registration, the check whether it is taken runs after the response, like everything that
            // could reveal it.
            if !(is_pending && self.policy().is_private()) && self.is_address_taken(typed).await? {
                return Err(UpdateError::EmailTaken);
            }
            if is_pending {
                pending = Some(email);
            } else {
                let roles = user.account_mut();
                *roles.email = email.as_str().to_owned();
                *roles.is_verified = false;
                columns = columns.and(Columns::EMAIL).and(Columns::IS_VERIFIED);
            }
        }
        columns = columns.and(apply_flags(&mut user, account)).and(changes.columns());

        let mut updated = Updated { before, fields };
        match &pending {
            // An address that the application refuses is refused before a mail is sent to it.
            Some(email) => {
                let mut asked = user.clone();
                *asked.account_mut().email = email.as_str().to_owned();
                *asked.account_mut().is_verified = false;
                self.run_hook(HookCall::Updating(&asked, &updated), cx).await.map_err(UpdateError::Refused)?;
                updated.fields.retain(|field| *field != "email");
            }
            None => self.run_hook(HookCall::Updating(&user, &updated), cx).await.map_err(UpdateError::Refused)?,
        }
        let Updated { before, .. } = &updated;

        let end_sessions = self.sessions_to_end(&user, columns, &actor);
        let ends_sessions = end_sessions != EndSessions::Keep;
        let event = SecurityEvent::new(EventKind::Update, cx).of(&before.id()).changing(columns.fields::<U>());
        let user = if columns.is_empty() {
            self.record(&event);
            before.clone()
        } else {
            let if_epoch = proved_epoch(columns, &actor);
            let change = Change { if_epoch, end_sessions, ..Change::new(user, columns) };
            let recording = self.recording(&event);
            match recording.store.update(change).await? {
                Some(user) => {
                    self.record_changed(&event, &recording);
                    user
                }
                None => return Err(self.update_conflict(before, if_epoch).await?),
            }
        };
        match (pending, &actor) {
            (Some(email), Actor::Owner(authenticated)) => {
                // The request may have ended the other sessions, by a new password.
                let epoch = Epoch(authenticated.epoch.0.saturating_add(i64::from(ends_sessions)));
                self.request_email_change(&user, email, epoch, cx).await;
            }
            // Mails are sent, so the request stays counted. A stored change reveals nothing that needs to be limited.
            _ => self.give_back(change_of_address).await,
        }
        self.notify_credentials_changed(&user, before, cx).await;
        self.run_change_hook(StoredChange::Updated(user.clone(), updated), cx).await.map_err(UpdateError::Hook)?;
        Ok(user)
    }

    /// Requires re-authentication before the owner changes the password or the address: the current password, or a
    /// recent login (OWASP ASVS 6.2.3 and 7.5.1).
    fn require_reauthentication<'a>(
        &'a self,
        before: &'a U,
        current: Option<&'a Password>,
        actor: &'a Actor<'a, U>,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), UpdateError>> {
        Box::pin(async move {
            let Actor::Owner(authenticated) = actor else { return Ok(()) };
            if let Some(current) = current {
                return self.prove_current_password(before, current, cx).await;
            }
            if self.policy().allows(Relaxation::PasswordChangeWithoutCurrent) {
                return Ok(());
            }
            if self.policy().requires_current_password()
                || !self.is_fresh(&authenticated.session, self.policy().fresh_window())
            {
                self.record(
                    &SecurityEvent::new(EventKind::Update, cx).refused("the login is too old").of(&before.id()),
                );
                return Err(refused("The current password is required: send it as current_password, or log in again"));
            }
            Ok(())
        })
    }

    /// Verifies the current password.
    async fn prove_current_password(
        &self,
        user: &U,
        current: &Password,
        cx: &RequestContext,
    ) -> Result<(), UpdateError> {
        match self.is_current_password(user, current, EventKind::Update, cx).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("The current password is wrong")),
            Err(NotChecked::Limited(limited)) => Err(limited.into()),
            Err(NotChecked::Hash(error)) => Err(PasswordError::from(error).into()),
        }
    }

    /// Returns the error of a change that was not stored: the user was deleted, the session was ended during the request, or
    /// the database ignored the change, as a trigger or a rule of the application can make it do.
    async fn update_conflict(&self, before: &U, if_epoch: Option<Epoch>) -> Result<UpdateError, StoreError> {
        let found = self.inner().store.find(&[Lookup::by_id(before.id())]).await?;
        Ok(match found.into_iter().next().flatten() {
            Some(found) if if_epoch.is_some_and(|epoch| epoch != found.epoch) => {
                refused("The sessions were ended meanwhile: log in again")
            }
            Some(_) => UpdateError::Store(StoreError::invalid_value(None, "the database ignored the change")),
            None => UpdateError::NotFound,
        })
    }

    fn sessions_to_end(&self, user: &U, columns: Columns, actor: &Actor<'_, U>) -> EndSessions {
        if columns.includes(Columns::IS_ACTIVE) && !user.status().is_active {
            return EndSessions::All;
        }
        let password_changed = columns.includes(Columns::HASHED_PASSWORD);
        if !password_changed || self.policy().allows(Relaxation::KeepSessions) {
            return EndSessions::Keep;
        }
        match actor {
            Actor::Owner(Authenticated { session, .. }) => EndSessions::all_but(&self.kept_until(session)),
            Actor::Admin => EndSessions::All,
        }
    }
}

/// Returns the epoch that the user must still have when a session changes the password or the address. A session that
/// was ended during its request must not undo that.
fn proved_epoch<U>(columns: Columns, actor: &Actor<'_, U>) -> Option<Epoch> {
    let takes_over = columns.includes(Columns::HASHED_PASSWORD) || columns.includes(Columns::EMAIL);
    match actor {
        Actor::Owner(authenticated) if takes_over => Some(authenticated.epoch),
        Actor::Owner(_) | Actor::Admin => None,
    }
}

/// Applies the flags of a superuser's update. They are applied after the address, so an explicit `is_verified: true`
/// takes effect.
fn apply_flags<U: AuthUser>(user: &mut U, update: &AccountUpdate) -> Columns {
    let roles = user.account_mut();
    let mut columns = Columns::NONE;
    for (field, value, column) in [
        (roles.is_active, update.is_active, Columns::IS_ACTIVE),
        (roles.is_superuser, update.is_superuser, Columns::IS_SUPERUSER),
        (roles.is_verified, update.is_verified, Columns::IS_VERIFIED),
    ] {
        if let Some(value) = value {
            *field = value;
            columns = columns.and(column);
        }
    }
    columns
}

fn refused(reason: &str) -> UpdateError {
    UpdateError::Password(PasswordError::Refused(reason.into()))
}
