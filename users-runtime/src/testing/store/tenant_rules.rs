//! The rules for user types with tenants.

use std::sync::Arc;

use super::bench::{Bench, Broken, change, facts, holds, same, token};
use crate::{
    domain::{CanonicalEmail, Status},
    port::{BoxFuture, EndSessions, Lookup, StoreError, UserStore},
    user::{AuthUser, Columns},
};

/// A store, and the same store bound to each of two tenants.
pub(super) struct Tenants<U: AuthUser> {
    pub(super) whole: Arc<dyn UserStore<U>>,
    pub(super) one: Bench<U>,
    pub(super) other: Bench<U>,
}

/// A rule: its name and its check against an empty store.
pub(super) struct TenantRule<U: AuthUser> {
    pub(super) name: &'static str,
    pub(super) check: for<'a> fn(&'a Tenants<U>) -> BoxFuture<'a, Result<(), Broken>>,
}

pub(super) fn all<U: AuthUser>() -> Vec<TenantRule<U>> {
    vec![
        TenantRule { name: "two tenants may use the same address", check: |t| Box::pin(one_address_in_both(t)) },
        TenantRule { name: "users of another tenant are not found", check: |t| Box::pin(found_in_its_tenant_only(t)) },
        TenantRule {
            name: "users of another tenant are not changed",
            check: |t| Box::pin(changed_in_its_tenant_only(t)),
        },
        TenantRule { name: "a user is written with the tenant of the store", check: |t| Box::pin(stamped(t)) },
        TenantRule {
            name: "ending all sessions affects one tenant only",
            check: |t| Box::pin(sessions_end_in_one_tenant(t)),
        },
        TenantRule {
            name: "without a tenant every operation on users is refused",
            check: |t| Box::pin(refused_without_a_tenant(t)),
        },
    ]
}

const ARTHUR: &str = "king.arthur@camelot.example";

async fn one_address_in_both<U: AuthUser>(tenants: &Tenants<U>) -> Result<(), Broken> {
    let Tenants { one, other, .. } = tenants;
    let (here, there) = (one.stored(ARTHUR).await?, other.stored(ARTHUR).await?);
    for (bench, user) in [(one, &here), (other, &there)] {
        let found = bench.by_email(ARTHUR).await?;
        same("the owner of the address", found.map(|found| found.user.id()), Some(user.id()))?;
        let again = bench.store.insert(bench.user(&ARTHUR.to_uppercase())).await;
        holds("the address has one owner in a tenant", matches!(again, Err(StoreError::EmailTaken)))?;
    }
    holds("they are two users", here.id() != there.id())?;
    let mordred = one.stored("mordred@camelot.example").await?;
    let taking = change(&mordred, Columns::EMAIL, |user| ARTHUR.clone_into(user.account_mut().email));
    let taken = one.store.update(taking).await;
    holds("a change respects the owner", matches!(taken, Err(StoreError::EmailTaken)))
}

async fn found_in_its_tenant_only<U: AuthUser>(tenants: &Tenants<U>) -> Result<(), Broken> {
    let Tenants { one, other, .. } = tenants;
    let (here, there) = (one.stored(ARTHUR).await?, other.stored("mordred@camelot.example").await?);
    holds("a user is found in its own tenant", one.by_id(here.id()).await?.is_some())?;
    holds("a user is not found in another tenant by id", other.by_id(here.id()).await?.is_none())?;
    holds("a user is not found in another tenant by address", other.by_email(ARTHUR).await?.is_none())?;
    let wanted: Vec<_> = [here.id(), there.id(), here.id()].map(|id| Lookup::User { id, token: Some(token(1)) }).into();
    let found: Vec<_> = other.store.find(&wanted).await?.iter().map(Option::is_some).collect();
    same("the results of several lookups", found, vec![false, true, false])
}

