//! The rules for accounts at OAuth providers, for stores that keep them.

use std::sync::Arc;

use super::{
    Rule,
    bench::{Bench, Broken, change, holds, minute, same, token},
    races::{ROUNDS, at_once},
};
use crate::{
    domain::{
        PasswordHash, id_kind,
        oauth::{NewOAuthAccount, OAuthAccount, OAuthAccountId, PlaceholderPassword},
    },
    port::{EndSessions, OAuthStore, StoreError, Unlinked},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "a linked account is found by provider and subject", check: |b| Box::pin(found_by_identity(b)) },
        Rule { name: "providers and subjects are compared byte for byte", check: |b| Box::pin(exact(b)) },
        Rule { name: "an account at a provider is linked once", check: |b| Box::pin(linked_once(b)) },
        Rule { name: "a user and its link are added together or not at all", check: |b| Box::pin(inserted(b)) },
        Rule { name: "a link and its change are stored together or not at all", check: |b| Box::pin(linked(b)) },
        Rule { name: "a take-over removes the other links", check: |b| Box::pin(taken_over(b)) },
        Rule { name: "a change removes the links on request", check: |b| Box::pin(change_unlinks(b)) },
        Rule { name: "a refreshed link has the new address", check: |b| Box::pin(refreshed(b)) },
        Rule { name: "the last way in is kept", check: |b| Box::pin(last_way_in(b)) },
        Rule { name: "links are deleted with their user", check: |b| Box::pin(deleted(b)) },
        Rule { name: "what may be used once is redeemed once", check: |b| Box::pin(redeemed(b)) },
    ]
}

pub(super) fn races<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "exactly one of several users gets an identity", check: |b| Box::pin(one_link(b)) },
        Rule { name: "exactly one of several first logins adds a user", check: |b| Box::pin(one_first_login(b)) },
        Rule { name: "exactly one of several uses redeems", check: |b| Box::pin(one_redeems(b)) },
        Rule { name: "concurrent removals keep the last way in", check: |b| Box::pin(one_way_in_remains(b)) },
        Rule { name: "no link outlives its user", check: |b| Box::pin(never_outlives_its_user(b)) },
    ]
}

/// Returns the storage under test, if the store has one.
pub(super) fn store_of<U: AuthUser>(bench: &Bench<U>) -> Option<Arc<dyn OAuthStore<U>>> {
    Arc::clone(&bench.store).oauth_store()
}

pub(super) fn account<U: AuthUser>(number: u8, subject: &str) -> NewOAuthAccount {
    NewOAuthAccount {
        id: OAuthAccountId::from_random(id_kind::<U::Id>(), [number; 16]),
        oauth_name: "acme".to_owned(),
        account_id: subject.to_owned(),
        account_email: format!("{number}@provider.example"),
        placeholder: None,
    }
}

fn subjects<Id>(accounts: &[OAuthAccount<Id>]) -> Vec<String> {
    accounts.iter().map(|account| account.account_id.clone()).collect()
}

async fn found_by_identity<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    same("an unknown identity", store.find("acme", "1").await?, None)?;
    store.link(change(&user, Columns::NONE, |_| {}), account::<U>(1, "1")).await?;
    store.link(change(&user, Columns::NONE, |_| {}), account::<U>(2, "2")).await?;
    let found = store.find("acme", "1").await?.ok_or_else(|| Broken("a linked identity is not found".to_owned()))?;
    same("its user", found.user_id.clone(), user.id())?;
    same("its address", found.account_email.as_str(), "1@provider.example")?;
    same("its provider", found.oauth_name.as_str(), "acme")?;
    same("the identity at another provider", store.find("other", "1").await?, None)?;
    let listed = store.list(user.id()).await?;
    same("the listed subjects", subjects(&listed), vec!["1".to_owned(), "2".to_owned()])?;
    holds("a listed link has the id of the found one", listed.first().is_some_and(|first| first.id == found.id))?;
    same("the links of an unknown user", store.list(bench.unknown_id()).await?.len(), 0)
}

async fn exact<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    for (number, subject) in [(1, "abc"), (2, "ABC"), (3, "äbc"), (4, "abc%")] {
        store.link(change(&user, Columns::NONE, |_| {}), account::<U>(number, subject)).await?;
    }
    for subject in ["abc", "ABC", "äbc", "abc%"] {
        let found = store.find("acme", subject).await?;
        same("the subject of the found link", found.map(|found| found.account_id), Some(subject.to_owned()))?;
    }
    for subject in ["Abc", "a_c", "ABC%", "abc "] {
        same("the link of another subject", store.find("acme", subject).await?, None)?;
    }
    same("the link of a provider in upper case", store.find("ACME", "abc").await?, None)
}

