//! The rules that only concurrent calls can break.

use std::{future::Future, sync::Arc};

use tokio::sync::Barrier;

use super::{
    Rule,
    bench::{Bench, Broken, change, facts, holds, minute, same, token},
};
use crate::{
    domain::PasswordHash,
    port::{EndSessions, StoreError, TokenState, UserStore},
    user::{AuthUser, Columns},
};

/// The number of concurrent tasks.
const TASKS: usize = 16;
/// The number of repetitions.
pub(super) const ROUNDS: usize = 50;

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "exactly one of several inserts of an address wins", check: |b| Box::pin(one_insert(b)) },
        Rule {
            name: "exactly one of several changes with the same condition wins",
            check: |b| Box::pin(one_compare_and_set(b)),
        },
        Rule { name: "exactly one of several uses of a token changes the user", check: |b| Box::pin(one_use(b)) },
        Rule {
            name: "exactly one of several uses of a token alone is the first",
            check: |b| Box::pin(one_use_alone(b)),
        },
        Rule { name: "concurrent changes of different columns are all kept", check: |b| Box::pin(no_lost_update(b)) },
        Rule { name: "exactly one of several changes to an address wins", check: |b| Box::pin(one_email_change(b)) },
        Rule {
            name: "a verification never applies to an address that changed in the meantime",
            check: |b| Box::pin(verify(b)),
        },
        Rule { name: "every call of end_sessions raises the epoch", check: |b| Box::pin(every_end_counts(b)) },
        Rule { name: "exactly one of several deletions succeeds", check: |b| Box::pin(one_deletion(b)) },
    ]
}

/// Runs one task per number, all released at the same moment.
pub(super) async fn at_once<U, T, Fut>(
    bench: &Bench<U>,
    task: impl Fn(usize, Arc<dyn UserStore<U>>) -> Fut,
) -> Result<Vec<T>, Broken>
where
    U: AuthUser,
    T: Send + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|number| {
            let (start, task) = (Arc::clone(&start), task(number, Arc::clone(&bench.store)));
            tokio::spawn(async move {
                start.wait().await;
                task.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(TASKS);
    for task in tasks {
        results.push(task.await.map_err(|error| Broken(format!("a task failed: {error}")))?);
    }
    Ok(results)
}

async fn one_insert<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    for round in 0..ROUNDS {
        let results = at_once(bench, |number, store| {
            let case = if number % 2 == 0 { "Arthur" } else { "arthur" };
            let user = bench.user(&format!("{case}{round}@camelot.example"));
            async move { store.insert(user).await }
        })
        .await?;
        let won = results.iter().filter(|result| result.is_ok()).count();
        let refused = results.iter().filter(|result| matches!(result, Err(StoreError::EmailTaken))).count();
        same("the number of winners and of refusals with EmailTaken", (won, refused), (1, TASKS - 1))?;
        holds("the address is found", bench.by_email(&format!("arthur{round}@camelot.example")).await?.is_some())?;
    }
    Ok(())
}

async fn one_compare_and_set<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    for round in 0..ROUNDS {
        let old = bench.present(user.id(), None).await?.user.account().hashed_password.clone();
        let results = at_once(bench, |number, store| {
            let hash = PasswordHash::from_stored(format!("{number} in {round}"));
            let mut change =
                change(&user, Columns::HASHED_PASSWORD, |user| *user.account_mut().hashed_password = hash.clone());
            change.if_hashed_password = Some(old.clone());
            async move { store.update(change).await.map(|changed| changed.map(|_| hash)) }
        })
        .await?;
        let mut winners = Vec::new();
        for result in results {
            winners.extend(result?);
        }
        same("the number of winners", winners.len(), 1)?;
        let stored = bench.present(user.id(), None).await?.user.account().hashed_password.clone();
        holds("what the winner wrote is stored", winners.first() == Some(&stored))?;
    }
    Ok(())
}

async fn one_use<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    for round in 0..ROUNDS {
        let before = bench.present(user.id(), None).await?.epoch;
        let used = token(u32::try_from(round).unwrap_or_default());
        let results = at_once(bench, |number, store| {
            let email = format!("arthur{number}in{round}@camelot.example");
            let mut change = change(&user, Columns::EMAIL, |user| *user.account_mut().email = email);
            (change.end_sessions, change.use_token) = (EndSessions::All, Some((used.clone(), minute(60))));
            async move { store.update(change).await }
        })
        .await?;
        let mut winners = Vec::new();
        for result in results {
            winners.extend(result?);
        }
        same("the number of winners", winners.len(), 1)?;
        let stored = bench.present(user.id(), None).await?;
        same("the stored user", Some(facts(&stored.user)), winners.first().map(facts))?;
        same("the epoch", stored.epoch.0, before.0 + 1)?;
    }
    Ok(())
}

