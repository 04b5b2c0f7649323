//! The user store for every database with a [`Dialect`].

use std::sync::{Arc, atomic::Ordering};

#[cfg(feature = "sqlite")]
use super::cached_lookups::{as_found, key};
use super::{
    ById, Dialect, Row, SqlResult, SqlUser, Values,
    adapted::Adapted,
    base::Base,
    connection::Pools,
    counter_sql::CounterSql,
    error::missing_tenant,
    lookups::Sorted,
    oauth_sql::OAuthSql,
    passkey_sql::PasskeySql,
    refresh_sql::RefreshSql,
    second_factor_sql::SecondFactorSql,
    session_sql::SessionSql,
    short::{Located, Short},
    standing::bind_standing,
    tables::IdColumn,
    tenant::condition,
    token_sql::TokenSql,
    writes::{AddedLoginMethod, Draft},
    written::with_written,
};
#[cfg(feature = "audit")]
use crate::port::{AuditEntry, AuditStore};
use crate::{
    domain::{
        CanonicalEmail, IdKind, IdValue, LoginName, Reauthentication, Timestamp, TokenId, UserId as _, id_kind,
        oauth::NewOAuthAccount,
    },
    port::{
        BoxFuture, Change, Counters, Damaged, Found, Lookup, OAuthStore, PasskeyStore, RefreshStore, SchemaDrift,
        SecondFactorStore, SessionStore, StoreError, UserStore,
    },
    user::{AuthUser, Columns, Tenant},
};