async fn linked_once<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let (one, other) = (bench.stored("arthur@camelot.example").await?, bench.stored("mordred@camelot.example").await?);
    store.link(change(&one, Columns::NONE, |_| {}), account::<U>(1, "1")).await?;
    for user in [&one, &other] {
        let again = store.link(change(user, Columns::NONE, |_| {}), account::<U>(2, "1")).await;
        holds("a second link is a conflict", matches!(again, Err(StoreError::Conflict)))?;
    }
    let inserted = store.insert(bench.user("gawain@camelot.example"), account::<U>(3, "1")).await;
    holds("a new user with the same link is a conflict", matches!(inserted, Err(StoreError::Conflict)))?;
    holds("that user is not stored", bench.by_email("gawain@camelot.example").await?.is_none())?;
    same("the user of the link", store.find("acme", "1").await?.map(|found| found.user_id), Some(one.id()))
}

async fn inserted<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = store.insert(bench.user("arthur@camelot.example"), account::<U>(1, "1")).await?;
    let found = bench.by_email("arthur@camelot.example").await?;
    same("the id of the stored user", found.map(|found| found.user.id()), Some(user.id()))?;
    same("the user of the link", store.find("acme", "1").await?.map(|found| found.user_id), Some(user.id()))?;
    let taken = store.insert(bench.user("Arthur@camelot.example"), account::<U>(2, "2")).await;
    holds("a taken address is refused", matches!(taken, Err(StoreError::EmailTaken)))?;
    same("the link that came with it", store.find("acme", "2").await?, None)
}

async fn linked<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let mut refused = change(&user, Columns::IS_VERIFIED, |user| *user.account_mut().is_verified = true);
    refused.if_email = Some("other@camelot.example".to_owned());
    same("the result if a condition fails", store.link(refused, account::<U>(1, "1")).await?.is_none(), true)?;
    same("the link", store.find("acme", "1").await?, None)?;
    let unknown = bench.user("nobody@camelot.example");
    let gone = store.link(change(&unknown, Columns::NONE, |_| {}), account::<U>(1, "1")).await;
    holds("a user that does not exist is not linked", matches!(gone, Ok(None) | Err(StoreError::Conflict)))?;
    store.link(change(&user, Columns::NONE, |_| {}), account::<U>(1, "1")).await?;
    let verifying = change(&user, Columns::IS_VERIFIED, |user| *user.account_mut().is_verified = true);
    let conflict = store.link(verifying, account::<U>(2, "1")).await;
    holds("a link that exists is a conflict", matches!(conflict, Err(StoreError::Conflict)))?;
    same("the flag that came with it", bench.present(user.id(), None).await?.user.status().is_verified, false)?;
    let verifying = change(&user, Columns::IS_VERIFIED, |user| *user.account_mut().is_verified = true);
    let changed = store.link(verifying, account::<U>(2, "2")).await?;
    same("the flag of the result", changed.map(|user| user.status().is_verified), Some(true))?;
    same("the stored flag", bench.present(user.id(), None).await?.user.status().is_verified, true)
}

async fn taken_over<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let other = bench.stored("mordred@camelot.example").await?;
    store.link(change(&user, Columns::NONE, |_| {}), account::<U>(1, "squatter")).await?;
    store.link(change(&other, Columns::NONE, |_| {}), account::<U>(2, "other")).await?;
    let before = bench.present(user.id(), None).await?.epoch;
    let mut taking = change(&user, Columns::HASHED_PASSWORD, |user| {
        *user.account_mut().hashed_password = PasswordHash::from_stored("nobody knows");
    });
    (taking.unlink, taking.end_sessions) = (true, EndSessions::All);
    store.link(taking, account::<U>(3, "owner")).await?;
    let after = bench.present(user.id(), None).await?;
    holds("the epoch has risen", after.epoch > before)?;
    same("the hash", after.user.account().hashed_password.as_stored(), "nobody knows")?;
    same("the links", subjects(&store.list(user.id()).await?), vec!["owner".to_owned()])?;
    same("the links of the other user", subjects(&store.list(other.id()).await?), vec!["other".to_owned()])
}

async fn change_unlinks<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    store.link(change(&user, Columns::NONE, |_| {}), account::<U>(1, "1")).await?;
    bench.store.update(change(&user, Columns::IS_VERIFIED, |_| {})).await?;
    same("the links after another change", store.list(user.id()).await?.len(), 1)?;
    let mut refused = change(&user, Columns::NONE, |_| {});
    (refused.unlink, refused.if_email) = (true, Some("other@camelot.example".to_owned()));
    bench.store.update(refused).await?;
    same("the links after a change whose condition failed", store.list(user.id()).await?.len(), 1)?;
    let mut unlinking = change(&user, Columns::NONE, |_| {});
    unlinking.unlink = true;
    bench.store.update(unlinking).await?;
    same("the links", store.list(user.id()).await?.len(), 0)
}

