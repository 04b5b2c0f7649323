//! Users in a redb file: one transaction per call, durable when the call returns.

use std::sync::Arc;

use axum_users::{
    env::{BoxFuture, Timestamp},
    schema::UserId,
    store::{
        CanonicalEmail, Change, EndSessions, Epoch, Found, IdValue, Lookup, Reauthentication, SchemaDrift,
        SessionStore, Standing, StoreError, TokenId, TokenState, UserStore,
    },
};
use redb::{ReadTransaction, ReadableTable, TableDefinition, TableHandle, WriteTransaction};

use crate::{
    codec::{Record, TokenRow, UserRow, decode, get, put},
    engine::{LAST, RedbStore, Refused, next},
    sessions::{self, Sessions},
};

/// Users by the text form of their ids.
pub const USERS: TableDefinition<&str, &[u8]> = TableDefinition::new("users");
/// The unique index: ids by canonical address.
const EMAILS: TableDefinition<&str, &str> = TableDefinition::new("emails");
/// States of tokens by token id.
pub const TOKENS: TableDefinition<&str, &[u8]> = TableDefinition::new("tokens");
pub fn found<U: Record>(
    transaction: &ReadTransaction,
    id: &str,
    token: Option<&TokenId>,
) -> Result<Option<Found<U>>, Refused> {
    let Some(row) = get::<UserRow<U>>(&transaction.open_table(USERS)?, id)? else { return Ok(None) };
    let note = match token {
        Some(token) => get::<TokenRow>(&transaction.open_table(TOKENS)?, &token.0)?,
        None => None,
    };
    let mut found = row.into_found(note.as_ref().map_or(TokenState::Unmarked, TokenRow::state));
    found.reauthentication = note.and_then(|note| note.proof());
    Ok(Some(found))
}

fn insert<U: Record>(transaction: &WriteTransaction, mut user: U) -> Result<U, Refused> {
    let email = CanonicalEmail::of(user.account().email);
    let mut emails = transaction.open_table(EMAILS)?;
    if emails.get(email.as_str())?.is_some() {
        return Err(StoreError::EmailTaken.into());
    }
    if U::ID_MADE_BY_DATABASE {
        let id = U::Id::from_value(IdValue::Integer(next(transaction, "user")?));
        *user.account_mut().id = id.ok_or_else(|| StoreError::failed("only integer ids are made here"))?;
    }
    let id = user.id().to_string();
    let mut users = transaction.open_table(USERS)?;
    if users.get(&*id)?.is_some() {
        return Err(StoreError::Conflict.into());
    }
    emails.insert(email.as_str(), &*id)?;
    put(&mut users, &id, &UserRow::new(&user, Epoch(0), Standing::default()))?;
    Ok(user)
}

/// Returns the error with which [`insert`] would refuse a user.
fn check_insert<U: Record>(transaction: &ReadTransaction, user: &U) -> Result<(), Refused> {
    let email = CanonicalEmail::of(user.account().email);
    if transaction.open_table(EMAILS)?.get(email.as_str())?.is_some() {
        return Err(StoreError::EmailTaken.into());
    }
    if !U::ID_MADE_BY_DATABASE && transaction.open_table(USERS)?.get(&*user.id().to_string())?.is_some() {
        return Err(StoreError::Conflict.into());
    }
    Ok(())
}

fn update<U: Record>(transaction: &WriteTransaction, change: Change<U>) -> Result<Option<U>, Refused> {
    let id = change.user.id().to_string();
    let mut users = transaction.open_table(USERS)?;
    let Some(row) = get::<UserRow<U>>(&users, &id)? else { return Ok(None) };
    let Found { mut user, epoch, mut standing, .. } = row.into_found(TokenState::Unmarked);
    if !change.may_change(&user, epoch) {
        return Ok(None);
    }
    if let Some((token, _)) = &change.use_token
        && get::<TokenRow>(&transaction.open_table(TOKENS)?, &token.0)?.is_some()
    {
        return Ok(None);
    }

    let old = CanonicalEmail::of(user.account().email);
    change.write_into(&mut user);
    change.write_standing_into(&mut standing);
    let new = CanonicalEmail::of(user.account().email);
    let mut emails = transaction.open_table(EMAILS)?;
    if old != new {
        if emails.get(new.as_str())?.is_some() {
            return Err(StoreError::EmailTaken.into());
        }
        emails.remove(old.as_str())?;
        emails.insert(new.as_str(), &*id)?;
    }

    let epoch = match &change.end_sessions {
        EndSessions::Keep => epoch,
        EndSessions::All | EndSessions::AllBut(..) => Epoch(epoch.0 + 1),
    };
    if let Some((used, until)) = &change.use_token {
        note(transaction, used, *until, |token| token.revoked = true)?;
    }
    if let EndSessions::AllBut(spared, until) = &change.end_sessions {
        note(transaction, spared, *until, |token| token.kept_at = Some(epoch.0))?;
    }
    put(&mut users, &id, &UserRow::new(&user, epoch, standing))?;
    Ok(Some(user))
}

