//! The rules for passkeys, for stores that have a [`passkey_store`](UserStore::passkey_store).

use std::sync::Arc;

use super::{
    Rule,
    bench::{Bench, Broken, change, holds, minute, same, token},
    races::{ROUNDS, at_once},
};
use crate::{
    domain::{
        Epoch, NewPasskey, Once, Passkey, PasskeyAdded, PasskeyId, PasskeyRemoved, PasskeyUse, PasskeyUsed, StoreError,
        UserHandle, oauth::PlaceholderPassword,
    },
    port::{EndSessions, PasskeyStore},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "a passkey is found as it was added", check: |b| Box::pin(found(b)) },
        Rule { name: "a passkey is not added twice, too often, or after its session", check: |b| Box::pin(refused(b)) },
        Rule { name: "a use needs the number of signatures and an unused ceremony", check: |b| Box::pin(used(b)) },
        Rule { name: "the last way in is not removed", check: |b| Box::pin(removed(b)) },
        Rule { name: "passkeys are removed by a change and with their user", check: |b| Box::pin(revoked(b)) },
    ]
}

pub(super) fn races<U: AuthUser>() -> Vec<Rule<U>> {
    vec![Rule { name: "exactly one of several uses of a ceremony counts", check: |b| Box::pin(used_once(b)) }]
}

type Storage<U> = Arc<dyn PasskeyStore<U>>;

/// Returns the storage, with its table.
async fn storage<U: AuthUser>(bench: &Bench<U>) -> Result<Option<Storage<U>>, Broken> {
    let Some(storage) = Arc::clone(&bench.store).passkey_store() else { return Ok(None) };
    bench.store.migrate().await?;
    Ok(Some(storage))
}

fn id(number: u8) -> PasskeyId {
    PasskeyId::of(&[number; 16])
}

fn passkey(number: u8) -> NewPasskey {
    NewPasskey {
        id: id(number),
        user_handle: UserHandle::new([number; 16]),
        name: format!("Passkey № {number} 🔑"),
        credential: format!("{{\"key\":\"{}\"}}", "k".repeat(NewPasskey::MAX_CREDENTIAL - 20)),
        sign_count: 7,
        created_at: minute(i64::from(number)),
        placeholder: None,
    }
}

fn once(number: u32) -> Once {
    Once { id: token(number), until: minute(100) }
}

fn a_use(number: u8, before: u32) -> PasskeyUse {
    PasskeyUse {
        id: id(number),
        sign_count_before: before,
        sign_count: before + 1,
        credential: "{}".to_owned(),
        at: minute(50),
    }
}

async fn epoch<U: AuthUser>(bench: &Bench<U>, user: &U) -> Result<Epoch, Broken> {
    Ok(bench.present(user.id(), None).await?.epoch)
}

async fn found<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let other = bench.stored("mordred@camelot.example").await?;
    let now = epoch(bench, &user).await?;
    same("a passkey before it is added", storage.find(&id(1)).await?, None)?;
    for number in [2, 1] {
        let added = storage.add(user.id(), now, passkey(number), 20, once(number.into())).await?;
        same("the addition of a passkey", added, PasskeyAdded::Added)?;
    }
    let stored = |number| Passkey::stored(user.id(), passkey(number), None);
    same("a passkey", storage.find(&id(1)).await?, Some(stored(1)))?;
    same("the passkeys of a user", storage.list(user.id()).await?, vec![stored(1), stored(2)])?;
    same("the passkeys of another user", storage.list(other.id()).await?, Vec::new())?;
    same("the renaming of another user's", storage.rename(other.id(), &id(1), "mine").await?, false)?;
    same("the renaming of the own", storage.rename(user.id(), &id(1), "mine").await?, true)?;
    same("the same again", storage.rename(user.id(), &id(1), "mine").await?, true)?;
    same("the name", storage.find(&id(1)).await?.map(|found| found.name), Some("mine".to_owned()))
}

async fn refused<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let other = bench.stored("mordred@camelot.example").await?;
    let now = epoch(bench, &user).await?;
    let add = async |user: &U, epoch, number, at_most, used| {
        Ok::<_, Broken>(storage.add(user.id(), epoch, passkey(number), at_most, once(used)).await?)
    };
    same("the first", add(&user, now, 1, 2, 1).await?, PasskeyAdded::Added)?;
    same("one with a used ceremony", add(&user, now, 2, 2, 1).await?, PasskeyAdded::Replayed)?;
    same("the same one again", add(&user, now, 1, 2, 2).await?, PasskeyAdded::Taken)?;
    let others = epoch(bench, &other).await?;
    same("that of another user", add(&other, others, 1, 2, 2).await?, PasskeyAdded::Taken)?;
    same("one of an ended session", add(&user, Epoch(now.0 + 1), 2, 2, 2).await?, PasskeyAdded::Ended)?;
    same("the second", add(&user, now, 2, 2, 2).await?, PasskeyAdded::Added)?;
    same("one above the limit", add(&user, now, 3, 2, 3).await?, PasskeyAdded::TooMany)?;
    let mut ending = change(&user, Columns::NONE, |_| ());
    ending.end_sessions = EndSessions::All;
    bench.store.update(ending).await?;
    same("one after the sessions were ended", add(&user, now, 3, 9, 3).await?, PasskeyAdded::Ended)?;
    let now = epoch(bench, &user).await?;
    same("a refused ceremony is not used up", add(&user, now, 3, 9, 3).await?, PasskeyAdded::Added)?;

    let new = storage.insert(bench.user("lancelot@camelot.example"), passkey(4), once(3)).await;
    holds("a user with a used ceremony is a conflict", matches!(new, Err(StoreError::Conflict)))?;
    let new = storage.insert(bench.user("lancelot@camelot.example"), passkey(1), once(4)).await;
    holds("a user with another user's passkey is a conflict", matches!(new, Err(StoreError::Conflict)))?;
    holds("neither is stored", bench.by_email("lancelot@camelot.example").await?.is_none())?;
    let new = storage.insert(bench.user("arthur@camelot.example"), passkey(4), once(4)).await;
    holds("a taken address is taken", matches!(new, Err(StoreError::EmailTaken)))?;
    let new = storage.insert(bench.user("lancelot@camelot.example"), passkey(4), once(4)).await?;
    same("the passkeys of a new user", storage.list(new.id()).await?.len(), 1)
}

