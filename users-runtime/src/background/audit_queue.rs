//! The queue of events for the audit log.
//!
//! The entry of a change is written with the change. All others wait in a bounded queue, from which one task at a time writes
//! them in batches: while a batch is written, the next one accumulates. There is no timer, and no task while nothing waits.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use futures_util::FutureExt;
use tokio::{runtime::Handle, sync::Notify, time::timeout};

use crate::{
    domain::{StoreError, Timestamp},
    event::{self, EventSink, Outcome, SecurityEvent, metric, operation},
    port::{AuditEntry, AuditStore, Clock},
};

/// The maximum number of waiting entries.
const CAPACITY: usize = 2048;
/// The number of waiting entries up to which refusals and failures are accepted, so that a flood of them does not
/// displace successes.
const CAPACITY_FOR_REFUSALS: usize = CAPACITY / 2;
/// The entries of one transaction.
const BATCH: usize = 100;
/// How many refusals and failures are kept at once.
const REFUSALS: i64 = 1000;
/// The time after which one more refusal is kept, in milliseconds: 20 in a second, 1.7 million in a day.
const REFUSAL_EVERY: i64 = 50;
/// The minimum time between two log lines about dropped entries.
const SAY_EVERY: TimeDelta = TimeDelta::seconds(1);
/// How far the clock may be set back before ids follow it, in milliseconds.
const SET_BACK: u64 = 10_000;
/// The bits of an id that number the entries of a millisecond.
const NUMBER_BITS: u32 = 16;

/// The audit log of a service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AuditQueue(Arc<Inner>);

struct Inner {
    store: Arc<dyn AuditStore>,
    clock: Arc<dyn Clock>,
    retention: Duration,
    state: Mutex<State>,
    /// Notified when no task writes any more.
    idle: Notify,
}

struct State {
    waiting: VecDeque<AuditEntry>,
    /// Whether a task writes.
    is_writing: bool,
    ids: Ids,
    /// The time at which the budget of refusals is full again, in milliseconds.
    refusals_due: i64,
    /// The number of entries that were dropped since the last log line about it, and the time of that line.
    dropped: usize,
    said_at: Option<Timestamp>,
}

/// The ids of entries: the time and a number, and what distinguishes this instance.
#[derive(Debug)]
struct Ids {
    last: u64,
    instance: u64,
}

impl Ids {
    /// Returns an id that is greater than all previous ones, unless the clock was set back far.
    fn next(&mut self, now: Timestamp) -> String {
        let now = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        if self.last >> NUMBER_BITS > now.saturating_add(SET_BACK) {
            self.last = 0;
            self.instance = self.instance.wrapping_add(1);
        }
        self.last = self.last.saturating_add(1).max(now << NUMBER_BITS);
        format!("{:016x}{:016x}", self.last, self.instance)
    }
}

impl AuditQueue {
    /// Returns the queue of entries for `store`. `instance` differs between all instances of a service.
    pub(crate) fn new(
        store: Arc<dyn AuditStore>,
        clock: Arc<dyn Clock>,
        retention: Duration,
        instance: [u8; 8],
    ) -> Self {
        let ids = Ids { last: 0, instance: u64::from_be_bytes(instance) };
        let (waiting, dropped, refusals_due) = (VecDeque::new(), 0, 0);
        let state = State { waiting, is_writing: false, ids, refusals_due, dropped, said_at: None };
        Self(Arc::new(Inner { store, clock, retention, state: Mutex::new(state), idle: Notify::new() }))
    }

    pub(crate) fn store(&self) -> &dyn AuditStore {
        &*self.0.store
    }

    /// Returns the least id that an entry of this time can have.
    pub(crate) fn least_id(at: Timestamp) -> String {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
        format!("{:016x}", millis << NUMBER_BITS)
    }

    /// Removes the entries whose retention has ended, and returns their number.
    pub(crate) async fn purge(&self, now: Timestamp) -> Result<u64, StoreError> {
        let kept = TimeDelta::from_std(self.0.retention).unwrap_or(TimeDelta::MAX);
        let Some(before) = now.checked_sub_signed(kept) else { return Ok(0) };
        self.0.store.purge(&Self::least_id(before)).await
    }

    /// Returns the entry of an event that happens now.
    pub(crate) fn entry(&self, event: &SecurityEvent, tenant: Option<String>) -> AuditEntry {
        let now = self.0.clock.now();
        let id = self.0.state().ids.next(now);
        let (outcome, reason) = match event.outcome {
            Outcome::Success => ("success", None),
            Outcome::Refused(reason) => ("refused", Some(reason)),
            Outcome::Failed(reason) => ("failed", Some(reason)),
        };
        AuditEntry {
            reason: reason.map(str::to_owned),
            user_id: event.user_id.clone(),
            actor_id: event.actor().cloned(),
            backend: event.backend.clone(),
            client: event.client.map(|client| client.to_string()),
            request_id: event.request_id.clone(),
            session_id: event.session_id.as_ref().map(|id| id.0.clone()),
            limit: event.limit.map(|limit| limit.name().to_owned()),
            changed: event.changed_names(),
            tenant,
            ..AuditEntry::new(id, now, event.kind.name(), outcome)
        }
    }

