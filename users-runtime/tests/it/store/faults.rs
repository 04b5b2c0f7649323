//! The conformance suite against stores with one fault each: it must name the broken rule.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use users_runtime::{
    AuthUser,
    env::{BoxFuture, Timestamp},
    store::{
        CanonicalEmail, Change, Columns, EndSessions, EndedSessions, Found, FoundSession, Lookup, MemoryStore,
        NewSession, Reauthentication, SchemaDrift, SessionKey, SessionStore, StoreError, TokenId, UserStore,
    },
    testing::{store_conformance, store_races},
    token::ListedSession,
};

use crate::store::users::{User, user};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    CaseMatters,
    ReversesResults,
    OmitsMissingUsers,
    IgnoresTheHash,
    IgnoresTheAddress,
    IgnoresTheEpoch,
    WritesEveryColumn,
    KeepsTheEpoch,
    SparesEveryToken,
    SparesNoToken,
    EndsSessionsOfAllUsers,
    RevokesNothing,
    DropsRevocationsEarly,
    ChecksBeforeItWrites,
    DeletesTwice,
    IgnoresTheCap,
    RevivesOnUse,
    RecordsNoUse,
    EndsSessionsOfOthers,
    ListsTheNewestFirst,
    PurgesLiveSessions,
    PurgesNoEarlierEpochs,
    ReturnsTheCurrentEpoch,
    ForgetsSuspensions,
    KeepsTheMarkOfAPassword,
    UsesTokensTwice,
    RecordsNoProof,
}

/// Each fault with the rule that it breaks.
const FAULTS: [(Fault, &str); 27] = {
    use Fault::*;
    [
        (CaseMatters, "an address is found regardless of case"),
        (ReversesResults, "lookups return their results in order"),
        (OmitsMissingUsers, "an unknown user is not found, without an error"),
        (IgnoresTheHash, "a change holds to its condition on the hash"),
        (IgnoresTheAddress, "a change holds to its condition on the address"),
        (IgnoresTheEpoch, "a change holds to its condition on the epoch"),
        (WritesEveryColumn, "a change writes the named columns only"),
        (KeepsTheEpoch, "a change ends all sessions on request"),
        (SparesEveryToken, "a change spares one token on request"),
        (SparesNoToken, "a change spares one token on request"),
        (EndsSessionsOfAllUsers, "ending one user's sessions does not affect other users"),
        (RevokesNothing, "lookups return their results in order"),
        (DropsRevocationsEarly, "a revocation is purged only after the token expired"),
        (ChecksBeforeItWrites, "exactly one of several changes with the same condition wins"),
        (DeletesTwice, "exactly one of several deletions succeeds"),
        (IgnoresTheCap, "above the limit the oldest sessions end"),
        (RevivesOnUse, "the last use only moves forward and restores no session"),
        (RecordsNoUse, "the last use only moves forward and restores no session"),
        (EndsSessionsOfOthers, "a session is removed by its key and ended by its id"),
        (ListsTheNewestFirst, "a session is removed by its key and ended by its id"),
        (PurgesLiveSessions, "a purge removes ended sessions, in steps"),
        (PurgesNoEarlierEpochs, "a purge removes sessions that a raised epoch ended"),
        (ReturnsTheCurrentEpoch, "a session keeps the epoch of its login"),
        (ForgetsSuspensions, "a suspension is stored and found with the user"),
        (KeepsTheMarkOfAPassword, "a new hash removes the mark of its change"),
        (UsesTokensTwice, "a change uses a token up, once"),
        (RecordsNoProof, "a proof is recorded with the token of its session"),
    ]
};

/// The in-memory store with a fault.
struct Faulty {
    users: Arc<MemoryStore<User>>,
    fault: Fault,
    added: Mutex<HashMap<SessionKey, NewSession>>,
}

impl Faulty {
    fn new(fault: Fault) -> Self {
        Self { users: Arc::new(MemoryStore::new()), fault, added: Mutex::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    async fn one(&self, lookup: Lookup<<User as AuthUser>::Id>) -> Result<Option<Found<User>>, StoreError> {
        Ok(self.users.find(&[lookup]).await?.pop().flatten())
    }
}

type Results = Vec<Option<Found<User>>>;

impl UserStore<User> for Faulty {
    fn find<'a>(&'a self, wanted: &'a [Lookup<<User as AuthUser>::Id>]) -> BoxFuture<'a, Result<Results, StoreError>> {
        Box::pin(async move {
            let mut results = self.users.find(wanted).await?;
            match self.fault {
                Fault::ReversesResults => results.reverse(),
                Fault::OmitsMissingUsers => results.retain(Option::is_some),
                Fault::ReturnsTheCurrentEpoch => {
                    for found in results.iter_mut().flatten() {
                        let epoch = Some(found.epoch);
                        found.session = found.session.take().map(|session| FoundSession { epoch, ..session });
                    }
                }
                _ => {}
            }
            Ok(results)
        })
    }

    fn find_by_email<'a>(
        &'a self,
        email: &'a CanonicalEmail,
    ) -> BoxFuture<'a, Result<Option<Found<User>>, StoreError>> {
        Box::pin(async move {
            let found = self.users.find_by_email(email).await?;
            Ok(found.filter(|found| !self.has(Fault::CaseMatters) || found.user.email == email.as_str()))
        })
    }

