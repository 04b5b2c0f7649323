//! How often things may happen for one account.

use std::time::Duration;

use crate::domain::{Error, Quota, Result};

/// How often things may happen. They are counted in the process, or with
/// [`counters_in_redis`](crate::UsersBuilder::counters_in_redis) on all nodes together.
///
/// | what | default | source |
/// |---|---|---|
/// | mails of one kind to one account: reset, verification | 3 an hour | OWASP, Forgot Password Cheat Sheet |
///
/// Beyond a limit nothing is sent, and the answer is the same as ever. What code asks for (`start_reset`,
/// `start_verification`, the mail after a registration) is not counted.
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
    /// No limits.
    ///
    /// # Security
    /// Anybody can fill anybody's mailbox, at your cost.
    pub fn off() -> Self {
        Self { mails: None }
    }

    /// How many mails of one kind may be asked for to one account.
    pub fn mails(mut self, quota: Quota) -> Self {
        self.mails = Some(quota);
        self
    }

    /// How many mails of one kind may be asked for to one account; `None` for any number.
    #[must_use]
    pub fn mails_to_one_account(&self) -> Option<Quota> {
        self.mails
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self.mails {
            Some(quota) if !quota.is_usable() => {
                Err(Error::config("a limit must let something happen, and not every millisecond: see Limits::off()"))
            }
            _ => Ok(()),
        }
    }
}