    /// Queues the entry of an event that belongs to no change, unless there are too many.
    pub(crate) fn push(&self, event: &SecurityEvent, tenant: Option<String>) {
        let now = self.0.clock.now();
        let is_success = event.outcome == Outcome::Success;
        let is_kept = self.0.state().has_room(is_success, now);
        if !is_kept {
            return self.0.drop_some(1, "too many", now);
        }
        let entry = self.entry(event, tenant);
        let mut state = self.0.state();
        state.waiting.push_back(entry);
        self.0.start_writing(state);
    }

    /// Writes the waiting entries, for at most `within`. Entries that still wait after this time are logged, and lost
    /// if the process ends.
    pub(crate) async fn drain(&self, within: Duration) {
        let written = async {
            let mut may_start = true;
            loop {
                let idle = self.0.idle.notified(); // created before the check, so that no wake-up is lost
                if self.0.is_finished(&mut may_start) {
                    return;
                }
                idle.await;
            }
        };
        let _in_time = timeout(within, written).await;
        let left = self.0.state().waiting.len();
        if left > 0 {
            operation!(ERROR, "audit_lost", "stopped before all entries of the audit log were written", count = left);
        }
    }
}

impl EventSink for AuditQueue {
    fn keep(&self, event: &SecurityEvent) {
        self.push(event, None);
    }
}

impl State {
    /// Returns whether one more entry may wait.
    fn has_room(&mut self, is_success: bool, now: Timestamp) -> bool {
        if is_success {
            return self.waiting.len() < CAPACITY;
        }
        if self.waiting.len() >= CAPACITY_FOR_REFUSALS {
            return false;
        }
        let now = now.timestamp_millis();
        let due = self.refusals_due.max(now) + REFUSAL_EVERY;
        let is_within = due - now <= REFUSALS * REFUSAL_EVERY;
        if is_within {
            self.refusals_due = due;
        }
        is_within
    }
}

impl Inner {
    /// Returns the state. Nothing panics while it is locked, so a poisoned lock still guards a valid state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the task that writes, unless there is one. Outside of a runtime the entries wait for the next call in one.
    fn start_writing(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if let (false, Ok(runtime)) = (state.is_writing, Handle::try_current()) {
            state.is_writing = true;
            drop(state);
            let queue = Arc::clone(self);
            runtime.spawn(async move { queue.write_all().await });
        }
    }

    /// Returns whether nothing is being written any more. Starts writing the waiting entries once, if it may.
    fn is_finished(self: &Arc<Self>, may_start: &mut bool) -> bool {
        let state = self.state();
        if state.is_writing {
            return false;
        }
        if !std::mem::take(may_start) || state.waiting.is_empty() {
            return true;
        }
        self.start_writing(state);
        false
    }

    /// Writes batches until nothing waits or the database is not available. A batch that may be written later waits for the next
    /// event, or for the end of the service.
    async fn write_all(&self) {
        loop {
            let batch = {
                let mut state = self.state();
                let most = state.waiting.len().min(BATCH);
                if most == 0 {
                    break self.stop_writing(state);
                }
                state.waiting.drain(..most).collect::<Vec<_>>()
            };
            let written = AssertUnwindSafe(self.store.append(&batch)).catch_unwind().await;
            match written.unwrap_or_else(|_| Err(StoreError::failed("the store panicked"))) {
                Ok(()) => {}
                Err(error @ StoreError::Unavailable(_)) => {
                    let mut state = self.state();
                    batch.into_iter().rev().for_each(|entry| state.waiting.push_front(entry));
                    let (count, cause) = (state.waiting.len(), event::cause(&error));
                    operation!(WARN, "audit_waits", "entries of the audit log wait for the database", count, cause);
                    break self.stop_writing(state);
                }
                Err(error) => {
                    let cause = event::cause(&error);
                    operation!(ERROR, "audit_refused", "the database refuses entries of the audit log", cause);
                    self.drop_some(batch.len(), "database", self.clock.now());
                }
            }
        }
    }

    fn stop_writing(&self, mut state: MutexGuard<'_, State>) {
        state.is_writing = false;
        drop(state);
        self.idle.notify_waiters();
    }

    /// Counts entries that are not written, and logs this at most once a second.
    fn drop_some(&self, entries: usize, reason: &'static str, now: Timestamp) {
        metric::audit_dropped(reason, entries);
        let mut state = self.state();
        state.dropped += entries;
        if state.said_at.is_none_or(|at| (now - at).abs() >= SAY_EVERY) {
            state.said_at = Some(now);
            let dropped = std::mem::take(&mut state.dropped);
            drop(state);
            operation!(ERROR, "audit_dropped", "events are missing in the audit log", dropped, reason);
        }
    }
}

#[cfg(test)]
mod tests;
