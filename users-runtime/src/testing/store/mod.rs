//! The conformance suite for [`UserStore`]: the rules that every store must follow.
//!
//! It does not check that data survives a restart, nor the values of fields that no client sees. The rules are
//! described in [Writing a store](https://github.com/axum-users/axum-users/blob/main/docs/guide/custom-store.md);
//! `examples/custom_store` in the repository tests those, too.
//!
//! ```no_run
//! # async fn example<U: users_runtime::AuthUser>(user: fn(users_runtime::store::NewAccount<U::Id>) -> U) {
//! use users_runtime::{testing, store::MemoryStore};
//!
//! // in a test, with a runtime of several threads
//! testing::store_conformance(|| async { MemoryStore::<U>::new() }, user).await.unwrap();
//! testing::store_races(|| async { MemoryStore::<U>::new() }, user).await.unwrap();
//! # }
//! ```

mod bench;
mod factor_rules;
mod oauth_accounts;
mod passkey_rules;
mod provider_tokens;
mod races;
mod refresh_rules;
mod rules;
mod session_races;
mod session_rules;
mod standing_rules;
mod stored_sessions;
mod tenant_rules;

use std::{fmt, future::Future, sync::Arc};

use self::{
    bench::{Bench, Broken},
    tenant_rules::Tenants,
};
use crate::{
    port::{BoxFuture, UserStore},
    user::{AuthUser, HasTenant, NewAccount, Tenant},
};

/// A rule that a store breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonconformity {
    /// The rule.
    pub rule: &'static str,
    /// The observed behavior.
    pub detail: String,
}

impl fmt::Display for Nonconformity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store breaks the rule {:?}: {}", self.rule, self.detail)
    }
}

impl std::error::Error for Nonconformity {}

/// A rule: its name and its check against an empty store.
struct Rule<U: AuthUser> {
    name: &'static str,
    check: for<'a> fn(&'a Bench<U>) -> BoxFuture<'a, Result<(), Broken>>,
}

/// Checks every rule that sequential calls can verify, each with a fresh store.
///
/// `fresh` returns an empty store for each rule, such as a new database file; [`UserStore::migrate`] is called on it.
/// `user` builds a user with a value in every custom field. The rules for stored sessions are checked if the store has
/// a [`session_store`](UserStore::session_store), those for accounts at OAuth providers if it has an
/// [`oauth_store`](UserStore::oauth_store), and those for passkeys if it has a
/// [`passkey_store`](UserStore::passkey_store).
///
/// # Errors
/// The first rule that the store breaks.
pub async fn store_conformance<U, S, Fut>(
    fresh: impl Fn() -> Fut,
    user: fn(NewAccount<U::Id>) -> U,
) -> Result<(), Nonconformity>
where
    U: AuthUser,
    S: UserStore<U>,
    Fut: Future<Output = S>,
{
    let rules = rules::all().into_iter().chain(session_rules::all()).chain(standing_rules::all());
    let rules = rules.chain(stored_sessions::all()).chain(refresh_rules::all()).chain(factor_rules::all());
    let rules = rules.chain(oauth_accounts::all()).chain(provider_tokens::all());
    run(&rules.chain(passkey_rules::all()).collect::<Vec<_>>(), fresh, user).await
}

/// Checks that no change is lost or applied twice when 16 callers do the same thing at once, 50 times over.
///
/// Run it on a multi-threaded runtime; on a single thread it has no significance.
///
/// # Errors
/// The first rule that the store breaks.
pub async fn store_races<U, S, Fut>(
    fresh: impl Fn() -> Fut,
    user: fn(NewAccount<U::Id>) -> U,
) -> Result<(), Nonconformity>
where
    U: AuthUser,
    S: UserStore<U>,
    Fut: Future<Output = S>,
{
    let rules = races::all().into_iter().chain(session_races::all()).chain(refresh_rules::races());
    let rules = rules.chain(factor_rules::races());
    let rules = rules.chain(oauth_accounts::races()).chain(provider_tokens::races());
    run(&rules.chain(passkey_rules::races()).collect::<Vec<_>>(), fresh, user).await
}

/// Checks, for a user type with tenants, that the store isolates `tenants` from each other, and the rules of
/// [`store_conformance`] within each tenant.
///
/// # Errors
/// The first rule that the store breaks.
pub async fn store_tenants<U, S, Fut>(
    fresh: impl Fn() -> Fut,
    user: fn(NewAccount<U::Id>) -> U,
    tenants: [U::Tenant; 2],
) -> Result<(), Nonconformity>
where
    U: HasTenant,
    S: UserStore<U>,
    Fut: Future<Output = S>,
{
    let [one, other] = tenants.map(Tenant::new);
    let held = |store: &S, tenant: &Tenant<U>| store.for_tenant(tenant).map_err(Broken::from);
    for rule in tenant_rules::all::<U>() {
        let whole = fresh().await;
        let checked = async {
            whole.migrate().await?;
            let (one, other) = (Bench::new(held(&whole, &one)?, user), Bench::new(held(&whole, &other)?, user));
            other.start_after(&one);
            (rule.check)(&Tenants { whole: Arc::new(whole), one, other }).await
        };
        checked.await.map_err(|Broken(detail)| Nonconformity { rule: rule.name, detail })?;
    }
    for rule in rules::all().into_iter().chain(session_rules::all()).chain(standing_rules::all()) {
        let whole = fresh().await;
        let checked = async {
            whole.migrate().await?;
            (rule.check)(&Bench::new(held(&whole, &one)?, user)).await
        };
        checked.await.map_err(|Broken(detail)| Nonconformity { rule: rule.name, detail })?;
    }
    Ok(())
}

async fn run<U, S, Fut>(
    rules: &[Rule<U>],
    fresh: impl Fn() -> Fut,
    user: fn(NewAccount<U::Id>) -> U,
) -> Result<(), Nonconformity>
where
    U: AuthUser,
    S: UserStore<U>,
    Fut: Future<Output = S>,
{
    for rule in rules {
        let bench = Bench::new(Arc::new(fresh().await), user);
        let checked = match bench.store.migrate().await {
            Ok(()) => (rule.check)(&bench).await,
            Err(error) => Err(Broken::from(error)),
        };
        checked.map_err(|Broken(detail)| Nonconformity { rule: rule.name, detail })?;
    }
    Ok(())
}
