//! The state that the threads of a [pool](super::pool) share under its lock.

use std::{sync::Arc, time::Instant};

use super::{
    bounds::Bounds,
    fair_queue::FairQueue,
    job::{Job, Memory},
    overload::RefusalLog,
    work_buffer::Kept,
    worker_threads::WorkerThreads,
};

pub(super) struct State {
    pub(super) waiting: FairQueue<Arc<dyn Job>>,
    pub(super) workers: WorkerThreads,
    pub(super) running_kib: u64,
    /// The time at which a job was started or ended.
    pub(super) changed_at: Instant,
    pub(super) kept: Kept,
    /// The time at which a helper next checks for late jobs.
    pub(super) watched_until: Option<Instant>,
    pub(super) refusals: RefusalLog,
    pub(super) closed: bool,
}

/// The threads to wake once the lock is released. If a thread of the lowest priority woke another one before, that one would
/// preempt it at once, and on a busy machine it would get no time to release the lock.
#[derive(Default)]
#[must_use]
pub(super) struct Wake {
    pub(super) one_worker: bool,
    pub(super) all_workers: bool,
    pub(super) helper: bool,
}

impl State {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self {
            waiting: FairQueue::new(bounds.waiting),
            workers: WorkerThreads::new(bounds.workers, bounds.patience),
            running_kib: 0,
            changed_at: (bounds.now)(),
            kept: Kept::default(),
            watched_until: None,
            refusals: RefusalLog::default(),
            closed: false,
        }
    }

    /// Returns the threads that can start the first job.
    pub(super) fn wake_for_job(&self) -> Wake {
        if self.waiting.is_empty() {
            return Wake::default();
        }
        // A single notification could wake a thread that is not trusted, and then be lost.
        let all_workers = !self.workers.all_trusted();
        Wake { one_worker: true, all_workers, helper: self.workers.none_trusted() }
    }

    /// Returns whether no helper checks by this time.
    pub(super) fn is_unwatched(&self, late_at: Instant) -> bool {
        self.watched_until.is_none_or(|time| late_at < time)
    }

    /// Returns whether there is memory for a job.
    fn fits(&self, memory: Memory, bounds: &Bounds, is_helper: bool) -> bool {
        let left_free = if is_helper || self.running_kib == 0 { 0 } else { bounds.helpers_kib };
        self.running_kib + memory.all() + left_free <= bounds.memory_kib
    }

    /// Returns the time since which an idle thread of the lowest priority could start the first job.
    pub(super) fn startable_since(&mut self, bounds: &Bounds) -> Option<Instant> {
        let (memory, since) = self.waiting.first().map(|job| (job.demand().memory, job.since()))?;
        self.fits(memory, bounds, false).then(|| since.max(self.changed_at))
    }

    /// Claims the first job, if its memory fits.
    pub(super) fn claim(&mut self, bounds: &Bounds, is_helper: bool) -> Option<Arc<dyn Job>> {
        loop {
            let memory = self.waiting.first()?.demand().memory;
            if !self.fits(memory, bounds, is_helper) {
                return None;
            }
            let job = self.waiting.pop_first()?;
            if job.take() {
                self.changed_at = (bounds.now)();
                return Some(job);
            } // else its caller left in between
        }
    }
}
