//! Checks of new passwords against data breaches, and the HTTP client for online sources.

use std::{sync::Arc, time::Duration};

use super::BoxFuture;
use crate::{
    domain::{Password, PasswordRefused},
    event::{self, operation},
};

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

    /// The time limit of a lookup. A later result is treated as no response.
    pub const TIME: Duration = Duration::from_secs(5);

    /// Checks that a new password did not appear in a breach. Call it after the password policy, which needs no I/O.
    ///
    /// # Errors
    /// [`PasswordRefused`] if the password appeared in a breach, or if the source is not available and
    /// [`WhenSourceDown::Refuse`] is set.
    pub async fn check(&self, password: &Password) -> Result<(), PasswordRefused> {
        let refuse = |reason: &str| Err(PasswordRefused { reason: reason.to_owned() });
        let found = tokio::time::timeout(Self::TIME, self.source.knows(password)).await;
        let found = found.unwrap_or_else(|_| Err(BreachSourceDown("no response in time".to_owned())));
        match (found, self.when_down) {
            (Ok(false), _) => Ok(()),
            (Ok(true), _) => refuse("Password has appeared in a data breach"),
            (Err(error), when_down) => {
                let cause = event::cause(&error);
                operation!(WARN, "breach_source_down", "a new password was not checked against data breaches", cause);
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
/// An implementation follows no redirects and verifies certificates. It passes the response on as it arrives, so that
/// [`HttpBody`] can limit it; the whole lookup is cancelled after five seconds. With `reqwest`:
///
/// ```ignore
/// Box::pin(async move {
///     let failed = |error: reqwest::Error| HttpGetFailed(error.without_url().to_string());
///     let request = headers.iter().fold(self.0.get(url), |request, (name, value)| request.header(*name, *value));
///     let mut response = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
///     while let Some(chunk) = response.chunk().await.map_err(failed)? {
///         body.push(&chunk)?;
///     }
///     Ok(())
/// })
/// ```
pub trait HttpGet: Send + Sync + 'static {
    /// Sends a GET request with these headers and passes the body of a response with status 200 to `body`.
    ///
    /// # Errors
    /// [`HttpGetFailed`] for any other status, if there is no response, and for the error of [`HttpBody::push`].
    fn get<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'static str, &'static str)],
        body: &'a mut HttpBody,
    ) -> BoxFuture<'a, Result<(), HttpGetFailed>>;
}

/// The body of a response, up to its limit.
#[derive(Debug)]
pub struct HttpBody {
    bytes: Vec<u8>,
    at_most: usize,
}

impl HttpBody {
    /// Creates an empty body for at most this many bytes.
    #[must_use]
    pub fn new(at_most: usize) -> Self {
        Self { bytes: Vec::new(), at_most }
    }

    /// Adds a part of the body.
    ///
    /// # Errors
    /// [`HttpGetFailed`] beyond the limit: the caller must stop reading and return it.
    pub fn push(&mut self, part: &[u8]) -> Result<(), HttpGetFailed> {
        if self.bytes.len().saturating_add(part.len()) > self.at_most {
            return Err(HttpGetFailed(format!("the response has more than {} bytes", self.at_most)));
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    /// Returns the body as text.
    ///
    /// # Errors
    /// [`HttpGetFailed`] if it is not UTF-8.
    pub fn into_text(self) -> Result<String, HttpGetFailed> {
        String::from_utf8(self.bytes).map_err(|_| HttpGetFailed("the response is not UTF-8".to_owned()))
    }
}

/// The request failed. The text is logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpGetFailed(pub String);
