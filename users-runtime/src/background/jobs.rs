//! Work that runs after the response, on a bounded queue.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{runtime::Handle, sync::Notify, time::timeout};

use crate::{
    event::operation,
    port::{BoxFuture, Clock},
};

/// The number of jobs that run at once, and thus of connections to a mail server.
const WORKERS: usize = 8;
/// The time after which a job is cancelled, so that hanging jobs cannot block all workers. The mail transport times out
/// much earlier.
const JOB_TIME: Duration = Duration::from_secs(60);

/// Jobs that run after the response: a bounded queue whose jobs start in the order of arrival, a few at a time.
///
/// Mail hooks run here, so that the response time reveals nothing about an account. A full queue must result in 503 for known and
/// unknown accounts alike. A job that panics or hangs is logged by its name and does not affect others. Jobs to be retried later
/// wait in the same queue and occupy at most half of it, so that an outage of the mail server does not make it refuse new jobs.
///
/// No task exists while the queue is empty, so the queue may be created outside of a runtime. Jobs run in the runtime
/// in which they are pushed, which needs tokio's timer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Jobs(Arc<Inner>);

struct Inner {
    capacity: usize,
    workers: usize,
    job_time: Duration,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    idle: Notify,
    /// Notified when the queue is closed.
    closing: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// The number of delayed jobs.
    delayed: usize,
    running: usize,
    closed: bool,
}

struct Job {
    name: &'static str,
    work: BoxFuture<'static, ()>,
}

/// A job was not accepted: the queue is full, or the service is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many jobs are waiting, or the service is stopping")]
pub(crate) struct QueueFull;

impl Jobs {
    /// The default number of waiting jobs.
    pub(crate) const CAPACITY: usize = 1024;

    /// Returns a queue for `capacity` waiting jobs, at least one.
    #[must_use]
    pub(crate) fn with_capacity(capacity: usize, clock: Arc<dyn Clock>) -> Self {
        Self::bounded(capacity, WORKERS, JOB_TIME, clock)
    }

    fn bounded(capacity: usize, workers: usize, job_time: Duration, clock: Arc<dyn Clock>) -> Self {
        let (capacity, state, idle, closing) = (capacity.max(1), Mutex::default(), Notify::new(), Notify::new());
        Self(Arc::new(Inner { capacity, workers, job_time, clock, state, idle, closing }))
    }

    /// Returns whether a job would be accepted now.
    pub(crate) fn has_room(&self) -> bool {
        let state = self.0.state();
        !state.closed && state.waiting.len() + state.delayed < self.0.capacity
    }

    /// Queues a job and returns immediately. `name` identifies it in the log and must not contain user data.
    ///
    /// # Errors
    /// Returns [`QueueFull`] if the queue is full, after [`Jobs::drain`] was called, and outside of a tokio runtime.
    pub(crate) fn try_push(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), QueueFull> {
        let runtime = Handle::try_current().map_err(|_| QueueFull)?;
        let mut state = self.0.state();
        if state.closed || state.waiting.len() + state.delayed >= self.0.capacity {
            return Err(QueueFull);
        }
        state.waiting.push_back(Job { name, work: Box::pin(work) });
        self.0.start_worker(state, &runtime);
        Ok(())
    }

    /// Reserves a place for a job to be retried later.
    ///
    /// # Errors
    /// Returns [`QueueFull`] if delayed jobs already occupy half of the queue, after [`Jobs::drain`] was called, and
    /// outside of a tokio runtime.
    pub(crate) fn reserve(&self) -> Result<Reservation, QueueFull> {
        let runtime = Handle::try_current().map_err(|_| QueueFull)?;
        let mut state = self.0.state();
        if state.closed || state.delayed >= self.0.capacity.div_ceil(2) {
            return Err(QueueFull);
        }
        state.delayed += 1;
        Ok(Reservation { inner: Arc::clone(&self.0), runtime, job: None })
    }

    /// Accepts no further jobs and waits until all queued and running ones are done, for at most `within`. Delayed jobs are
    /// started at once. Returns the number of unfinished jobs, which is also logged; they continue while the runtime exists.
    pub(crate) async fn drain(&self, within: Duration) -> usize {
        self.0.state().closed = true;
        self.0.closing.notify_waiters();
        let all_done = async {
            loop {
                let idle = self.0.idle.notified(); // created before the check, so that no wake-up is lost
                if self.0.state().unfinished() == 0 {
                    return;
                }
                idle.await;
            }
        };
        if timeout(within, all_done).await.is_ok() {
            return 0;
        }
        let left = self.0.state().unfinished();
        operation!(ERROR, "jobs_lost", "stopped before all queued jobs were done", count = left);
        left
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.0.state();
        f.debug_struct("Jobs")
            .field("waiting", &state.waiting.len())
            .field("delayed", &state.delayed)
            .field("running", &state.running)
            .finish()
    }
}

