//! Reading the audit log.

use crate::{
    background::AuditQueue,
    domain::{StoreError, Timestamp},
    event::EventKind,
    port::{AuditEntry, AuditQuery},
    service::Users,
    user::AuthUser,
};

/// A view of the audit log, the newest entries first. Returned by [`Users::audit`].
///
/// ```no_run
/// # use users_runtime as axum_users;
/// use axum_users::{AuthUser, Users, error::StoreError, event::EventKind};
///
/// # async fn example<U: AuthUser>(users: Users<U>, user: U) -> Result<(), StoreError> {
/// let logins = users.audit().of(&user.id()).event(EventKind::Login);
/// let newest = logins.clone().page().await?;
/// if let Some(last) = newest.next {
///     let older = logins.before(last).page().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Audit<'a, U: AuthUser> {
    users: &'a Users<U>,
    wanted: AuditQuery,
}

/// A page of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditPage {
    /// The entries, the newest first.
    pub entries: Vec<AuditEntry>,
    /// The id for [`Audit::before`] that returns the next page; `None` after the last one.
    pub next: Option<String>,
}

impl<U: AuthUser> Users<U> {
    /// Returns the audit log of all users, or of those of the tenant that this handle is bound to.
    pub fn audit(&self) -> Audit<'_, U> {
        Audit { users: self, wanted: AuditQuery::newest(Audit::<U>::USUAL_PAGE) }
    }
}

impl<U: AuthUser> Audit<'_, U> {
    /// The number of entries of a page unless [`Audit::limit`] sets another one.
    pub const USUAL_PAGE: u32 = 50;
    /// The maximum number of entries of a page.
    pub const LARGEST_PAGE: u32 = 200;

    /// Only the entries about one user, who may be deleted.
    pub fn of(mut self, user: &U::Id) -> Self {
        self.wanted.user_id = Some(user.to_string());
        self
    }

    /// Only the entries of one event.
    pub fn event(mut self, event: EventKind) -> Self {
        self.wanted.event = Some(event.name().to_owned());
        self
    }

    /// Only the entries from this time on.
    pub fn since(mut self, at: Timestamp) -> Self {
        self.wanted.from = AuditQueue::least_id(at);
        self
    }

    /// Only the entries before this time.
    pub fn until(self, at: Timestamp) -> Self {
        self.before(AuditQueue::least_id(at))
    }

    /// Only the entries with lesser ids than this one: the page after [`AuditPage::next`].
    pub fn before(mut self, id: impl Into<String>) -> Self {
        self.wanted.below = id.into().min(self.wanted.below);
        self
    }

    /// Sets the number of entries of a page, from 1 to [`Audit::LARGEST_PAGE`]; other numbers are clamped.
    pub fn limit(mut self, entries: u32) -> Self {
        self.wanted.limit = entries.clamp(1, Self::LARGEST_PAGE);
        self
    }

    /// Reads a page. Pages are stable: entries that are added meanwhile are not on later pages.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails, if the service keeps no audit log, and [`StoreError::MissingTenant`] for a handle
    /// without a tenant if users have tenants.
    #[tracing::instrument(target = "axum_users", name = "read_audit_log", skip_all)]
    pub async fn page(self) -> Result<AuditPage, StoreError> {
        let tenant = self.users.inner().tenant_text();
        if U::HAS_TENANTS && tenant.is_none() {
            return Err(StoreError::MissingTenant);
        }
        let audit = self.users.inner().audit.as_ref();
        let audit = audit.ok_or_else(|| StoreError::failed("the service keeps no audit log: call .audit_log()"))?;
        let wanted = AuditQuery { tenant, ..self.wanted };
        let entries = audit.store().read(&wanted).await?;
        let is_full = u32::try_from(entries.len()).is_ok_and(|entries| entries >= wanted.limit);
        let next = entries.last().filter(|_| is_full).map(|last| last.id.clone());
        Ok(AuditPage { entries, next })
    }
}
