//! Storage of users.

use std::{fmt, future::ready, sync::Arc};

#[cfg(feature = "audit")]
use super::{AuditEntry, AuditStore};
use super::{
    BoxFuture, Change, Counters, FoundSession, OAuthStore, PasskeyStore, RefreshStore, SecondFactorStore, SessionStore,
};
use crate::{
    domain::{
        CanonicalEmail, Epoch, LoginName, Reauthentication, SessionKey, Standing, StoreError, Timestamp, TokenId,
    },
    user::{AuthUser, Columns, Tenant},
};

/// The database of users: everything the runtime reads and writes.
///
/// Lookups return `None` if there is no such user. Every write is one transaction: it takes effect completely and
/// durably or not at all, even if the caller drops the future. A future must not block its thread.
///
/// See [Writing a store](https://github.com/axum-users/axum-users/blob/main/docs/guide/custom-store.md) for a complete
/// implementation, and `examples/custom_store` in the repository for one over an embedded database.
/// `testing::store_conformance` and `testing::store_races` (Cargo feature `testing`) test an implementation.
/// [`MemoryStore`](crate::adapter::memory::MemoryStore) keeps users in memory.
///
/// # Errors
/// Every method returns [`StoreError::Unavailable`] if the operation may succeed later (status 503),
/// [`StoreError::InvalidValue`] if the database refuses a value that it was given (422; a lookup treats it as an unknown user),
/// [`StoreError::Unreadable`] if a stored user cannot be read (an unknown user outside the routes of superusers), and
/// [`StoreError::Failed`] for any other failure of the database (status 500). Additional errors are documented with the
/// method.
pub trait UserStore<U: AuthUser>: Send + Sync + 'static {
    /// Looks up several users in one query. The result has one entry for each lookup, in order. The user, epoch, token
    /// state and session of an entry are read from one consistent snapshot.
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>>;

    /// Returns the result that [`find`](Self::find) would return for this lookup, if the store knows it without a
    /// query. The data must not be older than this call. Must not wait. The default is `None`.
    fn find_at_once(&self, wanted: &Lookup<U::Id>) -> Option<Found<U>> {
        let _ = wanted;
        None
    }

    /// Looks up a user by the canonical form of the address.
    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>>;

    /// Looks up a user by the login name ([`AuthUser::login_name`]). Called for user types that have one
    /// ([`AuthUser::HAS_LOGIN_NAME`]); for these, [`insert`](Self::insert) and [`update`](Self::update) must refuse a name that
    /// another user has with [`StoreError::Conflict`]. The default is an error.
    fn find_by_login_name<'a>(&'a self, name: &'a LoginName) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        let _ = name;
        Box::pin(ready(Err(StoreError::failed(
            "the store finds no users by a login name: implement UserStore::find_by_login_name",
        ))))
    }

    /// Reads a user for whom [`find`](Self::find) returns [`StoreError::Unreadable`], so that a superuser can repair
    /// it: values that cannot be read are taken from the user `substitute`. Returns `None` if one of the users does not
    /// exist, or if the store does not support it, which is the default.
    fn find_damaged(&self, id: U::Id, substitute: U::Id) -> BoxFuture<'_, Result<Option<Damaged<U>>, StoreError>> {
        let _ = (id, substitute);
        Box::pin(ready(Ok(None)))
    }

    /// Adds a user and returns it as stored, with the generated id if the database generates ids
    /// ([`AuthUser::ID_MADE_BY_DATABASE`]). A pair of id and epoch must never be
    /// used twice: otherwise the tokens of a deleted user would be valid for a new one.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if another user has the address, ignoring case; [`StoreError::Conflict`] if another
    /// user has the id.
    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>>;

    /// Returns the error with which [`insert`](Self::insert) would refuse this user, whose address nobody has, and
    /// stores nothing. Called before every registration under `Policy::private_registration`, with a made-up address: a
    /// value that only the database refuses must be refused in the same way for new and for taken addresses.
    ///
    /// The default is an error, so that such a service does not accept registrations. A store whose `insert` refuses
    /// nothing but addresses and ids returns `Ok(())`.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert).
    fn check_insert(&self, user: U) -> BoxFuture<'_, Result<(), StoreError>> {
        let _ = user;
        Box::pin(ready(Err(StoreError::failed(
            "the store cannot tell whether it would refuse a user: implement UserStore::check_insert for private_registration()",
        ))))
    }

    /// Changes only the named columns of one user, and the standing if the change sets it, provided that every
    /// condition of the change holds. Returns the row after the change, or `None` if the user does not exist, a
    /// condition fails or the token was used before. Stores that read whole users can use [`Change::may_change`],
    /// [`Change::write_into`] and [`Change::write_standing_into`].
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] as for [`insert`](Self::insert).
    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>>;

    /// Deletes a user with all dependent data, such as index entries and sessions. Returns `true` if the user existed.
    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Ends all sessions of one user, or of all users if `whose` is `None`, by raising the epoch.
    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Records that a token is revoked until `until`, the time at which it expires. A later call never shortens an
    /// earlier record of the same token, and nothing reverts a revocation.
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Records a token as revoked until `until`, unless anything is recorded under its name already. Returns `true` if
    /// this call recorded it: of several concurrent calls, exactly one does.
    ///
    /// Called for each attempt with a mailed code, even for addresses without an account. The default is an error, so
    /// that such codes are refused.
    fn use_once<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        let _ = (token, until);
        Box::pin(ready(Err(StoreError::failed(
            "the store cannot count the tries of a mailed code: implement UserStore::use_once",
        ))))
    }

    /// Records that the user of a session re-authenticated, in the record of the session's token, which is kept at
    /// least until `until`. A later call replaces the earlier one. The record revives nothing: a revoked token stays
    /// revoked, and a token that was invalidated by a raised epoch stays invalid.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the user does not exist.
    fn reauthenticate<'a>(
        &'a self,
        id: U::Id,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Removes the records of tokens that expired before `now` and returns their number. Safe to run at any time.
    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Creates missing tables, columns and indexes. Drops and rewrites nothing.
    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Compares the database with the user struct. Returns the differences; an empty list means that they agree.
    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>>;

    /// Returns the storage of sessions, for backends whose sessions are rows of the users' database. A store that
    /// returns `None`, which is the default, must return no user for every [`Lookup::Session`]; such backends cannot be
    /// built on it.
    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        None
    }

    /// Returns the storage of refresh tokens, for backends with [`refresh`](crate::Backend::refresh). From this call on the store
    /// migrates and compares its table, too. A store that returns `None`, which is the default, has none; such backends cannot
    /// be built on it.
    fn refresh_store(self: Arc<Self>) -> Option<Arc<dyn RefreshStore>> {
        None
    }

    /// Returns the storage of second factors, for [`mfa`](crate::UsersBuilder::mfa). From this call on the store migrates and compares
    /// its tables, too. A store that returns `None`, which is the default, has none; such a service cannot be built on it.
    fn second_factor_store(self: Arc<Self>) -> Option<Arc<dyn SecondFactorStore>> {
        None
    }

    /// Returns the storage of accounts at OAuth providers, for user types with `#[auth(oauth)]`. With a store that returns
    /// `None`, which is the default, their routes cannot be built.
    fn oauth_store(self: Arc<Self>) -> Option<Arc<dyn OAuthStore<U>>> {
        None
    }

    /// Returns the storage of passkeys, for services with [passkeys](crate::UsersBuilder). From this call on the store
    /// migrates and compares its table, too. For [`recording`](Self::recording) and [`for_tenant`](Self::for_tenant),
    /// it is obtained from the stores that they return. A store that returns `None`, which is the default, has none;
    /// such services cannot be built on it.
    fn passkey_store(self: Arc<Self>) -> Option<Arc<dyn PasskeyStore<U>>> {
        None
    }

    /// Returns the counters of rate limits in this database, for
    /// [`counters_in_database`](crate::UsersBuilder::counters_in_database). From this call on the store migrates and
    /// compares their table, too, and [`purge_expired`](Self::purge_expired) removes expired counters. A store that
    /// returns `None`, which is the default, has none.
    fn counters(self: Arc<Self>) -> Option<Arc<dyn Counters>> {
        None
    }

    /// Returns the audit log in this database, for [`audit_log`](crate::UsersBuilder::audit_log). From this call on the store
    /// migrates and compares its table, too. A store that returns `None`, which is the default, has none.
    #[cfg(feature = "audit")]
    fn audit_log(self: Arc<Self>) -> Option<Arc<dyn AuditStore>> {
        None
    }

    /// Returns the same store for one change, which writes these entries in its transaction: if the change is not
    /// stored, neither are they, and if they cannot be written, the change fails. An entry without a user gets the user
    /// who is added. If a store returns `None`, which is the default, the caller appends the entries afterwards.
    #[cfg(feature = "audit")]
    fn recording(self: Arc<Self>, entries: Arc<[AuditEntry]>) -> Option<Arc<dyn UserStore<U>>> {
        let _ = entries;
        None
    }

    /// Returns the same store restricted to one tenant: it finds, changes and deletes only users of the tenant, writes
    /// the tenant into every user it stores, and requires addresses to be unique within the tenant. Records about
    /// tokens are shared by all tenants.
    ///
    /// Only called for user types with tenants ([`AuthUser::HAS_TENANTS`]). For such a type an unrestricted store must
    /// return [`StoreError::MissingTenant`] from every method that reads or writes users.
    ///
    /// # Errors
    /// [`StoreError::MissingTenant`] if the store does not support tenants, which is the default: no query then runs
    /// without a tenant.
    fn for_tenant(&self, tenant: &Tenant<U>) -> Result<Arc<dyn UserStore<U>>, StoreError> {
        let _ = tenant;
        Err(StoreError::MissingTenant)
    }
}

