//! Counters of rate limits in the users' database.
//!
//! A refusal costs one read. To take events, missing rows are added; then the rows are locked in the order of their keys,
//! read again, and changed in one transaction. So no update of another instance is lost, and instances cannot deadlock.

use std::sync::atomic::Ordering;

use super::{
    Dialect, Row, SqlResult,
    base::{Base, add},
    error::{is_disconnected, is_undone},
    retry::retry,
    transaction::{begin, finish},
};
use crate::{
    domain::{Count, StoreError, Timestamp},
    port::{BoxFuture, CounterKey, Counters, CountersUnavailable, Decision, Draw, Settlement, evaluate},
};

/// The minimum time for which a new row that was not used yet is kept, in milliseconds.
const NEW: i64 = 60_000;

/// How often an operation is repeated if a purge has just removed one of its rows.
const REPEATS: u32 = 8;

/// A change of a counter.
enum Step<'a> {
    GiveBack(&'a Draw),
    Clear(&'a CounterKey),
}

impl Step<'_> {
    fn key(&self) -> &CounterKey {
        match self {
            Self::GiveBack(draw) => &draw.key,
            Self::Clear(key) => key,
        }
    }
}

impl<DB: Dialect> Base<DB> {
    /// Returns whether the table of counters is used.
    pub(super) fn has_counters(&self) -> bool {
        self.counts.load(Ordering::Relaxed)
    }

    fn count(row: &DB::Row) -> SqlResult<Count> {
        let columns = Row::<DB>::new(row);
        let failures: i64 = columns.at(0)?;
        Ok(Count { failures: u32::try_from(failures).unwrap_or(u32::MAX), due: columns.at(1)? })
    }