async fn changed_in_its_tenant_only<U: AuthUser>(tenants: &Tenants<U>) -> Result<(), Broken> {
    let Tenants { one, other, .. } = tenants;
    let user = one.stored(ARTHUR).await?;
    let before = one.present(user.id(), None).await?;
    let mut raise = change(&user, Columns::IS_SUPERUSER, |user| *user.account_mut().is_superuser = true);
    raise.end_sessions = EndSessions::All;
    holds("a change in another tenant finds no user", other.store.update(raise).await?.is_none())?;
    holds("a deletion in another tenant finds no user", !other.store.delete(user.id()).await?)?;
    other.store.end_sessions(Some(user.id())).await?;
    let after = one.present(user.id(), None).await?;
    same("the user afterwards", facts(&after.user), facts(&before.user))?;
    same("its epoch", after.epoch, before.epoch)?;
    holds("a deletion in its own tenant finds it", one.store.delete(user.id()).await?)
}

async fn stamped<U: AuthUser>(tenants: &Tenants<U>) -> Result<(), Broken> {
    let Tenants { one, other, .. } = tenants;
    // A user that belongs to one tenant is passed to the store of the other.
    let foreign = one.stored(ARTHUR).await?;
    let mut migrant = other.user("lancelot@camelot.example");
    migrant.copy_custom(&foreign, all_custom());
    let migrant = other.store.insert(migrant).await?;
    holds("an insert writes the tenant of the store", other.by_id(migrant.id()).await?.is_some())?;
    // A change that names every column does not move it either.
    let moving = change(&migrant, all_custom(), |user| user.copy_custom(&foreign, all_custom()));
    holds("a change returns the user", other.store.update(moving).await?.is_some())?;
    holds("a change does not move the user", other.by_id(migrant.id()).await?.is_some())?;
    holds("the user is not found in the other tenant", one.by_id(migrant.id()).await?.is_none())
}

fn all_custom() -> Columns {
    (Columns::ROLES..Columns::MAX).fold(Columns::NONE, Columns::with)
}

async fn sessions_end_in_one_tenant<U: AuthUser>(tenants: &Tenants<U>) -> Result<(), Broken> {
    let Tenants { one, other, .. } = tenants;
    let (here, there) = (one.stored(ARTHUR).await?.id(), other.stored(ARTHUR).await?.id());
    let (before, before_there) =
        (one.present(here.clone(), None).await?.epoch, other.present(there.clone(), None).await?.epoch);
    one.store.end_sessions(None).await?;
    holds("sessions end in the tenant", one.present(here, None).await?.epoch > before)?;
    same("the epoch in the other tenant", other.present(there, None).await?.epoch, before_there)
}

async fn refused_without_a_tenant<U: AuthUser>(tenants: &Tenants<U>) -> Result<(), Broken> {
    let Tenants { whole, one, .. } = tenants;
    let user = one.stored(ARTHUR).await?;
    let (email, id) = (CanonicalEmail::of(ARTHUR), user.id());
    let changed = change(&user, Columns::IS_ACTIVE, |user| *user.account_mut().is_active = false);
    let lookups = [Lookup::by_id(id.clone()), Lookup::by_id(id.clone())];
    let results = [
        ("find", whole.find(&lookups[..1]).await.err()),
        ("find of several", whole.find(&lookups).await.err()),
        ("find_by_email", whole.find_by_email(&email).await.err()),
        ("insert", whole.insert(one.user("mordred@camelot.example")).await.err()),
        ("update", whole.update(changed).await.err()),
        ("end_sessions", whole.end_sessions(Some(id.clone())).await.err()),
        ("end_sessions of all users", whole.end_sessions(None).await.err()),
        ("delete", whole.delete(id.clone()).await.err()),
    ];
    for (what, error) in results {
        if !matches!(error, Some(StoreError::MissingTenant)) {
            return Err(Broken(format!("{what} returned {error:?} instead of refusing")));
        }
    }
    same("the user afterwards", one.present(id, None).await?.user.status(), Status::NEW)
}
