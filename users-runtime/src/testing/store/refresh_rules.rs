//! The rules for refresh tokens, for stores that have a [`refresh_store`](UserStore::refresh_store).

use std::{sync::Arc, time::Duration};

use super::{
    Rule,
    bench::{Bench, Broken, change, holds, minute, same, token},
    races::{ROUNDS, at_once},
};
use crate::{
    domain::{AuthMethod, Device, Epoch, FamilySalt, RefreshFamily, Rotated, Rotation, StoreError},
    port::{EndSessions, RefreshStore},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "a family of refresh tokens is found as it was added", check: |b| Box::pin(found(b)) },
        Rule { name: "the newest token is replaced, and an earlier one is not", check: |b| Box::pin(replaced(b)) },
        Rule { name: "the oldest families end above the limit", check: |b| Box::pin(capped(b)) },
        Rule { name: "families that have ended are removed before others", check: |b| Box::pin(dead_first(b)) },
        Rule { name: "a family ends for its owner only, with its user, and by a purge", check: |b| Box::pin(ended(b)) },
    ]
}

pub(super) fn races<U: AuthUser>() -> Vec<Rule<U>> {
    vec![Rule { name: "exactly one of several calls replaces a token", check: |b| Box::pin(replaced_once(b)) }]
}

/// Returns the storage, with its table.
async fn storage<U: AuthUser>(bench: &Bench<U>) -> Result<Option<Arc<dyn RefreshStore>>, Broken> {
    let Some(storage) = Arc::clone(&bench.store).refresh_store() else { return Ok(None) };
    bench.store.migrate().await?;
    Ok(Some(storage))
}

/// Returns a family that begins in minute `at` and expires an hour later.
fn family<U: AuthUser>(user: &U, number: u32, at: i64) -> RefreshFamily {
    RefreshFamily {
        id: token(number),
        subject: user.id().to_string(),
        salt: FamilySalt(token(number).0),
        generation: 0,
        backend: "web".to_owned(),
        epoch: Epoch(3),
        logged_in_at: minute(at),
        rotated_at: minute(at),
        expires_at: minute(at + 60),
        ends_at: minute(at + 90),
        device: Device::new("2001:db8::7".parse().ok(), Some("a browser")),
        methods: AuthMethod::Password.into(),
    }
}

fn rotation(number: u32, generation: u32, at: i64) -> Rotation {
    Rotation {
        id: token(number),
        generation,
        at: minute(at),
        expires_at: minute(at + 60),
        epoch: Epoch(4),
        grace: Duration::from_secs(60),
    }
}

async fn found<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    same("a family before its login", storage.find(&token(1)).await?, None)?;
    let (first, bare) = (family(&user, 1, 0), RefreshFamily { device: Device::default(), ..family(&user, 2, 1) });
    storage.add(first.clone(), 20).await?;
    storage.add(bare.clone(), 20).await?;
    storage.add(RefreshFamily { backend: "api".to_owned(), ..family(&user, 3, 2) }, 20).await?;
    same("a family", storage.find(&token(1)).await?, Some(first.clone()))?;
    same("the families of a backend", storage.list(&first.subject, "web").await?, vec![first, bare])?;
    let unknown = RefreshFamily { subject: bench.unknown_id().to_string(), ..family(&user, 4, 0) };
    let refused = storage.add(unknown, 20).await;
    holds("a family of an unknown user is a conflict", matches!(refused, Err(StoreError::Conflict)))
}

async fn replaced<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let first = family(&user, 1, 0);
    storage.add(first.clone(), 20).await?;
    let next = |generation, at| RefreshFamily {
        generation,
        epoch: Epoch(4),
        rotated_at: minute(at),
        expires_at: minute(at + 60),
        ..first.clone()
    };
    same("an unknown family", storage.rotate(&rotation(9, 0, 10)).await?, Rotated::Ended)?;
    same("the newest token", storage.rotate(&rotation(1, 0, 10)).await?, Rotated::Rotated(next(1, 10)))?;
    same("the family after it", storage.find(&token(1)).await?, Some(next(1, 10)))?;
    same("the same token a minute later", storage.rotate(&rotation(1, 0, 11)).await?, Rotated::Replayed(next(1, 10)))?;
    same(
        "the same token by a clock that is a minute behind",
        storage.rotate(&rotation(1, 0, 9)).await?,
        Rotated::Reused,
    )?;
    same("the same token two minutes later", storage.rotate(&rotation(1, 0, 12)).await?, Rotated::Reused)?;
    same("the next token", storage.rotate(&rotation(1, 1, 12)).await?, Rotated::Rotated(next(2, 12)))?;
    same("the first token after it", storage.rotate(&rotation(1, 0, 12)).await?, Rotated::Reused)?;
    same("a token that was never issued", storage.rotate(&rotation(1, 3, 12)).await?, Rotated::Ended)?;
    same("the newest token when it has expired", storage.rotate(&rotation(1, 2, 72)).await?, Rotated::Ended)?;
    same("the family after refusals", storage.find(&token(1)).await?, Some(next(2, 12)))
}

