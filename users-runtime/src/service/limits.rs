//! Rate limits per account.

use std::time::Duration;

use crate::domain::{Error, Quota, Result, Setting};

/// The rate limits. The counters are kept in the process, or with
/// [`counters_in_redis`](crate::UsersBuilder::counters_in_redis) shared by all nodes.
///
/// | limit | default | source |
/// |---|---|---|
/// | mails of one kind (reset, verification) to one account | 3 per hour | OWASP, see the [guide](https://github.com/axum-users/axum-users/blob/main/docs/guide/limits.md) |
///
/// Above a limit no mail is sent, and the response is unchanged. Mails that code requests (`start_reset`,
/// `start_verification`, the mail after a registration) are not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    mails: Option<Quota>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { mails: Some(Quota::new(3, Duration::from_secs(3600))) }
    }
}

impl Limits {
    /// Returns settings without limits.
    ///
    /// # Security
    /// Any client can flood any user's mailbox with mail from this service, and OAuth providers with requests.
    pub fn off() -> Self {
        Self { mails: None }
    }

    /// Sets how many mails of one kind may be requested for one account.
    pub fn mails(mut self, quota: Quota) -> Self {
        self.mails = Some(quota);
        self
    }

    /// Returns how many mails of one kind may be requested for one account, or `None` if unlimited.
    #[must_use]
    pub fn mails_to_one_account(&self) -> Option<Quota> {
        self.mails
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self.mails {
            Some(quota) if !quota.is_usable() => Err(Error::setting(
                Setting::Limits,
                "a limit must let something happen, and not every millisecond: see Limits::off()",
            )),
            _ => Ok(()),
        }
    }
}
