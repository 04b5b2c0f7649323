//! The rules for stored sessions that only concurrent calls can break.

use std::sync::Arc;

use super::{
    Rule,
    bench::{Bench, Broken, holds, minute, same},
    races::{ROUNDS, at_once},
    stored_sessions::{Rig, key, session},
};
use crate::{port::StoreError, user::AuthUser};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "no session outlives its user", check: |b| Box::pin(never_outlives_its_user(b)) },
        Rule { name: "a concurrent use does not restore a removed session", check: |b| Box::pin(not_revived(b)) },
    ]
}

async fn never_outlives_its_user<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    for _ in 0..ROUNDS {
        let user = rig.user("arthur@camelot.example").await?;
        let results = at_once(bench, |number, store| {
            let new = session(&user, u32::try_from(number).unwrap_or(u32::MAX), 0);
            let (id, sessions) = (user.user.id(), Arc::clone(&rig.sessions));
            async move {
                match number {
                    0 => store.delete(id).await.map(drop),
                    _ => sessions.add(new, 20).await,
                }
            }
        })
        .await?;
        let as_it_should = |result: &Result<(), StoreError>| matches!(result, Ok(()) | Err(StoreError::Conflict));
        holds("a session is added, or is a conflict", results.iter().all(as_it_should))?;
        let subject = user.user.id().to_string();
        same("the number of listed sessions of the deleted user", rig.sessions.list(&subject).await?.len(), 0)?;
        for number in 0..16 {
            same("the removal of a remaining row", rig.sessions.remove(&key(number)).await?, false)?;
        }
    }
    Ok(())
}

async fn not_revived<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(rig) = Rig::of(bench) else { return Ok(()) };
    let user = rig.user("arthur@camelot.example").await?;
    for _ in 0..ROUNDS {
        rig.sessions.add(session(&user, 1, 0), 20).await?;
        let results = at_once(bench, |number, _| {
            let sessions = Arc::clone(&rig.sessions);
            async move {
                if number % 2 == 0 {
                    sessions.remove(&key(1)).await
                } else {
                    sessions.touch(&key(1), minute(5)).await.map(|()| false)
                }
            }
        })
        .await?;
        let mut removed = 0;
        for result in results {
            removed += usize::from(result?);
        }
        same("the number of tasks that removed it", removed, 1)?;
        same("the existence of the removed session", rig.find(key(1)).await?.is_some(), false)?;
    }
    Ok(())
}