async fn capped<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let present = async || {
        let listed = storage.list(&user.id().to_string(), "web").await?;
        Ok::<_, Broken>(listed.into_iter().map(|family| family.id).collect::<Vec<_>>())
    };
    let epoch = bench.present(user.id(), None).await?.epoch;
    let family = |number, at| RefreshFamily { epoch, ..family(&user, number, at) };
    for (number, at) in [(1, 0), (2, 5), (3, 10)] {
        storage.add(family(number, at), 2).await?;
    }
    same("the families above a limit of two", present().await?, vec![token(2), token(3)])?;
    // The later one has expired, the earlier one is used.
    storage.rotate(&Rotation { epoch, ..rotation(2, 0, 60) }).await?;
    storage.add(family(4, 80), 2).await?;
    same("the families after one has expired", present().await?, vec![token(2), token(4)])
}

async fn dead_first<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let epoch = async || bench.present(user.id(), None).await.map(|found| found.epoch);
    let first = epoch().await?;
    let lasting = |number, at, epoch| {
        let (expires_at, ends_at) = (minute(500), minute(600));
        RefreshFamily { epoch, expires_at, ends_at, ..family(&user, number, at) }
    };
    // The oldest one is exempted when the epoch rises, and the next six are not.
    for number in 1..=7 {
        storage.add(lasting(number, i64::from(number), first), 20).await?;
    }
    let mut ending = change(&user, Columns::NONE, |_| ());
    ending.end_sessions = EndSessions::AllBut(token(1), minute(600));
    bench.store.update(ending).await?;
    let raised = epoch().await?;
    storage.add(lasting(8, 8, raised), 20).await?;
    // Six that were ended one by one, and six that have expired.
    for number in 9..=14 {
        storage.add(lasting(number, i64::from(number), raised), 20).await?;
        bench.store.revoke(&token(number), minute(600)).await?;
    }
    for number in 15..=20 {
        storage.add(RefreshFamily { epoch: raised, ..family(&user, number, i64::from(number)) }, 20).await?;
    }
    let present = async || {
        let listed = storage.list(&user.id().to_string(), "web").await?;
        Ok::<_, Broken>(listed.into_iter().map(|family| family.id).collect::<Vec<_>>())
    };
    storage.add(lasting(21, 100, raised), 3).await?;
    same("the families above a limit that have not ended", present().await?, vec![token(1), token(8), token(21)])?;
    storage.add(lasting(22, 101, raised), 3).await?;
    same("the families above a limit of which none has ended", present().await?, vec![token(8), token(21), token(22)])
}

async fn ended<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let (one, other) = (bench.stored("arthur@camelot.example").await?, bench.stored("mordred@camelot.example").await?);
    for number in [1, 2, 3] {
        storage.add(family(&one, number, i64::from(number)), 20).await?;
    }
    let (own, others) = (one.id().to_string(), other.id().to_string());
    same("the end of another user's family", storage.end(&others, &token(1)).await?, false)?;
    same("the end of the own family", storage.end(&own, &token(1)).await?, true)?;
    same("the same again", storage.end(&own, &token(1)).await?, false)?;
    same("its newest token", storage.rotate(&rotation(1, 0, 5)).await?, Rotated::Ended)?;
    same("the number of purged families", storage.purge(minute(62)).await?, 1)?;
    holds("a family that expires later is kept", storage.find(&token(3)).await?.is_some())?;
    bench.store.delete(one.id()).await?;
    same("a family of a deleted user", storage.find(&token(3)).await?, None)
}

async fn replaced_once<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    storage.add(family(&user, 1, 0), 20).await?;
    for round in 0..u32::try_from(ROUNDS).unwrap_or(u32::MAX) {
        let results = at_once(bench, |_, _| {
            let storage = Arc::clone(&storage);
            async move { storage.rotate(&rotation(1, round, 1)).await }
        })
        .await?;
        let (mut rotated, mut families) = (0, Vec::new());
        for result in results {
            match result? {
                Rotated::Rotated(family) => {
                    rotated += 1;
                    families.push(family);
                }
                Rotated::Replayed(family) => families.push(family),
                other => return Err(Broken(format!("a call at once is {other:?}"))),
            }
        }
        same("the number of calls that replaced the token", rotated, 1)?;
        holds("all calls return the same family", families.iter().all(|family| *family == families[0]))?;
    }
    Ok(())
}
