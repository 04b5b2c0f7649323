//! Operations of application code on the passkeys of a user.

use crate::{
    domain::{Passkey, StoreError},
    event::{EventKind, SecurityEvent},
    port::{Change, EndSessions, Lookup, RequestContext},
    service::Users,
    user::{AuthUser, Columns},
};

impl<U: AuthUser> Users<U> {
    /// Returns the passkeys of a user, in the order in which they were added.
    ///
    /// # Errors
    /// [`StoreError`] if the database is not available, or the service has no passkeys.
    pub async fn passkeys_of(&self, id: U::Id) -> Result<Vec<Passkey<U::Id>>, StoreError> {
        self.passkeys()?;
        // Passkeys have no tenant of their own.
        if U::HAS_TENANTS && self.find(Lookup::by_id(id.clone())).await?.is_none() {
            return Ok(Vec::new());
        }
        Self::passkeys_in(&self.inner().store)?.list(id).await
    }

    /// Removes all passkeys of a user, and ends all sessions of the user, in one transaction: for an account that was
    /// taken over, or whose devices are lost. Returns whether the user exists. For an account without a password,
    /// [`Users::start_reset`] then restores access.
    ///
    /// Runs no hook and sends no mail.
    ///
    /// # Errors
    /// [`StoreError`] if the database is not available, or the service has no passkeys. Nothing is changed then.
    #[tracing::instrument(target = "axum_users", name = "revoke_passkeys", skip_all, fields(user.id = %id))]
    pub async fn revoke_passkeys(&self, id: U::Id) -> Result<bool, StoreError> {
        self.passkeys()?;
        let Some(found) = self.find(Lookup::by_id(id.clone())).await? else { return Ok(false) };
        let change =
            Change { remove_passkeys: true, end_sessions: EndSessions::All, ..Change::new(found.user, Columns::NONE) };
        let event = SecurityEvent::new(EventKind::RemovePasskey, &RequestContext::none()).of(&id);
        let recording = self.recording(&event);
        let is_there = recording.store.update(change).await?.is_some();
        if is_there {
            self.record_changed(&event, &recording);
        }
        Ok(is_there)
    }
}
