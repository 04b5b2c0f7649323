//! Forgetting what has ended, in steps that read and lock few rows, so that it may run beside requests.

use super::{
    Dialect, Row, SqlResult, SqlUser,
    again::again,
    error::is_undone,
    store::{Store, add, storable},
    transaction::begin,
};
use crate::{
    domain::{StoreError, Timestamp},
    port::EndedSessions,
};

/// How many notes about tokens one statement forgets.
const STEP: u32 = 1000;

/// What one step did, and the token behind which the next begins.
struct Step {
    removed: u64,
    next: Option<String>,
}

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    pub(super) async fn purge_notes(&self, now: Timestamp) -> Result<u64, StoreError> {
        let step = || {
            self.execute(self.token_sql.purge.clone(), move |arguments| {
                DB::add_time(storable(now), arguments)?;
                add::<DB, _>(&i64::from(STEP), arguments)
            })
        };
        let mut forgotten = 0;
        loop {
            let few = again!(self, is_undone::<DB>, step())?;
            forgotten += few;
            if few < u64::from(STEP) {
                return Ok(forgotten);
            }
        }
    }

    pub(super) async fn purge_sessions(&self, ended: EndedSessions, step: u32) -> Result<u64, StoreError> {
        let (mut removed, mut after) = (0, Some(String::new()));
        while let Some(token) = after {
            let done = again!(self, is_undone::<DB>, self.purge_some(ended, &token, step.max(1)))?;
            removed += done.removed;
            after = done.next;
        }
        Ok(removed)
    }

    /// Reads a few sessions without a lock, then removes those of them that have ended. None of these comes back to life
    /// meanwhile: epochs do not go down, and requests are refused that would note a use.
    async fn purge_some(&self, ended: EndedSessions, after: &String, step: u32) -> SqlResult<Step> {
        let mut arguments = DB::Arguments::default();
        DB::add_upstream_time(ended.created_before, &mut arguments)?;
        DB::add_upstream_time(ended.seen_before, &mut arguments)?;
        add::<DB, _>(after, &mut arguments)?;
        add::<DB, _>(&i64::from(step), &mut arguments)?;
        let mut connection = self.pools.read.acquire().await?;
        let page = DB::fetch_all(&mut connection, self.session_sql.page.clone(), arguments).await?;
        drop(connection);

        let (mut dead, mut last) = (Vec::new(), None);
        for row in &page {
            let columns = Row::<DB>::new(row);
            let token: String = columns.at(0)?;
            if columns.at(2)? {
                dead.push((token.clone(), columns.at(1)?));
            }
            last = Some(token);
        }
        let is_last = u64::try_from(page.len()).is_ok_and(|rows| rows < u64::from(step));
        let mut done = Step { removed: 0, next: last.filter(|_| !is_last) };
        if !dead.is_empty() {
            let mut connection = self.writer().await?;
            let mut transaction = begin::<DB>(&mut connection).await?;
            for (token, hashed) in &dead {
                done.removed += self.remove_in(&mut transaction, token, *hashed).await?;
            }
            transaction.commit().await?;
        }
        Ok(done)
    }
}