async fn refreshed<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    store.link(change(&user, Columns::NONE, |_| {}), account::<U>(1, "1")).await?;
    let mut found = store.find("acme", "1").await?.ok_or_else(|| Broken("a link is not found".to_owned()))?;
    found.account_email = "new@provider.example".to_owned();
    store.refresh(&found).await?;
    let stored = store.find("acme", "1").await?;
    same("the stored link", stored, Some(found.clone()))?;
    store.unlink(user.id(), found.id.clone()).await.map(drop)?;
    store.refresh(&found).await?;
    same("a link that was removed before it was refreshed", store.find("acme", "1").await?, None)
}

async fn last_way_in<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let mut first = account::<U>(1, "1");
    let user = bench.user("arthur@camelot.example");
    first.placeholder = Some(PlaceholderPassword::of(user.account().hashed_password));
    let user = store.insert(user, first).await?;
    let id = async |subject: &str| -> Result<OAuthAccountId, Broken> {
        let found = store.find("acme", subject).await?;
        found.map(|found| found.id).ok_or_else(|| Broken("a link is not found".to_owned()))
    };
    let (of_first, unlink) = (id("1").await?, async |id| store.unlink(user.id(), id).await);
    same("removing the only link", unlink(of_first.clone()).await?, Unlinked::LastWayIn)?;
    store.link(change(&user, Columns::NONE, |_| {}), account::<U>(2, "2")).await?;
    let other = bench.stored("mordred@camelot.example").await?;
    let foreign = store.unlink(other.id(), of_first.clone()).await?;
    same("removing the link of another user", foreign, Unlinked::NotFound)?;
    same("removing one of two links", unlink(of_first.clone()).await?, Unlinked::Removed)?;
    same("removing it again", unlink(of_first).await?, Unlinked::NotFound)?;
    let of_second = id("2").await?;
    same("removing the other one, which is the last now", unlink(of_second.clone()).await?, Unlinked::LastWayIn)?;
    let hash = PasswordHash::from_stored("a hash of a password that was set");
    let set = change(&user, Columns::HASHED_PASSWORD, |user| *user.account_mut().hashed_password = hash);
    bench.store.update(set).await?;
    same("removing it after a password was set", unlink(of_second).await?, Unlinked::Removed)?;
    same("the links", store.list(user.id()).await?.len(), 0)
}

async fn deleted<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = store.insert(bench.user("arthur@camelot.example"), account::<U>(1, "1")).await?;
    bench.store.delete(user.id()).await?;
    same("the link of a deleted user", store.find("acme", "1").await?, None)?;
    let again = store.insert(bench.user("arthur@camelot.example"), account::<U>(2, "1")).await?;
    same("the user of the new link", store.find("acme", "1").await?.map(|found| found.user_id), Some(again.id()))
}

async fn redeemed<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    same("the first use", store.redeem(&token(1), minute(10)).await?, true)?;
    same("the second use", store.redeem(&token(1), minute(10)).await?, false)?;
    same("the first use of another one", store.redeem(&token(2), minute(10)).await?, true)?;
    bench.store.purge_expired(minute(9)).await?;
    same("a use before it expires", store.redeem(&token(1), minute(10)).await?, false)?;
    same("the number of purged records", bench.store.purge_expired(minute(11)).await?, 2)
}

async fn one_link<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(accounts) = store_of(bench) else { return Ok(()) };
    let mut users = Vec::new();
    for number in 0..16 {
        users.push(bench.stored(&format!("knight{number}@camelot.example")).await?);
    }
    for round in 0..ROUNDS {
        let subject = format!("subject-{round}");
        let results = at_once(bench, |number, _| {
            let user = users.get(number).cloned();
            let mut new = account::<U>(u8::try_from(number).unwrap_or(u8::MAX), &subject);
            new.id = OAuthAccountId::from_random(id_kind::<U::Id>(), spread(round, number));
            let accounts = Arc::clone(&accounts);
            async move {
                match user {
                    Some(user) => {
                        accounts.link(change(&user, Columns::NONE, |_| {}), new).await.map(|done| done.is_some())
                    }
                    None => Ok(false),
                }
            }
        })
        .await?;
        let won = results.iter().filter(|result| matches!(result, Ok(true))).count();
        let lost = results.iter().filter(|result| matches!(result, Err(StoreError::Conflict))).count();
        same("the number of winners and of conflicts", (won, lost), (1, 15))?;
    }
    Ok(())
}

