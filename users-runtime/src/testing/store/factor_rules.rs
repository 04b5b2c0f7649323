//! The rules for second factors, for stores that have a [`second_factor_store`](UserStore::second_factor_store).

use std::sync::Arc;

use super::{
    Rule,
    bench::{Bench, Broken, change, holds, minute, same, token},
    races::{ROUNDS, at_once},
};
use crate::{
    domain::{Device, Epoch, FactorChange, RememberedDevice, SecretDigest, StoreError, StoredFactor},
    port::{EndSessions, SecondFactorStore},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "a second factor is pending until it is confirmed", check: |b| Box::pin(confirmed(b)) },
        Rule { name: "each time step works once, and no earlier one after it", check: |b| Box::pin(steps(b)) },
        Rule { name: "each recovery code works once, for its user only", check: |b| Box::pin(codes(b)) },
        Rule { name: "a device is remembered until something ends it", check: |b| Box::pin(devices(b)) },
        Rule { name: "a second factor is removed with everything that belongs to it", check: |b| Box::pin(removed(b)) },
        Rule {
            name: "a second factor is removed if it was put into force lately",
            check: |b| Box::pin(removed_since(b)),
        },
    ]
}

pub(super) fn races<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "exactly one of several calls uses a code", check: |b| Box::pin(used_once(b)) },
        Rule { name: "exactly one of several calls confirms a second factor", check: |b| Box::pin(confirmed_once(b)) },
        Rule {
            name: "of several calls that replace recovery codes, the codes of one remain",
            check: |b| Box::pin(replaced_by_one(b)),
        },
    ]
}

/// Returns the storage, with its tables.
async fn storage<U: AuthUser>(bench: &Bench<U>) -> Result<Option<Arc<dyn SecondFactorStore>>, Broken> {
    let Some(storage) = Arc::clone(&bench.store).second_factor_store() else { return Ok(None) };
    bench.store.migrate().await?;
    Ok(Some(storage))
}

fn digest(number: u32) -> SecretDigest {
    SecretDigest::from_stored(format!("{number:0>43}"))
}

fn pending(seed: &str) -> StoredFactor {
    StoredFactor::pending(seed, minute(10))
}

fn in_force(seed: &str, last_step: i64) -> StoredFactor {
    StoredFactor { in_force_since: Some(minute(1)), last_step, ..pending(seed) }
}

fn codes_of(numbers: &[u32]) -> FactorChange {
    FactorChange::ReplaceCodes(numbers.iter().copied().map(digest).collect())
}

fn confirm(seed: &str, step: i64, at: i64, codes: &[u32]) -> FactorChange {
    let codes = codes.iter().copied().map(digest).collect();
    FactorChange::Confirm { seed: seed.to_owned(), step, at: minute(at), codes }
}

/// Changes the second factor of a user. Returns whether it was changed.
async fn apply<U: AuthUser>(bench: &Bench<U>, user: &U, factor: FactorChange) -> Result<bool, Broken> {
    let mut changed = change(user, Columns::NONE, |_| ());
    changed.second_factor = Some(factor);
    changed.end_sessions = EndSessions::All;
    Ok(bench.store.update(changed).await?.is_some())
}

