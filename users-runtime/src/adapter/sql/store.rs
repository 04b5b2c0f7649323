//! The user store for every database with a [`Dialect`].

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};

use super::{
    ById, Codec, Dialect, RoleColumns, Row, SqlColumn, SqlResult, SqlUser, Statements, UserSql, Values,
    adapted::{Adapted, Cached},
    advice::explained,
    connection::Pools,
    counter_sql::CounterSql,
    error::{is_disconnected, is_undone, unreadable_user},
    forms::Forms,
    lookups::{Sorted, lookup, place},
    oauth_sql::OAuthSql,
    retry::retry,
    schema::{self, UniqueKeys},
    session_sql::SessionSql,
    token_sql::TokenSql,
    transaction::{begin, finish},
    written::with_written,
};
use crate::{
    domain::{CanonicalEmail, Epoch, IdKind, Timestamp, TokenId, id_kind},
    port::{
        BoxFuture, Change, Counters, Damaged, EndSessions, Found, Lookup, OAuthStore, SchemaDrift, SessionStore,
        StoreError, TokenState, UserStore,
    },
    user::Tenant,
};

/// The user store of one database.
pub(super) struct Store<U, DB: Dialect> {
    pub(super) pools: Pools<DB>,
    pub(super) statements: &'static Statements,
    pub(super) session_sql: Arc<SessionSql>,
    pub(super) token_sql: Arc<TokenSql>,
    pub(super) counter_sql: Arc<CounterSql>,
    /// Whether the table of counters is used.
    pub(super) counts: Arc<AtomicBool>,
    /// `None` if the user type has no accounts at OAuth providers.
    pub(super) oauth_sql: Option<Arc<OAuthSql>>,
    pub(super) sql: &'static UserSql,
    pub(super) custom: Arc<[SqlColumn]>,
    /// The names of all columns of the user.
    pub(super) columns: Arc<[&'static str]>,
    /// The statements and forms for the table that was found.
    pub(super) adapted: Arc<Cached>,
    /// The unique keys of the table of users.
    pub(super) keys: Arc<UniqueKeys>,
    /// The tenant that every statement is restricted to.
    pub(super) tenant: Option<Tenant<U>>,
}

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    pub(super) fn new(pools: Pools<DB>) -> Self {
        const {
            assert!(
                <U as SqlUser<DB>>::SQL.id_made_by_database == U::ID_MADE_BY_DATABASE,
                "the database makes ids of this type: mark the field `#[auth(made_by_database)]`"
            );
        }
        let (statements, custom, roles) = (DB::statements(U::SQL), U::columns(), &U::SQL.roles);
        let roles =
            [roles.id, roles.email, roles.hashed_password, roles.is_active, roles.is_superuser, roles.is_verified];
        Self {
            pools,
            columns: roles.into_iter().chain(custom.iter().map(|column| column.name)).collect(),
            statements,
            session_sql: Arc::new(SessionSql::of::<DB>(U::SQL)),
            token_sql: Arc::new(TokenSql::of::<DB>(U::SQL)),
            counter_sql: Arc::new(CounterSql::of::<DB>(U::SQL)),
            counts: Arc::default(),
            oauth_sql: OAuthSql::of::<DB>(U::SQL, id_kind::<U::Id>() != IdKind::Integer).map(Arc::new),
            sql: U::SQL,
            custom: with_written::<U, DB>(custom).into(),
            keys: Arc::default(),
            adapted: Arc::default(),
            tenant: None,
        }
    }

    /// Returns the index of the column after all columns of the user: the epoch.
    pub(super) fn epoch_column(&self) -> usize {
        RoleColumns::COUNT + self.custom.len()
    }

    pub(super) fn user(&self, row: &DB::Row) -> SqlResult<U> {
        U::from_row(&mut Row::new(row)).map_err(|error| {
            // A column may have got another type, which not every database reports.
            self.adapted.forget();
            let id = DB::id_at::<U::Id>(row, 0).ok().map(|id| id.to_string());
            unreadable_user(id, error, &self.columns)
        })
    }

