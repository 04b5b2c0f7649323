//! Where users are kept.

use std::{fmt, sync::Arc};

use super::{BoxFuture, FoundSession, SessionStore};
use crate::{
    domain::{CanonicalEmail, Epoch, PasswordHash, Session, SessionKey, StoreError, Timestamp, TokenId},
    user::{AuthUser, Columns, Tenant},
};

/// Where users are kept. Everything the runtime ever asks of a database is here.
///
/// Look-ups answer `None` for "not there"; that is an answer and not an error. Every write is one transaction: it
/// happens wholly, durably, or not at all, also when the caller drops the future. A future must not block its thread.
///
/// To write one: `docs/guide/custom-store.md` in the repository is the guide, with a whole store in it and one over an embedded
/// engine in `examples/custom_store`. `testing::store_conformance` and `testing::store_races` (Cargo feature `testing`)
/// say when it is done. [`MemoryStore`](crate::adapter::memory::MemoryStore) is one that keeps everything but after a restart.
///
/// # Errors
/// Those of [`StoreError`]: [`Unavailable`](StoreError::Unavailable) for what may work later (clients see 503),
/// [`Failed`](StoreError::Failed) for anything else (500). What a method refuses beyond that stands beside it.
pub trait UserStore<U: AuthUser>: Send + Sync + 'static {
    /// Looks several users up at once, in one query; the answer has one entry per look-up, in order. User, epoch, note and
    /// session of one entry are of one moment.
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>>;

    /// Looks a user up by the canonical form of the address.
    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>>;

    /// Adds a user and answers it as stored, with the id that the database made, if it makes them
    /// ([`UserId::MADE_BY_DATABASE`](crate::domain::UserId::MADE_BY_DATABASE)). No id together with an epoch is ever given
    /// twice, or the tokens of a deleted user would fit a new one.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] if another user has the address in any case, [`StoreError::Conflict`] if one has the id.
    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>>;

    /// Changes the named columns of one user, and nothing else, if every condition of the change holds. Answers the
    /// row as it then is, or `None` if there is no such user or a condition fails. [`Change::may_change`] and
    /// [`Change::write_into`] do both for a store that reads whole users.
    ///
    /// # Errors
    /// [`StoreError::EmailTaken`] as for insert.
    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>>;

    /// Deletes a user with all that hangs on it: index entries, sessions. Answers whether there was one.
    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Ends all sessions of one user, or of everybody, by raising the epoch.
    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Notes that a token is dead until `until`, when it ends by itself. A note never lives shorter than an earlier one
    /// about the same token said, and nothing takes a revocation back.
    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Forgets what it notes about tokens that ended before `now`; answers how many. Safe to run at any time.
    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Creates what is missing: tables, columns, indexes. Drops and rewrites nothing.
    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Compares the database with the struct; an empty answer means that they agree.
    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>>;

    /// Where sessions are kept beside the users, for backends whose tokens are rows. A store that has `None`, as this
    /// default, answers `None` to every [`Lookup::Session`], and such backends cannot be built on it.
    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        None
    }

    /// The same store, held to one tenant: it finds, changes and deletes users of the tenant only, writes the tenant into
    /// every user that it stores, and knows an address as taken if another user of the same tenant has it. What is noted
    /// about tokens is the same for all tenants.
    ///
    /// Only asked for user types with tenants ([`AuthUser::HAS_TENANTS`]). A store that implements it answers
    /// [`StoreError::MissingTenant`] to everything about users of such a type until it is held to a tenant.
    ///
    /// # Errors
    /// [`StoreError::MissingTenant`] if the store knows no tenants, as by default: nothing then runs missing_tenant.
    fn for_tenant(&self, tenant: &Tenant<U>) -> Result<Arc<dyn UserStore<U>>, StoreError> {
        let _ = tenant;
        Err(StoreError::MissingTenant)
    }
}

/// A look-up of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<Id> {
    /// By id, with the state of the token that named the id, if one did, so that an authenticated request costs one query.
    User {
        /// The user's id.
        id: Id,
        /// The token.
        token: Option<TokenId>,
    },
    /// By a session that is stored beside the user, with the state of that session's name.
    Session(SessionKey),
}

impl<Id> Lookup<Id> {
    /// By id alone.
    #[must_use]
    pub fn by_id(id: Id) -> Self {
        Self::User { id, token: None }
    }
}