async fn confirmed<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let subject = user.id().to_string();
    let epoch = async || bench.present(user.id(), None).await.map(|found| found.epoch);
    let before = epoch().await?;
    same("the second factor of a user without one", storage.find(&subject).await?, None)?;
    same("the first one", storage.begin(&subject, &pending("Seed")).await?, true)?;
    same("another one in its place", storage.begin(&subject, &pending("seed")).await?, true)?;
    same("the pending one", storage.find(&subject).await?, Some(pending("seed")))?;
    same("a step of a pending one", storage.use_step(&subject, &pending("seed"), 9, "seed").await?, false)?;
    for (wrong, factor) in
        [("a replaced seed", confirm("Seed", 5, 1, &[])), ("an expired one", confirm("seed", 5, 10, &[]))]
    {
        same(wrong, apply(bench, &user, factor).await?, false)?;
    }
    same("the epoch after refusals", epoch().await?, before)?;
    same("the right one", apply(bench, &user, confirm("seed", 5, 1, &[1, 2])).await?, true)?;
    same("the one in force", storage.find(&subject).await?, Some(in_force("seed", 5)))?;
    same("its recovery codes", storage.recovery_codes_left(&subject).await?, 2)?;
    holds("the epoch rises in the same transaction", epoch().await? > before)?;
    same("confirming it again", apply(bench, &user, confirm("seed", 6, 1, &[3])).await?, false)?;
    same("the recovery codes after it", storage.recovery_codes_left(&subject).await?, 2)?;
    same("another one while one is in force", storage.begin(&subject, &pending("other")).await?, false)?;
    let unknown = storage.begin(&bench.unknown_id().to_string(), &pending("seed")).await;
    holds("one of an unknown user is a conflict", matches!(unknown, Err(StoreError::Conflict)))
}

async fn enrolled<U: AuthUser>(bench: &Bench<U>, email: &str, codes: &[u32]) -> Result<U, Broken> {
    let Some(storage) = storage(bench).await? else { return Err(Broken("the store lost its storage".to_owned())) };
    let user = bench.stored(email).await?;
    storage.begin(&user.id().to_string(), &pending("seed")).await?;
    same("confirming", apply(bench, &user, confirm("seed", 5, 1, codes)).await?, true)?;
    Ok(user)
}

async fn steps<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = enrolled(bench, "arthur@camelot.example", &[]).await?;
    let subject = user.id().to_string();
    let factor = in_force("seed", 5);
    same("the step of the confirmation", storage.use_step(&subject, &factor, 5, "seed").await?, false)?;
    same("the next step", storage.use_step(&subject, &factor, 7, "seed").await?, true)?;
    same("the same step", storage.use_step(&subject, &factor, 7, "seed").await?, false)?;
    same("the step before it", storage.use_step(&subject, &factor, 6, "seed").await?, false)?;
    same("a later step with another key", storage.use_step(&subject, &factor, 8, "resealed").await?, true)?;
    same("the stored one", storage.find(&subject).await?, Some(in_force("resealed", 8)))?;
    same("a step of the seed before", storage.use_step(&subject, &factor, 9, "seed").await?, false)
}

async fn codes<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = enrolled(bench, "arthur@camelot.example", &[1, 2]).await?;
    let one = user.id().to_string();
    let other = enrolled(bench, "mordred@camelot.example", &[3]).await?.id().to_string();
    same("another user's code", storage.use_recovery_code(&other, &digest(1)).await?, false)?;
    same("the own code", storage.use_recovery_code(&one, &digest(1)).await?, true)?;
    same("the same code", storage.use_recovery_code(&one, &digest(1)).await?, false)?;
    same("the codes that are left", storage.recovery_codes_left(&one).await?, 1)?;
    same("replacing them", apply(bench, &user, codes_of(&[4, 5, 6])).await?, true)?;
    same("an old code after new ones", storage.use_recovery_code(&one, &digest(2)).await?, false)?;
    same("the new codes", storage.recovery_codes_left(&one).await?, 3)?;
    same("the codes of the other user", storage.recovery_codes_left(&other).await?, 1)?;
    let mut ended = change(&user, Columns::NONE, |_| ());
    ended.if_epoch = Some(Epoch(bench.present(user.id(), None).await?.epoch.0 - 1));
    ended.second_factor = Some(codes_of(&[7]));
    holds("an ended session replaces no codes", bench.store.update(ended).await?.is_none())?;
    same("the codes after it", storage.recovery_codes_left(&one).await?, 3)?;
    let without = bench.stored("kay@camelot.example").await?;
    same("codes without a second factor", apply(bench, &without, codes_of(&[8])).await?, false)?;
    storage.begin(&without.id().to_string(), &pending("seed")).await?;
    same("codes of a pending second factor", apply(bench, &without, codes_of(&[8])).await?, false)?;
    same("codes of a user without one", storage.recovery_codes_left(&without.id().to_string()).await?, 0)
}

