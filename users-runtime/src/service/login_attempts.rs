//! Attempts to log in: counted before the password is hashed, by account, client and address.
//!
//! A client is known to an account if it has logged in to it before: a browser by its device cookie, any other by its
//! address. Known clients have separate budgets, which no other client can exhaust.

use http::{HeaderMap, header::SET_COOKIE};

use super::{
    Users,
    rate_limit::{Counted, Limited},
};
use crate::{
    domain::{CanonicalEmail, Limit, Timestamp},
    event::{self, SecurityEvent, operation},
    port::{BoxFuture, CounterKey, CountersUnavailable, DeviceId, Draw, RandomError, RequestContext, Settlement},
    user::AuthUser,
};

/// How old the record of a known address must be before it is written again: a day.
const WRITE_EVERY: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// An attempt that was counted. Unless it is settled, it stays counted as a failure.
#[derive(Debug)]
#[must_use]
pub(crate) struct LoginAttempt(Settlement);

impl<U: AuthUser> Users<U> {
    /// Counts an attempt to log in to the account with this address, whether it exists or not. `attempt` is its event if a limit
    /// refuses it.
    pub(crate) fn begin_attempt<'a>(
        &'a self,
        address: &'a str,
        attempt: SecurityEvent,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<LoginAttempt, Limited>> {
        Box::pin(async move {
            let counted = self.count_attempt(address, cx).await;
            self.record_limited(&counted, attempt);
            counted
        })
    }

    async fn count_attempt(&self, address: &str, cx: &RequestContext) -> Result<LoginAttempt, Limited> {
        let none = LoginAttempt(Settlement::default());
        let (Some(headers), true) = (cx.headers(), self.inner().limits.limits_logins()) else { return Ok(none) };
        let Some(account) = self.account_name(address) else { return Ok(none) };
        let network = self.network_of(cx).map(|network| network.to_string());
        let device = self.device_at(headers, &account);
        let stranger = network.as_ref().map_or_else(|| account.clone(), |network| of_address(&account, network));
        let is_known = device.is_some() || self.is_known_address(&account, network.as_deref()).await?;
        if is_known {
            let client = device.map_or_else(|| stranger.clone(), |device| of_device(&account, &device));
            let known = [(Limit::LoginClient, Some(client.as_str())), (Limit::LoginKnown, Some(account.as_str()))];
            match self.take_attempt(&known, cx).await {
                // All known clients together have failed too often: this one is counted like an unknown client.
                Err(Limited::Reached(reached)) if reached.limit == Limit::LoginKnown => {
                    let client = cx.client().map(|client| client.to_string());
                    operation!(WARN, "known_clients_limited", "known clients of an account count as any other", client);
                }
                taken => return taken,
            }
        }
        let others = [
            (Limit::LoginClient, Some(stranger.as_str())),
            (Limit::LoginAccount, Some(account.as_str())),
            (Limit::LoginAddress, network.as_deref()),
        ];
        self.take_attempt(&others, cx).await
    }

    /// Counts a mailed code at the account with this address, whether it exists or not. Known clients are counted
    /// separately, so other clients cannot delay them. `attempt` is its event if the limit refuses it.
    pub(crate) fn count_email_code<'a>(
        &'a self,
        address: &'a str,
        attempt: SecurityEvent,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<Counted, Limited>> {
        Box::pin(async move {
            let counted = async {
                let Some(headers) = cx.headers() else { return Ok(Counted::default()) };
                let canonical = || CanonicalEmail::for_counters(address, self.policy().email_rules());
                let account = self.account_name(address);
                let account = account.unwrap_or_else(|| format!("{} {}", self.inner().tenant_name(), canonical()));
                let network = self.network_of(cx).map(|network| network.to_string());
                let is_known = self.device_at(headers, &account).is_some()
                    || self.is_known_address(&account, network.as_deref()).await?;
                let whose = if is_known { format!("{account} known") } else { account };
                self.take_limited(&[(Limit::EmailCode, Some(&whose))], cx).await
            };
            let counted = counted.await;
            self.record_limited(&counted, attempt);
            counted
        })
    }

    async fn take_attempt(
        &self,
        wanted: &[(Limit, Option<&str>)],
        cx: &RequestContext,
    ) -> Result<LoginAttempt, Limited> {
        let counted = self.take_limited(wanted, cx).await?;
        Ok(LoginAttempt(Settlement::give_back(counted.0)))
    }

