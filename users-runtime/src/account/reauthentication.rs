//! Re-authentication: with the current password, or by a recent login or re-authentication.

use std::time::Duration;

use super::INVALID_PASSWORD;
use crate::{
    domain::{CLOCK_SKEW, Password, Session, Timestamp},
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, HashError, RequestContext, Verification},
    service::{Limited, Users},
    user::AuthUser,
};

/// The reason why a password was not checked.
#[derive(Debug)]
pub(crate) enum NotChecked {
    Limited(Limited),
    Hash(HashError),
}

impl<U: AuthUser> Users<U> {
    /// Returns whether this is the user's password. A wrong one is counted as a failed login, because it may be a guess
    /// by an attacker with a stolen session. `kind` is the event of the attempt if a limit refuses it.
    pub(crate) fn is_current_password<'a>(
        &'a self,
        user: &'a U,
        password: &'a Password,
        kind: EventKind,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<bool, NotChecked>> {
        Box::pin(async move {
            let account = user.account();
            let event = SecurityEvent::new(kind, cx).of(&user.id());
            let attempt = self.begin_attempt(account.email, event, cx).await.map_err(NotChecked::Limited)?;
            match self.inner().hasher.verify(password, account.hashed_password).await {
                Ok(Verification::Wrong) => {
                    self.report_wrong_current(user, cx).await;
                    Ok(false)
                }
                Ok(_) => {
                    self.attempt_succeeded(attempt).await;
                    Ok(true)
                }
                Err(error) => {
                    self.attempt_undone(attempt).await;
                    Err(NotChecked::Hash(error))
                }
            }
        })
    }

    /// Returns whether the user authenticated at most `window` ago, at the login of the session or since then. An
    /// authentication at another node whose clock is ahead is treated as new.
    pub(crate) fn is_fresh(&self, session: &Session, window: Duration) -> bool {
        self.is_recent(session.proved_at(), window)
    }

    /// Returns whether an authentication is at most `window` old.
    pub(crate) fn is_recent(&self, proved_at: Option<Timestamp>, window: Duration) -> bool {
        let Some(at) = proved_at else { return false };
        let now = self.now();
        let age = if at <= now { now - at } else { at - now };
        let limit = if at <= now { window } else { CLOCK_SKEW };
        age.to_std().is_ok_and(|age| age <= limit)
    }

    /// Reports a wrong current password as a failed login.
    async fn report_wrong_current(&self, user: &U, cx: &RequestContext) {
        self.record(&SecurityEvent::new(EventKind::Login, cx).refused("wrong current password").of(&user.id()));
        let address = user.account().email.to_owned();
        self.report_failed_login(address, Some(user.clone()), INVALID_PASSWORD.code, cx).await;
    }
}
