//! Operations that run once for all callers that wait for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{FutureExt as _, future::Shared};
use tokio::runtime::Handle;

use crate::port::BoxFuture;

type Run<T> = Shared<BoxFuture<'static, T>>;

/// Operations by name, of which each runs at most once at a time in this process. An operation that has begun runs to
/// completion, even if no caller waits for it any more.
pub(crate) struct SharedRuns<T: Clone>(Arc<Mutex<HashMap<String, Run<T>>>>);

/// Removes an operation when it ends, even by a panic.
struct RemoveWhenEnded<T: Clone>(SharedRuns<T>, String);

impl<T: Clone + Send + Sync + 'static> SharedRuns<T> {
    /// Waits for the operation of this name, and starts it if it is not running. `lost` is the result if it panicked, or was
    /// cancelled because the runtime stopped.
    pub(crate) async fn join(&self, name: String, lost: T, start: impl FnOnce() -> BoxFuture<'static, T>) -> T {
        self.join_or_start(name, lost, start).await
    }

    fn join_or_start(&self, name: String, lost: T, start: impl FnOnce() -> BoxFuture<'static, T>) -> Run<T> {
        let mut running = self.running();
        if let Some(run) = running.get(&name) {
            return run.clone();
        }
        let (guard, work) = (RemoveWhenEnded(Self(Arc::clone(&self.0)), name.clone()), start());
        let work = async move {
            let _guard = guard;
            work.await
        };
        // Spawned when it is first polled, which happens without the lock: a runtime that is shutting down drops the work at
        // once.
        let work: BoxFuture<'static, T> = Box::pin(async move {
            match Handle::try_current() {
                Ok(runtime) => runtime.spawn(work).await.unwrap_or(lost),
                Err(_) => work.await,
            }
        });
        let run = work.shared();
        running.insert(name, run.clone());
        run
    }
}

impl<T: Clone> SharedRuns<T> {
    /// Waits until no operation runs.
    pub(crate) async fn all_ended(&self) {
        loop {
            let running: Vec<_> = self.running().values().cloned().collect();
            if running.is_empty() {
                return;
            }
            futures_util::future::join_all(running).await;
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Run<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Default for SharedRuns<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Drop for RemoveWhenEnded<T> {
    fn drop(&mut self) {
        let run = self.0.running().remove(&self.1);
        // Dropped without the lock: it may be the last holder of a result.
        drop(run);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn counting(runs: &Arc<AtomicU32>, gate: &Arc<Notify>) -> BoxFuture<'static, u32> {
        let (runs, gate) = (Arc::clone(runs), Arc::clone(gate));
        Box::pin(async move {
            let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
            gate.notified().await;
            run
        })
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_run_and_later_ones_start_another() {
        let (shared, runs, gate) = (SharedRuns::default(), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let join = |name: &str| shared.join(name.to_owned(), 0, || counting(&runs, &gate));
        gate.notify_one();
        assert_eq!(tokio::join!(join("a"), join("a"), join("a")), (1, 1, 1));
        gate.notify_one();
        assert_eq!(join("a").await, 2);
        assert!(shared.running().is_empty());
    }

    #[tokio::test]
    async fn a_run_ends_although_nobody_waits_for_it() {
        let (shared, runs, gate) = (SharedRuns::default(), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let mut waiting = shared.join_or_start("a".to_owned(), 0, || counting(&runs, &gate));
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        gate.notify_one();
        shared.all_ended().await;
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_run_that_panics_is_lost_and_forgotten() {
        let shared = SharedRuns::default();
        assert_eq!(shared.join("a".to_owned(), 7, || Box::pin(async { panic!("on purpose") })).await, 7);
        assert_eq!(shared.join("a".to_owned(), 7, || Box::pin(async { 1 })).await, 1);
    }
}