    /// Settles an attempt with the right password: it is not counted as a failure, and the counts of consecutive
    /// failures are cleared. Other counters keep the failures of other clients.
    pub(crate) fn attempt_succeeded<'a>(&'a self, attempt: LoginAttempt) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let in_a_row = |draw: &Draw| draw.rule.counts_in_a_row();
            let (cleared, given): (Vec<_>, Vec<_>) = attempt.0.give_back.into_iter().partition(in_a_row);
            let mut settlement = Settlement::give_back(given);
            settlement.clear = cleared.into_iter().map(|draw| draw.key).collect();
            self.settle(settlement).await;
        })
    }

    /// Settles an attempt whose password was not checked, because the service failed.
    pub(crate) fn attempt_undone<'a>(&'a self, attempt: LoginAttempt) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.settle(attempt.0).await;
        })
    }

    /// Clears the failures at an account whose owner has verified the address by mail.
    pub(crate) fn clear_failures<'a>(&'a self, address: &'a str, cx: &'a RequestContext) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if !self.inner().limits.limits_logins() {
                return;
            }
            let Some(account) = self.account_name(address) else { return };
            let mut keys: Vec<_> =
                [Limit::LoginAccount, Limit::LoginKnown].map(|limit| CounterKey::of(limit.name(), &account)).into();
            let device = cx.headers().and_then(|headers| self.device_at(headers, &account));
            let clients = [
                device.map(|device| of_device(&account, &device)),
                self.network_of(cx).map(|network| of_address(&account, &network.to_string())),
            ];
            keys.extend(clients.iter().flatten().map(|client| CounterKey::of(Limit::LoginClient.name(), client)));
            self.settle(Settlement::clear(keys)).await;
        })
    }

    /// Makes a client known to the account whose owner it has just authenticated as. Adds the device cookie to the headers
    /// of the response. Returns whether the client is new: other clients are known to the account, but this one is not.
    pub(crate) fn make_known<'a>(
        &'a self,
        address: &'a str,
        cx: &'a RequestContext,
        response: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<bool, RandomError>> {
        Box::pin(async move {
            let (Some(headers), Some(account)) = (cx.headers(), self.account_name(address)) else { return Ok(false) };
            let is_known_browser = self.device_at(headers, &account).is_some();
            // A form from another site is sent without the cookie, and must not replace it by one with fewer accounts.
            let from_another_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
            if let Some(devices) = &self.inner().devices
                && self.inner().limits.known_browsers().is_some()
                && !from_another_site
                && let Some(cookie) = devices.grant(headers, &account, self.now())?
            {
                response.append(SET_COOKIE, cookie);
            }
            let network = self.network_of(cx).map(|network| network.to_string());
            let is_new = self.remember_client(&account, network.as_deref()).await.unwrap_or_else(|error| {
                let cause = event::cause(&error);
                operation!(WARN, "client_not_known", "an address was not remembered after its login", cause);
                false
            });
            Ok(is_new && !is_known_browser)
        })
    }

    /// Remembers that a client at this address has logged in. Returns whether other clients have logged in before, but none at
    /// this address.
    async fn remember_client(&self, account: &str, network: Option<&str>) -> Result<bool, CountersUnavailable> {
        let (limits, counters, now) = (&self.inner().limits, &self.inner().counters, self.now());
        let Some(longest) = limits.known_addresses().max(limits.known_browsers()) else { return Ok(false) };
        let any = CounterKey::of("known-client", account);
        if let (Some(network), Some(time)) = (network, limits.known_addresses()) {
            let (key, until) = (known_key(account, network), later(now, time));
            let before = counters.remembered_until(&key, now).await?;
            if before.is_some_and(|before| until - before < WRITE_EVERY) {
                return Ok(false);
            }
            counters.remember(&key, until, now).await?;
            if before.is_some() {
                counters.remember(&any, later(now, longest), now).await?;
                return Ok(false);
            }
        }
        let has_others = counters.remembered_until(&any, now).await?.is_some();
        counters.remember(&any, later(now, longest), now).await?;
        Ok(has_others)
    }

    async fn is_known_address(&self, account: &str, network: Option<&str>) -> Result<bool, CountersUnavailable> {
        let (Some(network), Some(_)) = (network, self.inner().limits.known_addresses()) else { return Ok(false) };
        let key = known_key(account, network);
        Ok(self.inner().counters.remembered_until(&key, self.now()).await?.is_some())
    }

    /// Returns the browser of a request, if it is known to the account.
    fn device_at(&self, headers: &HeaderMap, account: &str) -> Option<DeviceId> {
        let devices = self.inner().devices.as_ref().filter(|_| self.inner().limits.known_browsers().is_some())?;
        devices.read(headers, account, self.now())
    }

    /// Returns the name of an account in counters: the same for every spelling of its address, at every backend.
    fn account_name(&self, address: &str) -> Option<String> {
        let devices = self.inner().devices.as_ref()?;
        let tenant = self.inner().tenant_name();
        Some(devices.account(&tenant, &CanonicalEmail::for_counters(address, self.policy().email_rules())))
    }
}

/// Returns the name of a known browser at an account in counters.
fn of_device(account: &str, device: &DeviceId) -> String {
    format!("{account} device {}", device.0)
}

/// Returns the name of the clients of an address at an account in counters.
fn of_address(account: &str, network: &str) -> String {
    format!("{account} {network}")
}

fn later(now: Timestamp, time: std::time::Duration) -> Timestamp {
    let time = chrono::TimeDelta::from_std(time).unwrap_or(chrono::TimeDelta::MAX);
    now.checked_add_signed(time).unwrap_or(Timestamp::MAX_UTC)
}

fn known_key(account: &str, network: &str) -> CounterKey {
    CounterKey::of("known-address", &format!("{account} {network}"))
}
