//! The rules for sessions that are stored with their users. They are skipped for a store without session storage.

use std::sync::Arc;

use super::{
    Rule,
    bench::{Bench, Broken, change, facts, holds, minute, same, token},
};
use crate::{
    domain::{AccessToken, AuthMethod, Device, SessionKey, Timestamp},
    port::{EndSessions, EndedSessions, Found, FoundSession, Lookup, NewSession, SessionStore, StoreError, TokenState},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "a session is found with its user, under its own key", check: |b| Box::pin(found(b)) },
        Rule { name: "lookups of both kinds return their results in order", check: |b| Box::pin(in_order(b)) },
        Rule { name: "a session keeps the epoch of its login", check: |b| Box::pin(own_epoch(b)) },
        Rule { name: "a session of an unknown user is a conflict", check: |b| Box::pin(of_unknown_user(b)) },
        Rule { name: "above the limit the oldest sessions end", check: |b| Box::pin(capped(b)) },
        Rule { name: "ended sessions do not count against the limit", check: |b| Box::pin(ended_do_not_count(b)) },
        Rule { name: "the last use only moves forward and restores no session", check: |b| Box::pin(touched(b)) },
        Rule { name: "a session is removed by its key and ended by its id", check: |b| Box::pin(ended(b)) },
        Rule {
            name: "a refreshed session replaces the former one, and can be added twice",
            check: |b| Box::pin(refreshed(b)),
        },
        Rule { name: "sessions are deleted with their user", check: |b| Box::pin(deleted(b)) },
        Rule { name: "a purge removes ended sessions, in steps", check: |b| Box::pin(purged(b)) },
        Rule { name: "a purge removes sessions that a raised epoch ended", check: |b| Box::pin(left_behind(b)) },
    ]
}

pub(super) fn key(number: u32) -> SessionKey {
    SessionKey::hashed(&AccessToken::new(format!("{number:0>43}")))
}

/// Returns a session of `user` that starts in minute `at` and is identified by `number`.
pub(super) fn session<U: AuthUser>(user: &Found<U>, number: u32, at: i64) -> NewSession {
    NewSession {
        key: key(number),
        id: token(number),
        subject: user.user.id().to_string(),
        epoch: user.epoch,
        at: minute(at),
        device: Device::new("2001:db8::7".parse().ok(), Some("a browser")),
        backend: Some("web".to_owned()),
        methods: AuthMethod::Password.into(),
        logged_in_at: None,
        replaces: false,
    }
}

pub(super) struct Rig<'a, U: AuthUser> {
    bench: &'a Bench<U>,
    pub(super) sessions: Arc<dyn SessionStore>,
}

impl<'a, U: AuthUser> Rig<'a, U> {
    pub(super) fn of(bench: &'a Bench<U>) -> Option<Self> {
        Arc::clone(&bench.store).session_store().map(|sessions| Self { bench, sessions })
    }

    pub(super) async fn user(&self, email: &str) -> Result<Found<U>, Broken> {
        let user = self.bench.stored(email).await?;
        self.bench.present(user.id(), None).await
    }

    pub(super) async fn find(&self, key: SessionKey) -> Result<Option<Found<U>>, Broken> {
        self.bench.find(Lookup::Session(key)).await
    }

    async fn last_seen(&self, number: u32) -> Result<Option<Timestamp>, Broken> {
        Ok(self.find(key(number)).await?.and_then(|found| found.session).and_then(|session| session.last_seen_at))
    }

    /// Returns the numbers of the first ten sessions that exist.
    async fn present(&self) -> Result<Vec<u32>, Broken> {
        let mut present = Vec::new();
        for number in 0..10 {
            if self.find(key(number)).await?.is_some() {
                present.push(number);
            }
        }
        Ok(present)
    }
}

