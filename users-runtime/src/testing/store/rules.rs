//! The rules that sequential calls can verify.

use super::{
    Rule,
    bench::{Bench, Broken, change, facts, holds, minute, same, token},
};
use crate::{
    domain::{IdKind, PasswordHash, Status, id_kind},
    port::{EndSessions, Lookup, StoreError, TokenState},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "an inserted user is found by id and by address", check: |b| Box::pin(inserted_is_found(b)) },
        Rule { name: "an address is found regardless of case", check: |b| Box::pin(any_case(b)) },
        Rule { name: "an unknown user is not found, without an error", check: |b| Box::pin(absent(b)) },
        Rule { name: "lookups return their results in order", check: |b| Box::pin(many_in_order(b)) },
        Rule { name: "texts are returned byte for byte", check: |b| Box::pin(texts_round_trip(b)) },
        Rule { name: "custom fields that clients see are returned", check: |b| Box::pin(own_fields(b)) },
        Rule { name: "an address belongs to one user, regardless of case", check: |b| Box::pin(one_owner(b)) },
        Rule { name: "an id belongs to one user", check: |b| Box::pin(one_id(b)) },
        Rule { name: "a check of a new user stores nothing", check: |b| Box::pin(check_stores_nothing(b)) },
        Rule { name: "a change writes the named columns only", check: |b| Box::pin(named_columns_only(b)) },
        Rule { name: "a change of an unknown user returns no user", check: |b| Box::pin(change_of_unknown_user(b)) },
        Rule { name: "a change holds to its condition on the hash", check: |b| Box::pin(condition_on_hash(b)) },
        Rule { name: "a change holds to its condition on the epoch", check: |b| Box::pin(condition_on_epoch(b)) },
        Rule { name: "a change holds to its condition on the address", check: |b| Box::pin(condition_on_email(b)) },
        Rule { name: "a refused change changes nothing", check: |b| Box::pin(refused_changes_nothing(b)) },
        Rule { name: "a user may change the case of their own address", check: |b| Box::pin(own_case(b)) },
        Rule { name: "an address that a user gave up is available", check: |b| Box::pin(left_address_is_free(b)) },
        Rule { name: "a deleted user is not found", check: |b| Box::pin(deleted_is_gone(b)) },
        Rule { name: "no token of a deleted user is valid for a later user", check: |b| Box::pin(no_second_life(b)) },
        Rule { name: "a migration may run again", check: |b| Box::pin(migrates_twice(b)) },
    ]
}

async fn inserted_is_found<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.user("king.arthur@camelot.example");
    let stored = bench.store.insert(user.clone()).await?;
    let mut expected = facts(&user);
    if U::ID_MADE_BY_DATABASE {
        holds("the database makes an id", id_kind::<U::Id>() != IdKind::Integer || stored.id() != user.id())?;
        expected.0 = stored.id();
    }
    same("the user that insert returns", facts(&stored), expected.clone())?;
    let by_id = bench.present(stored.id(), None).await?;
    same("the user found by id", facts(&by_id.user), expected.clone())?;
    same("the state of no token", by_id.token, TokenState::Unmarked)?;
    let by_email = bench.by_email("king.arthur@camelot.example").await?;
    let by_email = by_email.ok_or_else(|| Broken("the user is not found by the address".to_owned()))?;
    same("the user found by address", facts(&by_email.user), expected)?;
    same("the epoch found by address", by_email.epoch, by_id.epoch)
}

async fn any_case<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("King.Arthur@camelot.example").await?;
    for email in ["king.arthur@camelot.example", "KING.ARTHUR@CAMELOT.EXAMPLE"] {
        let found = bench.by_email(email).await?;
        same("the id found", found.map(|found| found.user.id()), Some(user.id()))?;
    }
    Ok(())
}