    fn insert(&self, user: User) -> BoxFuture<'_, Result<User, StoreError>> {
        self.users.insert(user)
    }

    fn update(&self, mut change: Change<User>) -> BoxFuture<'_, Result<Option<User>, StoreError>> {
        Box::pin(async move {
            match (self.fault, &change.end_sessions) {
                (Fault::IgnoresTheHash, _) => change.if_hashed_password = None,
                (Fault::IgnoresTheAddress, _) => change.if_email = None,
                (Fault::IgnoresTheEpoch, _) => change.if_epoch = None,
                (Fault::WritesEveryColumn, _) => change.columns = (0..10).fold(Columns::NONE, Columns::with),
                (Fault::KeepsTheEpoch, EndSessions::All) => change.end_sessions = EndSessions::Keep,
                (Fault::SparesEveryToken, EndSessions::AllBut(..)) => change.end_sessions = EndSessions::Keep,
                (Fault::SparesNoToken, EndSessions::AllBut(..)) => change.end_sessions = EndSessions::All,
                (Fault::UsesTokensTwice, _) => change.use_token = None,
                (Fault::ForgetsSuspensions, _) => change.suspension = None,
                (Fault::KeepsTheMarkOfAPassword, _) if change.must_change_password == Some(false) => {
                    change.must_change_password = None;
                }
                (Fault::ChecksBeforeItWrites, _) => {
                    let Some(found) = self.one(Lookup::by_id(change.user.id)).await? else { return Ok(None) };
                    if !change.may_change(&found.user, found.epoch) {
                        return Ok(None);
                    }
                    tokio::task::yield_now().await;
                    (change.if_hashed_password, change.if_email, change.if_epoch) = (None, None, None);
                }
                _ => {}
            }
            self.users.update(change).await
        })
    }

    fn delete(&self, id: <User as AuthUser>::Id) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let was_there = self.one(Lookup::by_id(id)).await?.is_some();
            tokio::task::yield_now().await;
            let deleted = self.users.delete(id).await?;
            Ok(if self.has(Fault::DeletesTwice) { was_there } else { deleted })
        })
    }

    fn end_sessions(&self, whose: Option<<User as AuthUser>::Id>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.users.end_sessions(whose.filter(|_| !self.has(Fault::EndsSessionsOfAllUsers)))
    }

    fn revoke<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        match self.fault {
            Fault::RevokesNothing => Box::pin(async { Ok(()) }),
            _ => self.users.revoke(token, until),
        }
    }

    fn use_once<'a>(&'a self, token: &'a TokenId, until: Timestamp) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.users.use_once(token, until)
    }

    fn reauthenticate<'a>(
        &'a self,
        id: <User as AuthUser>::Id,
        token: &'a TokenId,
        proof: Reauthentication,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        match self.fault {
            Fault::RecordsNoProof => Box::pin(async { Ok(()) }),
            _ => self.users.reauthenticate(id, token, proof, until),
        }
    }

    fn purge_expired(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.users.purge_expired(if self.has(Fault::DropsRevocationsEarly) { Timestamp::MAX_UTC } else { now })
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.users.migrate()
    }

    fn check_schema(&self) -> BoxFuture<'_, Result<Vec<SchemaDrift>, StoreError>> {
        self.users.check_schema()
    }

    fn session_store(self: Arc<Self>) -> Option<Arc<dyn SessionStore>> {
        Some(self)
    }
}

impl SessionStore for Faulty {
    fn add(&self, session: NewSession, at_most: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        self.added.lock().unwrap().insert(session.key.clone(), session.clone());
        self.users.add(session, if self.has(Fault::IgnoresTheCap) { u32::MAX } else { at_most })
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.users.remove(key)
    }

    fn touch<'a>(&'a self, key: &'a SessionKey, at: Timestamp) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let is_gone = self.one(Lookup::Session(key.clone())).await?.is_none();
            let added = self.added.lock().unwrap().get(key).cloned();
            match (self.fault, added) {
                (Fault::RecordsNoUse, _) => return Ok(()),
                (Fault::RevivesOnUse, Some(session)) if is_gone => self.users.add(session, u32::MAX).await?,
                _ => {}
            }
            self.users.touch(key, at).await
        })
    }

    fn list<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<ListedSession>, StoreError>> {
        Box::pin(async move {
            let mut listed = self.users.list(subject).await?;
            if self.has(Fault::ListsTheNewestFirst) {
                listed.reverse();
            }
            Ok(listed)
        })
    }

    fn end<'a>(&'a self, subject: &'a str, id: &'a TokenId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            if self.has(Fault::EndsSessionsOfOthers) {
                let key =
                    self.added.lock().unwrap().values().find(|added| added.id == *id).map(|added| added.key.clone());
                return match key {
                    Some(key) => self.users.remove(&key).await,
                    None => Ok(false),
                };
            }
            self.users.end(subject, id).await
        })
    }

    fn purge(&self, ended: EndedSessions, step: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        match self.fault {
            Fault::PurgesLiveSessions => {
                self.users.purge(EndedSessions { created_before: Some(Timestamp::MAX_UTC), ..ended }, step)
            }
            Fault::PurgesNoEarlierEpochs if ended == EndedSessions::default() => Box::pin(async { Ok(0) }),
            _ => self.users.purge(ended, step),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_is_reported_by_its_rule() {
    for (fault, rule) in FAULTS {
        let fresh = async || Faulty::new(fault);
        let named = match store_conformance(fresh, user).await {
            Ok(()) => store_races(fresh, user).await,
            broken => broken,
        };
        assert_eq!(named.map_err(|broken| broken.rule), Err(rule), "{fault:?}");
    }
}
