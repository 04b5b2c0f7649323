//! Limits, the storage of their counters, and the recognition of known clients.

use std::{sync::Arc, time::Duration};

use super::UsersBuilder;
use crate::{
    adapter::SignedDeviceCookies,
    domain::{BasePath, Error, PublicUrl, Relaxation, Result, Setting},
    port::{Counters, DeviceCookies, TransportContext},
    service::{Challenges, Limits},
    user::AuthUser,
};

impl<U: AuthUser> UsersBuilder<U> {
    /// Sets the limits against guessing, spraying and flooding. Default: [`Limits::default`]. Under
    /// [`Policy::fastapi_users`](crate::Policy::fastapi_users) only mails to one account are limited by default,
    /// because clients cannot notice this limit.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Sets the storage of the rate limits' counters. Default: the memory of this process.
    pub fn counters(mut self, counters: impl Counters) -> Self {
        self.counters = Some(Box::new(move |_, _| Ok(Arc::new(counters))));
        self
    }

    /// Counts in the users' database, shared by all nodes, for services without Redis. [`Users::migrate`](crate::Users::migrate)
    /// creates the table `{table}_limits`, and [`Users::purge_expired`](crate::Users::purge_expired) removes expired counters.
    /// Each login then writes a few more rows.
    ///
    /// Building the service fails if the store of the application has no counters.
    pub fn counters_in_database(mut self) -> Self {
        self.counters = Some(Box::new(|_, store| {
            Arc::clone(store).counters().ok_or_else(|| {
                Error::setting(
                    Setting::Limits,
                    "the store keeps no counters: call .counters(…) or .counters_in_redis(…)",
                )
            })
        }));
        self
    }

    /// Counts in Redis, shared by all nodes. While Redis is down, operations that must be counted are refused.
    #[cfg(feature = "redis")]
    pub fn counters_in_redis(mut self, redis: crate::adapter::redis::Redis) -> Self {
        self.counters = Some(Box::new(move |service, _| {
            Ok(Arc::new(crate::adapter::redis::RedisCounters::new(redis.in_service(service))?))
        }));
        self
    }

    /// Requires a solved challenge, such as a proof of work, before a limit is used up. Default: none.
    pub fn challenges(mut self, challenges: Challenges) -> Self {
        self.challenges = Some(challenges);
        self
    }

    /// Passes the key to the challenge.
    pub(super) fn configured_challenges(&mut self, limits: &Limits) -> Result<Option<Challenges>> {
        let Some(mut challenges) = self.challenges.take() else { return Ok(None) };
        challenges.configure(&*self.secret.derive(b"axum-users/v1/challenge")?, limits)?;
        Ok(Some(challenges))
    }

    /// Returns the limits that are set, or those of the policy.
    pub(super) fn effective_limits(&self) -> Limits {
        let usual = || if self.policy.allows(Relaxation::NoLimits) { Limits::unnoticed() } else { Limits::default() };
        self.limits.clone().unwrap_or_else(usual)
    }

    /// Builds the device cookies, which recognize browsers and derive the names of accounts in counters, if logins are limited.
    pub(super) fn device_cookies(
        &self,
        limits: &Limits,
        public_url: Option<&PublicUrl>,
        base_path: &BasePath,
    ) -> Result<Option<Arc<dyn DeviceCookies>>> {
        if !limits.limits_logins() {
            return Ok(None);
        }
        let relaxed: Vec<_> = self.policy.relaxations().collect();
        let context = TransportContext {
            relaxed: &relaxed,
            public_url,
            base_path: base_path.as_str(),
            largest_token: None,
            refresh: None,
        };
        let lifetime = limits.known_browsers().unwrap_or(Duration::from_secs(1));
        let cookies = SignedDeviceCookies::new(&self.secret, lifetime, Arc::clone(&self.random), &context)?;
        Ok(Some(Arc::new(cookies)))
    }
}
