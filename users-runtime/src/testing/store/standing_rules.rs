//! The rules about the standing of accounts.

use super::{
    Rule,
    bench::{Bench, Broken, change, facts, holds, minute, same, token},
};
use crate::{
    domain::{PasswordHash, Standing, Suspension, Timestamp},
    port::{Change, EndSessions, StoreError, TokenState},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "a new account is in good standing", check: |b| Box::pin(good_at_first(b)) },
        Rule { name: "a suspension is stored and found with the user", check: |b| Box::pin(suspension_is_found(b)) },
        Rule { name: "a suspension without an end has none", check: |b| Box::pin(suspension_without_end(b)) },
        Rule { name: "other changes leave the standing as it is", check: |b| Box::pin(others_keep_standing(b)) },
        Rule { name: "a new hash removes the mark of its change", check: |b| Box::pin(new_hash_clears_mark(b)) },
        Rule { name: "a refused change keeps the standing", check: |b| Box::pin(refused_keeps_standing(b)) },
        Rule { name: "a standing belongs to one user", check: |b| Box::pin(standing_of_one_user(b)) },
        Rule { name: "a change uses a token up, once", check: |b| Box::pin(token_is_used_once(b)) },
    ]
}

const REASON: &str = "Ünïcödé 🗝 '; DROP TABLE \"user\";--\nsecond line";

fn suspended(until: Option<Timestamp>, reason: Option<&str>) -> Suspension {
    Suspension::new(until, reason.map(str::to_owned))
}

fn suspending<U: AuthUser>(user: &U, suspension: Suspension) -> Change<U> {
    let mut change = change(user, Columns::NONE, |_| {});
    (change.suspension, change.end_sessions) = (Some(Some(suspension)), EndSessions::All);
    change
}

/// Fails unless every lookup finds the user with this standing.
async fn found_with<U: AuthUser>(bench: &Bench<U>, user: &U, wanted: &Standing) -> Result<(), Broken> {
    let by_id = bench.present(user.id(), None).await?;
    same("the standing found by id", &by_id.standing, wanted)?;
    let with_token = bench.present(user.id(), Some(&token(1))).await?;
    same("the standing found with a token", &with_token.standing, wanted)?;
    let email = by_id.user.account().email.to_owned();
    let by_email = bench.by_email(&email).await?.map(|found| found.standing);
    same("the standing found by address", by_email.as_ref(), Some(wanted))
}

async fn good_at_first<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    found_with(bench, &user, &Standing::default()).await
}

async fn suspension_is_found<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let before = bench.present(user.id(), None).await?.epoch;
    let longest = "🗝".repeat(Suspension::MAX_REASON);
    for (until, reason) in
        [(minute(60), Some(REASON)), (minute(90), None), (minute(30), Some("")), (minute(1), Some(longest.as_str()))]
    {
        let suspension = suspended(Some(until), reason);
        let stored = bench.store.update(suspending(&user, suspension.clone())).await?;
        same("the user that update returns", stored.as_ref().map(facts), Some(facts(&user)))?;
        let wanted = Standing { suspension: Some(suspension), must_change_password: false };
        found_with(bench, &user, &wanted).await?;
    }
    holds("the sessions ended with it", bench.present(user.id(), None).await?.epoch > before)?;
    let mut lifting = change(&user, Columns::NONE, |_| {});
    lifting.suspension = Some(None);
    bench.store.update(lifting).await?;
    found_with(bench, &user, &Standing::default()).await
}

async fn suspension_without_end<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    bench.store.update(suspending(&user, suspended(None, Some(REASON)))).await?;
    let wanted = Standing { suspension: Some(suspended(None, Some(REASON))), must_change_password: false };
    found_with(bench, &user, &wanted).await
}

async fn others_keep_standing<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let mut both = suspending(&user, suspended(Some(minute(60)), Some(REASON)));
    both.must_change_password = Some(true);
    bench.store.update(both).await?;
    let wanted = Standing { suspension: Some(suspended(Some(minute(60)), Some(REASON))), must_change_password: true };
    found_with(bench, &user, &wanted).await?;
    let columns = Columns::IS_VERIFIED.and(Columns::IS_ACTIVE).and(Columns::EMAIL);
    bench.store.update(change(&user, columns, |user| *user.account_mut().is_verified = true)).await?;
    bench.store.end_sessions(Some(user.id())).await?;
    // The hash is written, and it is that of the same password.
    let hash = PasswordHash::from_stored("the same password");
    let mut rehash = change(&user, Columns::HASHED_PASSWORD, |user| *user.account_mut().hashed_password = hash);
    rehash.must_change_password = None;
    bench.store.update(rehash).await?;
    found_with(bench, &user, &wanted).await
}