/// The user store of one database.
pub(super) struct Store<U, DB: Dialect> {
    pub(super) base: Arc<Base<DB>>,
    /// The tenant that every statement is restricted to.
    tenant: Option<Tenant<U>>,
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
        let base = Base {
            pools,
            columns: roles.into_iter().chain(custom.iter().map(|column| column.name)).collect(),
            statements,
            session_sql: Arc::new(SessionSql::of::<DB>(U::SQL)),
            token_sql: Arc::new(TokenSql::of::<DB>(U::SQL)),
            counter_sql: Arc::new(CounterSql::of::<DB>(U::SQL)),
            refresh_sql: Arc::new(RefreshSql::of::<DB>(U::SQL)),
            refreshes: Arc::default(),
            factor_sql: Arc::new(SecondFactorSql::of::<DB>(U::SQL)),
            factors: Arc::default(),
            passkey_sql: Arc::new(PasskeySql::of::<DB>(U::SQL)),
            keeps_passkeys: Arc::default(),
            counts: Arc::default(),
            #[cfg(feature = "audit")]
            audit: super::audit::AuditPart::new::<DB>(U::SQL, |id| U::Id::from_value(id).map(|id| id.to_string())),
            oauth_sql: OAuthSql::of::<DB>(U::SQL, id_kind::<U::Id>() != IdKind::Integer).map(Arc::new),
            sql: U::SQL,
            id: IdColumn::of::<U>(),
            parse_id: |text| U::Id::parse(text).map(|id| id.to_value()),
            print_id: |id| U::Id::from_value(id).map(|id| id.to_string()),
            custom: with_written::<U, DB>(custom).into(),
            custom_fields: U::CUSTOM_FIELDS,
            keys: Arc::default(),
            preparing_anew: Arc::default(),
            adapted: Arc::default(),
            tenant: condition::<U, DB>(None),
        };
        Self { base: Arc::new(base), tenant: None }
    }

    pub(super) fn user(&self, row: &DB::Row) -> SqlResult<U> {
        U::from_row(&mut Row::new(row)).map_err(|error| {
            // The type of a column may have changed, which not every database reports.
            self.base.adapted.forget();
            self.base.unreadable(row, error)
        })
    }

    /// Reads the user, the epoch and the standing of a row.
    fn with_standing(&self, row: &DB::Row) -> SqlResult<Found<U>> {
        let (user, epoch) = (self.user(row)?, self.base.epoch(row)?);
        Ok(Found { standing: self.base.standing(row)?, ..Found::new(user, epoch) })
    }

    fn found(&self, row: &DB::Row) -> SqlResult<Found<U>> {
        let (token, reauthentication) = self.base.token_state(row)?;
        Ok(Found { token, reauthentication, ..self.with_standing(row)? })
    }

    /// Reads a row that a lookup found, with `full` if it is in the full form.
    fn located(
        &self,
        located: Located<DB>,
        full: impl Fn(&Self, &DB::Row) -> SqlResult<Found<U>>,
    ) -> SqlResult<Found<U>> {
        let Located { row, short } = located;
        match short {
            Some(Short { epoch, session }) => Ok(Found { session, ..Found::new(self.user(&row)?, epoch) }),
            None => full(self, &row),
        }
    }

    /// Reads a row of [`Statements::find_session`](super::Statements::find_session).
    fn found_by_session(&self, row: &DB::Row) -> SqlResult<Found<U>> {
        Ok(Found { session: Some(self.base.session(row)?), ..self.found(row)? })
    }

    /// Looks up users in the database.
    pub(super) fn query<'a>(
        &'a self,
        wanted: &'a [Lookup<U::Id>],
    ) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        match wanted {
            [one] => Box::pin(async move { Ok(vec![self.find_one(one).await?]) }),
            many => Box::pin(self.find_all(many)),
        }
    }

    async fn find_one(&self, wanted: &Lookup<U::Id>) -> Result<Option<Found<U>>, StoreError> {
        let (located, full): (_, fn(&Self, &DB::Row) -> _) = match wanted {
            Lookup::User { id, token } => {
                let wanted = ById { id: id.to_value(), token: token.clone() };
                (self.base.locate_user(&wanted).await?, Self::found)
            }
            Lookup::Session(key) => (self.base.locate_user_of(key).await?, Self::found_by_session),
        };
        let found = located.map(|located| self.located(located, full)).transpose();
        let found = found.map_err(|error| self.base.error(error))?;
        Ok(found.filter(|found| !matches!(wanted, Lookup::User { id, .. } if !found.has_id(id))))
    }

    async fn find_all(&self, wanted: &[Lookup<U::Id>]) -> Result<Vec<Option<Found<U>>>, StoreError> {
        let rows = self.base.find(&Sorted::of(wanted), wanted.len()).await?;
        let found = wanted.iter().zip(rows).map(|(wanted, row)| {
            let Some(row) = row else { return Ok(None) };
            match wanted {
                Lookup::User { id, .. } => {
                    self.located(row, Self::found).map(|found| Some(found).filter(|found| found.has_id(id)))
                }
                Lookup::Session(_) => self.located(row, Self::found_by_session).map(Some),
            }
        });
        found.collect::<SqlResult<_>>().map_err(|error| self.base.error(error))
    }

    async fn find_canonical(&self, email: &CanonicalEmail) -> Result<Option<Found<U>>, StoreError> {
        let Some(row) = self.base.find_by_email(email).await? else { return Ok(None) };
        self.with_standing(&row).map(Some).map_err(|error| self.base.error(error))
    }

    async fn find_named(&self, name: &LoginName) -> Result<Option<Found<U>>, StoreError> {
        let Some(row) = self.base.find_by_login_name(name).await? else { return Ok(None) };
        let found = self.with_standing(&row).map_err(|error| self.base.error(error))?;
        // A database may treat different letters as equal.
        Ok(Some(found).filter(|found| found.user.login_name() == Some(name.as_str())))
    }

    /// Returns the same store for a change that writes these entries of the audit log.
    #[cfg(feature = "audit")]
    pub(super) fn recording_entries(&self, entries: Arc<[AuditEntry]>) -> Self {
        Self { base: Arc::new(self.base.recording_entries(entries)), tenant: self.tenant.clone() }
    }

    /// Sets the tenant of a user that is about to be written, replacing any other.
    fn stamp(&self, user: &mut U) -> Result<(), StoreError> {
        match &self.tenant {
            Some(tenant) => tenant.stamp(user),
            None if U::HAS_TENANTS => return Err(self.base.error(missing_tenant())),
            None => {}
        }
        Ok(())
    }

    /// Inserts a user, in the same transaction as a login method other than a password.
    pub(super) async fn insert_user(
        &self,
        mut user: U,
        login_method: Option<AddedLoginMethod<'_>>,
    ) -> Result<U, StoreError> {
        self.stamp(&mut user)?;
        let arguments = |table: &Adapted| self.insert_arguments(&user, table);
        let check = |table: &Adapted, row: &DB::Row| self.check_inserted(table, &user, row);
        let draft = Draft::new(new_id(&user), user.account().email, &arguments, &check);
        let row = self.base.insert(&draft, login_method).await?;
        self.user(&row).map_err(|error| self.base.error(error))
    }

    /// Does the same as [`Store::insert_user`], but stores nothing.
    async fn try_insert(&self, mut user: U) -> Result<(), StoreError> {
        self.stamp(&mut user)?;
        let arguments = |table: &Adapted| self.insert_arguments(&user, table);
        let check = |table: &Adapted, row: &DB::Row| self.check_inserted(table, &user, row);
        self.base.try_insert(&Draft::new(new_id(&user), user.account().email, &arguments, &check)).await
    }

    /// Checks that a new user is stored as it was sent, and can be read.
    fn check_inserted(&self, table: &Adapted, user: &U, row: &DB::Row) -> SqlResult<()> {
        self.refuse_changed_values(table, user, Columns::ALL, row)?;
        self.user(row).map(drop)
    }

    fn insert_arguments(&self, user: &U, table: &Adapted) -> SqlResult<DB::Arguments> {
        bind(user, Values::insert::<U>(&self.base.custom, &table.forms))
    }

    /// Changes a user, in the same transaction as a new link to an account at a provider.
    pub(super) async fn change_user(
        &self,
        change: Change<U>,
        account: Option<NewOAuthAccount>,
    ) -> Result<Option<U>, StoreError> {
        let (mut user, change) = change.without_user();
        self.stamp(&mut user)?;
        let arguments = |table: &Adapted| {
            let values = Values::update(&self.base.custom, &table.forms, change.columns);
            let mut arguments = bind(&user, values)?;
            bind_standing::<DB>(&change, &mut arguments)?;
            Ok(arguments)
        };
        let check = |table: &Adapted, row: &DB::Row| self.refuse_changed_values(table, &user, change.columns, row);
        let draft = Draft::new(Some(user.id().to_value()), user.account().email, &arguments, &check);
        let row = self.base.update(&draft, &change, account.as_ref()).await?;
        row.map(|row| self.user(&row)).transpose().map_err(|error| self.base.error(error))
    }
}

