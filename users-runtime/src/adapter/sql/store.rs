//! The user store over any database that has a [`Dialect`].

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use sqlx::{Pool, pool::PoolConnection};

use super::{
    ById, Codec, Dialect, Row, SqlColumn, SqlResult, SqlUser, Statements, UserSql, Values, ddl,
    error::store_error,
    lookups::{Sorted, put},
    schema,
};
use crate::{
    domain::{CanonicalEmail, Epoch, Timestamp, TokenId},
    port::{BoxFuture, Change, EndSessions, Found, Lookup, SchemaDrift, StoreError, TokenState, UserStore},
};

/// Where statements run. A database with one writer at a time gets a pool of its own for writes, so that writers
/// wait in our queue, in order, and not in the database's, at random.
pub(super) struct Pools<DB: Dialect> {
    pub(super) read: Pool<DB>,
    pub(super) write: Pool<DB>,
}

/// Users in one database.
pub(super) struct Store<U, DB: Dialect> {
    pools: Pools<DB>,
    statements: &'static Statements,
    sql: &'static UserSql,
    custom: Vec<SqlColumn>,
    user: PhantomData<fn() -> U>,
}

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    pub(super) fn new(pools: Pools<DB>) -> Self {
        const {
            assert!(
                <U as SqlUser<DB>>::SQL.id_made_by_database == <U::Id as crate::domain::UserId>::MADE_BY_DATABASE,
                "write the type of the id as `Uuid`, `i64` or `i32`, not through an alias"
            );
        }
        Self { pools, statements: DB::statements(U::SQL), sql: U::SQL, custom: U::columns(), user: PhantomData }
    }

    fn error(&self, error: sqlx::Error) -> StoreError {
        store_error::<DB>(error, self.sql)
    }

    /// Index of the first column after the user's own: the epoch.
    fn epoch_column(&self) -> usize {
        self.sql.columns.len()
    }

    fn user(&self, row: &DB::Row) -> SqlResult<U> {
        U::from_row(&Row::new(row))
    }

    fn epoch(&self, row: &DB::Row) -> SqlResult<Epoch> {
        Row::<DB>::new(row).get(self.epoch_column()).map(Epoch)
    }

    fn found(&self, row: &DB::Row) -> SqlResult<Found<U>> {
        let columns = Row::<DB>::new(row);
        let revoked: Option<bool> = columns.get(self.epoch_column() + 1)?;
        let kept: Option<i64> = columns.get(self.epoch_column() + 2)?;
        let token = match (revoked, kept) {
            (Some(true), _) => TokenState::Revoked,
            (_, Some(epoch)) => TokenState::KeptAt(Epoch(epoch)),
            _ => TokenState::Unmarked,
        };
        Ok(Found { user: self.user(row)?, epoch: self.epoch(row)?, token, session: None })
    }

    async fn find_one(&self, wanted: &ById<U::Id>) -> SqlResult<Option<Found<U>>> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&wanted.token.as_ref().map(|token| token.0.clone()), &mut arguments)?;
        DB::add_id(wanted.id, &mut arguments)?;
        let mut connection = self.pools.read.acquire().await?;
        let row = DB::fetch_optional(&mut connection, self.statements.find, arguments).await?;
        row.map(|row| self.found(&row)).transpose()
    }

    async fn find_many(&self, wanted: &[ById<U::Id>]) -> SqlResult<Vec<Option<Found<U>>>> {
        let mut arguments = DB::Arguments::default();
        DB::add_lookups(wanted, &mut arguments)?;
        let mut connection = self.pools.read.acquire().await?;
        let rows = DB::fetch_all(&mut connection, self.statements.find_many, arguments).await?;
        drop(connection);
        let mut answers = Vec::with_capacity(wanted.len());
        answers.resize_with(wanted.len(), || None);
        for row in &rows {
            let number: i64 = Row::<DB>::new(row).get(self.epoch_column() + 3)?;
            if let Some(answer) = usize::try_from(number).ok().and_then(|number| answers.get_mut(number)) {
                *answer = Some(self.found(row)?);
            }
        }
        Ok(answers)
    }

    async fn find_all(&self, wanted: &[Lookup<U::Id>]) -> SqlResult<Vec<Option<Found<U>>>> {
        let sorted = Sorted::of(wanted);
        let mut answers = Vec::with_capacity(wanted.len());
        answers.resize_with(wanted.len(), || None);
        let found = match sorted.by_id.as_slice() {
            [] => Vec::new(),
            [one] => vec![self.find_one(one).await?],
            many => self.find_many(many).await?,
        };
        put(&mut answers, &sorted.places_by_id, found);
        Ok(answers)
    }

    async fn find_canonical(&self, email: &CanonicalEmail) -> SqlResult<Option<Found<U>>> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&email.as_str().to_owned(), &mut arguments)?;
        let mut connection = self.pools.read.acquire().await?;
        match DB::fetch_optional(&mut connection, self.statements.find_by_email, arguments).await? {
            Some(row) => Ok(Some(Found {
                user: self.user(&row)?,
                epoch: self.epoch(&row)?,
                token: TokenState::Unmarked,
                session: None,
            })),
            None => Ok(None),
        }
    }

    async fn add_user(&self, user: &U) -> SqlResult<U> {
        let mut values = Values::insert(&self.custom);
        user.bind(&mut values)?;
        let mut connection = self.pools.write.acquire().await?;
        let row = DB::fetch_optional(&mut connection, self.statements.insert, values.into_arguments()).await?;
        self.user(&row.ok_or(sqlx::Error::RowNotFound)?)
    }

    async fn change(&self, change: &Change<U>) -> SqlResult<Option<U>> {
        let mut values = Values::update(&self.custom, change.columns);
        change.user.bind(&mut values)?;
        let mut arguments = values.into_arguments();
        let raise: i64 = if change.end_sessions == EndSessions::Keep { 0 } else { 1 };
        add::<DB, _>(&raise, &mut arguments)?;
        DB::add_id(change.user.id(), &mut arguments)?;
        let hash = change.if_hashed_password.as_ref().map(|hash| hash.as_stored().to_owned());
        add::<DB, _>(&hash, &mut arguments)?;
        add::<DB, _>(&change.if_email, &mut arguments)?;

        // One statement is a transaction of its own; what looks at its result, or does more, needs one around it.
        let spared = match &change.end_sessions {
            EndSessions::AllBut(token, until) => Some((token, until)),
            EndSessions::Keep | EndSessions::All => None,
        };
        if spared.is_none() && change.if_epoch.is_none() {
            let mut connection = self.pools.write.acquire().await?;
            let row = DB::fetch_optional(&mut connection, self.statements.update, arguments).await?;
            return row.map(|row| self.user(&row)).transpose();
        }
        let mut transaction = self.pools.write.begin_with(DB::BEGIN_WRITE).await?;
        let Some(row) = DB::fetch_optional(&mut transaction, self.statements.update, arguments).await? else {
            transaction.rollback().await?;
            return Ok(None);
        };
        // The update locks the row, so the epoch that it answers tells the one before for sure.
        let epoch = self.epoch(&row)?;
        if change.if_epoch.is_some_and(|wanted| epoch.0.checked_sub(raise) != Some(wanted.0)) {
            transaction.rollback().await?;
            return Ok(None);
        }
        if let Some((token, until)) = spared {
            let mut arguments = DB::Arguments::default();
            add::<DB, _>(&token.0, &mut arguments)?;
            DB::add_id(change.user.id(), &mut arguments)?;
            add::<DB, _>(&epoch.0, &mut arguments)?;
            add::<DB, _>(&storable(*until), &mut arguments)?;
            DB::execute(&mut transaction, self.statements.keep_token, arguments).await?;
        }
        let user = self.user(&row)?;
        transaction.commit().await?;
        Ok(Some(user))
    }

    /// Runs a statement whose only parameter is an id.
    async fn write_by_id(&self, sql: &'static str, id: U::Id) -> SqlResult<u64> {
        let mut arguments = DB::Arguments::default();
        DB::add_id(id, &mut arguments)?;
        DB::execute(&mut *self.writer().await?, sql, arguments).await
    }

    async fn writer(&self) -> SqlResult<PoolConnection<DB>> {
        self.pools.write.acquire().await
    }
}