async fn one_use_alone<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let id = bench.stored("arthur@camelot.example").await?.id();
    for round in 0..ROUNDS {
        let used = token(u32::try_from(round).unwrap_or_default());
        let results = at_once(bench, |_, store| {
            let used = used.clone();
            async move { store.use_once(&used, minute(60)).await }
        })
        .await?;
        let mut first = 0;
        for result in results {
            first += usize::from(result?);
        }
        same("the number of uses that were the first", first, 1)?;
        let state = bench.present(id.clone(), Some(&used)).await?.token;
        same("the state of the token", state, TokenState::Revoked)?;
    }
    Ok(())
}

async fn no_lost_update<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    for round in 0..ROUNDS {
        let user = bench.stored(&format!("arthur{round}@camelot.example")).await?;
        let results = at_once(bench, |number, store| {
            let change = match number % 3 {
                0 => change(&user, Columns::IS_VERIFIED, |user| *user.account_mut().is_verified = true),
                1 => change(&user, Columns::IS_SUPERUSER, |user| *user.account_mut().is_superuser = true),
                _ => change(&user, Columns::HASHED_PASSWORD, |user| {
                    *user.account_mut().hashed_password = PasswordHash::from_stored("changed");
                }),
            };
            async move { store.update(change).await }
        })
        .await?;
        for result in results {
            holds("every change returns the user", result?.is_some())?;
        }
        let stored = bench.present(user.id(), None).await?.user;
        let (status, hash) = (stored.status(), stored.account().hashed_password.as_stored());
        same("the stored changes", (status.is_verified, status.is_superuser, hash), (true, true, "changed"))?;
    }
    Ok(())
}

async fn one_email_change<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let mut users = Vec::with_capacity(TASKS);
    for number in 0..TASKS {
        users.push(bench.stored(&format!("knight{number}@camelot.example")).await?);
    }
    for round in 0..ROUNDS {
        let email = format!("king{round}@camelot.example");
        let results = at_once(bench, |number, store| {
            let change = users
                .get(number)
                .map(|user| change(user, Columns::EMAIL, |user| email.clone_into(user.account_mut().email)));
            async move {
                match change {
                    Some(change) => store.update(change).await,
                    None => Ok(None),
                }
            }
        })
        .await?;
        let won = results.iter().filter(|result| matches!(result, Ok(Some(_)))).count();
        let refused = results.iter().filter(|result| matches!(result, Err(StoreError::EmailTaken))).count();
        same("the number of winners and of refusals with EmailTaken", (won, refused), (1, TASKS - 1))?;
    }
    Ok(())
}

async fn verify<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    for round in 0..ROUNDS {
        let (proved, unproved) = (format!("own{round}@camelot.example"), format!("victim{round}@camelot.example"));
        let user = bench.stored(&proved).await?;
        let results = at_once(bench, |number, store| {
            let change = if number % 2 == 0 {
                let mut verify = change(&user, Columns::IS_VERIFIED, |user| *user.account_mut().is_verified = true);
                verify.if_email = Some(proved.clone());
                verify
            } else {
                change(&user, Columns::EMAIL.and(Columns::IS_VERIFIED), |user| {
                    unproved.clone_into(user.account_mut().email);
                    *user.account_mut().is_verified = false;
                })
            };
            async move { store.update(change).await }
        })
        .await?;
        for result in results {
            result?;
        }
        let stored = bench.present(user.id(), None).await?.user;
        let facts = (stored.account().email.to_owned(), stored.status().is_verified);
        same("the address and whether it is verified", facts, (unproved, false))?;
    }
    Ok(())
}

async fn every_end_counts<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let mut before = bench.present(user.id(), None).await?.epoch;
    for _ in 0..ROUNDS {
        let id = user.id();
        for result in at_once(bench, |_, store| {
            let id = id.clone();
            async move { store.end_sessions(Some(id)).await }
        })
        .await?
        {
            result?;
        }
        let after = bench.present(user.id(), None).await?.epoch;
        let ends = i64::try_from(TASKS).unwrap_or(i64::MAX);
        same("how far the epoch has risen", after.0.saturating_sub(before.0), ends)?;
        before = after;
    }
    Ok(())
}

async fn one_deletion<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    for _ in 0..ROUNDS {
        let id = bench.stored("arthur@camelot.example").await?.id();
        let mut deleted = 0;
        for result in at_once(bench, |_, store| {
            let id = id.clone();
            async move { store.delete(id).await }
        })
        .await?
        {
            deleted += usize::from(result?);
        }
        same("the number of tasks that deleted it", deleted, 1)?;
    }
    Ok(())
}
