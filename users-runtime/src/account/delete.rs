//! Deleting an account.

use super::UpdateError;
use crate::{
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, HookCall, RequestContext, StoreError, StoredChange},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Deletes a user and all data that is stored with the user. Runs `on_before_delete` and `on_after_delete`.
    ///
    /// # Errors
    /// [`UpdateError::Refused`] if `on_before_delete` refuses, [`UpdateError::NotFound`] if the user no longer exists,
    /// [`UpdateError::Hook`] if `on_after_delete` fails; the user has then been deleted.
    pub async fn delete(&self, user: &U) -> Result<(), UpdateError> {
        self.delete_user(user, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "delete_user", skip_all, fields(user.id = %user.id()))]
    pub(crate) fn delete_user<'a>(
        &'a self,
        user: &'a U,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), UpdateError>> {
        Box::pin(async move {
            self.run_hook(HookCall::Deleting(user), cx).await.map_err(UpdateError::Refused)?;
            let event = SecurityEvent::new(EventKind::Delete, cx).of(&user.id());
            let recording = self.recording(&event);
            if !recording.store.delete(user.id()).await? {
                return Err(match self.get(user.id()).await? {
                    // A trigger or a rule of the application can make the database ignore it.
                    Some(_) => UpdateError::Store(StoreError::invalid_value(None, "the database ignored the deletion")),
                    None => UpdateError::NotFound,
                });
            }
            self.record_changed(&event, &recording);
            self.run_change_hook(StoredChange::Deleted(user.clone()), cx).await.map_err(UpdateError::Hook)
        })
    }
}
