//! Which threads of a [pool](super::pool) may start a job, and when another one has to help.
//!
//! Threads of the lowest priority get only CPU time that nothing else uses; on a busy machine this is about a hundredth
//! of a core. The operating system does not let a thread raise its priority again, so a job that such a thread has
//! started cannot be sped up: a helper of normal priority computes it again from the beginning, and the first result is
//! used. The slower computation costs only idle time.
//!
//! * A job is **late** if its thread has not finished it [`PATIENCE`] after twice the time that it should take. An idle
//!   thread is late if it has not started a waiting job after [`PATIENCE`], because it did not even get CPU time to wake up.
//! * A thread that is late is **distrusted** until it has shown that it gets CPU time ([`super::priority::gets_time`]).
//! * Helpers compute late jobs, and start waiting ones only if no thread of the lowest priority is trusted.
//!
//! In a flood on cores that have idle time no job is late, so helpers do nothing and hashing delays no other work.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::job::Job;

/// How much longer than twice its time a job may take before a helper computes it as well.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// The threads of the lowest priority.
#[derive(Default)]
pub(super) struct WorkerThreads {
    threads: Vec<Worker>,
    patience: Duration,
}

struct Worker {
    is_trusted: bool,
    job: Option<Started>,
}

struct Started {
    job: Arc<dyn Job>,
    late_at: Instant,
    is_helped: bool,
}

/// The action of a helper for jobs that have been started.
pub(super) enum Help {
    /// Compute this late job.
    With(Arc<dyn Job>),
    /// Look again at this time.
    At(Instant),
    /// Nothing, until a job is started.
    Nothing,
}

impl WorkerThreads {
    pub(super) fn new(threads: usize, patience: Duration) -> Self {
        let worker = || Worker { is_trusted: true, job: None };
        Self { threads: std::iter::repeat_with(worker).take(threads).collect(), patience }
    }

    /// Returns whether the thread may start jobs.
    pub(super) fn is_trusted(&self, thread: usize) -> bool {
        self.threads.get(thread).is_some_and(|worker| worker.is_trusted)
    }

    pub(super) fn all_trusted(&self) -> bool {
        self.threads.iter().all(|worker| worker.is_trusted)
    }

    pub(super) fn none_trusted(&self) -> bool {
        !self.threads.iter().any(|worker| worker.is_trusted)
    }

    pub(super) fn trust(&mut self, thread: usize) {
        if let Some(worker) = self.threads.get_mut(thread) {
            worker.is_trusted = true;
        }
    }

    /// Records that the thread has started a job. Returns the time at which the job is late.
    pub(super) fn start(&mut self, thread: usize, job: &Arc<dyn Job>, now: Instant) -> Instant {
        let late_at = now + self.patience + 2 * job.demand().time;
        if let Some(worker) = self.threads.get_mut(thread) {
            worker.job = Some(Started { job: Arc::clone(job), late_at, is_helped: false });
        }
        late_at
    }

    pub(super) fn finish(&mut self, thread: usize) {
        if let Some(worker) = self.threads.get_mut(thread) {
            worker.job = None;
        }
    }

