//! Every write of a store, with a check of its effect.

use std::sync::Arc;

use users_runtime::{
    AccessToken, AuthUser,
    env::Timestamp,
    store::{
        AuthMethods, CanonicalEmail, Change, Columns, EndSessions, EndedSessions, Epoch, Found, Lookup, NewSession,
        Reauthentication, SessionKey, SessionStore, SqlStore, StoreError, TokenId, TokenState, UserStore,
    },
    token::Device,
};

use crate::store::{
    support::account,
    users::{User, user},
};

const FULL_NAME: usize = 6;

pub fn change(user: &User, full_name: &str, end_sessions: EndSessions) -> Change<User> {
    let user = User { full_name: Some(full_name.to_owned()), ..user.clone() };
    let mut change = Change::new(user, Columns::NONE.with(FULL_NAME));
    change.end_sessions = end_sessions;
    change
}

pub fn key(number: u32) -> SessionKey {
    SessionKey::hashed(&AccessToken::new(format!("{number:0>43}")))
}

pub fn name(number: u32) -> TokenId {
    TokenId(format!("{number:0>22}"))
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub fn later() -> Timestamp {
    "2030-01-01T00:00:00Z".parse().unwrap()
}

pub fn session(user: &User, number: u32) -> NewSession {
    NewSession {
        key: key(number),
        id: name(number),
        subject: user.id.to_string(),
        epoch: Epoch(0),
        at: now(),
        device: Device::new(None, Some("a browser")),
        backend: None,
        methods: AuthMethods::NONE,
        logged_in_at: None,
        replaces: false,
    }
}

pub fn sessions(store: &SqlStore<User>) -> Arc<dyn SessionStore> {
    Arc::new(store.clone()).session_store().unwrap()
}

pub async fn present(store: &SqlStore<User>, user: &User) -> Option<User> {
    found(store, Lookup::by_id(user.id)).await.map(|found| found.user)
}

pub async fn by_email(store: &SqlStore<User>, email: &str) -> Option<User> {
    store.find_by_email(&CanonicalEmail::of(email)).await.unwrap().map(|found| found.user)
}

/// Looks up a user as requests do.
async fn found(store: &SqlStore<User>, wanted: Lookup<<User as AuthUser>::Id>) -> Option<Found<User>> {
    if let Some(found) = store.find_at_once(&wanted) {
        return Some(found);
    }
    store.find(&[wanted]).await.unwrap().pop().unwrap()
}

fn proof() -> Reauthentication {
    Reauthentication::parse(now(), "pwd +fed")
}

pub fn is_unavailable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_)))
}

/// A write of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    Insert,
    Change,
    ChangeAtEpoch,
    ChangeAndSpareOne,
    EndSessions,
    EndAllSessions,
    Revoke,
    Reauthenticate,
    Delete,
    PurgeNotes,
    AddSession,
    TouchSession,
    RemoveSession,
    EndSession,
    PurgeSessions,
}

/// The account, session and token of a write, which no other write uses.
pub struct About {
    user: User,
    number: u32,
}

impl Write {
    pub const ALL: [Self; 15] = [
        Self::Insert,
        Self::Change,
        Self::ChangeAtEpoch,
        Self::ChangeAndSpareOne,
        Self::EndSessions,
        Self::EndAllSessions,
        Self::Revoke,
        Self::Reauthenticate,
        Self::Delete,
        Self::PurgeNotes,
        Self::AddSession,
        Self::TouchSession,
        Self::RemoveSession,
        Self::EndSession,
        Self::PurgeSessions,
    ];

    /// Stores the rows that the write needs.
    pub async fn prepare(self, store: &SqlStore<User>, number: u32) -> About {
        let mut user = user(account(&format!("arthur.{number}@camelot.bt")));
        if self != Self::Insert {
            user = store.insert(user).await.unwrap();
        }
        match self {
            Self::PurgeNotes => store.revoke(&name(number), now()).await.unwrap(),
            Self::TouchSession | Self::RemoveSession | Self::EndSession | Self::PurgeSessions => {
                sessions(store).add(session(&user, number), 20).await.unwrap();
            }
            _ => {}
        }
        About { user, number }
    }