/// A lookup of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<Id> {
    /// By id, together with the state of the token that contained the id, so that an authenticated request costs one
    /// query.
    User {
        /// The user's id.
        id: Id,
        /// The id of the token, or `None` for a lookup without a token.
        token: Option<TokenId>,
    },
    /// By a session that is stored with the user, together with the state of that session.
    Session(SessionKey),
}

impl<Id> Lookup<Id> {
    /// Looks up a user by id, without a token.
    #[must_use]
    pub fn by_id(id: Id) -> Self {
        Self::User { id, token: None }
    }
}

/// A user as stored, with the data that determines the validity of tokens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Found<U> {
    /// The user.
    pub user: U,
    /// The user's epoch. Tokens of another epoch are revoked, except those with [`TokenState::KeptAt`].
    pub epoch: Epoch,
    /// The recorded state of the token in the lookup.
    pub token: TokenState,
    /// The re-authentication that [`UserStore::reauthenticate`] recorded for the token in the lookup.
    pub reauthentication: Option<Reauthentication>,
    /// The session, if the lookup was by session.
    pub session: Option<FoundSession>,
    /// Whether the account is suspended, and whether its password must be changed.
    pub standing: Standing,
}

/// A stored user with some values that cannot be read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Damaged<U> {
    /// The user. The values of `columns` are those of another user.
    pub user: U,
    /// The columns that cannot be read.
    pub columns: Columns,
}

