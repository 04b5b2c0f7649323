//! The rules for tokens of providers, for stores that keep accounts at them.

use std::sync::Arc;

use super::{
    Rule,
    bench::{Bench, Broken, change, holds, same},
    oauth_accounts::{account, store_of},
    races::{ROUNDS, at_once},
};
use crate::{
    domain::oauth::{OAuthAccount, StoredTokens},
    user::{AuthUser, Columns},
};

pub(super) fn all<U: AuthUser>() -> Vec<Rule<U>> {
    vec![
        Rule { name: "tokens are kept as they are written", check: |b| Box::pin(kept(b)) },
        Rule { name: "tokens are removed with their link", check: |b| Box::pin(removed(b)) },
    ]
}

pub(super) fn races<U: AuthUser>() -> Vec<Rule<U>> {
    vec![Rule { name: "exactly one of several replacements of tokens wins", check: |b| Box::pin(one_replaces(b)) }]
}

/// Tokens that differ for each number.
fn tokens(number: usize) -> StoredTokens {
    let text = |column: &str| format!("axum-users/v1/{column}-{number}/");
    // As long as the longest that are written.
    let access_token = format!("{}{}", text("access"), "A".repeat(22_000));
    StoredTokens { access_token, refresh_token: Some(text("refresh")) }
}

/// Links a user, and returns the link.
async fn linked_as<U: AuthUser>(bench: &Bench<U>, user: &U, number: u8) -> Result<OAuthAccount<U::Id>, Broken> {
    let Some(store) = store_of(bench) else { return Err(Broken("the store has no accounts".to_owned())) };
    let subject = number.to_string();
    store.link(change(user, Columns::NONE, |_| {}), account::<U>(number, &subject)).await?;
    store.find("acme", &subject).await?.ok_or_else(|| Broken("a link is not found".to_owned()))
}

async fn kept<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let (link, other) = (linked_as(bench, &user, 1).await?, linked_as(bench, &user, 2).await?);
    let stranger = bench.stored("mordred@camelot.example").await?;
    let read = async |user: &U, link: &OAuthAccount<U::Id>| store.tokens(user.id(), link.id.clone()).await;
    let replace = async |user: &U, before: &StoredTokens, after: &StoredTokens| {
        store.replace_tokens(user.id(), link.id.clone(), before, after).await
    };
    same("the tokens of a new link", read(&user, &link).await?, Some(StoredTokens::default()))?;
    same("the first tokens", replace(&user, &StoredTokens::default(), &tokens(1)).await?, true)?;
    same("the stored tokens", read(&user, &link).await?, Some(tokens(1)))?;
    same("the tokens of the other link", read(&user, &other).await?, Some(StoredTokens::default()))?;
    same("a replacement of earlier tokens", replace(&user, &StoredTokens::default(), &tokens(2)).await?, false)?;
    same("a replacement for another user", replace(&stranger, &tokens(1), &tokens(2)).await?, false)?;
    same("the tokens of the link for another user", read(&stranger, &link).await?, None)?;
    same("the tokens after these", read(&user, &link).await?, Some(tokens(1)))?;
    same("the second tokens", replace(&user, &tokens(1), &tokens(2)).await?, true)?;
    store.refresh(&link).await?;
    bench.store.update(change(&user, Columns::IS_VERIFIED, |_| {})).await?;
    same("the tokens after other changes", read(&user, &link).await?, Some(tokens(2)))?;
    same("a removal", replace(&user, &tokens(2), &StoredTokens::default()).await?, true)?;
    same("the removed tokens", read(&user, &link).await?, Some(StoredTokens::default()))
}

async fn removed<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(store) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    for number in [1, 2] {
        let link = linked_as(bench, &user, 1).await?;
        same(
            "the tokens of a new link",
            store.tokens(user.id(), link.id.clone()).await?,
            Some(StoredTokens::default()),
        )?;
        let (before, after) = (StoredTokens::default(), tokens(1));
        store.replace_tokens(user.id(), link.id.clone(), &before, &after).await?;
        if number == 1 {
            store.unlink(user.id(), link.id.clone()).await.map(drop)?;
        } else {
            let mut unlinking = change(&user, Columns::NONE, |_| {});
            unlinking.unlink = true;
            bench.store.update(unlinking).await?;
        }
        same("the tokens of a removed link", store.tokens(user.id(), link.id.clone()).await?, None)?;
        let late = store.replace_tokens(user.id(), link.id.clone(), &after, &tokens(2)).await?;
        same("a replacement after the link was removed", late, false)?;
    }
    Ok(())
}

async fn one_replaces<U: AuthUser>(bench: &Bench<U>) -> Result<(), Broken> {
    let Some(accounts) = store_of(bench) else { return Ok(()) };
    let user = bench.stored("arthur@camelot.example").await?;
    let link = linked_as(bench, &user, 1).await?;
    for round in 0..ROUNDS {
        let Some(before) = accounts.tokens(user.id(), link.id.clone()).await? else {
            return Err(Broken("a link has no tokens".to_owned()));
        };
        let results = at_once(bench, |number, _| {
            let (accounts, user, id) = (Arc::clone(&accounts), user.id(), link.id.clone());
            let (before, after) = (before.clone(), tokens(100 * (round + 1) + number));
            async move { accounts.replace_tokens(user, id, &before, &after).await }
        })
        .await?;
        let mut winner = None;
        for (number, result) in results.into_iter().enumerate() {
            if result? {
                holds("one replacement wins", winner.is_none())?;
                winner = Some(tokens(100 * (round + 1) + number));
            }
        }
        same("the tokens of the winner", accounts.tokens(user.id(), link.id.clone()).await?, winner)?;
    }
    Ok(())
}