async fn found<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    holds("a session does not exist before its login", rig.find(key(1)).await?.is_none())?;
    rig.sessions.add(session(&user, 1, 0), 20).await?;
    let found = rig.find(key(1)).await?.ok_or_else(|| Broken("a stored session is not found".to_owned()))?;
    same("its user", facts(&found.user), facts(&user.user))?;
    same("the user's epoch", found.epoch, user.epoch)?;
    same("the state of its id", found.token, TokenState::Unmarked)?;
    let facts = FoundSession {
        id: Some(token(1)),
        epoch: Some(user.epoch),
        created_at: minute(0),
        last_seen_at: None,
        backend: Some("web".to_owned()),
        methods: AuthMethod::Password.into(),
        logged_in_at: None,
    };
    same("the session", found.session, Some(facts))?;
    let listed = rig.sessions.list(&user.user.id().to_string()).await?;
    let listed: Vec<_> = listed.into_iter().map(|listed| listed.session.methods).collect();
    same("the methods as listed", listed, vec![AuthMethod::Password.into()])?;

    // The digest from a stolen table, presented as a token.
    let stolen = SessionKey::plain(&AccessToken::new(key(1).as_str()));
    holds("a stored digest, presented as a token, finds nothing", rig.find(stolen).await?.is_none())?;
    holds("an unknown session is not found", rig.find(key(2)).await?.is_none())?;

    let plain = SessionKey::plain(&AccessToken::new(format!("{:0>43}", 3)));
    rig.sessions.add(NewSession { key: plain.clone(), backend: None, ..session(&user, 3, 0) }, 20).await?;
    let backend = rig.find(plain.clone()).await?.and_then(|found| found.session).map(|session| session.backend);
    same("the backend of a session that belongs to none", backend, Some(None))?;
    holds("a session that was stored in plain text is found by its token", rig.find(plain).await?.is_some())?;
    holds("a session that was stored in plain text is not found by a digest", rig.find(key(3)).await?.is_none())?;

    bench.store.revoke(&token(1), minute(60)).await?;
    let revoked = rig.find(key(1)).await?.map(|found| found.token);
    same("the state of a revoked id", revoked, Some(TokenState::Revoked))
}

async fn in_order<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let (one, other) = (rig.user("arthur@camelot.example").await?, rig.user("mordred@camelot.example").await?);
    rig.sessions.add(session(&one, 1, 0), 20).await?;
    rig.sessions.add(session(&other, 2, 0), 20).await?;
    let lookups = [
        Lookup::Session(key(2)),
        Lookup::by_id(one.user.id()),
        Lookup::Session(key(3)),
        Lookup::by_id(bench.unknown_id()),
        Lookup::Session(key(1)),
        Lookup::Session(key(2)),
        Lookup::by_id(other.user.id()),
    ];
    let found = bench.store.find(&lookups).await?;
    let emails: Vec<_> = found
        .into_iter()
        .map(|found| found.map(|found| (found.user.account().email.to_owned(), found.session.is_some())))
        .collect();
    let arthur = |by_session| Some(("arthur@camelot.example".to_owned(), by_session));
    let mordred = |by_session| Some(("mordred@camelot.example".to_owned(), by_session));
    let wanted = vec![mordred(true), arthur(false), None, None, arthur(true), mordred(true), mordred(false)];
    same("the results", emails, wanted)
}

async fn refreshed<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    rig.sessions.add(session(&user, 1, 0), 20).await?;
    rig.sessions.add(session(&user, 2, 1), 20).await?;
    let next = NewSession {
        key: key(3),
        id: token(1),
        logged_in_at: Some(minute(0)),
        replaces: true,
        ..session(&user, 3, 10)
    };
    for _ in 0..2 {
        rig.sessions.add(next.clone(), 20).await?;
        holds("the session that it replaces is gone", rig.find(key(1)).await?.is_none())?;
        holds("another session is kept", rig.find(key(2)).await?.is_some())?;
        let found = rig.find(key(3)).await?.and_then(|found| found.session);
        let times = found.map(|session| (session.created_at, session.logged_in_at));
        same("the times of the session", times, Some((minute(10), Some(minute(0)))))?;
    }
    let listed = rig.sessions.list(&user.user.id().to_string()).await?;
    let listed: Vec<_> = listed.into_iter().map(|one| (one.session.token_id, one.session.logged_in_at)).collect();
    same("the logins as listed", listed.len(), 2)?;
    holds("the login is the one that was refreshed", listed.contains(&(Some(token(1)), Some(minute(0)))))
}