    fn epoch(&self, row: &DB::Row) -> SqlResult<Epoch> {
        Row::<DB>::new(row).at(self.epoch_column()).map(Epoch)
    }

    pub(super) fn found(&self, row: &DB::Row) -> SqlResult<Found<U>> {
        let columns = Row::<DB>::new(row);
        let revoked: Option<bool> = columns.at(self.epoch_column() + 1)?;
        let kept: Option<i64> = columns.at(self.epoch_column() + 2)?;
        let token = match (revoked, kept) {
            (Some(true), _) => TokenState::Revoked,
            (_, Some(epoch)) => TokenState::KeptAt(Epoch(epoch)),
            _ => TokenState::Unmarked,
        };
        Ok(Found { user: self.user(row)?, epoch: self.epoch(row)?, token, session: None })
    }

    async fn find_one(&self, wanted: &ById<U::Id>) -> SqlResult<Option<Found<U>>> {
        let table = self.adapted().await?;
        let arguments = self.tenant_condition(lookup::<DB, U>(wanted, table.forms.id)?, &table.forms)?;
        let rows = self.read(table.texts.find.clone(), arguments).await?;
        Ok(rows.first().map(|row| self.found(row)).transpose()?.filter(|found| found.has_id(&wanted.id)))
    }

    async fn find_many(&self, wanted: &[ById<U::Id>]) -> SqlResult<Vec<Option<Found<U>>>> {
        let table = self.adapted().await?;
        let mut arguments = DB::Arguments::default();
        DB::add_lookups(wanted, table.forms.id, &mut arguments)?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        let rows = self.read(table.texts.find_many.clone(), arguments).await?;
        let mut results = Vec::with_capacity(wanted.len());
        results.resize_with(wanted.len(), || None);
        for row in &rows {
            let number: i64 = Row::<DB>::new(row).at(self.epoch_column() + 3)?;
            let Ok(number) = usize::try_from(number) else { continue };
            if let (Some(result), Some(wanted)) = (results.get_mut(number), wanted.get(number)) {
                *result = Some(self.found(row)?).filter(|found| found.has_id(&wanted.id));
            }
        }
        Ok(results)
    }

    async fn find_all(&self, wanted: &[Lookup<U::Id>]) -> SqlResult<Vec<Option<Found<U>>>> {
        let sorted = Sorted::of(wanted);
        let mut results = Vec::with_capacity(wanted.len());
        results.resize_with(wanted.len(), || None);
        let found = match sorted.by_id.as_slice() {
            [] => Vec::new(),
            [one] => vec![self.find_one(one).await?],
            many => self.find_many(many).await?,
        };
        place(&mut results, &sorted.positions_by_id, found);
        let found = match sorted.by_session.as_slice() {
            [] => Vec::new(),
            [one] => vec![self.find_session(one).await?],
            many => self.find_sessions(many).await?,
        };
        place(&mut results, &sorted.positions_by_session, found);
        Ok(results)
    }

