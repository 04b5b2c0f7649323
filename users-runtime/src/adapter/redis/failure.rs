//! Why Redis did not answer, in words that are safe to log.

use redis::RedisError;

/// Redis refused or could not be reached.
///
/// What the server said is left out but for its code: it quotes arguments, and they may be passwords and tokens.
#[derive(Debug, thiserror::Error)]
#[error("Redis: {0}")]
pub(in crate::adapter) struct RedisFailed(String);

impl RedisFailed {
    /// It did not answer in time.
    pub(super) fn timed_out() -> Self {
        Self("no answer in time".to_owned())
    }

    pub(super) fn is_timeout(&self) -> bool {
        self.0 == Self::timed_out().0
    }

    /// It answered something that this version does not understand.
    pub(in crate::adapter) fn unexpected_reply() -> Self {
        Self("an answer that cannot be read".to_owned())
    }
}

impl From<RedisError> for RedisFailed {
    fn from(error: RedisError) -> Self {
        let is_code = |code: &&str| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if error.is_timeout() {
            Self::timed_out()
        } else if error.is_connection_refusal() {
            Self("no server at this address".to_owned())
        } else if let Some(code) = error.code().filter(is_code) {
            Self(format!("{} ({code})", error.category()))
        } else {
            Self(error.category().to_owned())
        }
    }
}
