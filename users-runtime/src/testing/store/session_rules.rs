//! The rules for sessions and tokens that sequential calls can verify.

use super::{
    Rule,
    bench::{Bench, Broken, change, holds, minute, same, token},
};
use crate::{
    domain::{AuthMethod, AuthMethods, Epoch, Reauthentication},
    port::{EndSessions, StoreError, TokenState},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "a change ends all sessions on request", check: |b| Box::pin(change_ends_all(b)) },
        Rule { name: "a change spares one token on request", check: |b| Box::pin(change_spares_one(b)) },
        Rule { name: "ending one user's sessions does not affect other users", check: |b| Box::pin(ends_one(b)) },
        Rule { name: "the sessions of all users end together", check: |b| Box::pin(ends_everybody(b)) },
        Rule { name: "a revoked token stays revoked", check: |b| Box::pin(revoked_stays(b)) },
        Rule { name: "a revocation is purged only after the token expired", check: |b| Box::pin(purge(b)) },
        Rule { name: "a proof is recorded with the token of its session", check: |b| Box::pin(proved_again(b)) },
    ]
}

async fn change_ends_all<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let epoch = bench.present(user.id(), None).await?.epoch;
    bench.store.update(change(&user, Columns::IS_VERIFIED, |_| {})).await?;
    same("the epoch after a change that keeps sessions", bench.present(user.id(), None).await?.epoch, epoch)?;
    let mut ending = change(&user, Columns::IS_VERIFIED, |_| {});
    ending.end_sessions = EndSessions::All;
    bench.store.update(ending).await?;
    let after = bench.present(user.id(), Some(&token(1))).await?;
    holds("the epoch has risen", after.epoch > epoch)?;
    same("a token", after.token, TokenState::Unmarked)
}

async fn change_spares_one<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let epoch = bench.present(user.id(), None).await?.epoch;
    let sparing = || {
        let mut sparing = change(&user, Columns::HASHED_PASSWORD, |_| {});
        sparing.end_sessions = EndSessions::AllBut(token(1), minute(60));
        sparing
    };
    for _ in 0..2 {
        let before = bench.present(user.id(), None).await?.epoch;
        bench.store.update(sparing()).await?;
        let spared = bench.present(user.id(), Some(&token(1))).await?;
        holds("the epoch has risen", spared.epoch > before)?;
        same("the spared token", spared.token, TokenState::KeptAt(spared.epoch))?;
        same("another token", bench.present(user.id(), Some(&token(2))).await?.token, TokenState::Unmarked)?;
    }
    bench.store.end_sessions(Some(user.id())).await?;
    let ended = bench.present(user.id(), Some(&token(1))).await?;
    holds("a later end of sessions ends the spared token, too", ended.token != TokenState::KeptAt(ended.epoch))?;
    holds("the epoch has risen", ended.epoch > epoch)?;
    bench.store.revoke(&token(1), minute(60)).await?;
    bench.store.update(sparing()).await?;
    same("a revoked token", bench.present(user.id(), Some(&token(1))).await?.token, TokenState::Revoked)
}

async fn ends_one<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let (one, other) = (bench.stored("arthur@camelot.example").await?, bench.stored("mordred@camelot.example").await?);
    let (before, beside) = (bench.present(one.id(), None).await?.epoch, bench.present(other.id(), None).await?.epoch);
    bench.store.end_sessions(Some(one.id())).await?;
    holds("the user's epoch has risen", bench.present(one.id(), None).await?.epoch > before)?;
    same("the other's epoch", bench.present(other.id(), None).await?.epoch, beside)
}

async fn ends_everybody<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let users = [bench.stored("arthur@camelot.example").await?, bench.stored("mordred@camelot.example").await?];
    let mut before: Vec<Epoch> = Vec::new();
    for user in &users {
        before.push(bench.present(user.id(), None).await?.epoch);
    }
    bench.store.end_sessions(None).await?;
    for (user, before) in users.iter().zip(before) {
        holds("each epoch has risen", bench.present(user.id(), None).await?.epoch > before)?;
    }
    Ok(())
}