    /// Returns the arguments of [`Statements::find_by_email`].
    pub(super) fn by_email(&self, email: &CanonicalEmail, forms: &Forms) -> SqlResult<DB::Arguments> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&email.as_str().to_owned(), &mut arguments)?;
        self.tenant_condition(arguments, forms)
    }

    async fn find_canonical(&self, email: &CanonicalEmail) -> SqlResult<Option<Found<U>>> {
        let table = self.adapted().await?;
        let arguments = self.by_email(email, &table.forms)?;
        match self.read(table.texts.find_by_email.clone(), arguments).await?.first() {
            Some(row) => Ok(Some(Found {
                user: self.user(row)?,
                epoch: self.epoch(row)?,
                token: TokenState::Unmarked,
                session: None,
            })),
            None => Ok(None),
        }
    }

    async fn add_user(&self, user: &U) -> SqlResult<U> {
        let table = self.adapted().await?;
        let mut values = Values::insert::<U>(&self.custom, &table.forms);
        bind(user, &mut values)?;
        let (arguments, id) = (values.into_arguments(), (!U::ID_MADE_BY_DATABASE).then(|| user.id()));
        let mut connection = self.writer().await?;
        let row = self.add_user_on(&mut connection, &table, arguments, user, id).await;
        let row = self.settle(connection, row).await?;
        self.user(&row.ok_or(sqlx::Error::RowNotFound)?)
    }

    async fn add_user_on(
        &self,
        connection: &mut DB::Connection,
        table: &Adapted,
        arguments: DB::Arguments,
        user: &U,
        id: Option<U::Id>,
    ) -> SqlResult<Option<DB::Row>> {
        if self.returns_rows() {
            return self.write_user(connection, table, &table.texts.insert, arguments, user, id).await;
        }
        let mut transaction = begin::<DB>(connection).await?;
        let row = self.write_user(&mut transaction, table, &table.texts.insert, arguments, user, id).await;
        finish(transaction, row).await
    }

    async fn change(&self, change: &Change<U>) -> SqlResult<Option<U>> {
        let table = self.adapted().await?;
        let (arguments, raise) = self.change_arguments(change, &table)?;
        let mut connection = self.writer().await?;
        let row = self.change_on(&mut connection, change, &table, arguments, raise).await;
        let row = self.settle(connection, row).await?;
        row.map(|row| self.user(&row)).transpose()
    }

    /// Returns the arguments of [`Statements::update`], and by how much the epoch rises.
    pub(super) fn change_arguments(&self, change: &Change<U>, table: &Adapted) -> SqlResult<(DB::Arguments, i64)> {
        let mut values = Values::update(&self.custom, &table.forms, change.columns);
        bind(&change.user, &mut values)?;
        let mut arguments = values.into_arguments();
        let raise: i64 = if change.end_sessions == EndSessions::Keep { 0 } else { 1 };
        add::<DB, _>(&raise, &mut arguments)?;
        DB::add_id(change.user.account().id, table.forms.id, &mut arguments)?;
        let hash = change.if_hashed_password.as_ref().filter(|hash| !hash.is_unreadable());
        let hash = hash.map(|hash| hash.as_stored().to_owned());
        add::<DB, _>(&hash, &mut arguments)?;
        add::<DB, _>(&change.if_email, &mut arguments)?;
        Ok((self.tenant_condition(arguments, &table.forms)?, raise))
    }

    async fn change_on(
        &self,
        connection: &mut DB::Connection,
        change: &Change<U>,
        table: &Adapted,
        arguments: DB::Arguments,
        raise: i64,
    ) -> SqlResult<Option<DB::Row>> {
        // A single statement is atomic; checking its result or running further statements needs a transaction.
        let is_plain =
            change.if_epoch.is_none() && !change.unlink && !matches!(change.end_sessions, EndSessions::AllBut(..));
        if self.returns_rows() && is_plain {
            return self.fetch_first(connection, table.texts.update.clone(), arguments).await;
        }
        let mut transaction = begin::<DB>(connection).await?;
        let done = self.change_in(&mut transaction, change, table, arguments, raise).await;
        finish(transaction, done).await
    }

    /// Runs the statements of a change inside a transaction. The caller rolls back on `None` and errors.
    pub(super) async fn change_in(
        &self,
        connection: &mut DB::Connection,
        change: &Change<U>,
        table: &Adapted,
        arguments: DB::Arguments,
        raise: i64,
    ) -> SqlResult<Option<DB::Row>> {
        let user = &change.user;
        let written = self.write_user(connection, table, &table.texts.update, arguments, user, Some(user.id())).await?;
        let Some(row) = written else {
            return Ok(None);
        };
        // The update locks the row, so the epoch before it can be derived from the returned one.
        let epoch = self.epoch(&row)?;
        if change.if_epoch.is_some_and(|wanted| epoch.0.checked_sub(raise) != Some(wanted.0)) {
            return Ok(None);
        }
        if let EndSessions::AllBut(token, until) = &change.end_sessions {
            let mut arguments = DB::Arguments::default();
            add::<DB, _>(&token.0, &mut arguments)?;
            DB::add_id(user.account().id, table.forms.id, &mut arguments)?;
            add::<DB, _>(&epoch.0, &mut arguments)?;
            DB::add_time(storable(*until), &mut arguments)?;
            self.execute_on(connection, self.token_sql.keep.clone(), arguments).await?;
        }
        if change.unlink {
            self.unlink_all_in(connection, user.account().id, table.forms.id).await?;
        }
        Ok(Some(row))
    }
}

