//! The user's own accounts at providers.

use super::error::OAuthError;
use crate::{
    account::IdentityError,
    domain::{
        id_kind,
        oauth::{OAuthAccount, OAuthAccountId},
    },
    event::{EventKind, SecurityEvent},
    port::{RequestContext, Unlinked},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Returns the accounts of a user.
    pub(super) async fn own_oauth_accounts(&self, user: &U) -> Result<Vec<OAuthAccount<U::Id>>, OAuthError> {
        Ok(self.oauth_accounts()?.list(user.id()).await?)
    }

    /// Removes an account of a user. `id` is the text of a path.
    #[tracing::instrument(target = "axum_users", name = "oauth_unlink", skip_all, fields(user.id = %user.id()))]
    pub(super) async fn unlink_own(&self, user: &U, id: &str, cx: &RequestContext) -> Result<Unlinked, OAuthError> {
        let Some(account) = OAuthAccountId::parse(id_kind::<U::Id>(), id) else { return Ok(Unlinked::NotFound) };
        let event = SecurityEvent::new(EventKind::Unlink, cx).of(&user.id());
        let recording = self.recording_links(&[&event]).ok_or(IdentityError::NotKept)?;
        let unlinked = recording.store.unlink(user.id(), account).await?;
        match unlinked {
            Unlinked::Removed => {
                self.record_changed(&event, &recording);
                self.report_changed_accounts(user, cx).await?;
            }
            Unlinked::LastWayIn => {
                self.record(&event.refused("last way in"));
            }
            Unlinked::NotFound => {}
        }
        Ok(unlinked)
    }
}
