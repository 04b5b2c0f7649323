//! A thread pool with a fair queue and a memory budget. It is independent of passwords.
//!
//! * **Memory.** Each job declares the memory that it needs. It starts when it is the first in the queue, a thread is
//!   idle, and its memory fits into the remaining budget. A job that needs much memory waits until enough jobs have
//!   finished, and the jobs behind it wait too, so it cannot starve.
//! * **Fairness.** Sources, which are clients, take turns and share the places of the queue: a flood of jobs of one source
//!   neither delays the next job of another by more than one job, nor takes its place ([`super::fair_queue`]). Jobs of one
//!   source run in order.
//! * **Priority.** Jobs run on threads of the lowest priority, so that they use only time that other work leaves. On a
//!   machine without idle time, a few helper threads of normal priority take over late jobs
//!   ([`super::worker_threads`]), so that jobs always get a share and other work keeps its own.
//! * **Bounds.** The queue and the waiting time are bounded. A job that has started runs to completion, whether or not
//!   its caller is still waiting.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    bounds::Bounds,
    fair_queue::Put,
    job::{Answer, Demand, Job, Leave, Memory, QueueSlot, Task},
    priority,
    state::{State, Wake},
    work_buffer::WorkBuffer,
    worker_threads::Help,
};
use crate::{
    event::{metric, operation},
    port::{HashError, WorkSource},
};

/// How long a thread that got no CPU time waits before it checks again.
const DISTRUST: Duration = Duration::from_millis(100);

/// A thread pool. Dropping it stops each thread after its current job.
pub(super) struct Pool(pub(super) Arc<Shared>);

pub(super) struct Shared {
    bounds: Bounds,
    state: Mutex<State>,
    /// Notified when a job was added, when a waiting job may be able to start, and when the pool is closed.
    changed: Condvar,
    /// The same for helpers; also notified when a job was started, because it can become late.
    help: Condvar,
}

/// The permission to run a job. Its memory counts as used until this value is dropped, even if the caller leaves.
struct Permit<'a> {
    shared: &'a Shared,
    /// The number of the thread, unless it is a helper.
    thread: Option<usize>,
    memory: Memory,
    buffer: Option<WorkBuffer>,
}