    fn by_key(key: &CounterKey) -> SqlResult<DB::Arguments> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&key.as_str().to_owned(), &mut arguments)?;
        Ok(arguments)
    }

    async fn find_counter(&self, key: &CounterKey) -> SqlResult<Option<Count>> {
        let rows = self.read(self.counter_sql.find.clone(), Self::by_key(key)?).await?;
        rows.first().map(Self::count).transpose()
    }

    async fn lock_counter(&self, connection: &mut DB::Connection, key: &CounterKey) -> SqlResult<Option<Count>> {
        let row = self.fetch_first(connection, self.counter_sql.lock.clone(), Self::by_key(key)?).await?;
        row.as_ref().map(Self::count).transpose()
    }

    async fn add_counter(&self, key: &CounterKey, due: i64, ends: i64) -> SqlResult<u64> {
        let mut arguments = Self::by_key(key)?;
        add::<DB, _>(&due, &mut arguments)?;
        add::<DB, _>(&ends, &mut arguments)?;
        self.write(self.counter_sql.add.clone(), arguments).await
    }

    async fn change_counter(&self, connection: &mut DB::Connection, draw: &Draw, count: Count) -> SqlResult<()> {
        let mut arguments = DB::Arguments::default();
        for number in [i64::from(count.failures), count.due, draw.rule.forgotten_at(count)] {
            add::<DB, _>(&number, &mut arguments)?;
        }
        add::<DB, _>(&draw.key.as_str().to_owned(), &mut arguments)?;
        self.execute_on(connection, self.counter_sql.change.clone(), arguments).await.map(drop)
    }

    async fn clear_counter(&self, connection: &mut DB::Connection, key: &CounterKey) -> SqlResult<()> {
        self.execute_on(connection, self.counter_sql.clear.clone(), Self::by_key(key)?).await.map(drop)
    }

    async fn take_counters(&self, draws: &[Draw], now: Timestamp) -> SqlResult<Decision> {
        for _ in 0..REPEATS {
            let mut stored = Vec::with_capacity(draws.len());
            for draw in draws {
                stored.push(self.find_counter(&draw.key).await?);
            }
            if let Err(refused) = evaluate(draws, |index| stored.get(index).copied().flatten(), now) {
                return Ok(refused);
            }
            let missing = draws.iter().zip(&stored).filter(|(_, stored)| stored.is_none());
            let millis = now.timestamp_millis();
            for (draw, _) in missing {
                self.add_counter(&draw.key, millis, millis.saturating_add(NEW)).await?;
            }
            if let Some(decision) = self.take_locked(draws, now).await? {
                return Ok(decision);
            }
        }
        Err(sqlx::Error::RowNotFound)
    }

    /// Takes events in a transaction. Returns `None` if a row is missing.
    async fn take_locked(&self, draws: &[Draw], now: Timestamp) -> SqlResult<Option<Decision>> {
        let mut order: Vec<_> = draws.iter().enumerate().collect();
        order.sort_by(|(_, one), (_, other)| one.key.cmp(&other.key));
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let mut refused = None;
            let done = async {
                let mut stored = vec![None; draws.len()];
                for (index, draw) in &order {
                    match (self.lock_counter(&mut transaction, &draw.key).await?, stored.get_mut(*index)) {
                        (Some(count), Some(place)) => *place = Some(count),
                        _ => return Ok(None),
                    }
                }
                match evaluate(draws, |index| stored.get(index).copied().flatten(), now) {
                    Ok(counts) => {
                        for (draw, count) in draws.iter().zip(counts) {
                            self.change_counter(&mut transaction, draw, count).await?;
                        }
                        Ok(Some(Decision::Taken))
                    }
                    Err(decision) => {
                        refused = Some(decision);
                        Ok(None)
                    }
                }
            };
            let done: SqlResult<_> = done.await;
            Ok(finish(transaction, done).await?.or(refused))
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn settle_counters(&self, settlement: &Settlement, now: Timestamp) -> SqlResult<()> {
        let given = settlement.give_back.iter().map(Step::GiveBack);
        let mut steps: Vec<_> = given.chain(settlement.clear.iter().map(Step::Clear)).collect();
        steps.sort_by(|one, other| one.key().cmp(other.key()));
        let mut connection = self.writer().await?;
        let done = async {
            let mut transaction = begin::<DB>(&mut connection).await?;
            let done = async {
                for step in &steps {
                    let stored = self.lock_counter(&mut transaction, step.key()).await?;
                    let left = match (step, stored) {
                        (Step::GiveBack(draw), Some(count)) => {
                            draw.rule.give_back(count, now).map(|left| (*draw, left))
                        }
                        (_, Some(_)) => None,
                        (_, None) => continue,
                    };
                    match left {
                        Some((draw, left)) => self.change_counter(&mut transaction, draw, left).await?,
                        None => self.clear_counter(&mut transaction, step.key()).await?,
                    }
                }
                Ok(Some(()))
            };
            let done: SqlResult<_> = done.await;
            finish(transaction, done).await.map(drop)
        };
        let done = done.await;
        self.settle_write(connection, done).await
    }

    async fn remember_key(&self, key: &CounterKey, until: i64) -> SqlResult<()> {
        if self.add_counter(key, until, until).await? > 0 {
            return Ok(());
        }
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&until, &mut arguments)?;
        add::<DB, _>(&until, &mut arguments)?;
        add::<DB, _>(&key.as_str().to_owned(), &mut arguments)?;
        add::<DB, _>(&until, &mut arguments)?;
        self.write(self.counter_sql.extend.clone(), arguments).await.map(drop)
    }

    /// Removes expired counters, if the table is used.
    pub(super) async fn purge_counters(&self, now: Timestamp) -> Result<u64, StoreError> {
        if !self.has_counters() {
            return Ok(0);
        }
        let bind = |arguments: &mut DB::Arguments| add::<DB, _>(&now.timestamp_millis(), arguments);
        self.purge_in_steps(&self.counter_sql.purge, bind).await
    }
}

impl<DB: Dialect> Counters for Base<DB> {
    fn take<'a>(&'a self, draws: &'a [Draw], now: Timestamp) -> BoxFuture<'a, Result<Decision, CountersUnavailable>> {
        Box::pin(async move {
            retry!(self, is_undone::<DB>, |base| base.take_counters(draws, now)).map_err(CountersUnavailable::because)
        })
    }

    fn settle<'a>(
        &'a self,
        settlement: &'a Settlement,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        Box::pin(async move {
            retry!(self, is_undone::<DB>, |base| base.settle_counters(settlement, now))
                .map_err(CountersUnavailable::because)
        })
    }

    fn remember<'a>(
        &'a self,
        key: &'a CounterKey,
        until: Timestamp,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>> {
        let until = until.timestamp_millis();
        Box::pin(async move {
            retry!(self, is_undone::<DB>, |base| base.remember_key(key, until)).map_err(CountersUnavailable::because)
        })
    }

    fn remembered_until<'a>(
        &'a self,
        key: &'a CounterKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, CountersUnavailable>> {
        Box::pin(async move {
            let found = retry!(self, is_disconnected::<DB>, |base| base.find_counter(key));
            let found = found.map_err(CountersUnavailable::because)?;
            let until = found.and_then(|count| Timestamp::from_timestamp_millis(count.due));
            Ok(until.filter(|until| *until > now))
        })
    }
}