impl Inner {
    /// Returns the state. No job runs while it is locked, so a poisoned lock still guards a valid state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a worker if there may be more.
    fn start_worker(self: &Arc<Self>, mut state: MutexGuard<'_, State>, runtime: &Handle) {
        if state.running < self.workers {
            state.running += 1;
            drop(state);
            runtime.spawn(Worker { inner: Arc::clone(self), doing: Doing::Nothing }.work());
        }
    }

    async fn closed(&self) {
        let closing = self.closing.notified(); // created before the check, so that no wake-up is lost
        if !self.state().closed {
            closing.await;
        }
    }
}

impl Drop for Inner {
    /// Workers hold a reference to the queue, so jobs can only remain if the runtime that ran them was shut down.
    fn drop(&mut self) {
        let left = self.state().waiting.len();
        if left > 0 {
            operation!(ERROR, "jobs_lost", "the queue was dropped with jobs in it", count = left);
        }
    }
}

impl State {
    fn unfinished(&self) -> usize {
        self.waiting.len() + self.delayed + self.running
    }
}

/// A place in the queue for a job to be retried later.
pub(crate) struct Reservation {
    inner: Arc<Inner>,
    runtime: Handle,
    job: Option<Job>,
}

impl Reservation {
    /// Queues a job for the time after `pause`, or for the shutdown if that is earlier.
    pub(crate) fn fill(mut self, pause: Duration, name: &'static str, work: BoxFuture<'static, ()>) {
        self.job = Some(Job { name, work });
        let due = self.inner.clock.now() + pause;
        self.runtime.clone().spawn(async move {
            let left = (due - self.inner.clock.now()).to_std().unwrap_or_default();
            tokio::select! {
                () = self.inner.clock.wait(left) => {}
                () = self.inner.closed() => {}
            }
            self.start();
        });
    }

    fn start(mut self) {
        if let Some(job) = self.job.take() {
            let inner = Arc::clone(&self.inner);
            inner.state().waiting.push_back(job);
            let runtime = self.runtime.clone();
            drop(self);
            inner.start_worker(inner.state(), &runtime);
        }
    }
}

impl Drop for Reservation {
    /// Releases the place. A job is still in it if the runtime is shutting down.
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            operation!(
                ERROR,
                "jobs_lost",
                "the runtime stopped before a job was tried again",
                count = 1,
                job = job.name
            );
        }
        self.inner.state().delayed -= 1;
        self.inner.idle.notify_waiters();
    }
}

/// Runs jobs until the queue is empty. If it is dropped early (the runtime is shutting down), it still releases its
/// slot.
struct Worker {
    inner: Arc<Inner>,
    doing: Doing,
}