/// Binds all columns of a user, in the order of the table.
pub(super) fn bind<U: SqlUser<DB>, DB: Dialect>(user: &U, values: &mut Values<'_, DB>) -> SqlResult<()> {
    values.account(&user.account())?;
    user.bind_custom(values)
}

impl<U: SqlUser<DB>, DB: Dialect> UserStore<U> for Store<U, DB> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, self.find_all(wanted)) })
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, self.find_canonical(email)) })
    }

    fn find_damaged(&self, id: U::Id, substitute: U::Id) -> BoxFuture<'_, Result<Option<Damaged<U>>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, self.read_damaged(id.clone(), substitute.clone())) })
    }

    fn insert(&self, mut user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(async move {
            self.stamp(&mut user).map_err(|error| self.error(error))?;
            retry!(self, is_undone::<DB>, async { self.learn_keys(self.add_user(&user).await).await })
        })
    }

    fn update(&self, mut change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(async move {
            self.stamp(&mut change.user).map_err(|error| self.error(error))?;
            retry!(self, is_undone::<DB>, async { self.learn_keys(self.change(&change).await).await })
        })
    }

    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let delete =
                || self.execute_on_users(self.statements.delete, |arguments, form| DB::add_id(&id, form, arguments));
            retry!(self, is_undone::<DB>, delete()).map(|rows| rows > 0)
        })
    }

    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        let sql = if whose.is_some() { self.statements.end_sessions } else { self.statements.end_all_sessions };
        Box::pin(async move {
            let bind = |arguments: &mut DB::Arguments, form| {
                whose.as_ref().map_or(Ok(()), |id| DB::add_id(id, form, arguments))
            };
            retry!(self, is_undone::<DB>, self.execute_on_users(sql, bind)).map(drop)
        })
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        let revoke = move || {
            self.execute(self.token_sql.revoke.clone(), move |arguments, _| {
                add::<DB, _>(&token.0, arguments)?;
                DB::add_time(storable(until), arguments)
            })
        };
        Box::pin(async move { retry!(self, is_undone::<DB>, revoke()).map(drop) })
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.purge_token_states(now).await? + self.purge_counters(now).await?) })
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let done = self.migrate_alone().await;
            self.adapted.forget();
            done.map_err(|refusal| match refusal {
                schema::Refusal::Database(error) => explained::<DB>(error, |error| self.error(error)),
                schema::Refusal::Schema(text) => StoreError::Schema(text),
            })
        })
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        let compare = async move || {
            let mut connection = self.reader().await?;
            let drift = self.compare_on(&mut connection).await;
            self.adapted.forget();
            self.settle(connection, drift).await
        };
        Box::pin(async move { retry!(self, is_disconnected::<DB>, compare()) })
    }

    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        Some(self)
    }

    fn oauth_store(self: Arc<Self>) -> Option<Arc<dyn OAuthStore<U>>> {
        self.oauth_sql.is_some().then_some(self as _)
    }

    fn counters(self: Arc<Self>) -> Option<Arc<dyn Counters>> {
        self.counts.store(true, Ordering::Relaxed);
        Some(self)
    }

    fn for_tenant(&self, tenant: &Tenant<U>) -> Result<Arc<dyn UserStore<U>>, StoreError> {
        Ok(Arc::new(self.for_one_tenant(tenant)))
    }
}

pub(super) fn add<DB: Codec<T>, T>(value: &T, arguments: &mut DB::Arguments) -> SqlResult<()> {
    <DB as Codec<T>>::add(value, arguments).map_err(sqlx::Error::Encode)
}

/// Limits a time to the end of the year 9999. Later years sort incorrectly as text, and not all databases support them.
pub(super) fn storable(time: Timestamp) -> Timestamp {
    const LATEST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    DateTime::<Utc>::from_timestamp(LATEST, 0).map_or(time, |latest| time.min(latest))
}
