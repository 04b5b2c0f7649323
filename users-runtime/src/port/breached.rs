//! Checks of new passwords against data breaches, and the HTTP client for online sources.

use std::sync::Arc;

use super::BoxFuture;
use crate::domain::{Password, PasswordRefused};

/// A source of passwords that appeared in data breaches (OWASP ASVS 6.2.12).
///
/// ```
/// use users_runtime::{Password, env::BoxFuture, password::{BreachSourceDown, BreachedPasswords}};
///
/// struct BlockList;
///
/// impl BreachedPasswords for BlockList {
///     fn knows<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, BreachSourceDown>> {
///         Box::pin(async move { Ok(password.secret() == "the lady of the lake") })
///     }
/// }
/// ```
pub trait BreachedPasswords: Send + Sync + 'static {
    /// Returns `true` if the password appeared in a breach.
    ///
    /// # Errors
    /// [`BreachSourceDown`] if the lookup fails for any reason. An implementation must never return `Ok(false)` in that
    /// case.
    fn knows<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, BreachSourceDown>>;
}

/// A lookup of a breached password failed. The text is logged and must not contain any part of the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source of breached passwords is not available: {0}")]
pub struct BreachSourceDown(pub String);

/// Decides whether a new password is accepted while the source is not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenSourceDown {
    /// Accepts the password and emits a WARN event that it was not checked, so that registration and password reset
    /// keep working.
    #[default]
    AcceptAndLog,
    /// Refuses the password, with a reason that asks the user to try again later.
    Refuse,
}

/// A source of breached passwords, with the behavior while the source is not available.
#[derive(Clone)]
pub struct BreachCheck {
    source: Arc<dyn BreachedPasswords>,
    when_down: WhenSourceDown,
}

impl BreachCheck {
    /// Checks passwords against `source`. While the source is not available, passwords are accepted and the failure is
    /// logged.
    #[must_use]
    pub fn new(source: impl BreachedPasswords) -> Self {
        Self { source: Arc::new(source), when_down: WhenSourceDown::default() }
    }

    /// Sets the behavior while the source is not available. Default: [`WhenSourceDown::AcceptAndLog`].
    #[must_use]
    pub fn when_down(mut self, when_down: WhenSourceDown) -> Self {
        self.when_down = when_down;
        self
    }

    /// Checks that a new password did not appear in a breach. Call it after the password policy, which needs no I/O.
    ///
    /// # Errors
    /// [`PasswordRefused`] if the password appeared in a breach, or if the source is not available and
    /// [`WhenSourceDown::Refuse`] is set.
    pub async fn check(&self, password: &Password) -> Result<(), PasswordRefused> {
        let refuse = |reason: &str| Err(PasswordRefused { reason: reason.to_owned() });
        match (self.source.knows(password).await, self.when_down) {
            (Ok(false), _) => Ok(()),
            (Ok(true), _) => refuse("Password has appeared in a data breach"),
            (Err(error), when_down) => {
                tracing::warn!(event = "breach_source_down", %error, "a new password was not checked against data breaches");
                match when_down {
                    WhenSourceDown::AcceptAndLog => Ok(()),
                    WhenSourceDown::Refuse => refuse("Password cannot be checked right now, please try again later"),
                }
            }
        }
    }
}

impl std::fmt::Debug for BreachCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BreachCheck").field("when_down", &self.when_down).finish_non_exhaustive()
    }
}

/// An HTTP client for short texts. The application provides it, so that services which need none do not compile one.
///
/// An implementation must limit the time (3 s to connect, 10 s in total) and the size of the body (1 MiB), follow no
/// redirects, and verify certificates.
pub trait HttpGet: Send + Sync + 'static {
    /// Sends a GET request with these headers and returns the body of a response with status 200.
    ///
    /// # Errors
    /// [`HttpGetFailed`] for any other status, and if there is no response.
    fn get<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'static str, &'static str)],
    ) -> BoxFuture<'a, Result<String, HttpGetFailed>>;
}

/// The request failed. The text is logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpGetFailed(pub String);
