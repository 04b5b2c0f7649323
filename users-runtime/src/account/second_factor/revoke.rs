//! Removing the second factor of an account.

use crate::{
    domain::{Epoch, FactorChange},
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, Change, EndSessions, Found, HookCall, RequestContext, StoreError},
    service::Users,
    user::{AuthUser, Columns},
};

/// The reason why the second factor of an account was not removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FactorError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user has no second factor, or second factors are off.
    #[error("the user has no second factor")]
    NotEnrolled,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<U: AuthUser> Users<U> {
    /// Removes the second factor of an account, pending or in force, with recovery codes and remembered devices, and
    /// ends all sessions of the account in the same transaction. The next login needs only the password; under
    /// [`Mfa::required`](crate::Mfa::required) the user then enrolls again.
    ///
    /// The owner is notified (`on_after_second_factor_removed`).
    ///
    /// # Errors
    /// [`FactorError`]. Nothing is stored.
    ///
    /// # Security
    /// This is a common target of social engineering. Verify the identity of the person as carefully as at the first
    /// enrollment (OWASP ASVS 6.4.4).
    pub async fn revoke_factor(&self, id: U::Id) -> Result<(), FactorError> {
        self.revoke_factor_in(id, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "revoke_factor", skip_all, fields(user.id = %id))]
    pub(crate) async fn revoke_factor_in(&self, id: U::Id, cx: &RequestContext) -> Result<(), FactorError> {
        if self.mfa().is_none() {
            return Err(FactorError::NotEnrolled);
        }
        let Found { user, .. } = self.find_any(id).await?.ok_or(FactorError::NotFound)?;
        if self.remove_factor(&user, (None, EndSessions::All), cx).await? {
            Ok(())
        } else {
            Err(FactorError::NotEnrolled)
        }
    }

    /// Removes a second factor, and notifies the owner. Returns `false` if there is none, or if the user has another epoch.
    pub(crate) fn remove_factor<'a>(
        &'a self,
        user: &'a U,
        (if_epoch, end_sessions): (Option<Epoch>, EndSessions),
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let change = Change {
                if_epoch,
                end_sessions,
                second_factor: Some(FactorChange::Remove),
                ..Change::new(user.clone(), Columns::NONE)
            };
            let event = SecurityEvent::new(EventKind::RemoveSecondFactor, cx).of(&user.id());
            let recording = self.recording(&event);
            let Some(user) = recording.store.update(change).await? else { return Ok(false) };
            self.record_changed(&event, &recording);
            self.after_response_or_log("on_after_second_factor_removed", cx, move |users, cx, drawn| {
                let user = user.clone();
                Box::pin(async move {
                    if !users.may_notify("second-factor-removed", user.account().email, drawn).await {
                        return Ok(());
                    }
                    users.run_hook(HookCall::SecondFactorRemoved(&user), cx).await
                })
            })
            .await;
            Ok(true)
        })
    }
}
