//! Metrics for monitoring, through the facade `metrics` (feature `metrics`). Without the feature these functions do nothing.
//!
//! Only this module names metrics. Labels are fixed texts of this library and names that the application chose (of backends and
//! gates), so their number is bounded. None is an address, an id or anything else that a client sent.

use std::time::Duration;

use super::{EventKind, Outcome};

/// One metric, for the table in the guide and for exporters that describe metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// The names of its labels. A label without a value is left out.
    pub labels: &'static [&'static str],
    /// Its meaning.
    pub meaning: &'static str,
}

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A number that only grows.
    Counter,
    /// A number that grows and shrinks.
    Gauge,
    /// A distribution of values.
    Histogram,
}

const EVENTS: &str = "axum_users_events_total";
const HASH_WAITING: &str = "axum_users_hash_waiting";
const HASH_WAIT: &str = "axum_users_hash_wait_seconds";
const HASH_REFUSED: &str = "axum_users_hash_refused_total";
const HASH_HELPED: &str = "axum_users_hash_helped_total";
const HELD: &str = "axum_users_held_responses";
const LIMITS: &str = "axum_users_limit_decisions_total";
const AUDIT_DROPPED: &str = "axum_users_audit_dropped_total";
const BATCH: &str = "axum_users_lookup_batch_size";
const COMMIT: &str = "axum_users_writes_per_commit";
const POOL_WAIT: &str = "axum_users_database_wait_seconds";

/// All metrics of the library.
pub const METRICS: [Metric; 11] = [
    Metric {
        name: EVENTS,
        kind: MetricKind::Counter,
        labels: &["event", "outcome", "reason", "backend"],
        meaning: "security events, with the same values as in the log",
    },
    Metric { name: HASH_WAITING, kind: MetricKind::Gauge, labels: &[], meaning: "passwords that wait to be hashed" },
    Metric {
        name: HASH_WAIT,
        kind: MetricKind::Histogram,
        labels: &[],
        meaning: "how long a password waited until a thread began to hash it",
    },
    Metric {
        name: HASH_REFUSED,
        kind: MetricKind::Counter,
        labels: &["reason"],
        meaning: "passwords that were not hashed: `the queue is full` or `waited too long`",
    },
    Metric {
        name: HASH_HELPED,
        kind: MetricKind::Counter,
        labels: &["reason"],
        meaning: "passwords that a helper hashed: one was `late`, or there was `no thread` with processor time",
    },
    Metric { name: HELD, kind: MetricKind::Gauge, labels: &[], meaning: "responses of 429 and 503 that are held back" },
    Metric {
        name: LIMITS,
        kind: MetricKind::Counter,
        labels: &["limit", "decision"],
        meaning: "decisions about limits: `allowed`, `refused`, `passed on` for a known client who then counts as any other, or \
                  `unknown` while the counters are down",
    },
    Metric {
        name: AUDIT_DROPPED,
        kind: MetricKind::Counter,
        labels: &["reason"],
        meaning: "events that are not in the audit log: there were `too many`, or the `database` refused them",
    },
    Metric { name: BATCH, kind: MetricKind::Histogram, labels: &[], meaning: "user lookups that shared one query" },
    Metric {
        name: COMMIT,
        kind: MetricKind::Histogram,
        labels: &[],
        meaning: "writes to SQLite that waited for the connection and shared one commit",
    },
    Metric {
        name: POOL_WAIT,
        kind: MetricKind::Histogram,
        labels: &["pool"],
        meaning: "how long an operation waited for a database connection; SQLite has a pool for `read` and one for `write`",
    },
];

/// The decision on a limited operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitDecision {
    Allowed,
    Refused,
    /// The budget of known clients is used up: this one is counted like an unknown client.
    PassedOn,
    /// The counters do not respond.
    Unknown,
}

pub(super) fn count_event(kind: EventKind, outcome: Outcome, backend: Option<&str>) {
    let (outcome, reason) = match outcome {
        Outcome::Success => ("success", ""),
        Outcome::Refused(reason) => ("refused", reason),
        Outcome::Failed(reason) => ("failed", reason),
    };
    count(EVENTS, &[("event", kind.name()), ("outcome", outcome), ("reason", reason)], backend);
}

pub(crate) fn hash_waiting(passwords: usize) {
    set(HASH_WAITING, passwords);
}

pub(crate) fn hash_waited(time: Duration) {
    observe(HASH_WAIT, &[], time.as_secs_f64());
}

pub(crate) fn hash_refused(reason: &'static str) {
    count(HASH_REFUSED, &[("reason", reason)], None);
}

pub(crate) fn hash_helped(reason: &'static str) {
    count(HASH_HELPED, &[("reason", reason)], None);
}

pub(crate) fn responses_held(responses: usize) {
    set(HELD, responses);
}

/// Counts a decision about `limit`, which is a fixed text such as `login`.
pub(crate) fn limit_decided(limit: &'static str, decision: LimitDecision) {
    let decision = match decision {
        LimitDecision::Allowed => "allowed",
        LimitDecision::Refused => "refused",
        LimitDecision::PassedOn => "passed on",
        LimitDecision::Unknown => "unknown",
    };
    count(LIMITS, &[("limit", limit), ("decision", decision)], None);
}

/// Counts events that are not in the audit log, for a fixed reason.
#[cfg(feature = "audit")]
pub(crate) fn audit_dropped(reason: &'static str, events: usize) {
    for _ in 0..events {
        count(AUDIT_DROPPED, &[("reason", reason)], None);
    }
}

pub(crate) fn batch_of(lookups: usize) {
    observe(BATCH, &[], u32::try_from(lookups).unwrap_or(u32::MAX).into());
}

/// Counts the writes of a commit that several could share.
pub(crate) fn commit_of(writes: usize) {
    observe(COMMIT, &[], u32::try_from(writes).unwrap_or(u32::MAX).into());
}

pub(crate) fn waited_for_connection(pool: &'static str, time: Duration) {
    observe(POOL_WAIT, &[("pool", pool)], time.as_secs_f64());
}

type Labels<'a> = &'a [(&'static str, &'static str)];

#[cfg(feature = "metrics")]
fn labels(labels: Labels<'_>, backend: Option<&str>) -> Vec<metrics::Label> {
    let with_values = labels.iter().filter(|(_, value)| !value.is_empty());
    let fixed = with_values.map(|(name, value)| metrics::Label::from_static_parts(name, value));
    fixed.chain(backend.map(|name| metrics::Label::new("backend", name.to_owned()))).collect()
}

#[cfg(feature = "metrics")]
fn count(name: &'static str, with: Labels<'_>, backend: Option<&str>) {
    metrics::counter!(name, labels(with, backend)).increment(1);
}

#[cfg(feature = "metrics")]
fn set(name: &'static str, value: usize) {
    metrics::gauge!(name).set(u32::try_from(value).unwrap_or(u32::MAX));
}

#[cfg(feature = "metrics")]
fn observe(name: &'static str, with: Labels<'_>, value: f64) {
    metrics::histogram!(name, labels(with, None)).record(value);
}

#[cfg(not(feature = "metrics"))]
fn count(_: &'static str, _: Labels<'_>, _: Option<&str>) {}

#[cfg(not(feature = "metrics"))]
fn set(_: &'static str, _: usize) {}

#[cfg(not(feature = "metrics"))]
fn observe(_: &'static str, _: Labels<'_>, _: f64) {}
