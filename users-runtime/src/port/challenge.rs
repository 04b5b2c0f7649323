//! Challenges for clients: a CAPTCHA or a proof of work.

use serde_json::Value;

use super::{BoxFuture, RequestContext};
use crate::domain::{Result, Timestamp};

/// A challenge that a client has to solve before a request is processed: a CAPTCHA or a proof of work.
/// [`Challenges`](crate::limits::Challenges) sets which requests need one.
///
/// `Altcha` (feature `altcha`) is a proof of work. To use another service, such as a CAPTCHA provider, implement the
/// trait: `issue` returns the data that the page needs to show the challenge, and `verify` checks with the service
/// whether the response is right, with a timeout of a few seconds.
pub trait Challenge: Send + Sync + 'static {
    /// Receives a key that is derived from the secret of the service, the same on all instances. Called once, when the
    /// service is built. The default ignores it.
    ///
    /// # Errors
    /// An error makes building the service fail.
    fn configure(&mut self, key: &[u8; 32]) -> Result<()> {
        let _ = key;
        Ok(())
    }

    /// Returns a new challenge for the client of a request, as JSON that is sent to it. Any request can cause this call, so it
    /// should cost next to nothing.
    ///
    /// # Errors
    /// [`ChallengeUnavailable`] if there is none; the response is 503.
    fn issue<'a>(
        &'a self,
        cx: &'a RequestContext,
        now: Timestamp,
    ) -> BoxFuture<'a, std::result::Result<Value, ChallengeUnavailable>>;

    /// Checks the solution that a client sent, and returns the identity of the challenge. `None` for a wrong solution,
    /// an expired challenge, or any other text. The caller makes sure that each challenge is used once.
    ///
    /// # Errors
    /// [`ChallengeUnavailable`] if it is not known whether the solution is right; the response is 503.
    fn verify<'a>(
        &'a self,
        solution: &'a str,
        cx: &'a RequestContext,
        now: Timestamp,
    ) -> BoxFuture<'a, std::result::Result<Option<SolvedChallenge>, ChallengeUnavailable>>;
}

/// A challenge that was solved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SolvedChallenge {
    /// Identifies the challenge. It must not depend on how the client encoded the solution; otherwise the solution
    /// could be used again in another encoding.
    pub id: String,
    /// The time from which [`Challenge::verify`] does not accept it any more.
    pub expires_at: Timestamp,
}

/// Challenges cannot be issued or checked.
#[derive(Debug, thiserror::Error)]
#[error("challenges are not available")]
pub struct ChallengeUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>);

impl ChallengeUnavailable {
    /// Wraps the cause of the failure.
    #[must_use]
    pub fn because(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
