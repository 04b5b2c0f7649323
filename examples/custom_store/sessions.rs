//! Sessions, in the same file as their users, so that one transaction covers both.

use std::net::IpAddr;

use axum_users::{
    env::{BoxFuture, Timestamp},
    schema::UserId,
    store::{
        AuthMethods, EndedSessions, Epoch, Found, FoundSession, NewSession, SessionKey, SessionStore, StoreError,
        TokenId, TokenState,
    },
    token::{Device, ListedSession, Session},
};
use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::{
    codec::{Record, Rows, TokenRow, UserRow, decode, get, put},
    engine::{RedbStore, Refused, next},
    store::{self, TOKENS, USERS},
};

/// Sessions by key.
const SESSIONS: TableDefinition<&str, &[u8]> = TableDefinition::new("sessions");
/// The keys of a user's sessions in login order: by user, microsecond, and sequence number.
const OF_USER: TableDefinition<Place, &str> = TableDefinition::new("sessions_of_user");
type Place = (&'static str, i64, i64);

/// The names of the tables.
pub const TABLES: [&str; 2] = ["sessions", "sessions_of_user"];

#[derive(Serialize, Deserialize)]
struct SessionRow {
    user: String,
    id: String,
    epoch: i64,
    created_at: Timestamp,
    last_seen_at: Option<Timestamp>,
    client: Option<IpAddr>,
    user_agent: Option<String>,
    #[serde(default)]
    backend: Option<String>,
    #[serde(default)]
    methods: String,
    #[serde(default)]
    logged_in_at: Option<Timestamp>,
    number: i64,
}

/// Formats a key with its kind. If a digest and a plaintext token had the same form, a digest from a stolen file would be a token.
fn text(key: &SessionKey) -> String {
    format!("{}:{}", if key.is_hashed() { "digest" } else { "token" }, key.as_str())
}

/// Reads a session and its user from one snapshot.
pub fn found<U: Record>(transaction: &ReadTransaction, key: &SessionKey) -> Result<Option<Found<U>>, Refused> {
    let Some(row) = get::<SessionRow>(&transaction.open_table(SESSIONS)?, &text(key))? else { return Ok(None) };
    let id = TokenId(row.id);
    let found = store::found(transaction, &row.user, Some(&id))?;
    let session = FoundSession {
        id: Some(id),
        epoch: Some(Epoch(row.epoch)),
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        backend: row.backend,
        methods: AuthMethods::parse(&row.methods),
        logged_in_at: row.logged_in_at,
    };
    Ok(found.map(|mut found| {
        found.session = Some(session);
        found
    }))
}

/// Returns the keys of a user's sessions, oldest first.
fn keys_of(index: &impl ReadableTable<Place, &'static str>, user: &str) -> Result<Vec<String>, Refused> {
    let all = (user, i64::MIN, i64::MIN)..=(user, i64::MAX, i64::MAX);
    index.range(all)?.map(|entry| Ok(entry?.1.value().to_owned())).collect()
}

/// Both tables, which are written together.
pub struct Sessions<'t> {
    rows: Rows<'t>,
    index: Table<'t, Place, &'static str>,
}

impl<'t> Sessions<'t> {
    pub fn of(transaction: &'t WriteTransaction) -> Result<Self, Refused> {
        Ok(Self { rows: transaction.open_table(SESSIONS)?, index: transaction.open_table(OF_USER)? })
    }

    /// Removes all sessions of a user.
    pub fn remove_all(&mut self, user: &str) -> Result<(), Refused> {
        keys_of(&self.index, user)?.iter().try_for_each(|key| self.remove(key).map(drop))
    }

    fn remove(&mut self, key: &str) -> Result<bool, Refused> {
        let Some(row) = get::<SessionRow>(&self.rows, key)? else { return Ok(false) };
        self.rows.remove(key)?;
        self.index.remove((&*row.user, row.created_at.timestamp_micros(), row.number))?;
        Ok(true)
    }

    /// Removes the sessions that a refresh of this one replaces.
    fn replace(&mut self, new: &SessionRow) -> Result<(), Refused> {
        for key in keys_of(&self.index, &new.user)? {
            if get::<SessionRow>(&self.rows, &key)?.is_some_and(|row| row.id == new.id) {
                self.remove(&key)?;
            }
        }
        Ok(())
    }

    /// Adds a session. Beyond the cap, expired sessions are removed first, then the oldest.
    fn add<U: Record>(
        &mut self,
        key: &str,
        row: &SessionRow,
        at_most: u32,
        epochs: &Epochs<'_>,
    ) -> Result<(), Refused> {
        if self.rows.get(key)?.is_some() {
            return Err(StoreError::Conflict.into());
        }
        put(&mut self.rows, key, row)?;
        self.index.insert((&*row.user, row.created_at.timestamp_micros(), row.number), key)?;
        let (mut ended, mut live) = (Vec::new(), Vec::new());
        for key in keys_of(&self.index, &row.user)? {
            let Some(row) = get::<SessionRow>(&self.rows, &key)? else { continue };
            if epochs.is_live::<U>(&row)? { live.push(key) } else { ended.push(key) }
        }
        let surplus = (ended.len() + live.len()).saturating_sub(at_most as usize);
        ended.iter().chain(&live).take(surplus).try_for_each(|key| self.remove(key).map(drop))
    }
}

