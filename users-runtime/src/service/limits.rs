//! The limits of a service, as data.

use std::{collections::BTreeMap, time::Duration};

use crate::domain::{AddressPrefix, Backoff, Error, Limit, Quota, Result, Rule, Setting};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The limits against guessing, spraying and flooding: what each [`Limit`] allows, and which clients are known.
///
/// | limit | default | counted by |
/// |---|---|---|
/// | [`LoginClient`](Limit::LoginClient) | 5, then after 1 s, doubling up to 15 min | account and address, or account and browser |
/// | [`LoginAddress`](Limit::LoginAddress) | 50 in 15 min | address |
/// | [`LoginAccount`](Limit::LoginAccount) | 100, then one each 15 min | account, clients that are not known |
/// | [`LoginKnown`](Limit::LoginKnown) | 100, then one each 15 min | account, clients that are known |
/// | [`Register`](Limit::Register) | 10 in 1 h | address |
/// | [`ForgotPassword`](Limit::ForgotPassword), [`RequestVerify`](Limit::RequestVerify), [`MailedLogin`](Limit::MailedLogin) | 20 in 1 h | address |
/// | [`Mails`](Limit::Mails) | 3 in 1 h | account and kind of mail |
/// | [`ResetPassword`](Limit::ResetPassword), [`Verify`](Limit::Verify) | 20 in 1 h | address |
/// | [`EmailCode`](Limit::EmailCode) | 24, then one each 1 h | account, clients that are known separately |
/// | [`OAuthStart`](Limit::OAuthStart), [`OAuthCallback`](Limit::OAuthCallback) | 30 in 10 min | address |
/// | [`EmailChange`](Limit::EmailChange) | 10 in 1 h | account |
/// | [`Refresh`](Limit::Refresh) | 600 in 10 min | account |
/// | [`SecondFactor`](Limit::SecondFactor), [`SecondFactorInSession`](Limit::SecondFactorInSession) | 5 in 15 min | account |
/// | [`SecondFactorLongTerm`](Limit::SecondFactorLongTerm), [`SecondFactorInSessionLongTerm`](Limit::SecondFactorInSessionLongTerm) | 10, then one each 3 h | account |
///
/// Beyond a limit the response is 429 with `Retry-After`; only mails to one account are dropped silently. The
/// [guide](https://github.com/axum-users/axum-users/blob/main/docs/guide/limits.md) explains each limit, its source, and why
/// they cannot lock out a user.
///
/// The counters are kept in the process, or shared by all nodes with
/// [`counters_in_redis`](crate::UsersBuilder::counters_in_redis) or
/// [`counters_in_database`](crate::UsersBuilder::counters_in_database). Calls from code are not limited.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{Limits, limits::{Limit, Quota}};
/// # use std::time::Duration;
///
/// let limits = Limits::default()
///     .set(Limit::Register, Quota::new(100, Duration::from_secs(3600)))
///     .without(Limit::EmailChange);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    rules: BTreeMap<Limit, Rule>,
    known_addresses: Option<Duration>,
    known_browsers: Option<Duration>,
    ipv6_bits: u8,
}

impl Default for Limits {
    fn default() -> Self {
        let failures = Quota::burst(100, 15 * MINUTE);
        // With two valid codes of a million, 2,930 guesses in a year: 0.6 %, and twice that for an attacker who also has a
        // session.
        let codes = Quota::burst(10, 3 * HOUR);
        let rules: [(Limit, Rule); 20] = [
            (Limit::LoginClient, Backoff::new(5, 15 * MINUTE).into()),
            (Limit::LoginAddress, Quota::new(50, 15 * MINUTE).into()),
            (Limit::LoginAccount, failures.into()),
            (Limit::LoginKnown, failures.into()),
            (Limit::Register, Quota::new(10, HOUR).into()),
            (Limit::ForgotPassword, Quota::new(20, HOUR).into()),
            (Limit::RequestVerify, Quota::new(20, HOUR).into()),
            (Limit::MailedLogin, Quota::new(20, HOUR).into()),
            (Limit::Mails, Quota::new(3, HOUR).into()),
            (Limit::ResetPassword, Quota::new(20, HOUR).into()),
            (Limit::Verify, Quota::new(20, HOUR).into()),
            (Limit::EmailCode, Quota::burst(24, HOUR).into()),
            (Limit::OAuthStart, Quota::new(30, 10 * MINUTE).into()),
            (Limit::OAuthCallback, Quota::new(30, 10 * MINUTE).into()),
            (Limit::EmailChange, Quota::new(10, HOUR).into()),
            (Limit::Refresh, Quota::new(600, 10 * MINUTE).into()),
            (Limit::SecondFactor, Quota::new(5, 15 * MINUTE).into()),
            (Limit::SecondFactorLongTerm, codes.into()),
            (Limit::SecondFactorInSession, Quota::new(5, 15 * MINUTE).into()),
            (Limit::SecondFactorInSessionLongTerm, codes.into()),
        ];
        Self { rules: rules.into(), known_addresses: Some(30 * DAY), known_browsers: Some(365 * DAY), ..Self::off() }
    }
}

