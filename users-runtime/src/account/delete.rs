//! Deleting an account.

use super::UpdateError;
use crate::{
    event::{self, EventKind, Outcome},
    port::{HookCall, RequestContext},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Deletes a user and all data that is stored with the user. Runs `on_before_delete` and `on_after_delete`.
    ///
    /// # Errors
    /// [`UpdateError::Hook`] if `on_before_delete` refuses, [`UpdateError::NotFound`] if the user no longer exists.
    pub async fn delete(&self, user: &U) -> Result<(), UpdateError> {
        self.delete_user(user, &RequestContext::none()).await
    }

    #[tracing::instrument(target = "axum_users", name = "delete_user", skip_all, fields(user.id = %user.id()))]
    pub(crate) async fn delete_user(&self, user: &U, cx: &RequestContext) -> Result<(), UpdateError> {
        self.run_hook(HookCall::Deleting(user), cx).await.map_err(UpdateError::Hook)?;
        if !self.inner().store.delete(user.id()).await? {
            return Err(UpdateError::NotFound);
        }
        event::record(EventKind::Delete, Outcome::Success, Some(&user.id()), None, cx);
        self.run_hook(HookCall::Deleted(user), cx).await.map_err(UpdateError::Hook)
    }
}