enum Doing {
    Nothing,
    Job(&'static str),
    /// The slot was released.
    Left,
}

impl Worker {
    async fn work(mut self) {
        while let Some(job) = self.next() {
            let work = async { timeout(self.inner.job_time, job.work).await };
            let outcome = AssertUnwindSafe(work).catch_unwind().await;
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(_)) => operation!(ERROR, "job_timed_out", "a job timed out", job = job.name),
                Err(_) => operation!(ERROR, "job_panicked", "a job panicked", job = job.name),
            }
            self.doing = Doing::Nothing;
        }
    }

    /// Returns the next job. For `None`, it releases the worker's slot under the same lock, so that a concurrent push
    /// finds either a worker that checks again or a free slot.
    fn next(&mut self) -> Option<Job> {
        let mut state = self.inner.state();
        let job = state.waiting.pop_front();
        self.doing = match &job {
            Some(job) => Doing::Job(job.name),
            None => Doing::Left,
        };
        if job.is_none() {
            state.running -= 1;
            self.inner.idle.notify_waiters();
        }
        job
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Doing::Job(job) = self.doing {
            operation!(ERROR, "jobs_lost", "the runtime stopped during a job", count = 1, job);
        }
        if !matches!(self.doing, Doing::Left) {
            self.inner.state().running -= 1;
            self.inner.idle.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::{
        runtime::Builder,
        sync::{Semaphore, mpsc},
    };

    use super::*;
    use crate::{adapter::SystemClock, testing::ManualClock};

    fn queue(capacity: usize, workers: usize, job_time: Duration) -> Jobs {
        Jobs::bounded(capacity, workers, job_time, Arc::new(SystemClock))
    }

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn jobs_start_in_the_order_of_arrival() {
        let jobs = queue(100, 1, LONG);
        let (done, mut order) = mpsc::unbounded_channel();
        for number in 0..100 {
            let done = done.clone();
            assert!(jobs.try_push("count", async move { assert_eq!(done.send(number), Ok(())) }).is_ok());
        }
        drop(done);
        for number in 0..100 {
            assert_eq!(order.recv().await, Some(number));
        }
        assert_eq!(order.recv().await, None);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_jobs_and_loses_none() {
        let (jobs, gate, ran) = (queue(3, 1, LONG), Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let push = || {
            let (gate, ran) = (Arc::clone(&gate), Arc::clone(&ran));
            jobs.try_push("wait", async move {
                drop(gate.acquire().await);
                ran.fetch_add(1, SeqCst);
            })
        };
        assert_eq!([push(), push(), push()], [Ok(()); 3]);
        assert_eq!(push(), Err(QueueFull));
        gate.add_permits(1);
        assert_eq!(jobs.drain(LONG).await, 0);
        assert_eq!(ran.load(SeqCst), 3);
    }

    #[tokio::test]
    async fn a_panicking_job_does_not_affect_others() {
        let (jobs, ran) = (queue(10, 1, LONG), Arc::new(AtomicUsize::new(0)));
        let after = Arc::clone(&ran);
        assert!(jobs.try_push("panic", async { panic!("on purpose") }).is_ok());
        assert!(
            jobs.try_push("after", async move {
                after.fetch_add(1, SeqCst);
            })
            .is_ok()
        );
        assert_eq!(jobs.drain(LONG).await, 0);
        assert_eq!(ran.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn a_hanging_job_is_cancelled() {
        let jobs = queue(10, 1, SHORT);
        assert!(jobs.try_push("hang", std::future::pending()).is_ok());
        assert_eq!(jobs.drain(LONG).await, 0);
    }

    #[tokio::test]
    async fn drain_accepts_no_more_jobs_and_returns_the_number_of_unfinished_ones() {
        let jobs = queue(10, 1, LONG);
        for _ in 0..3 {
            assert!(jobs.try_push("hang", std::future::pending()).is_ok());
        }
        assert_eq!(jobs.drain(SHORT).await, 3);
        assert_eq!(jobs.try_push("late", async {}), Err(QueueFull));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_job_is_lost_when_the_last_worker_stops_and_few_run_at_once() {
        let jobs = queue(10_000, 2, LONG);
        let (now, most, ran) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        for _ in 0..5_000 {
            let (now, most, ran) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&ran));
            let pushed = jobs.try_push("count", async move {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, SeqCst);
                ran.add_permits(1);
            });
            assert!(pushed.is_ok());
            tokio::task::yield_now().await;
        }
        // `drain` would hide a job that waits for the next push.
        assert!(timeout(LONG, ran.acquire_many(5_000)).await.is_ok());
        assert!(most.load(SeqCst) <= 2);
    }

    #[tokio::test]
    async fn a_job_that_is_tried_again_waits_for_its_time_or_for_the_shutdown() {
        let clock = Arc::new(ManualClock::at(chrono::DateTime::UNIX_EPOCH));
        let jobs = Jobs::bounded(10, 1, LONG, Arc::clone(&clock) as _);
        let ran = Arc::new(Semaphore::new(0));
        let later = |pause| {
            let ran = Arc::clone(&ran);
            jobs.reserve().unwrap().fill(pause, "again", Box::pin(async move { ran.add_permits(1) }));
        };
        later(Duration::from_secs(60));
        later(Duration::from_secs(300));
        for (step, expected) in [(59, 0), (1, 1), (100, 1)] {
            clock.advance(Duration::from_secs(step));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            assert_eq!(ran.available_permits(), expected, "after {step} s more");
        }
        assert_eq!(jobs.drain(LONG).await, 0);
        assert_eq!(ran.available_permits(), 2, "the shutdown does not wait");
        assert!(jobs.reserve().is_err(), "nothing is tried again after the shutdown");
    }

    #[tokio::test]
    async fn jobs_that_are_tried_again_take_half_of_the_queue() {
        let jobs = queue(4, 1, LONG);
        let places = [jobs.reserve(), jobs.reserve(), jobs.reserve()];
        assert!(places[0].is_ok() && places[1].is_ok() && places[2].is_err());
        assert!(jobs.try_push("one", std::future::pending()).is_ok());
        tokio::task::yield_now().await;
        assert!(jobs.try_push("two", async {}).is_ok() && jobs.try_push("three", async {}).is_ok());
        assert_eq!(jobs.try_push("four", async {}), Err(QueueFull), "the queue has one bound");
        drop(places);
        assert!(jobs.try_push("four", async {}).is_ok());
    }

    #[test]
    fn a_queue_outlives_a_runtime_and_works_in_the_next() {
        let jobs = queue(10, 1, LONG);
        assert_eq!(jobs.try_push("nowhere", async {}), Err(QueueFull));
        for _ in 0..2 {
            let runtime = Builder::new_current_thread().enable_time().build();
            assert!(runtime.is_ok_and(|runtime| {
                runtime.block_on(async { jobs.try_push("hang", std::future::pending()).is_ok() })
            }));
            assert_eq!(jobs.0.state().running, 0, "the workers ended with the runtime");
        }
    }
}
