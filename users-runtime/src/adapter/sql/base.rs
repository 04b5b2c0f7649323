//! The part of the store that does not depend on the user's Rust type: it is compiled once per database, not for every
//! user type. It works with rows and arguments; [`Store`](super::store::Store) converts them from and to users.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32},
};

use chrono::{DateTime, Utc};

use super::{
    ById, Codec, Dialect, RoleColumns, Row, SqlColumn, SqlResult, Statements, UserSql,
    adapted::Cached,
    connection::Pools,
    counter_sql::CounterSql,
    error::is_disconnected,
    forms::Forms,
    lookups::{Sorted, lookup, place},
    oauth_sql::OAuthSql,
    passkey_sql::PasskeySql,
    refresh_sql::RefreshSql,
    retry::retry,
    schema::UniqueKeys,
    second_factor_sql::SecondFactorSql,
    session_sql::SessionSql,
    short::Rows,
    tables::{IdColumn, STANDING},
    token_sql::TokenSql,
};
use crate::{
    domain::{CanonicalEmail, Epoch, IdValue, LoginName, SessionKey, StoreError, Timestamp},
    port::BoxFuture,
    user::CustomField,
};

/// The number of columns of a token's state.
pub(super) const TOKEN_COLUMNS: usize = 4;

/// Appends the tenant to the arguments of a statement about users.
pub(super) type TenantCondition<DB> = Arc<
    dyn Fn(<DB as sqlx::Database>::Arguments, &Forms) -> SqlResult<<DB as sqlx::Database>::Arguments> + Send + Sync,
>;

/// The connections, statements and columns of one user type, or of one of its tenants.
pub(super) struct Base<DB: Dialect> {
    pub(super) pools: Pools<DB>,
    pub(super) statements: &'static Statements,
    pub(super) session_sql: Arc<SessionSql>,
    pub(super) token_sql: Arc<TokenSql>,
    pub(super) counter_sql: Arc<CounterSql>,
    pub(super) refresh_sql: Arc<RefreshSql>,
    /// Whether the table of refresh tokens is used.
    pub(super) refreshes: Arc<AtomicBool>,
    pub(super) factor_sql: Arc<SecondFactorSql>,
    /// Whether the tables of second factors are used.
    pub(super) factors: Arc<AtomicBool>,
    pub(super) passkey_sql: Arc<PasskeySql>,
    /// Whether the table of passkeys is used.
    pub(super) keeps_passkeys: Arc<AtomicBool>,
    /// Whether the table of counters is used.
    pub(super) counts: Arc<AtomicBool>,
    #[cfg(feature = "audit")]
    pub(super) audit: super::audit::AuditPart,
    /// `None` if the user type has no accounts at OAuth providers.
    pub(super) oauth_sql: Option<Arc<OAuthSql>>,
    pub(super) sql: &'static UserSql,
    pub(super) id: IdColumn,
    /// Parses the text of an id.
    pub(super) parse_id: fn(&str) -> Option<IdValue>,
    /// Formats an id as text.
    pub(super) print_id: fn(IdValue) -> Option<String>,
    pub(super) custom: Arc<[SqlColumn]>,
    pub(super) custom_fields: &'static [CustomField],
    /// The names of all columns of the user.
    pub(super) columns: Arc<[&'static str]>,
    /// The statements and forms for the table that was found.
    pub(super) adapted: Arc<Cached>,
    /// The unique keys of the table of users.
    pub(super) keys: Arc<UniqueKeys>,
    /// The number of operations that require connections to prepare their statements again.
    pub(super) preparing_anew: Arc<AtomicU32>,
    /// Restricts every statement about users to a tenant. `None` for a user type without tenants.
    pub(super) tenant: Option<TenantCondition<DB>>,
}

impl<DB: Dialect> Base<DB> {
    /// Returns the index of the column after all columns of the user: the epoch.
    pub(super) fn epoch_column(&self) -> usize {
        RoleColumns::COUNT + self.custom.len()
    }

    /// Returns the index of the state of the token, which follows the standing.
    pub(super) fn token_column(&self) -> usize {
        self.epoch_column() + 1 + STANDING.len()
    }

    pub(super) fn epoch(&self, row: &DB::Row) -> SqlResult<Epoch> {
        Row::<DB>::new(row).at(self.epoch_column()).map(Epoch)
    }