/// A user as found, with what decides about tokens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Found<U> {
    /// The user.
    pub user: U,
    /// The user's epoch: tokens of another one are dead, but for [`TokenState::KeptAt`].
    pub epoch: Epoch,
    /// What is noted about the token of the look-up.
    pub token: TokenState,
    /// The session of the look-up, if it was one by session.
    pub session: Option<FoundSession>,
}

/// What a store notes about one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenState {
    /// Nothing: the epoch decides.
    #[default]
    Unmarked,
    /// Logged out.
    Revoked,
    /// Spared when the user's other sessions were ended: good as long as the user's epoch is this one.
    KeptAt(Epoch),
}

impl TokenState {
    /// Whether a token of a login at this epoch counts while its user is at `current`.
    #[must_use]
    pub fn is_live(self, login: Epoch, current: Epoch) -> bool {
        match self {
            Self::Unmarked => login == current,
            Self::Revoked => false,
            Self::KeptAt(epoch) => epoch == current,
        }
    }
}

/// A change of one user.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Change<U> {
    /// The user as it should become; only the named columns are written.
    pub user: U,
    /// The columns to write.
    pub columns: Columns,
    /// Only if the stored hash is still this one: single use of reset tokens, and no lost password.
    pub if_hashed_password: Option<PasswordHash>,
    /// Only if the stored address is still this one, byte for byte: no verification of an unproved address.
    pub if_email: Option<String>,
    /// Only if the user's epoch is still this one: a session that was ended while its request was under way must not
    /// change the password or the address.
    pub if_epoch: Option<Epoch>,
    /// Sessions to end in the same transaction.
    pub end_sessions: EndSessions,
}

impl<U> Found<U> {
    /// A user with no recorded token state and no session.
    #[must_use]
    pub fn new(user: U, epoch: Epoch) -> Self {
        Self { user, epoch, token: TokenState::Unmarked, session: None }
    }
}

impl<U> Change<U> {
    /// A change of the named columns, without conditions, that ends no session.
    #[must_use]
    pub fn new(user: U, columns: Columns) -> Self {
        Self {
            user,
            columns,
            if_hashed_password: None,
            if_email: None,
            if_epoch: None,
            end_sessions: EndSessions::Keep,
        }
    }
}

impl<U: AuthUser> Change<U> {
    /// Whether every condition holds for the user as it is stored. Ask inside the transaction that writes: between a
    /// look before it and the write, somebody else may have changed what was seen.
    #[must_use]
    pub fn may_change(&self, stored: &U, epoch: Epoch) -> bool {
        let stored = stored.account();
        self.if_hashed_password.as_ref().is_none_or(|hash| hash == stored.hashed_password)
            && self.if_email.as_ref().is_none_or(|email| email == stored.email)
            && self.if_epoch.is_none_or(|wanted| wanted == epoch)
    }

    /// Copies the named columns into the user as it is stored, and no other: somebody else may have written those
    /// meanwhile.
    pub fn write_into(&self, stored: &mut U) {
        stored.copy_custom(&self.user, self.columns);
        let (from, to) = (self.user.account(), stored.account_mut());
        for (column, flag, value) in [
            (Columns::IS_ACTIVE, to.is_active, from.status.is_active),
            (Columns::IS_SUPERUSER, to.is_superuser, from.status.is_superuser),
            (Columns::IS_VERIFIED, to.is_verified, from.status.is_verified),
        ] {
            if self.columns.includes(column) {
                *flag = value;
            }
        }
        if self.columns.includes(Columns::EMAIL) {
            from.email.clone_into(to.email);
        }
        if self.columns.includes(Columns::HASHED_PASSWORD) {
            to.hashed_password.clone_from(from.hashed_password);
        }
    }
}

/// Which sessions of the changed user end with the change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EndSessions {
    /// None.
    #[default]
    Keep,
    /// All.
    All,
    /// All but this token, which ends by itself at the time given.
    AllBut(TokenId, Timestamp),
}

impl EndSessions {
    /// All but this session; all, if it has no name by which it could be spared.
    #[must_use]
    pub fn all_but(spared: &Session) -> Self {
        match &spared.token_id {
            Some(token) => Self::AllBut(token.clone(), spared.expires_at.unwrap_or(Timestamp::MAX_UTC)),
            None => Self::All,
        }
    }
}

/// One difference between the struct and the database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaDrift {
    /// The table.
    pub table: String,
    /// The column, or `None` when the table or an index is missing.
    pub column: Option<String>,
    /// What is wrong, in words.
    pub problem: String,
    /// A statement that repairs it without losing data, if there is one.
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
