//! The audit log.

use std::{sync::Arc, time::Duration};

use super::UsersBuilder;
use crate::{
    background::AuditQueue,
    domain::{Error, Result, Setting},
    port::UserStore,
    user::AuthUser,
};

/// The retention unless another one is set: a year, as PCI DSS 4.0.1 requires (10.5.1).
const RETENTION: Duration = Duration::from_secs(365 * 24 * 3600);

/// What the application has set.
#[derive(Debug, Default)]
pub(super) struct Settings {
    is_on: bool,
    retention: Option<Duration>,
}

impl<U: AuthUser> UsersBuilder<U> {
    /// Keeps an audit log: every [security event](crate::event::EventKind) becomes a row of the table `{table of users}_audit` in
    /// the users' database. The row of a change is written in the transaction of the change. Read it with
    /// [`Users::audit`](crate::Users::audit) or at the route of [`audit_routes`](crate::audit::audit_routes). Default: none.
    ///
    /// Building the service fails if the store has no audit log; the SQL store has one.
    ///
    /// # Security
    /// A change is rolled back if its row cannot be written, so a full table or disk stops all changes, and also logins
    /// if sessions are stored in the database.
    pub fn audit_log(mut self) -> Self {
        self.audit.is_on = true;
        self
    }

    /// Sets how long the audit log keeps a row. Default: 365 days. `Users::purge_expired` removes older ones. Building the
    /// service fails for less than a day, and without [`UsersBuilder::audit_log`].
    pub fn audit_retention(mut self, retention: Duration) -> Self {
        self.audit.retention = Some(retention);
        self
    }

    /// Returns the queue of the audit log, if the service keeps one.
    pub(super) fn audit_queue(&self, store: &Arc<dyn UserStore<U>>) -> Result<Option<AuditQueue>> {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let Settings { is_on, retention } = self.audit;
        if !is_on {
            return match retention {
                Some(_) => Err(Error::setting(Setting::Database, "audit_retention(…) needs .audit_log()")),
                None => Ok(None),
            };
        }
        let retention = retention.unwrap_or(RETENTION);
        if retention < DAY {
            return Err(Error::setting(Setting::Database, "the audit log must keep its rows for a day at least"));
        }
        let log = Arc::clone(store).audit_log();
        let log = log.ok_or_else(|| Error::setting(Setting::Database, "the store has no audit log"))?;
        let mut instance = [0; 8];
        self.random.fill(&mut instance).map_err(|_| Error::setting(Setting::Database, "no random bytes"))?;
        Ok(Some(AuditQueue::new(log, Arc::clone(&self.clock), retention, instance)))
    }
}