    /// Returns the rows of the users that are looked up, `count` in the order of the lookups.
    pub(super) fn find<'a>(&'a self, wanted: &'a Sorted, count: usize) -> BoxFuture<'a, Result<Rows<DB>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.find_all(wanted, count)) })
    }

    async fn find_all(&self, wanted: &Sorted, count: usize) -> SqlResult<Rows<DB>> {
        let mut results = Vec::with_capacity(count);
        results.resize_with(count, || None);
        let found = match wanted.by_id.as_slice() {
            [] => Vec::new(),
            [one] => vec![self.locate_one(one).await?],
            many => self.locate_many(many).await?,
        };
        place(&mut results, &wanted.positions_by_id, found);
        let found = match wanted.by_session.as_slice() {
            [] => Vec::new(),
            [one] => vec![self.locate_session(one).await?],
            many => self.locate_sessions(many).await?,
        };
        place(&mut results, &wanted.positions_by_session, found);
        Ok(results)
    }

    /// Returns the row of a user.
    pub(super) fn row_of<'a>(&'a self, id: IdValue) -> BoxFuture<'a, Result<Option<DB::Row>, StoreError>> {
        Box::pin(async move {
            let wanted = ById { id, token: None };
            retry!(self, is_disconnected::<DB>, |base| base.find_one(&wanted))
        })
    }

    pub(super) async fn find_one(&self, wanted: &ById) -> SqlResult<Option<DB::Row>> {
        let table = self.adapted().await?;
        let arguments = self.tenant_condition(lookup::<DB>(wanted, table.forms.id)?, &table.forms)?;
        Ok(self.read(table.texts.find.clone(), arguments).await?.into_iter().next())
    }

    pub(super) async fn find_many(&self, wanted: &[ById]) -> SqlResult<Vec<Option<DB::Row>>> {
        let table = self.adapted().await?;
        let mut arguments = DB::Arguments::default();
        DB::add_lookups(wanted, self.id.kind, table.forms.id, &mut arguments)?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        let rows = self.read(table.texts.find_many.clone(), arguments).await?;
        self.numbered(rows, self.token_column() + TOKEN_COLUMNS, wanted.len(), |_, _| Ok(true))
    }

    pub(super) async fn find_session(&self, key: &SessionKey) -> SqlResult<Option<DB::Row>> {
        let mut arguments = DB::Arguments::default();
        add_key::<DB>(key, &mut arguments)?;
        let table = self.adapted().await?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        for row in self.read(table.texts.find_session.clone(), arguments).await? {
            if self.is_of_session(&row, key)? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    pub(super) async fn find_sessions(&self, wanted: &[SessionKey]) -> SqlResult<Vec<Option<DB::Row>>> {
        let mut arguments = DB::Arguments::default();
        DB::add_session_keys(wanted, &mut arguments)?;
        let table = self.adapted().await?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        let rows = self.read(table.texts.find_sessions.clone(), arguments).await?;
        self.numbered(rows, self.token_column() + TOKEN_COLUMNS + 8, wanted.len(), |row, number| {
            wanted.get(number).map_or(Ok(false), |key| self.is_of_session(row, key))
        })
    }

    /// Returns whether the token of a row is exactly the key: the collation of a column that fastapi-users created may treat
    /// different letters as equal.
    fn is_of_session(&self, row: &DB::Row, key: &SessionKey) -> SqlResult<bool> {
        Ok(Row::<DB>::new(row).at::<String>(self.token_column() + TOKEN_COLUMNS + 4)? == key.as_str())
    }

    /// Returns rows at the positions that they have in the column `number`, if they pass `is_wanted`.
    fn numbered(
        &self,
        rows: Vec<DB::Row>,
        number: usize,
        count: usize,
        is_wanted: impl Fn(&DB::Row, usize) -> SqlResult<bool>,
    ) -> SqlResult<Vec<Option<DB::Row>>> {
        let mut results = Vec::with_capacity(count);
        results.resize_with(count, || None);
        for row in rows {
            let number: i64 = Row::<DB>::new(&row).at(number)?;
            let Ok(number) = usize::try_from(number) else { continue };
            if let Some(result) = results.get_mut(number)
                && is_wanted(&row, number)?
            {
                *result = Some(row);
            }
        }
        Ok(results)
    }

    /// Returns the arguments of [`Statements::find_by_email`].
    pub(super) fn by_email(&self, email: &CanonicalEmail, forms: &Forms) -> SqlResult<DB::Arguments> {
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&email.as_str().to_owned(), &mut arguments)?;
        self.tenant_condition(arguments, forms)
    }

    /// Returns the row of the user with a login name.
    pub(super) fn find_by_login_name<'a>(
        &'a self,
        name: &'a LoginName,
    ) -> BoxFuture<'a, Result<Option<DB::Row>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.find_named(name)) })
    }

    async fn find_named(&self, name: &LoginName) -> SqlResult<Option<DB::Row>> {
        let table = self.adapted().await?;
        let Some(sql) = &table.texts.find_by_login_name else { return Ok(None) };
        let mut arguments = DB::Arguments::default();
        add::<DB, _>(&name.as_str().to_owned(), &mut arguments)?;
        let arguments = self.tenant_condition(arguments, &table.forms)?;
        Ok(self.read(sql.clone(), arguments).await?.into_iter().next())
    }

    /// Returns the row of the user with an address.
    pub(super) fn find_by_email<'a>(
        &'a self,
        email: &'a CanonicalEmail,
    ) -> BoxFuture<'a, Result<Option<DB::Row>, StoreError>> {
        Box::pin(async move { retry!(self, is_disconnected::<DB>, |base| base.find_canonical(email)) })
    }

    async fn find_canonical(&self, email: &CanonicalEmail) -> SqlResult<Option<DB::Row>> {
        let table = self.adapted().await?;
        let arguments = self.by_email(email, &table.forms)?;
        Ok(self.read(table.texts.find_by_email.clone(), arguments).await?.into_iter().next())
    }
}

pub(super) fn add<DB: Codec<T>, T>(value: &T, arguments: &mut DB::Arguments) -> SqlResult<()> {
    <DB as Codec<T>>::add(value, arguments).map_err(sqlx::Error::Encode)
}

pub(super) fn add_key<DB: Dialect>(key: &SessionKey, arguments: &mut DB::Arguments) -> SqlResult<()> {
    add::<DB, _>(&key.as_str().to_owned(), arguments)?;
    add::<DB, _>(&key.is_hashed(), arguments)
}

/// Limits a time to the end of the year 9999. Later years sort incorrectly as text, and not all databases support them.
pub(super) fn storable(time: Timestamp) -> Timestamp {
    time.min(end_of_time())
}

/// Returns the latest time that every database can store, to the second.
pub(super) fn end_of_time() -> Timestamp {
    const LATEST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    DateTime::<Utc>::from_timestamp(LATEST, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