async fn revoked_stays<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    same("a token before", bench.present(user.id(), Some(&token(1))).await?.token, TokenState::Unmarked)?;
    for _ in 0..2 {
        bench.store.revoke(&token(1), minute(60)).await?;
        same("the token", bench.present(user.id(), Some(&token(1))).await?.token, TokenState::Revoked)?;
    }
    let mut sparing = change(&user, Columns::IS_VERIFIED, |_| {});
    sparing.end_sessions = EndSessions::AllBut(token(1), minute(60));
    bench.store.update(sparing).await?;
    same("the token after it was spared", bench.present(user.id(), Some(&token(1))).await?.token, TokenState::Revoked)?;
    same("another token", bench.present(user.id(), Some(&token(2))).await?.token, TokenState::Unmarked)
}

async fn proved_again<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let seen = async |number| bench.present(user.id(), Some(&token(number))).await;
    same("the proof of a token without one", seen(1).await?.reauthentication, None)?;
    let first = Reauthentication::new(minute(1), AuthMethods::NONE);
    let later = Reauthentication::new(minute(2), AuthMethod::Password.into()).after(AuthMethod::Provider.into());
    for proof in [first, later] {
        bench.store.reauthenticate(user.id(), &token(1), proof, minute(60)).await?;
        let found = seen(1).await?;
        same("the proof", found.reauthentication, Some(proof))?;
        same("the state of its token", found.token, TokenState::Unmarked)?;
    }
    same("the proof of another token", seen(2).await?.reauthentication, None)?;
    same("the proof in a lookup without a token", bench.present(user.id(), None).await?.reauthentication, None)?;

    bench.store.revoke(&token(2), minute(60)).await?;
    bench.store.reauthenticate(user.id(), &token(2), later, minute(10)).await?;
    same("a revoked token after a proof", seen(2).await?.token, TokenState::Revoked)?;
    bench.store.purge_expired(minute(20)).await?;
    same("the same after a purge before the later of both ends", seen(2).await?.token, TokenState::Revoked)?;

    let mut sparing = change(&user, Columns::NONE, |_| {});
    sparing.end_sessions = EndSessions::AllBut(token(1), minute(60));
    bench.store.update(sparing).await?;
    let spared = seen(1).await?;
    same("the proof of a spared token", spared.reauthentication, Some(later))?;
    bench.store.reauthenticate(user.id(), &token(1), first, minute(60)).await?;
    same("a spared token after a proof", seen(1).await?.token, TokenState::KeptAt(spared.epoch))?;

    let gone = bench.store.reauthenticate(bench.unknown_id(), &token(3), later, minute(60)).await;
    holds("a proof of an unknown user is a conflict", matches!(gone, Err(StoreError::Conflict)))?;
    bench.store.purge_expired(minute(61)).await?;
    same("a proof after its session", seen(1).await?.reauthentication, None)
}

async fn purge<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let state = async |number| Ok::<_, Broken>(bench.present(user.id(), Some(&token(number))).await?.token);
    bench.store.revoke(&token(1), minute(10)).await?;
    bench.store.revoke(&token(2), minute(30)).await?;
    bench.store.revoke(&token(3), minute(30)).await?;
    bench.store.revoke(&token(3), minute(10)).await?; // a second revocation does not shorten the first
    bench.store.revoke(&token(4), crate::domain::Timestamp::MAX_UTC).await?;
    bench.store.purge_expired(minute(0)).await?;
    same("the state of an unexpired token after a purge", state(1).await?, TokenState::Revoked)?;
    same("the number of purged revocations", bench.store.purge_expired(minute(20)).await?, 1)?;
    same("the ended token", state(1).await?, TokenState::Unmarked)?;
    for live in [2, 3, 4] {
        same("a token that expires later", state(live).await?, TokenState::Revoked)?;
    }
    let mut sparing = change(&user, Columns::NONE, |_| {});
    sparing.end_sessions = EndSessions::AllBut(token(6), minute(60));
    bench.store.update(sparing).await?;
    bench.store.revoke(&token(6), minute(10)).await?; // a revocation does not shorten an existing record either
    bench.store.purge_expired(minute(20)).await?;
    same("a spared token that was revoked", state(6).await?, TokenState::Revoked)?;
    // Fractions of a second are compared correctly: half a second after the purge's time is not before it.
    let half = minute(40) + chrono::TimeDelta::milliseconds(500);
    bench.store.revoke(&token(5), half).await?;
    bench.store.purge_expired(minute(40)).await?;
    same("a token that ends half a second later", state(5).await?, TokenState::Revoked)?;
    bench.store.purge_expired(half + chrono::TimeDelta::milliseconds(1)).await?;
    same("the same a moment after its end", state(5).await?, TokenState::Unmarked)
}