async fn one_first_login<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(accounts) = store_of(bench) else { return Ok(()) };
    for round in 0..ROUNDS {
        let (email, subject) = (format!("arthur{round}@camelot.example"), format!("subject-{round}"));
        let results = at_once(bench, |number, _| {
            let user = bench.user(&email);
            let mut new = account::<U>(u8::try_from(number).unwrap_or(u8::MAX), &subject);
            new.id = OAuthAccountId::from_random(id_kind::<U::Id>(), spread(round, number));
            let accounts = Arc::clone(&accounts);
            async move { accounts.insert(user, new).await }
        })
        .await?;
        let won = results.iter().filter(|result| result.is_ok()).count();
        let is_lost =
            |result: &&Result<U, StoreError>| matches!(result, Err(StoreError::Conflict | StoreError::EmailTaken));
        same("the number of winners and of refusals", (won, results.iter().filter(is_lost).count()), (1, 15))?;
        let (user, link) = (bench.by_email(&email).await?, accounts.find("acme", &subject).await?);
        same("the user of the link", link.map(|link| link.user_id), user.map(|found| found.user.id()))?;
    }
    Ok(())
}

async fn one_redeems<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(accounts) = store_of(bench) else { return Ok(()) };
    for round in 0..ROUNDS {
        let once = token(u32::try_from(round).unwrap_or(u32::MAX));
        let results = at_once(bench, |_, _| {
            let (accounts, once) = (Arc::clone(&accounts), once.clone());
            async move { accounts.redeem(&once, minute(10)).await }
        })
        .await?;
        let mut first = 0;
        for result in results {
            first += usize::from(result?);
        }
        same("the number of first uses", first, 1)?;
    }
    Ok(())
}

async fn one_way_in_remains<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(accounts) = store_of(bench) else { return Ok(()) };
    for round in 0..ROUNDS {
        let mut first = account::<U>(0, &format!("{round}-0"));
        let user = bench.user(&format!("arthur{round}@camelot.example"));
        first.placeholder = Some(PlaceholderPassword::of(user.account().hashed_password));
        first.id = OAuthAccountId::from_random(id_kind::<U::Id>(), spread(round, 0));
        let user = accounts.insert(user, first).await?;
        let mut second = account::<U>(1, &format!("{round}-1"));
        second.id = OAuthAccountId::from_random(id_kind::<U::Id>(), spread(round, 1));
        accounts.link(change(&user, Columns::NONE, |_| {}), second).await?;
        let ids: Vec<_> = accounts.list(user.id()).await?.into_iter().map(|account| account.id).collect();
        let results = at_once(bench, |number, _| {
            let (accounts, user) = (Arc::clone(&accounts), user.id());
            let id = ids.get(number % 2).cloned();
            async move {
                match id {
                    Some(id) => accounts.unlink(user, id).await,
                    None => Ok(Unlinked::NotFound),
                }
            }
        })
        .await?;
        let mut removed = 0;
        for result in results {
            removed += usize::from(result? == Unlinked::Removed);
        }
        same("the number of removed links", removed, 1)?;
        same("the number of links that remain", accounts.list(user.id()).await?.len(), 1)?;
    }
    Ok(())
}

async fn never_outlives_its_user<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(accounts) = store_of(bench) else { return Ok(()) };
    for round in 0..ROUNDS {
        let user = bench.stored("arthur@camelot.example").await?;
        let results = at_once(bench, |number, store| {
            let (accounts, user) = (Arc::clone(&accounts), user.clone());
            let mut new = account::<U>(u8::try_from(number).unwrap_or(u8::MAX), &format!("{round}-{number}"));
            new.id = OAuthAccountId::from_random(id_kind::<U::Id>(), spread(round, number));
            async move {
                match number {
                    0 => store.delete(user.id()).await.map(drop),
                    _ => accounts.link(change(&user, Columns::NONE, |_| {}), new).await.map(drop),
                }
            }
        })
        .await?;
        let as_it_should = |result: &Result<(), StoreError>| matches!(result, Ok(()) | Err(StoreError::Conflict));
        holds("a link is added, or its user is gone", results.iter().all(as_it_should))?;
        same("the number of links of the deleted user", accounts.list(user.id()).await?.len(), 0)?;
        for number in 1..16 {
            same("a link that remains", accounts.find("acme", &format!("{round}-{number}")).await?, None)?;
        }
    }
    Ok(())
}

/// Returns random bytes for an id, different for each round and number.
fn spread(round: usize, number: usize) -> [u8; 16] {
    let number = u128::try_from(round * 100 + number + 1).unwrap_or_default();
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}
