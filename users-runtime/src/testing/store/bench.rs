//! Helpers for the rules of the conformance suite.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::TimeDelta;

use crate::{
    domain::{CanonicalEmail, IdKind, IdSeed, IdValue, PasswordHash, Status, Timestamp, TokenId, UserId, id_kind},
    port::{Change, Found, Lookup, StoreError, UserStore},
    user::{AuthUser, Columns, NewAccount},
};

/// The reason why a check failed.
pub(super) struct Broken(pub(super) String);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(format!("unexpected error: {error:?}"))
    }
}

/// Fails unless both values are equal.
pub(super) fn same<T: PartialEq + Debug>(what: &str, got: T, wanted: T) -> Result<(), Broken> {
    if got == wanted { Ok(()) } else { Err(Broken(format!("{what} is {got:?}, not {wanted:?}"))) }
}

/// Fails unless the condition is true.
pub(super) fn holds(what: &str, holds: bool) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(format!("it does not hold that {what}"))) }
}

/// A store under test, with functions that create its content.
pub(super) struct Bench<U: AuthUser> {
    pub(super) store: Arc<dyn UserStore<U>>,
    user: fn(NewAccount<U::Id>) -> U,
    made: AtomicU64,
}

impl<U: AuthUser> Bench<U> {
    pub(super) fn new(store: Arc<dyn UserStore<U>>, user: fn(NewAccount<U::Id>) -> U) -> Self {
        Self { store, user, made: AtomicU64::new(0) }
    }

    /// Makes this bench create other ids than `other`, a bench over the same store.
    pub(super) fn start_after(&self, other: &Self) {
        const FAR: u64 = 1 << 32;
        self.made.store(other.made.load(Ordering::Relaxed).wrapping_add(FAR), Ordering::Relaxed);
    }

    /// Returns a user that is not stored yet, with a new id.
    pub(super) fn user(&self, email: &str) -> U {
        let number = self.made.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        (self.user)(NewAccount {
            // The odd factor spreads the numbers over all bits, so that ids are not in the order of creation.
            id: U::new_id(IdSeed::new(
                minute(0),
                (u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).to_be_bytes(),
            )),
            email: email.to_owned(),
            hashed_password: PasswordHash::from_stored(format!("hash of {email}")),
            status: Status::NEW,
        })
    }

    /// Stores a user and returns it.
    pub(super) async fn stored(&self, email: &str) -> Result<U, Broken> {
        Ok(self.store.insert(self.user(email)).await?)
    }

    /// Returns an id that no stored user has.
    pub(super) fn unknown_id(&self) -> U::Id {
        if U::ID_MADE_BY_DATABASE && id_kind::<U::Id>() == IdKind::Integer {
            U::Id::from_value(IdValue::Integer(2_000_000_000)).unwrap_or_else(|| self.user("nobody@example.com").id())
        } else {
            self.user("nobody@example.com").id()
        }
    }

    pub(super) async fn by_id(&self, id: U::Id) -> Result<Option<Found<U>>, Broken> {
        self.with_token(id, None).await
    }

    pub(super) async fn with_token(&self, id: U::Id, token: Option<&TokenId>) -> Result<Option<Found<U>>, Broken> {
        self.find(Lookup::User { id, token: token.cloned() }).await
    }

    /// Looks up a user as requests do. The lookup is repeated, since a store may then return a cached result.
    pub(super) async fn find(&self, wanted: Lookup<U::Id>) -> Result<Option<Found<U>>, Broken> {
        if let Some(found) = self.store.find_at_once(&wanted) {
            return Ok(Some(found));
        }
        let (wanted, mut results) = ([wanted], Vec::new());
        for _ in 0..2 {
            results = self.store.find(&wanted).await?;
            same("the number of results of one lookup", results.len(), 1)?;
        }
        Ok(results.pop().flatten())
    }

    /// Returns a stored user, and fails if it is not found.
    pub(super) async fn present(&self, id: U::Id, token: Option<&TokenId>) -> Result<Found<U>, Broken> {
        self.with_token(id, token).await?.ok_or_else(|| Broken("a stored user is not found by its id".to_owned()))
    }

    pub(super) async fn by_email(&self, email: &str) -> Result<Option<Found<U>>, Broken> {
        Ok(self.store.find_by_email(&CanonicalEmail::of(email)).await?)
    }
}

/// Returns a change without conditions that ends no session.
pub(super) fn change<U: AuthUser>(user: &U, columns: Columns, write: impl FnOnce(&mut U)) -> Change<U> {
    let mut user = user.clone();
    write(&mut user);
    Change::new(user, columns)
}

/// Returns the values that can be compared for any user type.
pub(super) fn facts<U: AuthUser>(user: &U) -> (U::Id, String, String, Status) {
    let account = user.account();
    (account.id.clone(), account.email.to_owned(), account.hashed_password.as_stored().to_owned(), account.status)
}

/// Returns a token id in the correct form.
pub(super) fn token(number: u32) -> TokenId {
    TokenId(format!("token-{number:0>16}"))
}

/// Returns a time, in minutes after an arbitrary start.
pub(super) fn minute(minutes: i64) -> Timestamp {
    let start = Timestamp::from_timestamp(1_800_000_000, 0).unwrap_or(Timestamp::UNIX_EPOCH);
    start.checked_add_signed(TimeDelta::minutes(minutes)).unwrap_or(start)
}