async fn absent<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    bench.stored("king.arthur@camelot.example").await?;
    holds("an unknown id is not found", bench.by_id(bench.unknown_id()).await?.is_none())?;
    for email in ["", "nobody@camelot.example", "%", "king_arthur@camelot.example", "' OR '1'='1"] {
        holds("an unknown address is not found", bench.by_email(email).await?.is_none())?;
    }
    same("the number of results without a lookup", bench.store.find(&[]).await?.len(), 0)
}

async fn many_in_order<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let arthur = bench.stored("arthur@camelot.example").await?.id();
    let mordred = bench.stored("mordred@camelot.example").await?.id();
    let nobody = bench.unknown_id();
    bench.store.revoke(&token(1), minute(60)).await?;
    let wanted: Vec<Lookup<U::Id>> = [
        (mordred.clone(), Some(token(1))),
        (nobody, Some(token(1))),
        (arthur.clone(), None),
        (mordred.clone(), Some(token(2))),
        (mordred.clone(), Some(token(1))),
    ]
    .into_iter()
    .map(|(id, token)| Lookup::User { id, token })
    .collect();
    let results = bench.store.find(&wanted).await?;
    let results: Vec<_> = results.into_iter().map(|found| found.map(|found| (found.user.id(), found.token))).collect();
    let expected = vec![
        Some((mordred.clone(), TokenState::Revoked)),
        None,
        Some((arthur, TokenState::Unmarked)),
        Some((mordred.clone(), TokenState::Unmarked)),
        Some((mordred, TokenState::Revoked)),
    ];
    same("the list of results", results, expected)
}

async fn texts_round_trip<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let texts = [
        "Robert'); DROP TABLE \"user\";--",
        "' OR '1'='1",
        "\" OR \"\"=\"",
        "`; DELETE FROM user; --",
        "$1 ? :name @name %s {0}",
        "back\\slash \\' \\\" \\0",
        "%_[a-z]*",
        "Ünïcödé 𝒜 𐍈 🗝 \u{202e}txt",
        "line\r\nbreak\ttab",
        "null",
        "0x41",
        "12",
        " spaces ",
    ];
    for (number, text) in (0..).zip(texts) {
        let mut user = bench.user(&format!("{number}{text}@camelot.example"));
        *user.account_mut().hashed_password = PasswordHash::from_stored(text);
        let stored = bench.store.insert(user.clone()).await?;
        let found = bench.present(stored.id(), None).await?.user;
        same("the hash", found.account().hashed_password.as_stored(), text)?;
        same("the address", found.account().email, user.account().email)?;
        let by_email = bench.by_email(user.account().email).await?;
        same("the id found by address", by_email.map(|found| found.user.id()), Some(stored.id()))?;
    }
    Ok(())
}

async fn own_fields<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let seen = |user: &U| serde_json::to_value(user.read()).map_err(|error| Broken(format!("not readable: {error}")));
    let mut user = bench.user("arthur@camelot.example");
    let inserted = bench.store.insert(user.clone()).await?;
    *user.account_mut().id = inserted.id();
    // A store that is bound to a tenant writes the tenant into the user, and clients may see that field.
    let expected = seen(if U::HAS_TENANTS { &inserted } else { &user })?;
    same("the user that insert returns", seen(&inserted)?, expected.clone())?;
    same("the user found by id", seen(&bench.present(user.id(), None).await?.user)?, expected.clone())?;
    let by_email = bench.by_email("arthur@camelot.example").await?.map(|found| seen(&found.user)).transpose()?;
    same("the user found by address", by_email, Some(expected.clone()))?;

    let hash = PasswordHash::from_stored("changed");
    let change = change(&user, Columns::HASHED_PASSWORD, |user| *user.account_mut().hashed_password = hash);
    let changed = bench.store.update(change).await?.map(|user| seen(&user)).transpose()?;
    same("the user that a change of the hash returns", changed, Some(expected.clone()))?;
    same("the user after a change of the hash", seen(&bench.present(user.id(), None).await?.user)?, expected)
}