fn device(subject: &str, number: u32, epoch: Epoch) -> RememberedDevice {
    let client = Device::new("2001:db8::7".parse().ok(), Some("a browser"));
    let times = (minute(i64::from(number)), minute(60));
    RememberedDevice::new((token(number), digest(number)), (subject.to_owned(), epoch), times, client)
}

async fn devices<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = enrolled(bench, "arthur@camelot.example", &[]).await?;
    let other = bench.stored("mordred@camelot.example").await?.id().to_string();
    let (subject, epoch) = (user.id().to_string(), bench.present(user.id(), None).await?.epoch);
    for number in [1, 2] {
        storage.remember(&device(&subject, number, epoch)).await?;
    }
    let used = async |number, epoch, at| storage.use_device(&subject, &digest(number), epoch, minute(at)).await;
    same("a device", used(1, epoch, 30).await?, true)?;
    same("a device at its end", used(1, epoch, 60).await?, false)?;
    same("a device after all sessions ended", used(1, Epoch(epoch.0 + 1), 30).await?, false)?;
    same("an unknown device", used(3, epoch, 30).await?, false)?;
    same("another user's device", storage.use_device(&other, &digest(1), epoch, minute(30)).await?, false)?;
    let first = RememberedDevice { last_used_at: minute(30), ..device(&subject, 1, epoch) };
    same("the devices", storage.devices(&subject).await?, vec![first, device(&subject, 2, epoch)])?;
    same("forgetting another user's device", storage.forget_device(&other, &token(1)).await?, false)?;
    same("forgetting a device", storage.forget_device(&subject, &token(1)).await?, true)?;
    same("the forgotten device", used(1, epoch, 30).await?, false)?;
    same("a purge", storage.purge(minute(60)).await?, 1)?;
    storage.remember(&device(&subject, 4, epoch)).await?;
    let hashed = change(&user, Columns::HASHED_PASSWORD, |_| ());
    bench.store.update(hashed).await?;
    same("the devices after a new password", storage.devices(&subject).await?, Vec::new())
}

async fn removed<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = enrolled(bench, "arthur@camelot.example", &[1]).await?;
    let other = enrolled(bench, "mordred@camelot.example", &[2]).await?;
    let (subject, other_subject) = (user.id().to_string(), other.id().to_string());
    storage.remember(&device(&subject, 1, Epoch(0))).await?;
    same("removing it", apply(bench, &user, FactorChange::Remove).await?, true)?;
    same("the removed one", storage.find(&subject).await?, None)?;
    same("its recovery codes", storage.recovery_codes_left(&subject).await?, 0)?;
    same("its devices", storage.devices(&subject).await?, Vec::new())?;
    same("removing it again", apply(bench, &user, FactorChange::Remove).await?, false)?;
    same("that of another user", storage.find(&other_subject).await?, Some(in_force("seed", 5)))?;
    bench.store.delete(other.id()).await?;
    same("that of a deleted user", storage.find(&other_subject).await?, None)?;
    same("the recovery codes of a deleted user", storage.recovery_codes_left(&other_subject).await?, 0)?;
    storage.begin(&subject, &pending("seed")).await?;
    same("a purge before a pending one expires", storage.purge(minute(9)).await?, 0)?;
    same("a purge when it has expired", storage.purge(minute(10)).await?, 1)
}

