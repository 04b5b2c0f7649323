//! The audit log in the users' database.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{
    Dialect, Row, SqlResult, UserSql,
    audit_sql::{AuditSql, Filters},
    base::{Base, add},
    error::{is_disconnected, is_undone, not_recorded},
    retry::retry,
    tables::{AUDIT_COLUMNS, AUDIT_LENGTHS},
    transaction::{begin, finish},
};
use crate::{
    domain::{IdValue, StoreError, Timestamp},
    port::{AuditEntry, AuditQuery, AuditStore, BoxFuture},
};

/// The part of a store that keeps the audit log.
#[derive(Clone)]
pub(super) struct AuditPart {
    sql: Arc<AuditSql>,
    /// Whether the table is used.
    used: Arc<AtomicBool>,
    /// Returns the text of an id.
    id_text: fn(IdValue) -> Option<String>,
    /// The entries that are written in the transaction of a change.
    entries: Option<Arc<[AuditEntry]>>,
}

impl AuditPart {
    pub(super) fn new<DB: Dialect>(sql: &UserSql, id_text: fn(IdValue) -> Option<String>) -> Self {
        Self { sql: Arc::new(AuditSql::of::<DB>(sql)), used: Arc::default(), id_text, entries: None }
    }

    /// Starts using the table.
    pub(super) fn start(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Returns the same for a change that writes these entries.
    pub(super) fn recording(&self, entries: Arc<[AuditEntry]>) -> Self {
        Self { entries: Some(entries), ..self.clone() }
    }
}

impl<DB: Dialect> Base<DB> {
    /// Returns the same for a change that writes these entries.
    pub(super) fn recording_entries(&self, entries: Arc<[AuditEntry]>) -> Self {
        Self { audit: self.audit.recording(entries), ..self.again() }
    }

    /// Returns whether the table of the audit log is used.
    pub(super) fn has_audit_log(&self) -> bool {
        self.audit.used.load(Ordering::Relaxed)
    }

    /// Returns whether a change writes entries of the audit log.
    pub(super) fn is_recording(&self) -> bool {
        self.audit.entries.is_some()
    }

    /// Writes the entries of a change in its transaction. `added` is the user who was added.
    pub(super) async fn record_in(&self, connection: &mut DB::Connection, added: Option<&IdValue>) -> SqlResult<()> {
        for entry in self.audit.entries.iter().flat_map(|entries| entries.iter()) {
            let user = match (&entry.user_id, added) {
                (Some(known), _) => Some(known.clone()),
                (None, Some(added)) => (self.audit.id_text)(added.clone()),
                (None, None) => None,
            };
            let written = async {
                let arguments = Self::entry_arguments(entry, user)?;
                self.execute_on(connection, self.audit.sql.insert.clone(), arguments).await
            };
            written.await.map_err(not_recorded::<DB>)?;
        }
        Ok(())
    }

    /// Returns the arguments for [`AUDIT_COLUMNS`].
    fn entry_arguments(entry: &AuditEntry, user_id: Option<String>) -> SqlResult<DB::Arguments> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&entry.id, &mut arguments)?;
        add::<DB, _>(&entry.at.timestamp_millis(), &mut arguments)?;
        let texts: [Option<&String>; AUDIT_COLUMNS.len() - 2] = [
            Some(&entry.event),
            Some(&entry.outcome),
            entry.reason.as_ref(),
            user_id.as_ref(),
            entry.actor_id.as_ref(),
            entry.backend.as_ref(),
            entry.client.as_ref(),
            entry.request_id.as_ref(),
            entry.session_id.as_ref(),
            entry.limit.as_ref(),
            entry.changed.as_ref(),
            entry.tenant.as_ref(),
        ];
        for (text, most) in texts.into_iter().zip(AUDIT_LENGTHS) {
            // A text that is too long must not prevent the change.
            add::<DB, _>(&text.map(|text| text.chars().take(most.into()).collect::<String>()), &mut arguments)?;
        }
        Ok(arguments)
    }

    async fn append_entries(&self, entries: &[AuditEntry]) -> SqlResult<()> {
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let done = async {
                for entry in entries {
                    let arguments = Self::entry_arguments(entry, entry.user_id.clone())?;
                    self.execute_on(&mut transaction, self.audit.sql.insert_if_new.clone(), arguments).await?;
                }
                Ok(Some(()))
            };
            let done: SqlResult<_> = done.await;
            finish(transaction, done.map_err(not_recorded::<DB>)).await.map(drop)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn read_entries(&self, wanted: &AuditQuery) -> SqlResult<Vec<AuditEntry>> {
        let AuditQuery { below, from, user_id, event, tenant, limit } = wanted;
        let filters = Filters { user: user_id.is_some(), event: event.is_some(), tenant: tenant.is_some() };
        let mut arguments = DB::Arguments::default();
        for text in [Some(below), Some(from), user_id.as_ref(), event.as_ref(), tenant.as_ref()].into_iter().flatten() {
            add::<DB, _>(text, &mut arguments)?;
        }
        add::<DB, _>(&i64::from(*limit), &mut arguments)?;
        let rows = self.read(self.audit.sql.read(filters), arguments).await?;
        rows.iter().map(entry::<DB>).collect()
    }

    async fn purge_entries(&self, before: &str) -> Result<u64, StoreError> {
        let bind = |arguments: &mut DB::Arguments| add::<DB, _>(&before.to_owned(), arguments);
        self.purge_in_steps(&self.audit.sql.purge, bind).await
    }
}

/// Reads a row of [`AUDIT_COLUMNS`].
fn entry<DB: Dialect>(row: &DB::Row) -> SqlResult<AuditEntry> {
    let columns = Row::<DB>::new(row);
    let at: i64 = columns.at(1)?;
    let at =
        Timestamp::from_timestamp_millis(at).ok_or_else(|| sqlx::Error::Decode("a time is out of range".into()))?;
    Ok(AuditEntry {
        reason: columns.at(4)?,
        user_id: columns.at(5)?,
        actor_id: columns.at(6)?,
        backend: columns.at(7)?,
        client: columns.at(8)?,
        request_id: columns.at(9)?,
        session_id: columns.at(10)?,
        limit: columns.at(11)?,
        changed: columns.at(12)?,
        tenant: columns.at(13)?,
        ..AuditEntry::new(columns.at::<String>(0)?, at, columns.at::<String>(2)?, columns.at::<String>(3)?)
    })
}

impl<DB: Dialect> AuditStore for Base<DB> {
    fn append<'a>(&'a self, entries: &'a [AuditEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { retry!(self, is_undone::<DB>, |base| base.append_entries(entries)) })
    }

    fn read<'a>(&'a self, wanted: &'a AuditQuery) -> BoxFuture<'a, Result<Vec<AuditEntry>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.read_entries(wanted)) })
    }

    fn purge<'a>(&'a self, before: &'a str) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.purge_entries(before))
    }
}