/// The data that determines whether a session was ended before its expiry.
struct Epochs<'t> {
    users: Rows<'t>,
    tokens: Rows<'t>,
}

impl<'t> Epochs<'t> {
    fn of(transaction: &'t WriteTransaction) -> Result<Self, Refused> {
        Ok(Self { users: transaction.open_table(USERS)?, tokens: transaction.open_table(TOKENS)? })
    }

    fn is_live<U: Record>(&self, row: &SessionRow) -> Result<bool, Refused> {
        let Some(user) = get::<UserRow<U>>(&self.users, &row.user)? else { return Ok(false) };
        let note = get::<TokenRow>(&self.tokens, &row.id)?.map_or(TokenState::Unmarked, |note| note.state());
        Ok(note.is_live(Epoch(row.epoch), Epoch(user.epoch)))
    }
}

/// Removes at most `limit` ended sessions and returns their number.
fn purge<U: Record>(transaction: &WriteTransaction, ended: EndedSessions, limit: u32) -> Result<u64, Refused> {
    let (epochs, mut sessions) = (Epochs::of(transaction)?, Sessions::of(transaction)?);
    let mut keys = Vec::new();
    for entry in sessions.rows.iter()? {
        if keys.len() >= limit as usize {
            break;
        }
        let (key, bytes) = entry?;
        let row: SessionRow = decode(bytes.value())?;
        if ended.covers(row.created_at, row.last_seen_at) || !epochs.is_live::<U>(&row)? {
            keys.push(key.value().to_owned());
        }
    }
    keys.iter().try_for_each(|key| sessions.remove(key).map(drop))?;
    Ok(keys.len() as u64)
}

fn listed(subject: &str, row: SessionRow) -> ListedSession {
    let mut session = Session::new(subject);
    session.token_id = Some(TokenId(row.id));
    session.epoch = Some(Epoch(row.epoch));
    session.logged_in_at = row.logged_in_at.or(Some(row.created_at));
    session.methods = AuthMethods::parse(&row.methods);
    let mut listed = ListedSession::new(session, Device::new(row.client, row.user_agent.as_deref()));
    listed.last_seen_at = row.last_seen_at;
    listed.refreshed_at = row.logged_in_at.map(|_| row.created_at);
    listed
}

/// Returns the key of a user in this file, since a subject can have several spellings.
fn user_key<U: Record>(subject: &str) -> Option<String> {
    U::Id::parse(subject).map(|id| id.to_string())
}

impl<U: Record> SessionStore for RedbStore<U> {
    fn add(&self, new: NewSession, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write(move |transaction| {
            let user = user_key::<U>(&new.subject).ok_or(StoreError::Conflict)?;
            let number = next(transaction, "session")?;
            let epochs = Epochs::of(transaction)?;
            if epochs.users.get(&*user)?.is_none() {
                return Err(StoreError::Conflict.into()); // deleted since the password was checked
            }
            let row = SessionRow {
                user,
                id: new.id.0,
                epoch: new.epoch.0,
                created_at: new.at,
                last_seen_at: None,
                client: new.device.client,
                user_agent: new.device.user_agent,
                backend: new.backend,
                methods: new.methods.to_string(),
                logged_in_at: new.logged_in_at,
                number,
            };
            let mut sessions = Sessions::of(transaction)?;
            if new.replaces {
                sessions.replace(&row)?;
            }
            sessions.add::<U>(&text(&new.key), &row, at_most, &epochs)
        }))
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        let key = text(key);
        Box::pin(self.write(move |transaction| Sessions::of(transaction)?.remove(&key)))
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, at: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = text(key);
        Box::pin(self.write(move |transaction| {
            let mut rows = transaction.open_table(SESSIONS)?;
            let Some(mut row) = get::<SessionRow>(&rows, &key)? else { return Ok(()) };
            row.last_seen_at = row.last_seen_at.max(Some(at));
            put(&mut rows, &key, &row)
        }))
    }

    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StoreError>> {
        let subject = subject.to_owned();
        Box::pin(self.read(move |transaction| {
            let Some(user) = user_key::<U>(&subject) else { return Ok(Vec::new()) };
            let rows = transaction.open_table(SESSIONS)?;
            let keys = keys_of(&transaction.open_table(OF_USER)?, &user)?;
            let rows = keys.iter().filter_map(|key| get(&rows, key).transpose());
            rows.map(|row| Ok(listed(&subject, row?))).collect()
        }))
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (user, id) = (user_key::<U>(subject), id.clone());
        Box::pin(self.write(move |transaction| {
            let Some(user) = user else { return Ok(false) };
            let mut sessions = Sessions::of(transaction)?;
            for key in keys_of(&sessions.index, &user)? {
                if get::<SessionRow>(&sessions.rows, &key)?.is_some_and(|row| row.id == id.0) {
                    return sessions.remove(&key);
                }
            }
            Ok(false)
        }))
    }

    fn purge(&self, ended: EndedSessions, step: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let mut removed = 0;
            loop {
                let few = self.write(move |transaction| purge::<U>(transaction, ended, step.max(1))).await?;
                removed += few;
                if few < u64::from(step.max(1)) {
                    return Ok(removed);
                }
            }
        })
    }
}