async fn one_id<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let first = bench.stored("arthur@camelot.example").await?;
    let mut second = bench.user("mordred@camelot.example");
    *second.account_mut().id = first.id();
    let inserted = bench.store.insert(second).await;
    if let (true, Ok(second)) = (U::ID_MADE_BY_DATABASE, &inserted) {
        return holds("the database makes another id", second.id() != first.id());
    }
    holds("a second owner is refused with Conflict", matches!(inserted, Err(StoreError::Conflict)))?;
    same("the first owner", facts(&bench.present(first.id(), None).await?.user), facts(&first))?;
    holds("the refused address finds no user", bench.by_email("mordred@camelot.example").await?.is_none())
}

async fn check_stores_nothing<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.user("arthur@camelot.example");
    let is_supported = match bench.store.check_insert(user.clone()).await {
        Ok(()) => true,
        Err(StoreError::Failed(_)) => false, // the default
        Err(error) => return Err(error.into()),
    };
    holds("the address finds no user after a check", bench.by_email("arthur@camelot.example").await?.is_none())?;
    holds("the id finds no user after a check", bench.by_id(user.id()).await?.is_none())?;
    let first = bench.store.insert(user).await?;
    let twin = bench.user("ARTHUR@camelot.example");
    let checked = bench.store.check_insert(twin.clone()).await;
    holds("a check never accepts a taken address", !matches!(checked, Ok(())) || !is_supported)?;
    if !U::ID_MADE_BY_DATABASE {
        let mut other = bench.user("mordred@camelot.example");
        *other.account_mut().id = first.id();
        let checked = bench.store.check_insert(other).await;
        holds(
            "a check refuses a taken id as an insert does",
            !is_supported || matches!(checked, Err(StoreError::Conflict)),
        )?;
    }
    holds(
        "the id of a refused user finds no user",
        bench.by_id(twin.id()).await?.is_none_or(|found| found.user.id() == first.id()),
    )?;
    same(
        "the owner of the address",
        bench.by_email("arthur@camelot.example").await?.map(|found| found.user.id()),
        Some(first.id()),
    )
}

async fn one_owner<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let first = bench.stored("king.arthur@camelot.example").await?;
    for email in ["king.arthur@camelot.example", "King.Arthur@camelot.example", "KING.ARTHUR@CAMELOT.EXAMPLE"] {
        let second = bench.user(email);
        let inserted = bench.store.insert(second.clone()).await;
        holds("a second owner is refused with EmailTaken", matches!(inserted, Err(StoreError::EmailTaken)))?;
        if !U::ID_MADE_BY_DATABASE {
            holds("nothing is left of the refused user", bench.by_id(second.id()).await?.is_none())?;
        }
    }
    let other = bench.stored("mordred@camelot.example").await?;
    let steal = change(&other, Columns::EMAIL, |user| *user.account_mut().email = "KING.arthur@camelot.example".into());
    let stolen = bench.store.update(steal).await;
    holds("a change to a taken address is refused with EmailTaken", matches!(stolen, Err(StoreError::EmailTaken)))?;
    let owner = bench.by_email("king.arthur@camelot.example").await?;
    same("the owner", owner.map(|found| found.user.id()), Some(first.id()))
}