impl<U> Damaged<U> {
    /// Describes a user whose values in these columns were replaced by those of another user.
    #[must_use]
    pub fn new(user: U, columns: Columns) -> Self {
        Self { user, columns }
    }
}

/// The recorded state of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenState {
    /// Nothing is recorded: the epoch decides.
    #[default]
    Unmarked,
    /// Logged out.
    Revoked,
    /// The token was kept when the user's other sessions were ended: it is valid while the user has this epoch.
    KeptAt(Epoch),
}

impl TokenState {
    /// Returns `true` if a token of a login at the epoch `login` is valid while its user is at `current`.
    #[must_use]
    pub fn is_live(self, login: Epoch, current: Epoch) -> bool {
        match self {
            Self::Unmarked => login == current,
            Self::Revoked => false,
            Self::KeptAt(epoch) => epoch == current,
        }
    }
}

impl<U> Found<U> {
    /// A user with no recorded token state, no session and the standing of a new account.
    #[must_use]
    pub fn new(user: U, epoch: Epoch) -> Self {
        Self {
            user,
            epoch,
            token: TokenState::Unmarked,
            reauthentication: None,
            session: None,
            standing: Standing::default(),
        }
    }
}

impl<U: AuthUser> Found<U> {
    /// Returns `true` if the user has exactly this id. A database may find a row by a collation that treats different
    /// texts as equal.
    pub(crate) fn has_id(&self, id: &U::Id) -> bool {
        self.user.account().id == id
    }
}

/// A difference between the user struct and the database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaDrift {
    /// The table.
    pub table: String,
    /// The column, or `None` if the table or an index is missing.
    pub column: Option<String>,
    /// A description of the difference.
    pub problem: String,
    /// An SQL statement that repairs it without losing data, if there is one.
    pub repair: Option<String>,
}

impl SchemaDrift {
    /// A difference in a table, without a column and without a repair.
    #[must_use]
    pub fn new(table: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { table: table.into(), column: None, problem: problem.into(), repair: None }
    }
}

impl fmt::Display for SchemaDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table)?;
        if let Some(column) = &self.column {
            write!(f, ".{column}")?;
        }
        write!(f, ": {}", self.problem)?;
        match &self.repair {
            Some(sql) => write!(f, "; repair: {sql}"),
            None => Ok(()),
        }
    }
}