    pub async fn run(self, store: &SqlStore<User>, About { user, number }: &About) -> Result<(), StoreError> {
        let sessions = sessions(store);
        let (key, name, subject) = (key(*number), name(*number), user.id.to_string());
        let spared = EndSessions::AllBut(name.clone(), later());
        let change = |end_sessions| change(user, "Lancelot", end_sessions);
        let is_there = |found: bool| assert!(found, "{self:?} finds the prepared row");
        match self {
            Self::Insert => store.insert(user.clone()).await.map(drop),
            Self::Change => store.update(change(EndSessions::Keep)).await.map(|user| is_there(user.is_some())),
            Self::ChangeAtEpoch => {
                let mut change = change(EndSessions::All);
                change.if_epoch = Some(Epoch(0));
                store.update(change).await.map(|user| is_there(user.is_some()))
            }
            Self::ChangeAndSpareOne => store.update(change(spared)).await.map(|user| is_there(user.is_some())),
            Self::EndSessions => store.end_sessions(Some(user.id)).await,
            Self::EndAllSessions => store.end_sessions(None).await,
            Self::Revoke => store.revoke(&name, later()).await,
            Self::Reauthenticate => store.reauthenticate(user.id, &name, proof(), later()).await,
            Self::Delete => store.delete(user.id).await.map(is_there),
            Self::PurgeNotes => store.purge_expired(later()).await.map(|notes| is_there(notes > 0)),
            Self::AddSession => sessions.add(session(user, *number), 20).await,
            Self::TouchSession => sessions.touch(&key, later()).await,
            Self::RemoveSession => sessions.remove(&key).await.map(is_there),
            Self::EndSession => sessions.end(&subject, &name).await.map(is_there),
            Self::PurgeSessions => {
                let ended = EndedSessions { created_before: Some(later()), seen_before: None };
                sessions.purge(ended, 100).await.map(|sessions| is_there(sessions > 0))
            }
        }
    }

    /// Returns whether the write is stored completely. Panics if only a part is stored.
    pub async fn is_stored(self, store: &SqlStore<User>, About { user, number }: &About) -> bool {
        let with_token = Lookup::User { id: user.id, token: Some(name(*number)) };
        let account = found(store, with_token).await;
        let session = found(store, Lookup::Session(key(*number))).await.and_then(|found| found.session);
        let renamed = account.as_ref().is_some_and(|found| found.user.full_name.as_deref() == Some("Lancelot"));
        let (epoch, token) =
            account.as_ref().map_or((Epoch(0), TokenState::Unmarked), |found| (found.epoch, found.token));
        let parts = match self {
            Self::Insert => vec![account.is_some()],
            Self::Change => vec![renamed],
            Self::ChangeAtEpoch => vec![renamed, epoch == Epoch(1)],
            Self::ChangeAndSpareOne => vec![renamed, epoch == Epoch(1), token == TokenState::KeptAt(Epoch(1))],
            Self::EndSessions | Self::EndAllSessions => vec![epoch == Epoch(1)],
            Self::Revoke => vec![token == TokenState::Revoked],
            Self::Reauthenticate => {
                vec![account.as_ref().is_some_and(|found| found.reauthentication == Some(proof()))]
            }
            Self::Delete => vec![account.is_none()],
            Self::PurgeNotes => vec![token == TokenState::Unmarked],
            Self::AddSession => vec![session.is_some()],
            Self::TouchSession => vec![session.is_some_and(|session| session.last_seen_at == Some(later()))],
            Self::RemoveSession | Self::EndSession | Self::PurgeSessions => vec![session.is_none()],
        };
        assert!(parts.iter().all(|part| *part == parts[0]), "{self:?} is stored partially: {parts:?}");
        parts[0]
    }
}

/// Runs every write during a fault and again afterwards. During the fault each is rejected as unavailable and not stored,
/// also not later; afterwards each is acknowledged and stored. `reader` reads the database independent of the fault.
pub async fn refused_and_not_stored<F>(
    store: &SqlStore<User>,
    reader: &SqlStore<User>,
    start: impl AsyncFn() -> F,
    end: impl AsyncFn(F),
) {
    for (number, write) in (1..).zip(Write::ALL) {
        let about = write.prepare(store, number).await;
        let fault = start().await;
        let result = write.run(store, &about).await;
        assert!(is_unavailable(&result), "{write:?}: {result:?}");
        assert!(!write.is_stored(reader, &about).await, "{write:?} was rejected but stored");
        end(fault).await;
        assert!(!write.is_stored(store, &about).await, "{write:?} was stored after it was rejected");
        write.run(store, &about).await.unwrap_or_else(|error| panic!("{write:?} after the fault: {error:?}"));
        assert!(write.is_stored(reader, &about).await, "{write:?} was acknowledged but not stored");
    }
}