async fn own_epoch<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    rig.sessions.add(session(&user, 1, 0), 20).await?;
    bench.store.end_sessions(Some(user.user.id())).await?;
    let found = rig.find(key(1)).await?;
    let (current, own) = found.map(|found| (found.epoch, found.session.and_then(|session| session.epoch))).unzip();
    holds("the user's epoch has risen", current.is_some_and(|epoch| epoch > user.epoch))?;
    same("the session's epoch as found", own.flatten(), Some(user.epoch))?;
    let listed = rig.sessions.list(&user.user.id().to_string()).await?;
    let listed: Vec<_> = listed.into_iter().map(|listed| listed.session.epoch).collect();
    same("the epochs as listed", listed, vec![Some(user.epoch)])
}

async fn of_unknown_user<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    for subject in [bench.unknown_id().to_string(), "nobody".to_owned(), String::new()] {
        let refused = rig.sessions.add(NewSession { subject, ..session(&user, 1, 0) }, 20).await;
        holds("a session of an unknown user is a conflict", matches!(refused, Err(StoreError::Conflict)))?;
    }
    same("the stored sessions", rig.present().await?, vec![])
}

async fn capped<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let (user, other) = (rig.user("arthur@camelot.example").await?, rig.user("mordred@camelot.example").await?);
    rig.sessions.add(session(&other, 0, 0), 3).await?;
    for number in 1..=5 {
        rig.sessions.add(session(&user, number, i64::from(number)), 3).await?;
    }
    same("the sessions that are left", rig.present().await?, vec![0, 3, 4, 5])?;
    rig.sessions.add(session(&user, 6, 6), 1).await?;
    same("the sessions under a lower cap", rig.present().await?, vec![0, 6])
}

async fn ended_do_not_count<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    for number in 1..=3 {
        rig.sessions.add(session(&user, number, i64::from(number)), 3).await?;
    }
    let mut sparing = change(&user.user, Columns::NONE, |_| {});
    sparing.end_sessions = EndSessions::AllBut(token(1), minute(600));
    bench.store.update(sparing).await?;
    let user = bench.present(user.user.id(), None).await?;
    // The spared one is the oldest, and 2 and 3 were ended.
    rig.sessions.add(session(&user, 4, 4), 3).await?;
    rig.sessions.add(session(&user, 5, 5), 3).await?;
    same("the sessions after two logins", rig.present().await?, vec![1, 4, 5])?;
    bench.store.revoke(&token(4), minute(600)).await?;
    rig.sessions.add(session(&user, 6, 6), 3).await?;
    same("the sessions after one was revoked", rig.present().await?, vec![1, 5, 6])?;
    rig.sessions.add(session(&user, 7, 7), 3).await?;
    same("the sessions while all others are valid", rig.present().await?, vec![5, 6, 7])
}

async fn touched<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    rig.sessions.add(session(&user, 1, 0), 20).await?;
    for (at, seen) in [(5, 5), (3, 5), (9, 9)] {
        rig.sessions.touch(&key(1), minute(at)).await?;
        same("the last use", rig.last_seen(1).await?, Some(minute(seen)))?;
        let listed = rig.sessions.list(&user.user.id().to_string()).await?;
        let listed: Vec<_> = listed.into_iter().map(|listed| listed.last_seen_at).collect();
        same("the last use as listed", listed, vec![Some(minute(seen))])?;
    }
    same("the result of the removal", rig.sessions.remove(&key(1)).await?, true)?;
    rig.sessions.touch(&key(1), minute(10)).await?;
    rig.sessions.touch(&key(2), minute(10)).await?;
    same("the stored sessions", rig.present().await?, vec![])?;
    for number in [1, 2] {
        same("the removal of a row", rig.sessions.remove(&key(number)).await?, false)?;
    }
    Ok(())
}

