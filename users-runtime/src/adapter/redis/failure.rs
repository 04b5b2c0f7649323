//! Redis errors, without any text that is unsafe to log.

use redis::RedisError;

/// A Redis command failed.
///
/// Only the error code of the server's reply is kept: the text may quote arguments such as passwords and tokens.
#[derive(Debug, thiserror::Error)]
#[error("Redis: {0}")]
pub(in crate::adapter) struct RedisFailed(String);

impl RedisFailed {
    /// Redis did not reply in time.
    pub(super) fn timed_out() -> Self {
        Self("no reply in time".to_owned())
    }

    pub(super) fn is_timeout(&self) -> bool {
        self.0 == Self::timed_out().0
    }

    /// Returns what an operator can do if this happens at startup.
    pub(super) fn advice(&self) -> &'static str {
        if ["authentication failed", "NOAUTH", "WRONGPASS", "NOPERM"].iter().any(|code| self.0.contains(code)) {
            "check the user and the password in the Redis URL, and the rights of the user"
        } else {
            "check the host and the port in the Redis URL, whether the server runs, and whether it requires TLS (rediss://)"
        }
    }

    /// Redis sent a reply that this version cannot parse.
    pub(in crate::adapter) fn unexpected_reply() -> Self {
        Self("an unexpected reply".to_owned())
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
        } else if error.is_io_error()
            && let Some(cause) = std::error::Error::source(&error)
        {
            // The operating system's text, for example about a name that does not resolve.
            Self(cause.to_string())
        } else {
            Self(error.category().to_owned())
        }
    }
}
