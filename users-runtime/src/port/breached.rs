//! Knowing whether a password has been in a data breach.

use std::sync::Arc;

use super::BoxFuture;
use crate::domain::{Password, PasswordRefused};

/// A source that knows passwords from data breaches (OWASP ASVS 6.2.12).
///
/// ```
/// use users_runtime::{Password, env::BoxFuture, password::{BreachSourceDown, BreachedPasswords}};
///
/// struct OwnList;
///
/// impl BreachedPasswords for OwnList {
///     fn knows<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, BreachSourceDown>> {
///         Box::pin(async move { Ok(password.secret() == "the lady of the lake") })
///     }
/// }
/// ```
pub trait BreachedPasswords: Send + Sync + 'static {
    /// Whether the password has been in a breach.
    ///
    /// # Errors
    /// [`BreachSourceDown`] if it cannot be told, for whatever reason. Never `Ok(false)` in that case.
    fn knows<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, BreachSourceDown>>;
}

/// The source of breached passwords could not answer. The text is for the log and holds nothing of the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source of breached passwords cannot answer: {0}")]
pub struct BreachSourceDown(pub String);

/// What becomes of a new password while the source cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenSourceDown {
    /// It is accepted, and a WARN event says that it was not checked: people can register and reset all the same.
    #[default]
    AcceptAndLog,
    /// It is refused, with a reason that asks to try again later.
    Refuse,
}

/// A source and what to do without it.
#[derive(Clone)]
pub struct BreachCheck {
    source: Arc<dyn BreachedPasswords>,
    when_down: WhenSourceDown,
}

impl BreachCheck {
    /// Asks this source; accepts and logs when it cannot answer.
    #[must_use]
    pub fn new(source: impl BreachedPasswords) -> Self {
        Self { source: Arc::new(source), when_down: WhenSourceDown::default() }
    }

    /// Sets what happens when the source cannot answer.
    #[must_use]
    pub fn when_down(mut self, when_down: WhenSourceDown) -> Self {
        self.when_down = when_down;
        self
    }

    /// Whether this password may be set. To be asked after the policy, which needs no file and no network.
    ///
    /// # Errors
    /// [`PasswordRefused`] if it was in a breach, or if nobody knows and [`WhenSourceDown::Refuse`] is set.
    pub async fn check(&self, password: &Password) -> Result<(), PasswordRefused> {
        let refuse = |reason: &str| Err(PasswordRefused { reason: reason.to_owned() });
        match (self.source.knows(password).await, self.when_down) {
            (Ok(false), _) => Ok(()),
            (Ok(true), _) => refuse("Password has appeared in a data breach"),
            (Err(error), when_down) => {
                tracing::warn!(event = "breach_source_down", %error, "a new password was not looked up among breached ones");
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
