//! A timer that prevents the timers of requests from waking tokio's driver.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Shorter than all timers of a request.
const TICK: Duration = Duration::from_secs(1);

/// A timer that runs while requests arrive. Clones share it.
///
/// Tokio wakes its driver, which costs two system calls, for each timer that ends before all others. The timeouts of a request
/// are such timers unless another request is in progress. This timer ends before them. It stops within two seconds after the last
/// request, so that an idle process is not woken.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunningTimer(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// A request has arrived since the last tick.
    is_used: AtomicBool,
    runs: AtomicBool,
}

/// The task of the timer. It may end with its runtime as well.
struct Task(Arc<State>);

impl RunningTimer {
    /// Starts the timer, unless it runs already. Needs a tokio runtime, as the timers of requests do.
    pub(crate) fn request_arrived(&self) {
        self.0.is_used.store(true, Relaxed);
        if !self.0.runs.load(Relaxed) && !self.0.runs.swap(true, Relaxed) {
            tokio::spawn(Task(Arc::clone(&self.0)).run());
        }
    }

    #[cfg(test)]
    pub(crate) fn runs(&self) -> bool {
        self.0.runs.load(Relaxed)
    }
}

impl Task {
    async fn run(self) {
        while self.0.is_used.swap(false, Relaxed) {
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.runs.store(false, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_runs_while_requests_arrive() {
        let timer = RunningTimer::default();
        for _ in 0..3 {
            timer.request_arrived();
            tokio::time::advance(TICK / 2).await;
            assert!(timer.runs());
        }
        for _ in 0..3 {
            tokio::time::advance(TICK).await;
            tokio::task::yield_now().await;
        }
        assert!(!timer.runs());
        timer.request_arrived();
        assert!(timer.runs());
    }

    #[test]
    fn it_runs_again_in_another_runtime() {
        let timer = RunningTimer::default();
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async { timer.request_arrived() });
            assert!(timer.runs());
            drop(runtime);
            assert!(!timer.runs());
        }
    }
}