async fn new_hash_clears_mark<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let mut both = suspending(&user, suspended(Some(minute(60)), None));
    both.must_change_password = Some(true);
    bench.store.update(both).await?;
    let hash = PasswordHash::from_stored("another password");
    let reset = change(&user, Columns::HASHED_PASSWORD, |user| *user.account_mut().hashed_password = hash);
    bench.store.update(reset).await?;
    let wanted = Standing { suspension: Some(suspended(Some(minute(60)), None)), must_change_password: false };
    found_with(bench, &user, &wanted).await
}

async fn refused_keeps_standing<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    bench.stored("mordred@camelot.example").await?;
    let user = bench.stored("arthur@camelot.example").await?;
    let all = |mut change: Change<U>| {
        change.suspension = Some(Some(suspended(None, None)));
        change.must_change_password = Some(true);
        change
    };
    let mut stopped = all(change(&user, Columns::NONE, |_| {}));
    stopped.if_hashed_password = Some(PasswordHash::from_stored("another"));
    holds("a condition stops the change", bench.store.update(stopped).await?.is_none())?;
    let mut stopped = all(change(&user, Columns::NONE, |_| {}));
    stopped.if_epoch = Some(crate::domain::Epoch(bench.present(user.id(), None).await?.epoch.0 + 1));
    holds("the epoch stops the change", bench.store.update(stopped).await?.is_none())?;
    let stolen = |user: &mut U| *user.account_mut().email = "mordred@camelot.example".to_owned();
    let stolen = bench.store.update(all(change(&user, Columns::EMAIL, stolen))).await;
    holds("a taken address is refused", matches!(stolen, Err(StoreError::EmailTaken)))?;
    found_with(bench, &user, &Standing::default()).await
}

async fn token_is_used_once<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    bench.stored("mordred@camelot.example").await?;
    let user = bench.stored("arthur@camelot.example").await?;
    let using = |number, email: &str| {
        let mut change = change(&user, Columns::EMAIL, |user| *user.account_mut().email = email.to_owned());
        (change.end_sessions, change.use_token) = (EndSessions::All, Some((token(number), minute(60))));
        change
    };
    // A refused change uses up no token.
    let taken = bench.store.update(using(1, "mordred@camelot.example")).await;
    holds("a taken address is refused", matches!(taken, Err(StoreError::EmailTaken)))?;
    let mut stopped = using(1, "king@camelot.example");
    stopped.if_email = Some("another@camelot.example".to_owned());
    holds("a condition stops the change", bench.store.update(stopped).await?.is_none())?;
    let state = bench.present(user.id(), Some(&token(1))).await?.token;
    same("the token after refused changes", state, TokenState::Unmarked)?;

    holds("the first use passes", bench.store.update(using(1, "king@camelot.example")).await?.is_some())?;
    let before = bench.present(user.id(), Some(&token(1))).await?;
    same("the token after its use", before.token, TokenState::Revoked)?;
    holds("the second use is stopped", bench.store.update(using(1, "again@camelot.example")).await?.is_none())?;
    let after = bench.present(user.id(), None).await?;
    same("the user after the second use", (facts(&after.user), after.epoch), (facts(&before.user), before.epoch))?;
    bench.store.purge_expired(minute(59)).await?;
    holds("it is stopped until it expires", bench.store.update(using(1, "again@camelot.example")).await?.is_none())?;

    // Any record prevents the use; another token works.
    bench.store.revoke(&token(2), minute(60)).await?;
    holds("a revoked token is stopped", bench.store.update(using(2, "again@camelot.example")).await?.is_none())?;
    holds("another token passes", bench.store.update(using(3, "again@camelot.example")).await?.is_some())
}

async fn standing_of_one_user<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let user = bench.stored("arthur@camelot.example").await?;
    let other = bench.stored("mordred@camelot.example").await?;
    let mut both = suspending(&user, suspended(None, Some(REASON)));
    both.must_change_password = Some(true);
    bench.store.update(both).await?;
    found_with(bench, &other, &Standing::default()).await?;
    bench.store.delete(user.id()).await?;
    let next = bench.stored("arthur@camelot.example").await?;
    found_with(bench, &next, &Standing::default()).await
}