async fn named_columns_only<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    // The passed user has every field changed, but only one column is named.
    let everything = |user: &mut U| {
        let account = user.account_mut();
        *account.email = "changed@camelot.example".to_owned();
        *account.hashed_password = PasswordHash::from_stored("changed");
        (*account.is_active, *account.is_superuser, *account.is_verified) = (false, true, true);
    };
    let (id, email, hash, status) = facts(&user);
    let after = bench.store.update(change(&user, Columns::IS_VERIFIED, everything)).await?;
    let expected = (id.clone(), email, hash.clone(), Status { is_verified: true, ..status });
    same("the user that update returns", after.as_ref().map(facts), Some(expected.clone()))?;
    same("the stored user", facts(&bench.present(id.clone(), None).await?.user), expected.clone())?;

    let after = bench.store.update(change(&user, Columns::NONE, everything)).await?;
    same("the user after a change of nothing", after.as_ref().map(facts), Some(expected))?;

    let both = Columns::EMAIL.and(Columns::IS_SUPERUSER);
    bench.store.update(change(&user, both, everything)).await?;
    let status = Status { is_verified: true, is_superuser: true, ..status };
    let expected = (id.clone(), "changed@camelot.example".to_owned(), hash, status);
    same("the stored user", facts(&bench.present(id, None).await?.user), expected)?;
    holds("the old address finds no user", bench.by_email("arthur@camelot.example").await?.is_none())?;
    holds("the new address finds the user", bench.by_email("changed@camelot.example").await?.is_some())
}

async fn change_of_unknown_user<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    bench.store.delete(user.id()).await?;
    for end_sessions in [EndSessions::Keep, EndSessions::All, EndSessions::AllBut(token(1), minute(60))] {
        let mut change = change(&user, Columns::IS_VERIFIED, |user| *user.account_mut().is_verified = true);
        change.end_sessions = end_sessions;
        holds("no user is changed", bench.store.update(change).await?.is_none())?;
    }
    bench.store.end_sessions(Some(user.id())).await?;
    Ok(())
}

async fn condition_on_hash<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let old = user.account().hashed_password.clone();
    let set = |hash: &str, condition: &PasswordHash| {
        let hash = PasswordHash::from_stored(hash);
        let mut change = change(&user, Columns::HASHED_PASSWORD, |user| *user.account_mut().hashed_password = hash);
        change.if_hashed_password = Some(condition.clone());
        change.end_sessions = EndSessions::All;
        change
    };
    let epoch = bench.present(user.id(), None).await?.epoch;
    let wrong = PasswordHash::from_stored(old.as_stored().to_uppercase());
    holds("another hash stops the change", bench.store.update(set("new", &wrong)).await?.is_none())?;
    same("the epoch after a stopped change", bench.present(user.id(), None).await?.epoch, epoch)?;
    holds("the stored hash lets it pass", bench.store.update(set("new", &old)).await?.is_some())?;
    holds("it passes once only", bench.store.update(set("newer", &old)).await?.is_none())?;
    let stored = bench.present(user.id(), None).await?.user;
    same("the stored hash", stored.account().hashed_password.as_stored(), "new")
}

async fn condition_on_email<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("Arthur@camelot.example").await?;
    let verify = |email: &str| {
        let mut change = change(&user, Columns::IS_VERIFIED, |user| *user.account_mut().is_verified = true);
        change.if_email = Some(email.to_owned());
        change
    };
    for email in ["arthur@camelot.example", "mordred@camelot.example", "", "%"] {
        holds("another address stops the change", bench.store.update(verify(email)).await?.is_none())?;
    }
    holds("it is not verified", !bench.present(user.id(), None).await?.user.status().is_verified)?;
    let verified = bench.store.update(verify("Arthur@camelot.example")).await?;
    same("the flag after the right condition", verified.map(|user| user.status().is_verified), Some(true))
}

async fn condition_on_epoch<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    for end_sessions in [EndSessions::Keep, EndSessions::All, EndSessions::AllBut(token(1), minute(60))] {
        let hash = format!("a hash beside {end_sessions:?}");
        let set = |epoch| {
            let hash = PasswordHash::from_stored(hash.clone());
            let mut change = change(&user, Columns::HASHED_PASSWORD, |user| *user.account_mut().hashed_password = hash);
            (change.if_epoch, change.end_sessions) = (Some(epoch), end_sessions.clone());
            change
        };
        let old = bench.present(user.id(), None).await?.epoch;
        bench.store.end_sessions(Some(user.id())).await?;
        let before = bench.present(user.id(), Some(&token(1))).await?;
        holds("an epoch that has passed stops the change", bench.store.update(set(old)).await?.is_none())?;
        let after = bench.present(user.id(), Some(&token(1))).await?;
        same("epoch and token after a stopped change", (after.epoch, after.token), (before.epoch, before.token))?;
        same("the user after a stopped change", facts(&after.user), facts(&before.user))?;
        let changed = bench.store.update(set(before.epoch)).await?;
        let stored = changed.map(|user| user.account().hashed_password.as_stored().to_owned());
        same("the hash after the right condition", stored, Some(hash))?;
    }
    Ok(())
}

