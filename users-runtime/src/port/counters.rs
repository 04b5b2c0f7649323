//! Where it is counted how often things happen.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::BoxFuture;
use crate::domain::{Quota, Timestamp};

/// Counts in one place for all who ask: the process by default, or Redis for several nodes.
pub trait Counters: Send + Sync + 'static {
    /// Takes one of what `quota` leaves to `key`; answers whether there was one. Of any number of callers at once no more
    /// get one than are left.
    ///
    /// # Errors
    /// [`CountersUnavailable`] if nobody can tell. What is counted does not happen then.
    fn take<'a>(
        &'a self,
        key: &'a CounterKey,
        quota: Quota,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, CountersUnavailable>>;
}

/// What is counted: the SHA-256 of a kind and of whose it is, so that a list of keys tells nobody's id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey(String);

impl CounterKey {
    /// The counter of `kind` for `whose`.
    #[must_use]
    pub fn of(kind: &str, whose: &str) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(whose).finalize();
        Self(URL_SAFE_NO_PAD.encode(digest))
    }

    /// Its 43 characters.
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

/// The counters did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the counters are not available")]
pub struct CountersUnavailable(#[source] Box<dyn std::error::Error + Send + Sync>);

impl CountersUnavailable {
    /// They cannot answer, because of `cause`.
    #[must_use]
    pub fn because(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
