//! Attempts to log in: counted before the password is hashed, by account, client and address.
//!
//! A client is known to an account if it has logged in to it before: a browser by its device cookie, any other by its
//! address. Known clients have separate budgets, which no other client can exhaust.

use http::{HeaderMap, header::SET_COOKIE};

use super::{Users, rate_limit::Limited};
use crate::{
    domain::{CanonicalEmail, Limit, Timestamp},
    event::{self, SecurityEvent, operation},
    port::{CounterKey, CountersUnavailable, DeviceId, Draw, RandomError, RequestContext, Settlement},
    user::AuthUser,
};

/// How much of its time must have passed before a known address is written again: a day.
const WRITE_EVERY: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// An attempt that was counted. Unless it is settled, it stays counted as a failure.
#[derive(Debug)]
#[must_use]
pub(crate) struct LoginAttempt(Settlement);

impl<U: AuthUser> Users<U> {
    /// Counts an attempt to log in to the account with this address, whether it exists or not. `attempt` is its event if a limit
    /// refuses it.
    pub(crate) async fn begin_attempt(
        &self,
        address: &str,
        attempt: SecurityEvent,
        cx: &RequestContext,
    ) -> Result<LoginAttempt, Limited> {
        let counted = self.count_attempt(address, cx).await;
        self.record_limited(&counted, attempt);
        counted
    }

    async fn count_attempt(&self, address: &str, cx: &RequestContext) -> Result<LoginAttempt, Limited> {
        let none = LoginAttempt(Settlement::default());
        let (Some(headers), true) = (cx.headers(), self.inner().limits.limits_logins()) else { return Ok(none) };
        let Some(account) = self.account_name(address) else { return Ok(none) };
        let network = self.network_of(cx).map(|network| network.to_string());
        let device = self.device_at(headers, &account);
        let stranger = network.as_ref().map_or_else(|| account.clone(), |network| of_address(&account, network));
        let is_known = match (&device, &network) {
            (Some(_), _) => true,
            (None, Some(network)) => self.is_known_address(&account, network).await?,
            (None, None) => false,
        };
        if is_known {
            let client = device.map_or_else(|| stranger.clone(), |device| of_device(&account, &device));
            match self.take_attempt(&[(Limit::LoginClient, &client), (Limit::LoginKnown, &account)]).await {
                // All known clients together have failed too often: this one counts as any other.
                Err(Limited::Reached(reached)) if reached.limit == Limit::LoginKnown => {
                    let client = cx.client().map(|client| client.to_string());
                    operation!(WARN, "known_clients_limited", "known clients of an account count as any other", client);
                }
                taken => return taken,
            }
        }
        let mut limits = vec![(Limit::LoginClient, stranger.as_str()), (Limit::LoginAccount, account.as_str())];
        limits.extend(network.as_deref().map(|network| (Limit::LoginAddress, network)));
        self.take_attempt(&limits).await
    }

    async fn take_attempt(&self, wanted: &[(Limit, &str)]) -> Result<LoginAttempt, Limited> {
        let drawn = wanted.iter().filter_map(|(limit, whose)| Some((*limit, self.draw(*limit, whose)?)));
        let counted = self.take(drawn.collect()).await?;
        Ok(LoginAttempt(Settlement::give_back(counted.0)))
    }

    /// Settles an attempt with the right password: it was no failure, and failures in a row end. Other counters keep the
    /// failures of others.
    pub(crate) async fn attempt_succeeded(&self, attempt: LoginAttempt) {
        let in_a_row = |draw: &Draw| draw.rule.counts_in_a_row();
        let (cleared, given): (Vec<_>, Vec<_>) = attempt.0.give_back.into_iter().partition(in_a_row);
        let mut settlement = Settlement::give_back(given);
        settlement.clear = cleared.into_iter().map(|draw| draw.key).collect();
        self.settle(settlement).await;
    }

    /// Settles an attempt whose password was not checked, because the service failed.
    pub(crate) async fn attempt_undone(&self, attempt: LoginAttempt) {
        self.settle(attempt.0).await;
    }

    /// Clears the failures at an account whose owner has proved the address by mail.
    pub(crate) async fn clear_failures(&self, address: &str, cx: &RequestContext) {
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
    }

    /// Makes the client of a request known to an account that it has just logged in to. Adds the device cookie to the
    /// headers of the response.
    pub(crate) async fn make_known(
        &self,
        address: &str,
        cx: &RequestContext,
        response: &mut HeaderMap,
    ) -> Result<(), RandomError> {
        let (Some(headers), Some(account)) = (cx.headers(), self.account_name(address)) else { return Ok(()) };
        if let Some(devices) = &self.inner().devices
            && self.inner().limits.known_browsers().is_some()
            && let Some(cookie) = devices.grant(headers, &account, self.now())?
        {
            response.append(SET_COOKIE, cookie);
        }
        if let Some(network) = self.network_of(cx)
            && let Err(error) = self.remember_address(&account, &network.to_string()).await
        {
            let cause = event::cause(&error);
            operation!(WARN, "client_not_known", "an address was not remembered after its login", cause);
        }
        Ok(())
    }

    async fn remember_address(&self, account: &str, network: &str) -> Result<(), CountersUnavailable> {
        let Some(time) = self.inner().limits.known_addresses() else { return Ok(()) };
        let (key, now) = (known_key(account, network), self.now());
        let time = chrono::TimeDelta::from_std(time).unwrap_or(chrono::TimeDelta::MAX);
        let until = now.checked_add_signed(time).unwrap_or(Timestamp::MAX_UTC);
        let counters = &self.inner().counters;
        let before = counters.remembered_until(&key, now).await?;
        if before.is_some_and(|before| until - before < WRITE_EVERY) {
            return Ok(());
        }
        counters.remember(&key, until, now).await
    }

    async fn is_known_address(&self, account: &str, network: &str) -> Result<bool, CountersUnavailable> {
        if self.inner().limits.known_addresses().is_none() {
            return Ok(false);
        }
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

fn known_key(account: &str, network: &str) -> CounterKey {
    CounterKey::of("known-address", &format!("{account} {network}"))
}