async fn refused_changes_nothing<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    bench.stored("mordred@camelot.example").await?;
    let user = bench.stored("arthur@camelot.example").await?;
    let before = bench.present(user.id(), Some(&token(1))).await?;
    let columns = Columns::EMAIL.and(Columns::IS_SUPERUSER);
    let mut steal = change(&user, columns, |user| {
        *user.account_mut().email = "mordred@camelot.example".to_owned();
        *user.account_mut().is_superuser = true;
    });
    steal.end_sessions = EndSessions::AllBut(token(1), minute(60));
    holds("it is refused", matches!(bench.store.update(steal).await, Err(StoreError::EmailTaken)))?;
    let after = bench.present(user.id(), Some(&token(1))).await?;
    same("the user", facts(&after.user), facts(&before.user))?;
    same("the epoch and the token", (after.epoch, after.token), (before.epoch, before.token))
}

async fn own_case<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let renamed = change(&user, Columns::EMAIL, |user| *user.account_mut().email = "Arthur@camelot.example".into());
    let renamed = bench.store.update(renamed).await?;
    same(
        "the address",
        renamed.map(|user| user.account().email.to_owned()),
        Some("Arthur@camelot.example".to_owned()),
    )?;
    let found = bench.by_email("arthur@camelot.example").await?;
    same("the id found", found.map(|found| found.user.id()), Some(user.id()))
}

async fn left_address_is_free<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let left = change(&user, Columns::EMAIL, |user| *user.account_mut().email = "king@camelot.example".into());
    bench.store.update(left).await?;
    let next = bench.stored("arthur@camelot.example").await?;
    let found = bench.by_email("arthur@camelot.example").await?;
    same("the new owner", found.map(|found| found.user.id()), Some(next.id()))
}

async fn deleted_is_gone<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let other = bench.stored("mordred@camelot.example").await?;
    let mut sparing = change(&user, Columns::IS_VERIFIED, |_| {});
    sparing.end_sessions = EndSessions::AllBut(token(1), minute(60));
    bench.store.update(sparing).await?; // creates data that belongs to the user
    same("the result of the first deletion", bench.store.delete(user.id()).await?, true)?;
    same("the result of the second deletion", bench.store.delete(user.id()).await?, false)?;
    holds("it is not found by id", bench.by_id(user.id()).await?.is_none())?;
    holds("it is not found by address", bench.by_email("arthur@camelot.example").await?.is_none())?;
    holds("the other user still exists", bench.by_id(other.id()).await?.is_some())?;
    let again = bench.store.insert(bench.user("arthur@camelot.example")).await;
    holds("the address of a deleted user is free", !matches!(again, Err(StoreError::EmailTaken)))?;
    Ok(again.map(drop)?)
}

async fn no_second_life<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let old = bench.stored("arthur@camelot.example").await?;
    let epoch = bench.present(old.id(), None).await?.epoch;
    bench.store.delete(old.id()).await?;
    let new = bench.stored("mordred@camelot.example").await?;
    let found = bench.present(new.id(), None).await?;
    holds("id and epoch are not those of the deleted user", (new.id(), found.epoch) != (old.id(), epoch))
}

async fn migrates_twice<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    bench.store.migrate().await?;
    holds("the user still exists", bench.by_id(user.id()).await?.is_some())?;
    same("the differences that are found", bench.store.check_schema().await?, Vec::new())
}