async fn removed_since<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = enrolled(bench, "arthur@camelot.example", &[1]).await?;
    let other = enrolled(bench, "mordred@camelot.example", &[2]).await?;
    let (subject, other) = (user.id().to_string(), other.id().to_string());
    storage.remember(&device(&subject, 1, Epoch(0))).await?;
    let since = |at| FactorChange::RemoveSince(minute(at));
    same("removing what is newer", apply(bench, &user, since(2)).await?, true)?;
    same("the older one", storage.find(&subject).await?, Some(in_force("seed", 5)))?;
    same("its recovery codes", storage.recovery_codes_left(&subject).await?, 1)?;
    same("its devices", storage.devices(&subject).await?.len(), 1)?;
    for (what, put_into_force) in [("one of this time", true), ("a pending one", false), ("none", false)] {
        same(what, apply(bench, &user, since(1)).await?, true)?;
        same(what, storage.find(&subject).await?, None)?;
        same(what, storage.recovery_codes_left(&subject).await?, 0)?;
        same(what, storage.devices(&subject).await?, Vec::new())?;
        if put_into_force {
            storage.begin(&subject, &pending("seed")).await?;
        }
    }
    same("that of another user", storage.find(&other).await?, Some(in_force("seed", 5)))?;
    same("the recovery codes of another user", storage.recovery_codes_left(&other).await?, 1)
}

async fn used_once<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = enrolled(bench, "arthur@camelot.example", &[]).await?;
    let subject = user.id().to_string();
    let factor = in_force("seed", 5);
    for round in 0..u32::try_from(ROUNDS).unwrap_or(u32::MAX) {
        let step = 6 + i64::from(round);
        let used = at_once(bench, |_, _| {
            let (storage, subject, factor) = (Arc::clone(&storage), subject.clone(), factor.clone());
            async move { storage.use_step(&subject, &factor, step, "seed").await }
        });
        let used = used.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        same("the calls that used a step", used.iter().filter(|used| **used).count(), 1)?;
        let code = digest(round);
        apply(bench, &user, FactorChange::ReplaceCodes(vec![code.clone()])).await?;
        let used = at_once(bench, |_, _| {
            let (storage, subject, code) = (Arc::clone(&storage), subject.clone(), code.clone());
            async move { storage.use_recovery_code(&subject, &code).await }
        });
        let used = used.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        same("the calls that used a recovery code", used.iter().filter(|used| **used).count(), 1)?;
    }
    Ok(())
}

async fn confirmed_once<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let subject = user.id().to_string();
    for _ in 0..ROUNDS {
        storage.begin(&subject, &pending("seed")).await?;
        let confirmed = at_once(bench, |number, store| {
            let mut changed = change(&user, Columns::NONE, |_| ());
            changed.second_factor = Some(confirm("seed", 5, 1, &[u32::try_from(number).unwrap_or_default()]));
            async move { store.update(changed).await.map(|user| user.is_some()) }
        });
        let confirmed = confirmed.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        same("the calls that confirmed it", confirmed.iter().filter(|confirmed| **confirmed).count(), 1)?;
        same("the recovery codes", storage.recovery_codes_left(&subject).await?, 1)?;
        apply(bench, &user, FactorChange::Remove).await?;
    }
    Ok(())
}

async fn replaced_by_one<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = enrolled(bench, "arthur@camelot.example", &[]).await?;
    let subject = user.id().to_string();
    for _ in 0..ROUNDS {
        let replaced = at_once(bench, |number, store| {
            let mut changed = change(&user, Columns::NONE, |_| ());
            let number = u32::try_from(number).unwrap_or_default();
            changed.second_factor = Some(codes_of(&[2 * number, 2 * number + 1]));
            async move { store.update(changed).await.map(|user| user.is_some().then_some(number)) }
        });
        let replaced = replaced.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        same("the recovery codes", storage.recovery_codes_left(&subject).await?, 2)?;
        let mut left = Vec::new();
        for number in replaced.into_iter().flatten().flat_map(|number| [2 * number, 2 * number + 1]) {
            if storage.use_recovery_code(&subject, &digest(number)).await? {
                left.push(number / 2);
            }
        }
        holds("both codes are of one call", left.len() == 2 && left.first() == left.last())?;
    }
    Ok(())
}
