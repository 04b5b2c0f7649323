//! The standing of an account: suspension, and a password that must be changed.

use crate::{
    domain::{Standing, Suspension, Timestamp},
    event::{EventKind, SecurityEvent},
    port::{Change, EndSessions, Found, Lookup, RequestContext, StoreError},
    service::Users,
    user::{AuthUser, Columns},
};

/// The reason why the standing of an account was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandingError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The suspension would already have ended.
    #[error("the end of the suspension is not in the future")]
    EndInPast,
    /// The reason is too long, or has control characters other than tabs and line ends.
    #[error("a reason has at most {} characters and no control characters", Suspension::MAX_REASON)]
    InvalidReason,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<U: AuthUser> Users<U> {
    /// Returns the standing of an account. `None` if there is no such user.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be queried or the stored user cannot be read.
    pub async fn standing(&self, id: U::Id) -> Result<Option<Standing>, StoreError> {
        Ok(self.find_any(id).await?.map(|found| found.standing))
    }

    /// Suspends an account until a time, or until [`Users::lift_suspension`] for `None`, and ends all of its sessions in
    /// the same transaction. The next request with any of its tokens gets 401, and every login is refused as that of an
    /// inactive user. Replaces an earlier suspension. The account can be used again as soon as the time has come.
    ///
    /// Runs no hook and sends no mail. `reason` has at most [`Suspension::MAX_REASON`] characters.
    ///
    /// # Errors
    /// [`StandingError`]. Nothing is stored.
    pub async fn suspend(
        &self,
        id: U::Id,
        until: Option<Timestamp>,
        reason: Option<&str>,
    ) -> Result<Standing, StandingError> {
        let suspension = Suspension::new(until, reason.map(str::to_owned));
        self.suspend_in(id, suspension, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "suspend", skip_all, fields(user.id = %id))]
    pub(crate) async fn suspend_in(
        &self,
        id: U::Id,
        suspension: Suspension,
        cx: &RequestContext,
    ) -> Result<Standing, StandingError> {
        if !suspension.is_in_force_at(self.now()) {
            return Err(StandingError::EndInPast);
        }
        if suspension.reason.as_deref().is_some_and(|reason| !is_acceptable(reason)) {
            return Err(StandingError::InvalidReason);
        }
        let written = |change: &mut Change<U>| {
            change.suspension = Some(Some(suspension));
            change.end_sessions = EndSessions::All;
        };
        self.change_standing(id, written, EventKind::Suspend, cx).await
    }

    /// Lifts the suspension of an account, if it has one. Sessions that ended with it stay ended.
    ///
    /// # Errors
    /// [`StandingError`]. Nothing is stored.
    pub async fn lift_suspension(&self, id: U::Id) -> Result<Standing, StandingError> {
        self.lift_suspension_in(id, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "lift_suspension", skip_all, fields(user.id = %id))]
    pub(crate) async fn lift_suspension_in(&self, id: U::Id, cx: &RequestContext) -> Result<Standing, StandingError> {
        let written = |change: &mut Change<U>| change.suspension = Some(None);
        self.change_standing(id, written, EventKind::LiftSuspension, cx).await
    }

    /// Refuses logins with the current password, because it may be known to others, and ends all sessions of the
    /// account in the same transaction. A login with the right password gets 400 `LOGIN_PASSWORD_CHANGE_REQUIRED`; a
    /// mailed reset restores access. Every new password removes the mark; the replacement of an outdated hash does not.
    /// Logins with a provider use no password and still work.
    ///
    /// This is for accounts whose password is compromised. Passwords do not expire (OWASP ASVS 6.2.10).
    ///
    /// Runs no hook and sends no mail; [`Users::start_reset`] sends the mail of a reset.
    ///
    /// # Errors
    /// [`StandingError`]. Nothing is stored.
    pub async fn require_password_change(&self, id: U::Id) -> Result<Standing, StandingError> {
        self.require_password_change_in(id, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "require_password_change", skip_all, fields(user.id = %id))]
    pub(crate) async fn require_password_change_in(
        &self,
        id: U::Id,
        cx: &RequestContext,
    ) -> Result<Standing, StandingError> {
        let written = |change: &mut Change<U>| {
            change.must_change_password = Some(true);
            change.end_sessions = EndSessions::All;
        };
        self.change_standing(id, written, EventKind::RequirePasswordChange, cx).await
    }

    /// Stores a change of the standing by one statement, and returns the standing after it.
    async fn change_standing(
        &self,
        id: U::Id,
        write: impl FnOnce(&mut Change<U>),
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<Standing, StandingError> {
        let Found { user, mut standing, .. } = self.find_any(id.clone()).await?.ok_or(StandingError::NotFound)?;
        let mut change = Change::new(user, Columns::NONE);
        write(&mut change);
        change.write_standing_into(&mut standing);
        let event = SecurityEvent::new(kind, cx).of(&id);
        let recording = self.recording(&event);
        if recording.store.update(change).await?.is_none() {
            return Err(match self.find_any(id).await? {
                Some(_) => StoreError::invalid_value(None, "the database ignored the change").into(),
                None => StandingError::NotFound,
            });
        }
        self.record_changed(&event, &recording);
        Ok(standing)
    }

    /// Returns a user. A user who cannot be read is an error.
    pub(super) async fn find_any(&self, id: U::Id) -> Result<Option<Found<U>>, StoreError> {
        match self.inner().store.find(&[Lookup::by_id(id)]).await {
            Err(StoreError::InvalidValue { .. }) => Ok(None),
            found => Ok(found?.into_iter().next().flatten()),
        }
    }
}

fn is_acceptable(reason: &str) -> bool {
    reason.chars().count() <= Suspension::MAX_REASON
        && !reason.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}