/// A job that a thread may run now.
type Started<'a> = (Arc<dyn Job>, Permit<'a>);

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The operating system's error if it cannot start a thread.
    pub(super) fn start(bounds: Bounds) -> std::io::Result<Self> {
        let pool = Self(Arc::new(Shared {
            bounds,
            state: Mutex::new(State::new(&bounds)),
            changed: Condvar::new(),
            help: Condvar::new(),
        }));
        for number in 0..bounds.workers {
            let shared = Arc::clone(&pool.0);
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || {
                priority::lower_to_minimum();
                while let Some(started) = shared.next(number) {
                    serve(started);
                }
            })?;
        }
        for number in 0..bounds.helpers {
            let shared = Arc::clone(&pool.0);
            thread::Builder::new().name(format!("hash-help-{number}")).spawn(move || {
                while let Some(started) = shared.next_to_help() {
                    serve(started);
                }
            })?;
        }
        Ok(pool)
    }

    /// Runs `work` on one of the threads, with a buffer of as many blocks of 1 KiB as requested, for the
    /// [current source](WorkSource::current). The content of the blocks is unspecified. A plain number as `demand` requests a
    /// buffer only. A helper may run `work` a second time; one of the results is dropped.
    ///
    /// # Errors
    /// [`HashError::Overloaded`] if the queue has no place for this source or the job waited too long, [`HashError::Failed`] if
    /// the job panicked, the system is out of memory, or the job needs more than the whole budget.
    pub(super) async fn run<W, T>(&self, demand: impl Into<Demand>, work: W) -> Result<T, HashError>
    where
        W: Fn(&mut [argon2::Block]) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        let (caller, mut answer) = oneshot::channel::<Answer<T>>();
        let slot = QueueSlot::default();
        let leave = Leave(slot.clone());
        let task = Task::new(demand.into(), self.0.now(), slot, work, caller);
        self.0.put(WorkSource::current(), Arc::new(task))?;
        let ended = tokio::select! {
            biased;
            ended = &mut answer => ended,
            () = tokio::time::sleep(self.0.bounds.max_wait) => {
                if leave.0.take() {
                    return Err(self.0.overloaded("waited too long"));
                }
                answer.await
            }
        };
        match ended {
            Ok(Some(result)) => Ok(result),
            Ok(None) => Err(self.0.overloaded("the queue is full")),
            Err(_) => Err(HashError::Failed),
        }
    }

    /// Returns the error that [`run`](Self::run) would return at once because of the queue.
    pub(super) fn ensure_room(&self) -> Result<(), HashError> {
        if self.0.lock().waiting.would_refuse(WorkSource::current()) {
            return Err(self.0.overloaded("the queue is full"));
        }
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
        self.0.help.notify_all();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Instant {
        (self.bounds.now)()
    }

    fn put(&self, source: WorkSource, job: Arc<dyn Job>) -> Result<(), HashError> {
        if job.demand().memory.all() > self.bounds.memory_kib {
            return Err(HashError::Failed); // it would block the queue forever
        }
        let late_at = self.now() + self.bounds.patience;
        let mut state = self.lock();
        let put = state.waiting.put(source, job);
        let (waiting, mut wake) = (state.waiting.len(), state.wake_for_job());
        wake.helper |= state.is_unwatched(late_at);
        drop(state);
        match put {
            Put::Queued => {}
            Put::Replaced(out) => out.refuse(),
            Put::Refused => return Err(self.overloaded("the queue is full")),
        }
        metric::hash_waiting(waiting);
        self.wake(&wake);
        Ok(())
    }

    fn wake(&self, wake: &Wake) {
        if wake.helper {
            self.help.notify_one();
        }
        if wake.all_workers {
            self.changed.notify_all();
        } else if wake.one_worker {
            self.changed.notify_one();
        }
    }

    /// Logs and returns the error for overload. It depends only on the length of the queue, so it reveals nothing about
    /// an account.
    fn overloaded(&self, why: &'static str) -> HashError {
        let mut state = self.lock();
        let waiting = state.waiting.len();
        let refused = state.refusals.count(self.now());
        drop(state);
        metric::hash_refused(why);
        if let Some(refused) = refused {
            operation!(WARN, "hash_overloaded", "password hashing is overloaded", why, waiting, refused);
        }
        let retry_after = 1 + 4 * waiting.min(self.bounds.waiting) / self.bounds.waiting.max(1);
        HashError::Overloaded { retry_after: u32::try_from(retry_after).unwrap_or(5) }
    }

    /// Waits until a thread of the lowest priority can start the first job, and claims it. Returns `None` when the pool is
    /// closed.
    fn next(&self, thread: usize) -> Option<Started<'_>> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if !state.workers.is_trusted(thread) {
                let until_next = (!state.waiting.is_empty()).then_some(DISTRUST);
                drop(self.wait(&self.changed, state, until_next));
                let gets_time = (self.bounds.gets_time)();
                state = self.lock();
                if gets_time {
                    state.workers.trust(thread);
                }
                continue;
            }
            if let Some(job) = state.claim(&self.bounds, false) {
                let late_at = state.workers.start(thread, &job, self.now());
                let helper = state.is_unwatched(late_at);
                return Some(self.permit(Some(thread), job, state, helper));
            }
            state = self.wait(&self.changed, state, None);
        }
    }

    /// Waits until a helper is needed, and returns its job. Returns `None` when the pool is closed.
    fn next_to_help(&self) -> Option<Started<'_>> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let now = self.now();
            let startable_since = state.startable_since(&self.bounds);
            let State { workers, running_kib, .. } = &mut *state;
            let fits = |job: &dyn Job| *running_kib + job.demand().memory.all() <= self.bounds.memory_kib;
            let help = workers.help(now, startable_since, fits);
            if let Help::With(job) = help {
                metric::hash_helped("late");
                return Some(self.permit(None, job, state, true)); // the next one watches
            }
            if state.workers.none_trusted()
                && let Some(job) = state.claim(&self.bounds, true)
            {
                metric::hash_helped("no thread");
                return Some(self.permit(None, job, state, true));
            }
            state = match help {
                Help::At(late) if state.watched_until.is_none_or(|time| late < time) => {
                    state.watched_until = Some(late);
                    let mut state = self.wait(&self.help, state, Some(late.saturating_duration_since(now)));
                    state.watched_until = None;
                    state
                }
                _ => self.wait(&self.help, state, None),
            };
        }
    }

    fn wait<'a>(&self, on: &Condvar, state: MutexGuard<'a, State>, at_most: Option<Duration>) -> MutexGuard<'a, State> {
        match at_most {
            Some(time) => {
                on.wait_timeout(state, time).map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state)
            }
            None => on.wait(state).unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Counts the memory of a job as used, and releases the lock.
    fn permit(
        &self,
        thread: Option<usize>,
        job: Arc<dyn Job>,
        mut state: MutexGuard<'_, State>,
        helper: bool,
    ) -> Started<'_> {
        let memory = job.demand().memory;
        state.running_kib += memory.all();
        let buffer = state.kept.take(memory.buffer);
        let room = self.bounds.memory_kib.saturating_sub(state.running_kib);
        let evicted = state.kept.shrink_to(room);
        // A notification wakes one thread, but the next job may fit too.
        let mut wake = state.wake_for_job();
        wake.helper |= helper;
        let (waiting, waited) = (state.waiting.len(), state.changed_at.saturating_duration_since(job.since()));
        drop(state);
        drop(evicted);
        self.wake(&wake);
        metric::hash_waiting(waiting);
        metric::hash_waited(waited);
        (job, Permit { shared: self, thread, memory, buffer })
    }
}

/// Runs a job. Its memory is released before its caller gets the result.
fn serve((job, mut permit): Started<'_>) {
    // After a panic only the buffer is reused, and it is wiped before.
    let ran = catch_unwind(AssertUnwindSafe(|| match permit.blocks() {
        Some(blocks) => job.run(blocks),
        None => operation!(ERROR, "hash_no_memory", "out of memory while hashing a password"),
    }));
    drop(permit);
    if ran.is_err() {
        operation!(ERROR, "hash_panicked", "hashing a password panicked; the thread continues");
    }
    job.deliver();
}

impl Permit<'_> {
    fn blocks(&mut self) -> Option<&mut [argon2::Block]> {
        if self.buffer.is_none() {
            self.buffer = WorkBuffer::allocate(self.memory.buffer);
        }
        self.buffer.as_mut().map(WorkBuffer::blocks)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let buffer = self.buffer.take().map(|mut buffer| {
            buffer.wipe();
            buffer
        });
        let mut state = self.shared.lock();
        state.running_kib -= self.memory.all();
        state.changed_at = self.shared.now();
        if let Some(thread) = self.thread {
            state.workers.finish(thread);
        }
        let evicted = buffer.and_then(|buffer| state.kept.put(buffer, self.shared.bounds.workers));
        // The first job, or a late one, may fit now.
        let mut wake = state.wake_for_job();
        wake.helper |= !state.workers.all_trusted();
        drop(state);
        drop(evicted);
        self.shared.wake(&wake);
    }
}