impl<U: SqlUser<DB>, DB: Dialect> UserStore<U> for Store<U, DB> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        Box::pin(async move { self.find_all(wanted).await.map_err(|error| self.error(error)) })
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(async move { self.find_canonical(email).await.map_err(|error| self.error(error)) })
    }

    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move { self.add_user(&user).await.map_err(|error| self.error(error)) })
    }

    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(async move { self.change(&change).await.map_err(|error| self.error(error)) })
    }

    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let deleted = self.write_by_id(self.statements.delete, id).await;
            deleted.map(|rows| rows > 0).map_err(|error| self.error(error))
        })
    }

    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let ended = match whose {
                Some(id) => self.write_by_id(self.statements.end_sessions, id).await,
                None => match self.writer().await {
                    Ok(mut connection) => {
                        DB::execute(&mut connection, self.statements.end_all_sessions, DB::Arguments::default()).await
                    }
                    Err(error) => Err(error),
                },
            };
            ended.map(drop).map_err(|error| self.error(error))
        })
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        let revoke = async move {
            let mut arguments = DB::Arguments::default();
            add::<DB, _>(&token.0, &mut arguments)?;
            add::<DB, _>(&storable(until), &mut arguments)?;
            DB::execute(&mut *self.writer().await?, self.statements.revoke_token, arguments).await
        };
        Box::pin(async move { revoke.await.map(drop).map_err(|error| self.error(error)) })
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        let purge = async move {
            let mut arguments = DB::Arguments::default();
            add::<DB, _>(&storable(now), &mut arguments)?;
            DB::execute(&mut *self.writer().await?, self.statements.purge_tokens, arguments).await
        };
        Box::pin(async move { purge.await.map_err(|error| self.error(error)) })
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let wanted = ddl::wanted::<DB>(self.sql, &self.custom, None);
            let mut transaction =
                self.pools.write.begin_with(DB::BEGIN_WRITE).await.map_err(|error| self.error(error))?;
            schema::migrate::<DB>(&mut transaction, &wanted).await.map_err(|refusal| match refusal {
                schema::Refusal::Database(error) => self.error(error),
                schema::Refusal::Schema(text) => StoreError::Schema(text),
            })?;
            transaction.commit().await.map_err(|error| self.error(error))
        })
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        Box::pin(async move {
            let wanted = ddl::wanted::<DB>(self.sql, &self.custom, None);
            let compare = async {
                let mut connection = self.pools.read.acquire().await?;
                schema::compare::<DB>(&mut connection, &wanted).await
            };
            let differences = compare.await.map_err(|error| self.error(error))?;
            Ok(differences.into_iter().map(|difference| difference.drift).collect())
        })
    }
}

fn add<DB: Codec<T>, T>(value: &T, arguments: &mut DB::Arguments) -> SqlResult<()> {
    <DB as Codec<T>>::add(value, arguments).map_err(sqlx::Error::Encode)
}

/// The latest time that sorts rightly as text (a year of five digits starts with a sign) and fits every database.
fn storable(time: Timestamp) -> Timestamp {
    const LATEST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    DateTime::<Utc>::from_timestamp(LATEST, 0).map_or(time, |latest| time.min(latest))
}
