//! Counters of events, for rate limits.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::BoxFuture;
use crate::domain::{Count, Rule, Timestamp, Wait};

/// Counts events for rate limits: in the process by default, or in Redis or a database for several nodes.
///
/// Every method is atomic: concurrent callers, even on other nodes, never take more than the rules allow.
///
/// # Errors
/// [`CountersUnavailable`] if the counts are not known. The runtime then refuses the operation that is limited.
pub trait Counters: Send + Sync + 'static {
    /// Takes one event from each of these counters, or from none of them if one refuses.
    fn take<'a>(&'a self, draws: &'a [Draw], now: Timestamp) -> BoxFuture<'a, Result<Decision, CountersUnavailable>>;

    /// Takes back events that did not happen, such as a mail that no server accepted, and clears counters. A counter that
    /// has counted nothing is not changed.
    fn settle<'a>(
        &'a self,
        settlement: &'a Settlement,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>>;

    /// Remembers a key until `until`. A later call with an earlier time changes nothing.
    fn remember<'a>(
        &'a self,
        key: &'a CounterKey,
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<(), CountersUnavailable>>;

    /// Returns until when a key is remembered.
    fn remembered_until<'a>(
        &'a self,
        key: &'a CounterKey,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, CountersUnavailable>>;

    /// Checks that the counters respond, for health checks. The default checks nothing: counters in the process always
    /// respond, and the users' database is checked anyway.
    fn ping(&self) -> BoxFuture<'_, Result<(), CountersUnavailable>> {
        Box::pin(async { Ok(()) })
    }
}

/// One event of one counter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Draw {
    /// The counter.
    pub key: CounterKey,
    /// What it allows. It is the same for every event of one counter, unless the application changes its settings.
    pub rule: Rule,
}

impl Draw {
    /// An event of the counter `key` under `rule`.
    pub fn new(key: CounterKey, rule: impl Into<Rule>) -> Self {
        Self { key, rule: rule.into() }
    }
}

/// Whether events were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// One from each counter.
    Taken,
    /// None.
    Refused {
        /// The index of the draw that has to wait longest.
        by: usize,
        /// How long.
        wait: Duration,
    },
}

impl Decision {
    /// Returns whether the events were taken.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        matches!(self, Self::Taken)
    }
}

/// Evaluates draws against stored states: the new states, or the refusal with the longest wait.
pub(crate) fn evaluate(
    draws: &[Draw],
    stored: impl Fn(usize) -> Option<Count>,
    now: Timestamp,
) -> Result<Vec<Count>, Decision> {
    let mut counts = Vec::with_capacity(draws.len());
    let mut longest: Option<(usize, i64)> = None;
    for (index, draw) in draws.iter().enumerate() {
        match draw.rule.take(stored(index), now) {
            Ok(count) => counts.push(count),
            Err(Wait(wait)) if longest.is_none_or(|(_, longest)| wait > longest) => longest = Some((index, wait)),
            Err(_) => {}
        }
    }
    match longest {
        None => Ok(counts),
        Some((by, wait)) => Err(Decision::refused(by, wait)),
    }
}

impl Decision {
    /// A refusal for this many milliseconds.
    pub(crate) fn refused(by: usize, wait: i64) -> Self {
        Self::Refused { by, wait: Duration::from_millis(u64::try_from(wait).unwrap_or_default()) }
    }
}

/// What happens to counters when the outcome of an operation is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settlement {
    /// The events to take back.
    pub give_back: Vec<Draw>,
    /// The counters to clear.
    pub clear: Vec<CounterKey>,
}

impl Settlement {
    /// Takes these events back.
    #[must_use]
    pub fn give_back(draws: Vec<Draw>) -> Self {
        Self { give_back: draws, clear: Vec::new() }
    }

    /// Clears these counters.
    #[must_use]
    pub fn clear(keys: Vec<CounterKey>) -> Self {
        Self { give_back: Vec::new(), clear: keys }
    }

    /// Returns whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.give_back.is_empty() && self.clear.is_empty()
    }
}

/// The key of a counter: the SHA-256 digest of an event kind and its subject, so that a list of keys reveals no user
/// ids. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey(Arc<str>);

impl CounterKey {
    /// Returns the key of the counter of `kind` for the subject `whose`.
    #[must_use]
    pub fn of(kind: &str, whose: &str) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(whose).finalize();
        Self(URL_SAFE_NO_PAD.encode(digest).into())
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