fn delete<U: Record>(transaction: &WriteTransaction, id: &str) -> Result<bool, Refused> {
    let mut users = transaction.open_table(USERS)?;
    let Some(row) = get::<UserRow<U>>(&users, id)? else { return Ok(false) };
    let email = CanonicalEmail::of(row.into_user().account().email);
    users.remove(id)?;
    transaction.open_table(EMAILS)?.remove(email.as_str())?;
    Sessions::of(transaction)?.remove_all(id)?;
    Ok(true)
}

/// Raises the epoch of one user or of all.
fn end_sessions<U: Record>(transaction: &WriteTransaction, whose: Option<String>) -> Result<(), Refused> {
    let mut users = transaction.open_table(USERS)?;
    let ids = match whose {
        Some(id) => vec![id],
        None => users.iter()?.map(|row| Ok(row?.0.value().to_owned())).collect::<Result<_, Refused>>()?,
    };
    for id in ids {
        if let Some(mut row) = get::<UserRow<U>>(&users, &id)? {
            row.epoch += 1;
            put(&mut users, &id, &row)?;
        }
    }
    Ok(())
}

/// Stores the state of a token until `until`, or longer if an earlier record requires it.
fn note(
    transaction: &WriteTransaction,
    token: &TokenId,
    until: Timestamp,
    write: impl FnOnce(&mut TokenRow),
) -> Result<(), Refused> {
    let mut tokens = transaction.open_table(TOKENS)?;
    let mut row: TokenRow = get(&tokens, &token.0)?.unwrap_or_default();
    row.until = row.until.max(until);
    write(&mut row);
    put(&mut tokens, &token.0, &row)
}

fn purge_expired(transaction: &WriteTransaction, now: Timestamp) -> Result<u64, Refused> {
    let mut tokens = transaction.open_table(TOKENS)?;
    let mut ended = Vec::new();
    for row in tokens.iter()? {
        let (token, bytes) = row?;
        if decode::<TokenRow>(bytes.value())?.until < now {
            ended.push(token.value().to_owned());
        }
    }
    for token in &ended {
        tokens.remove(&**token)?;
    }
    Ok(ended.len() as u64)
}

impl<U: Record> UserStore<U> for RedbStore<U> {
    fn find<'a>(&'a self, wanted: &'a [Lookup<U::Id>]) -> BoxFuture<'a, Result<Vec<Option<Found<U>>>, StoreError>> {
        let wanted = wanted.to_vec();
        Box::pin(self.read(move |transaction| {
            let find = |wanted| match wanted {
                Lookup::User { id, token } => found(transaction, &U::Id::to_string(&id), token.as_ref()),
                Lookup::Session(key) => sessions::found(transaction, &key),
            };
            wanted.into_iter().map(find).collect()
        }))
    }

    fn find_by_email<'a>(&'a self, email: &'a CanonicalEmail) -> BoxFuture<'a, Result<Option<Found<U>>, StoreError>> {
        let email = email.clone();
        Box::pin(self.read(move |transaction| match transaction.open_table(EMAILS)?.get(email.as_str())? {
            Some(id) => found(transaction, id.value(), None),
            None => Ok(None),
        }))
    }

    fn insert(&self, user: U) -> BoxFuture<'_, Result<U, StoreError>> {
        Box::pin(self.write(|transaction| insert(transaction, user)))
    }

    fn check_insert(&self, user: U) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.read(move |transaction| check_insert(transaction, &user)))
    }

    fn update(&self, change: Change<U>) -> BoxFuture<'_, Result<Option<U>, StoreError>> {
        Box::pin(self.write(|transaction| update(transaction, change)))
    }

    fn delete(&self, id: U::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.write(move |transaction| delete::<U>(transaction, &id.to_string())))
    }

    fn end_sessions(&self, whose: Option<U::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write(move |transaction| end_sessions::<U>(transaction, whose.map(|id| id.to_string()))))
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        let token = token.clone();
        Box::pin(self.write(move |transaction| note(transaction, &token, until, |token| token.revoked = true)))
    }

    fn use_once<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        let token = token.clone();
        Box::pin(self.write(move |transaction| {
            if get::<TokenRow>(&transaction.open_table(TOKENS)?, &token.0)?.is_some() {
                return Ok(false);
            }
            note(transaction, &token, until, |token| token.revoked = true)?;
            Ok(true)
        }))
    }

    fn reauthenticate<'a>(
        &'a self,
        id: U::Id,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (id, token) = (id.to_string(), token.clone());
        Box::pin(self.write(move |transaction| {
            if transaction.open_table(USERS)?.get(&*id)?.is_none() {
                return Err(StoreError::Conflict.into());
            }
            note(transaction, &token, until, |token| token.prove(proof))
        }))
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.write(move |transaction| purge_expired(transaction, now)))
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write(|transaction| {
            transaction.open_table(USERS)?; // opening creates missing tables
            transaction.open_table(EMAILS)?;
            transaction.open_table(TOKENS)?;
            transaction.open_table(LAST)?;
            Sessions::of(transaction)?;
            Ok(())
        }))
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        Box::pin(self.read(|transaction| {
            let there: Vec<String> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
            let wanted = [USERS.name(), EMAILS.name(), TOKENS.name(), LAST.name()].into_iter().chain(sessions::TABLES);
            let missing = wanted
                .filter(|table| !there.iter().any(|name| name == table))
                .map(|table| SchemaDrift::new(table, "is missing"));
            Ok(missing.collect())
        }))
    }

    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        Some(self)
    }
}