impl Limits {
    /// Returns settings without limits.
    ///
    /// # Security
    /// Any client can guess passwords as fast as they can be hashed, flood any user's mailbox with mail from this
    /// service, and flood OAuth providers with requests.
    pub fn off() -> Self {
        Self {
            rules: BTreeMap::new(),
            known_addresses: None,
            known_browsers: None,
            ipv6_bits: AddressPrefix::USUAL_IPV6_BITS,
        }
    }

    /// Returns the limits with the rule of NIST SP 800-63B-4 section 3.2.2: after 100 consecutive failures at one
    /// account, from any client, its password is refused until it is reset by mail.
    ///
    /// # Security
    /// Anyone can force a user to reset the password with 100 failed logins, even in browsers that have logged in before.
    pub fn nist() -> Self {
        Self::default().set(Limit::LoginAccount, Backoff::then_closed(100)).without_known_clients()
    }

    /// Returns the limits that clients of fastapi-users cannot notice: the limit of mails to one account.
    pub(crate) fn unnoticed() -> Self {
        let mut limits = Self::default();
        limits.rules.retain(|limit, _| *limit == Limit::Mails);
        limits.without_known_clients()
    }

    /// Sets what a limit allows.
    pub fn set(mut self, limit: Limit, rule: impl Into<Rule>) -> Self {
        self.rules.insert(limit, rule.into());
        self
    }

    /// Turns one limit off.
    pub fn without(mut self, limit: Limit) -> Self {
        self.rules.remove(&limit);
        self
    }

    /// Sets how many mails of one kind may be requested for one account.
    pub fn mails(self, quota: Quota) -> Self {
        self.set(Limit::Mails, quota)
    }

    /// Sets for how long after a login its address is known to the account. Default: 30 days.
    pub fn known_addresses_for(mut self, time: Duration) -> Self {
        self.known_addresses = Some(time);
        self
    }

    /// Sets for how long after a login its browser is known to the account, by a device cookie. Default: a year.
    pub fn known_browsers_for(mut self, time: Duration) -> Self {
        self.known_browsers = Some(time);
        self
    }

    /// Treats all clients alike, and sets no device cookies.
    ///
    /// # Security
    /// Anyone can then delay logins of an account's owner by repeatedly failing to log in to it.
    pub fn without_known_clients(mut self) -> Self {
        (self.known_addresses, self.known_browsers) = (None, None);
        self
    }

    /// Sets how many bits of an IPv6 address are counted as one client. Default: 64, one subnet. A smaller number suits
    /// services that see attacks from whole networks with a prefix of 56 or 48 bits.
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.ipv6_bits = bits;
        self
    }

    /// Returns what a limit allows, or `None` if it is off.
    #[must_use]
    pub fn rule(&self, limit: Limit) -> Option<Rule> {
        self.rules.get(&limit).copied()
    }

    /// Returns for how long an address is known, or `None` if addresses are not remembered.
    #[must_use]
    pub fn known_addresses(&self) -> Option<Duration> {
        self.known_addresses.filter(|_| self.limits_logins())
    }

    /// Returns for how long a browser is known, or `None` if there are no device cookies.
    #[must_use]
    pub fn known_browsers(&self) -> Option<Duration> {
        self.known_browsers.filter(|_| self.limits_logins())
    }

    pub(crate) fn ipv6_bits(&self) -> u8 {
        self.ipv6_bits
    }

    /// Returns whether failed logins are limited at all.
    pub(crate) fn limits_logins(&self) -> bool {
        [Limit::LoginClient, Limit::LoginAddress, Limit::LoginAccount]
            .iter()
            .any(|limit| self.rules.contains_key(limit))
    }

    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |text: &str| Err(Error::setting(Setting::Limits, text));
        if !self.rules.values().all(|rule| rule.is_usable()) {
            return refuse("a limit must let something happen, and not every millisecond: see Limits::off()");
        }
        if !(1..=128).contains(&self.ipv6_bits) {
            return refuse("ipv6_prefix() takes a number of bits from 1 to 128");
        }
        Ok(())
    }
}
