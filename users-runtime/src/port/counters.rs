//! Counters of events, for rate limits.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::BoxFuture;
use crate::domain::{Quota, Timestamp};

/// Counts events against quotas: in the process by default, or in Redis for several nodes.
pub trait Counters: Send + Sync + 'static {
    /// Takes one unit from what `quota` leaves to `key` and returns `true` if there was one. Concurrent callers never
    /// take more units than are left.
    ///
    /// # Errors
    /// [`CountersUnavailable`] if the count is not known. The runtime then refuses the operation that is limited.
    fn take<'a>(
        &'a self,
        key: &'a CounterKey,
        quota: Quota,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, CountersUnavailable>>;

    /// Gives one unit back that was taken for something that did not happen, such as a mail that no server accepted. A
    /// key whose quota is fully restored is not changed.
    ///
    /// # Errors
    /// [`CountersUnavailable`] if the count is not known. The unit then stays taken.
    fn give_back<'a>(
        &'a self,
        key: &'a CounterKey,
        quota: Quota,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>>;
}

/// The key of a counter: the SHA-256 digest of an event kind and its subject, so that a list of keys reveals no user
/// ids.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey(String);

impl CounterKey {
    /// Returns the key of the counter of `kind` for the subject `whose`.
    #[must_use]
    pub fn of(kind: &str, whose: &str) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(whose).finalize();
        Self(URL_SAFE_NO_PAD.encode(digest))
    }

    /// Returns the key in text: 43 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CounterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CounterKey(***)")
    }
}

/// The counters could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the counters are not available")]
pub struct CountersUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>);

impl CountersUnavailable {
    /// Wraps the cause of the failure.
    #[must_use]
    pub fn because(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