async fn used<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let now = epoch(bench, &user).await?;
    let _added = storage.add(user.id(), now, passkey(1), 20, once(1)).await?;
    same("a use", storage.redeem(&a_use(1, 7), &once(2)).await?, PasskeyUsed::Used)?;
    let stored = storage.find(&id(1)).await?;
    let stored = stored.map(|found| (found.sign_count, found.credential, found.last_used_at));
    same("the passkey after it", stored, Some((8, "{}".to_owned(), Some(minute(50)))))?;
    same("the same ceremony again", storage.redeem(&a_use(1, 8), &once(2)).await?, PasskeyUsed::Replayed)?;
    same("an earlier number", storage.redeem(&a_use(1, 7), &once(3)).await?, PasskeyUsed::Changed)?;
    same("an unknown passkey", storage.redeem(&a_use(9, 7), &once(3)).await?, PasskeyUsed::Changed)?;
    same("a ceremony that was refused", storage.redeem(&a_use(1, 8), &once(3)).await?, PasskeyUsed::Used)
}

async fn removed<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let new = bench.user("arthur@camelot.example");
    let placeholder = Some(PlaceholderPassword::of(new.account().hashed_password));
    let user = storage.insert(new, NewPasskey { placeholder, ..passkey(1) }, once(1)).await?;
    let other = bench.stored("mordred@camelot.example").await?;
    same("another user's", storage.remove(other.id(), &id(1)).await?, PasskeyRemoved::NotFound)?;
    same("the last way in", storage.remove(user.id(), &id(1)).await?, PasskeyRemoved::LastWayIn)?;
    let now = epoch(bench, &user).await?;
    let _added = storage.add(user.id(), now, passkey(2), 20, once(2)).await?;
    same("one of two", storage.remove(user.id(), &id(1)).await?, PasskeyRemoved::Removed)?;
    same("the other one", storage.remove(user.id(), &id(2)).await?, PasskeyRemoved::LastWayIn)?;
    let password = change(&user, Columns::HASHED_PASSWORD, |user| {
        *user.account_mut().hashed_password = crate::domain::PasswordHash::from_stored("a password");
    });
    bench.store.update(password).await?;
    same("the last one beside a password", storage.remove(user.id(), &id(2)).await?, PasskeyRemoved::Removed)?;
    same("the same again", storage.remove(user.id(), &id(2)).await?, PasskeyRemoved::NotFound)
}

async fn revoked<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let other = bench.stored("mordred@camelot.example").await?;
    for (user, number) in [(&user, 1), (&user, 2), (&other, 3)] {
        let now = epoch(bench, user).await?;
        let _added = storage.add(user.id(), now, passkey(number), 20, once(number.into())).await?;
    }
    let mut removing = change(&user, Columns::NONE, |_| ());
    removing.remove_passkeys = true;
    bench.store.update(removing).await?;
    same("the passkeys after a change", storage.list(user.id()).await?, Vec::new())?;
    same("those of another user", storage.list(other.id()).await?.len(), 1)?;
    bench.store.delete(other.id()).await?;
    same("a passkey of a deleted user", storage.find(&id(3)).await?, None)
}

async fn used_once<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(storage) = storage(bench).await? else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let now = epoch(bench, &user).await?;
    // A passkey without a signature counter: only the ceremony decides.
    let silent = NewPasskey { sign_count: 0, ..passkey(1) };
    let _added = storage.add(user.id(), now, silent, 20, once(1)).await?;
    for round in 0..ROUNDS {
        let number = 2 + u32::try_from(round).unwrap_or_default();
        let results = at_once(bench, |_, _| {
            let (storage, used) = (Arc::clone(&storage), PasskeyUse { sign_count: 0, ..a_use(1, 0) });
            async move { storage.redeem(&used, &once(number)).await }
        })
        .await?;
        let successes = results.iter().filter(|result| matches!(result, Ok(PasskeyUsed::Used))).count();
        same("the number of uses of one ceremony", successes, 1)?;
    }
    Ok(())
}