/// Returns the id of a new user, if the database does not generate it.
fn new_id<U: AuthUser>(user: &U) -> Option<IdValue> {
    (!U::ID_MADE_BY_DATABASE).then(|| user.account().id.to_value())
}

/// Binds all columns of a user, in the order of the table.
fn bind<U: SqlUser<DB>, DB: Dialect>(user: &U, mut values: Values<'_, DB>) -> SqlResult<DB::Arguments> {
    values.account(&user.account())?;
    user.bind_custom(&mut values)?;
    Ok(values.into_arguments())
}

impl<U: SqlUser<DB>, DB: Dialect> UserStore<U> for Store<U, DB> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        #[cfg(feature = "sqlite")]
        if let Some(cache) = self.lookup_cache() {
            return Box::pin(self.find_with_cache(cache, wanted));
        }
        self.query(wanted)
    }

    #[cfg(feature = "sqlite")]
    fn find_at_once(&self, wanted: &Lookup<U::Id>) -> Option<Found<U>> {
        as_found(self.lookup_cache()?.get(&key(wanted))?, wanted)
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(self.find_canonical(email))
    }

    fn find_by_login_name<'a>(&'a self, name: &'a LoginName) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        Box::pin(self.find_named(name))
    }

    fn find_damaged(&self, id: U::Id, substitute: U::Id) -> BoxFuture<'_, Result<Option<Damaged<U>>, StoreError>> {
        Box::pin(self.read_damaged(id, substitute))
    }

    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(self.insert_user(user, None))
    }

    fn check_insert(&self, user: U) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.try_insert(user))
    }

    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(self.change_user(change, None))
    }

    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        let id = id.to_value();
        Box::pin(async move { self.base.delete(&id).await })
    }

    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        let whose = whose.map(|id| id.to_value());
        Box::pin(async move { self.base.end_sessions(whose.as_ref()).await })
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.base.revoke(token, until))
    }

    fn use_once<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.base.use_once(token, until))
    }

    fn reauthenticate<'a>(
        &'a self,
        id: U::Id,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let id = id.to_value();
        Box::pin(async move { self.base.reauthenticate(&id, token, proof, until).await })
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.base.purge_expired(now))
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.base.migrate())
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        Box::pin(self.base.check_schema())
    }

    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        Some(Arc::clone(&self.base) as _)
    }

    fn refresh_store(self: Arc<Self>) -> Option<Arc<dyn RefreshStore>> {
        self.base.refreshes.store(true, Ordering::Relaxed);
        Some(Arc::clone(&self.base) as _)
    }

    fn second_factor_store(self: Arc<Self>) -> Option<Arc<dyn SecondFactorStore>> {
        self.base.factors.store(true, Ordering::Relaxed);
        Some(Arc::clone(&self.base) as _)
    }

    fn oauth_store(self: Arc<Self>) -> Option<Arc<dyn OAuthStore<U>>> {
        self.base.oauth_sql.is_some().then_some(self as _)
    }

    fn passkey_store(self: Arc<Self>) -> Option<Arc<dyn PasskeyStore<U>>> {
        self.base.keeps_passkeys.store(true, Ordering::Relaxed);
        Some(self as _)
    }

    fn counters(self: Arc<Self>) -> Option<Arc<dyn Counters>> {
        self.base.counts.store(true, Ordering::Relaxed);
        Some(Arc::clone(&self.base) as _)
    }

    #[cfg(feature = "audit")]
    fn audit_log(self: Arc<Self>) -> Option<Arc<dyn AuditStore>> {
        self.base.audit.start();
        Some(Arc::clone(&self.base) as _)
    }

    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn UserStore<U>>> {
        Some(Arc::new(self.recording_entries(entries)))
    }

    fn for_tenant(&self, tenant: &Tenant<U>) -> Result<Arc<dyn UserStore<U>>, StoreError> {
        let base = self.base.restricted(condition::<U, DB>(Some(tenant.clone())));
        Ok(Arc::new(Self { base: Arc::new(base), tenant: Some(tenant.clone()) }))
    }
}
