//! Work that runs after the answer, on a bounded queue.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{runtime::Handle, sync::Notify, time::timeout};

use crate::port::BoxFuture;

/// How many jobs may wait (security contract, section (c) 9).
const CAPACITY: usize = 1024;
/// How many jobs run at once; as many connections may a mail server see.
const WORKERS: usize = 8;
/// After how long a job is given up, so that hanging ones cannot keep all workers for good. A transport of mail gives
/// up far earlier.
const JOB_TIME: Duration = Duration::from_secs(60);

/// Jobs that run after the answer that caused them: a bounded queue, run few at a time in the order of arrival.
///
/// Mail hooks run here, so that the time of an answer tells nothing about an account. A full queue must be answered with
/// 503 for known and unknown accounts alike. A job that panics or hangs is logged by its name and harms no other.
///
/// There is no task while there is nothing to do, so it may be built outside of a runtime; jobs run in the runtime that
/// pushes them, which needs tokio's timer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Jobs(Arc<Inner>);

struct Inner {
    capacity: usize,
    workers: usize,
    job_time: Duration,
    state: Mutex<State>,
    idle: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    running: usize,
    closed: bool,
}

struct Job {
    name: &'static str,
    work: BoxFuture<'static, ()>,
}

/// No job is taken: too many wait, or the service is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many jobs are waiting, or the service is stopping")]
pub(crate) struct QueueFull;

impl Jobs {
    /// A queue for 1,024 waiting jobs of which 8 run at once.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// A queue for `capacity` waiting jobs, at least one.
    #[must_use]
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self::bounded(capacity, WORKERS, JOB_TIME)
    }

    fn bounded(capacity: usize, workers: usize, job_time: Duration) -> Self {
        let (capacity, state, idle) = (capacity.max(1), Mutex::default(), Notify::new());
        Self(Arc::new(Inner { capacity, workers, job_time, state, idle }))
    }

    /// Queues a job and returns at once. `name` stands for it in the log; it must not hold user data.
    ///
    /// # Errors
    /// [`QueueFull`] if too many jobs wait already, if [`Jobs::drain`] was called, or outside of a tokio runtime.
    pub(crate) fn try_push(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), QueueFull> {
        let runtime = Handle::try_current().map_err(|_| QueueFull)?;
        let mut state = self.0.state();
        if state.closed || state.waiting.len() >= self.0.capacity {
            return Err(QueueFull);
        }
        state.waiting.push_back(Job { name, work: Box::pin(work) });
        if state.running < self.0.workers {
            state.running += 1;
            drop(state);
            runtime.spawn(Worker { inner: Arc::clone(&self.0), doing: Doing::Nothing }.work());
        }
        Ok(())
    }

    /// Takes no further jobs and waits until all queued and running ones are done, at most `within`. Answers how many
    /// were left behind, which is also logged; those go on as long as the runtime lives.
    pub(crate) async fn drain(&self, within: Duration) -> usize {
        self.0.state().closed = true;
        let all_done = async {
            loop {
                let idle = self.0.idle.notified(); // made before the look, so that no wake-up is lost
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
        tracing::error!(event = "jobs_lost", count = left, "stopped before all queued jobs were done");
        left
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.0.state();
        f.debug_struct("Jobs").field("waiting", &state.waiting.len()).field("running", &state.running).finish()
    }
}

impl Inner {
    /// No job runs while this is locked, so a poisoned lock still guards a sound state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    /// Workers hold the queue, so jobs can only be left if the runtime that ran them is gone.
    fn drop(&mut self) {
        let left = self.state().waiting.len();
        if left > 0 {
            tracing::error!(event = "jobs_lost", count = left, "dropped with jobs still queued");
        }
    }
}

impl State {
    fn unfinished(&self) -> usize {
        self.waiting.len() + self.running
    }
}

/// Runs jobs until none waits. Dropped early (the runtime is shutting down), it still gives its place back.
struct Worker {
    inner: Arc<Inner>,
    doing: Doing,
}

enum Doing {
    Nothing,
    Job(&'static str),
    /// The place was given back.
    Left,
}

impl Worker {
    async fn work(mut self) {
        while let Some(job) = self.next() {
            let work = async { timeout(self.inner.job_time, job.work).await };
            let outcome = AssertUnwindSafe(work).catch_unwind().await;
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(_)) => tracing::error!(event = "job_timed_out", job = job.name, "a job hung and was given up"),
                Err(_) => tracing::error!(event = "job_panicked", job = job.name, "a job panicked"),
            }
            self.doing = Doing::Nothing;
        }
    }

    /// The next job. `None` gives the worker's place back under the same lock, so that a push either meets a worker that
    /// looks once more or a free place.
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
            tracing::error!(event = "jobs_lost", count = 1, job, "the runtime stopped during a job");
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

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn jobs_start_in_the_order_of_arrival() {
        let jobs = Jobs::bounded(100, 1, LONG);
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
    async fn a_full_queue_refuses_and_forgets_nothing() {
        let (jobs, gate, ran) = (Jobs::bounded(3, 1, LONG), Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
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
    async fn a_panicking_job_harms_no_other() {
        let (jobs, ran) = (Jobs::bounded(10, 1, LONG), Arc::new(AtomicUsize::new(0)));
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
    async fn a_hanging_job_is_given_up() {
        let jobs = Jobs::bounded(10, 1, SHORT);
        assert!(jobs.try_push("hang", std::future::pending()).is_ok());
        assert_eq!(jobs.drain(LONG).await, 0);
    }

    #[tokio::test]
    async fn drain_takes_no_more_and_says_what_it_left() {
        let jobs = Jobs::bounded(10, 1, LONG);
        for _ in 0..3 {
            assert!(jobs.try_push("hang", std::future::pending()).is_ok());
        }
        assert_eq!(jobs.drain(SHORT).await, 3);
        assert_eq!(jobs.try_push("late", async {}), Err(QueueFull));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_job_is_forgotten_when_the_last_worker_leaves_and_few_run_at_once() {
        let jobs = Jobs::bounded(10_000, 2, LONG);
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
        // Not by drain, which would hide a job that waits for the next push.
        assert!(timeout(LONG, ran.acquire_many(5_000)).await.is_ok());
        assert!(most.load(SeqCst) <= 2);
    }

    #[test]
    fn a_queue_outlives_a_runtime_and_works_in_the_next() {
        let jobs = Jobs::bounded(10, 1, LONG);
        assert_eq!(jobs.try_push("nowhere", async {}), Err(QueueFull));
        for _ in 0..2 {
            let runtime = Builder::new_current_thread().enable_time().build();
            assert!(runtime.is_ok_and(|runtime| {
                runtime.block_on(async { jobs.try_push("hang", std::future::pending()).is_ok() })
            }));
            assert_eq!(jobs.0.state().running, 0, "the runtime took its workers with it");
        }
    }
}