    /// Distrusts threads that are late, and returns the action. `startable_since` is the time since which an idle
    /// thread could start a waiting job; `fits` returns whether there is memory for a job now.
    pub(super) fn help(
        &mut self,
        now: Instant,
        startable_since: Option<Instant>,
        fits: impl Fn(&dyn Job) -> bool,
    ) -> Help {
        let mut next: Option<Instant> = None;
        for worker in &mut self.threads {
            let late_at = match (&worker.job, startable_since) {
                (Some(started), _) => started.late_at,
                (None, Some(since)) if worker.is_trusted => since + self.patience,
                (None, _) => continue,
            };
            if late_at > now {
                next = Some(next.map_or(late_at, |next| next.min(late_at)));
                continue;
            }
            worker.is_trusted = false;
            let Some(started) = &mut worker.job else { continue };
            // Without memory it has to wait until a job ends, which wakes a helper again.
            if !started.is_helped && !started.job.is_over() && fits(started.job.as_ref()) {
                started.is_helped = true;
                return Help::With(Arc::clone(&started.job));
            }
        }
        next.map_or(Help::Nothing, Help::At)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a point in time to start from")]
mod tests {
    use argon2::Block;

    use super::*;
    use crate::adapter::password::job::{Demand, Memory};

    struct Fake {
        time: Duration,
        is_over: bool,
    }

    impl Job for Fake {
        fn demand(&self) -> Demand {
            Demand { memory: Memory { buffer: 19, own: 0 }, time: self.time }
        }

        fn since(&self) -> Instant {
            Instant::now()
        }

        fn is_taken(&self) -> bool {
            true
        }

        fn take(&self) -> bool {
            false
        }

        fn is_over(&self) -> bool {
            self.is_over
        }

        fn run(&self, _: &mut [Block]) {}

        fn deliver(&self) {}

        fn refuse(&self) {}
    }

    const MS: Duration = Duration::from_millis(1);

    fn job(ms: u32, is_over: bool) -> Arc<dyn Job> {
        Arc::new(Fake { time: ms * MS, is_over })
    }

    /// Describes what to do: with a job, after a time, or nothing.
    fn help(workers: &mut WorkerThreads, start: Instant, ms: u32, fits: bool) -> String {
        match workers.help(start + ms * MS, None, |_| fits) {
            Help::With(job) => format!("with {:?}", job.demand().time),
            Help::At(time) => format!("at {:?}", time - start),
            Help::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn a_job_is_late_after_twice_its_time_and_the_patience() {
        let (start, mut workers) = (Instant::now(), WorkerThreads::new(2, 100 * MS));
        assert_eq!(help(&mut workers, start, 0, true), "nothing");
        workers.start(0, &job(15, false), start);
        workers.start(1, &job(200, false), start + 10 * MS);
        assert_eq!(help(&mut workers, start, 20, true), "at 130ms");
        assert!(workers.all_trusted());
        assert_eq!(help(&mut workers, start, 130, true), "with 15ms");
        assert!(!workers.is_trusted(0) && workers.is_trusted(1) && !workers.none_trusted());
        assert_eq!(help(&mut workers, start, 131, true), "at 510ms", "each late job is helped once");
        assert_eq!(help(&mut workers, start, 510, true), "with 200ms");
        assert!(workers.none_trusted());
        assert_eq!(help(&mut workers, start, 9_999, true), "nothing");
    }

    #[test]
    fn a_finished_job_needs_no_help_and_a_late_thread_stays_distrusted() {
        let (start, mut workers) = (Instant::now(), WorkerThreads::new(1, 100 * MS));
        workers.start(0, &job(0, false), start);
        workers.finish(0);
        assert_eq!(help(&mut workers, start, 500, true), "nothing");
        assert!(workers.all_trusted());
        workers.start(0, &job(0, false), start + 500 * MS);
        assert_eq!(help(&mut workers, start, 600, true), "with 0ns");
        workers.finish(0);
        assert!(workers.none_trusted());
        workers.trust(0);
        assert!(workers.all_trusted());
    }

    #[test]
    fn an_idle_thread_that_does_not_start_a_waiting_job_is_late() {
        let (start, mut workers) = (Instant::now(), WorkerThreads::new(2, 100 * MS));
        workers.start(0, &job(500, false), start);
        let at = |workers: &mut WorkerThreads, ms: u32, since: Option<u32>| {
            let help = workers.help(start + ms * MS, since.map(|since| start + since * MS), |_| true);
            let Help::At(time) = help else { panic!("the first one is late at 1.1 s") };
            (time - start, workers.is_trusted(1))
        };
        assert_eq!(at(&mut workers, 30, None), (1100 * MS, true), "nothing waits, or nothing that fits");
        assert_eq!(at(&mut workers, 30, Some(20)), (120 * MS, true));
        assert_eq!(at(&mut workers, 130, Some(110)), (210 * MS, true), "something has changed meanwhile");
        assert_eq!(at(&mut workers, 210, Some(110)), (1100 * MS, false));
        assert!(workers.is_trusted(0), "it works");
    }

    #[test]
    fn a_late_job_waits_for_memory_and_an_abandoned_one_is_not_helped() {
        let (start, mut workers) = (Instant::now(), WorkerThreads::new(2, 100 * MS));
        workers.start(0, &job(0, false), start);
        workers.start(1, &job(0, true), start);
        assert_eq!(help(&mut workers, start, 200, false), "nothing");
        assert!(workers.none_trusted(), "its thread gets no time, whether or not there is memory for a helper");
        assert_eq!(help(&mut workers, start, 300, true), "with 0ns");
        assert_eq!(help(&mut workers, start, 400, true), "nothing", "nobody waits for the other one");
    }
}
