//! Removal of expired data, in small batches that read and lock few rows and pause in between, so that it can run beside requests.

use std::time::Duration;

use sqlx::SqlStr;
use tokio::time::sleep;

use super::{
    Dialect, Row, SqlResult,
    base::{Base, add, storable},
    connection::Writer,
    error::is_undone,
    retry::retry,
    transaction::{begin, finish},
};
use crate::{
    domain::{StoreError, Timestamp},
    port::{BoxFuture, EndedSessions},
};

/// The number of token states or counters that one statement removes.
const STEP: u32 = 1000;

/// The pause after a batch, which takes as long on a million expired sessions. Without it the database and this program use a core
/// for minutes, which delays password hashes, whose threads have the lowest priority.
const PAUSE: Duration = Duration::from_millis(5);

/// The result of one batch, and the token after which the next one starts.
struct Step {
    removed: u64,
    next: Option<String>,
}

impl<DB: Dialect> Base<DB> {
    /// Removes expired token states and counters.
    pub(super) fn purge_expired<'a>(&'a self, now: Timestamp) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.purge_token_states(now).await? + self.purge_counters(now).await?) })
    }

    async fn purge_token_states(&self, now: Timestamp) -> Result<u64, StoreError> {
        let bind = |arguments: &mut DB::Arguments| DB::add_time(storable(now), arguments);
        self.purge_in_steps(&self.token_sql.purge, bind).await
    }

    /// Repeats a statement until it removes fewer than [`STEP`] rows, the most it may remove at once: its last parameter, after
    /// those that `bind` adds. Returns the number of removed rows.
    pub(super) async fn purge_in_steps(
        &self,
        sql: &SqlStr,
        bind: impl Fn(&mut DB::Arguments) -> SqlResult<()>,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let arguments = || -> SqlResult<DB::Arguments> {
                let mut arguments = DB::Arguments::default();
                bind(&mut arguments)?;
                add::<DB, _>(&i64::from(STEP), &mut arguments)?;
                Ok(arguments)
            };
            let batch = retry!(self, is_undone::<DB>, |base| async { base.write(sql.clone(), arguments()?).await })?;
            removed += batch;
            if batch < u64::from(STEP) {
                return Ok(removed);
            }
            sleep(PAUSE).await;
        }
    }

    pub(super) async fn purge_sessions(&self, ended: EndedSessions, step: u32) -> Result<u64, StoreError> {
        let (mut removed, mut after) = (0, Some(String::new()));
        while let Some(token) = after {
            let done = retry!(self, is_undone::<DB>, |base| base.purge_some(ended, &token, step.max(1)))?;
            removed += done.removed;
            after = done.next;
            if after.is_some() {
                sleep(PAUSE).await;
            }
        }
        Ok(removed)
    }

    /// Reads some sessions without locks, then removes those that are expired or revoked. None of them can become valid
    /// in between: epochs are never lowered, and requests with such a session are refused.
    async fn purge_some(&self, ended: EndedSessions, after: &String, step: u32) -> SqlResult<Step> {
        let mut arguments = DB::Arguments::default();
        DB::add_upstream_time(ended.created_before, &mut arguments)?;
        DB::add_upstream_time(ended.seen_before, &mut arguments)?;
        add::<DB, _>(after, &mut arguments)?;
        add::<DB, _>(&i64::from(step), &mut arguments)?;
        let page = self.read(self.session_sql.page.clone(), arguments).await?;

        let (mut ended, mut last) = (Vec::new(), None);
        for row in &page {
            let columns = Row::<DB>::new(row);
            let token: String = columns.at(0)?;
            if columns.at(2)? {
                ended.push((token.clone(), columns.at(1)?));
            }
            last = Some(token);
        }
        let is_last = u64::try_from(page.len()).is_ok_and(|rows| rows < u64::from(step));
        let mut done = Step { removed: 0, next: last.filter(|_| !is_last) };
        if !ended.is_empty() {
            let mut connection = self.writer().await?;
            let removed = self.remove_on(&mut connection, &ended).await;
            done.removed = self.settle_write(connection, removed).await?;
        }
        Ok(done)
    }

    /// Removes some sessions in one transaction and returns their number.
    async fn remove_on(&self, connection: &mut Writer<DB>, ended: &[(String, bool)]) -> SqlResult<u64> {
        let mut transaction = begin::<DB>(connection).await?;
        let done = self.remove_all_in(&mut transaction, ended).await;
        Ok(finish(transaction, done.map(Some)).await?.unwrap_or_default())
    }

    async fn remove_all_in(&self, connection: &mut DB::Connection, ended: &[(String, bool)]) -> SqlResult<u64> {
        let mut removed = 0;
        for (token, hashed) in ended {
            removed += self.remove_in(connection, token, *hashed).await?;
        }
        Ok(removed)
    }
}