async fn ended<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let (user, other) = (rig.user("arthur@camelot.example").await?, rig.user("mordred@camelot.example").await?);
    for number in 1..=3 {
        rig.sessions.add(session(&user, number, i64::from(number)), 20).await?;
    }
    let (subject, others) = (user.user.id().to_string(), other.user.id().to_string());
    let listed = rig.sessions.list(&subject).await?;
    let names: Vec<_> = listed.iter().map(|listed| listed.session.token_id.clone()).collect();
    same("the sessions as listed", names, vec![Some(token(1)), Some(token(2)), Some(token(3))])?;
    let first = listed.into_iter().next().ok_or_else(|| Broken("no session is listed".to_owned()))?;
    same("a listed login", first.session.logged_in_at, Some(minute(1)))?;
    same("a listed epoch", first.session.epoch, Some(user.epoch))?;
    same("a listed subject", &first.session.subject, &subject)?;
    same("a listed device", first.device, Device::new("2001:db8::7".parse().ok(), Some("a browser")))?;
    same("another's sessions", rig.sessions.list(&others).await?.len(), 0)?;

    same("another's end of a session", rig.sessions.end(&others, &token(1)).await?, false)?;
    same("the owner's end of it", rig.sessions.end(&subject, &token(1)).await?, true)?;
    same("its end again", rig.sessions.end(&subject, &token(1)).await?, false)?;
    same("the removal of a session", rig.sessions.remove(&key(2)).await?, true)?;
    same("its removal again", rig.sessions.remove(&key(2)).await?, false)?;
    same("the sessions that are left", rig.present().await?, vec![3])
}

async fn deleted<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let (user, other) = (rig.user("arthur@camelot.example").await?, rig.user("mordred@camelot.example").await?);
    rig.sessions.add(session(&user, 1, 0), 20).await?;
    rig.sessions.add(session(&other, 2, 0), 20).await?;
    bench.store.delete(user.user.id()).await?;
    same("the sessions that are left", rig.present().await?, vec![2])?;
    // A remaining row would be found without a user, which looks like an unknown session. Check the row itself.
    let subject = user.user.id().to_string();
    same("the number of listed sessions of the deleted user", rig.sessions.list(&subject).await?.len(), 0)?;
    same("the end of one of them", rig.sessions.end(&subject, &token(1)).await?, false)?;
    same("the removal of its row", rig.sessions.remove(&key(1)).await?, false)
}

async fn purged<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    for number in 0..6 {
        rig.sessions.add(session(&user, number, i64::from(number)), 20).await?;
    }
    rig.sessions.touch(&key(2), minute(50)).await?;
    same("a purge without limits", rig.sessions.purge(EndedSessions::default(), 100).await?, 0)?;
    let created = EndedSessions { created_before: Some(minute(2)), seen_before: None };
    same("a purge in steps of one", rig.sessions.purge(created, 1).await?, 2)?;
    same("one more", rig.sessions.purge(created, 1).await?, 0)?;
    same("the sessions that are left", rig.present().await?, vec![2, 3, 4, 5])?;
    let seen = EndedSessions { created_before: None, seen_before: Some(minute(5)) };
    same("a purge of unused ones, in steps of two", rig.sessions.purge(seen, 2).await?, 2)?;
    same("the sessions that are left", rig.present().await?, vec![2, 5])
}

async fn left_behind<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let (user, other) = (rig.user("arthur@camelot.example").await?, rig.user("mordred@camelot.example").await?);
    for number in 1..=3 {
        rig.sessions.add(session(&user, number, 0), 20).await?;
    }
    rig.sessions.add(session(&other, 4, 0), 20).await?;
    let mut sparing = change(&user.user, Columns::NONE, |_| {});
    sparing.end_sessions = EndSessions::AllBut(token(2), minute(60));
    bench.store.update(sparing).await?;
    bench.store.revoke(&token(4), minute(60)).await?;
    let spared = rig.find(key(2)).await?.map(|found| (found.token, found.epoch));
    holds("the spared session is recorded", spared.is_some_and(|(token, epoch)| token == TokenState::KeptAt(epoch)))?;
    rig.sessions.purge(EndedSessions::default(), 100).await?;
    same("the sessions that are left", rig.present().await?, vec![2])
}
