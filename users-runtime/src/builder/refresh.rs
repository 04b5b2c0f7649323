//! The refresh tokens of a backend.

use std::sync::Arc;

use super::backend::Service;
#[cfg(feature = "redis")]
use crate::adapter::redis::{Redis, RedisRefreshTokens};
use crate::{
    domain::{Error, RefreshKeys, Result, Setting},
    port::{RefreshStore, Strategy, Transport},
    service::{ActiveRefresh, Policy, Refresh},
    user::AuthUser,
};

/// Returns the storage of refresh tokens in the Redis server that holds the sessions.
#[cfg(feature = "redis")]
pub(super) fn in_redis<U: AuthUser>(place: &Redis, service: &Service<'_, U>) -> Result<Arc<dyn RefreshStore>> {
    Ok(Arc::new(RedisRefreshTokens::new(place.clone().in_service(service.redis_service))?))
}

/// Builds the refresh tokens of a backend. They are stored in `place`, or in the users' database.
pub(super) fn active<U: AuthUser>(
    service: &Service<'_, U>,
    name: &str,
    refresh: Refresh,
    (strategy, transport): (&dyn Strategy, &dyn Transport),
    place: Option<Arc<dyn RefreshStore>>,
) -> Result<Arc<ActiveRefresh>> {
    ensure_refreshable(name, &refresh, strategy, transport, service.policy)?;
    let store = place.or_else(|| Arc::clone(service.store).refresh_store()).ok_or_else(|| {
        let reason = format!("the store keeps no refresh tokens, which the backend `{name}` needs");
        Error::setting(Setting::Backend, reason)
    })?;
    let keys = RefreshKeys::new(std::iter::once(service.secret).chain(refresh.previous_secrets()))?;
    Ok(Arc::new(ActiveRefresh { settings: refresh, keys, store }))
}

/// Checks that a backend can have refresh tokens.
fn ensure_refreshable(
    name: &str,
    refresh: &Refresh,
    strategy: &dyn Strategy,
    transport: &dyn Transport,
    policy: &Policy,
) -> Result<()> {
    let refuse = |reason: &str| Err(Error::setting(Setting::Backend, format!("the backend `{name}`: {reason}")));
    if policy.keeps_quirks() {
        return refuse("fastapi-users has no refresh tokens, so Policy::fastapi_users() allows none");
    }
    if !strategy.issues_tokens() {
        return refuse("its tokens are issued elsewhere, so there is nothing to refresh here");
    }
    if !transport.carries_refresh() {
        return refuse("its transport does not carry refresh tokens: implement Transport::grant_refreshable");
    }
    if strategy.lifetime().is_none_or(|access| access > refresh.lives()) {
        return refuse("its access tokens live longer than its refresh tokens: give them a lifetime of some minutes");
    }
    Ok(())
}
