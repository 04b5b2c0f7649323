//! Operations that run once for all callers that wait for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{FutureExt as _, future::Shared};
use tokio::runtime::Handle;

use crate::port::BoxFuture;

type Flight<T> = Shared<BoxFuture<'static, T>>;

/// Operations by name, of which each runs at most once at a time in this process. An operation that has begun runs to
/// completion, even if no caller waits for it any more.
pub(crate) struct Flights<T: Clone>(Arc<Mutex<HashMap<String, Flight<T>>>>);

/// Removes an operation when it ends, even by a panic.
struct Landing<T: Clone>(Flights<T>, String);

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Waits for the operation of this name, and starts it if it is not running. `lost` is the result if it panicked, or was
    /// cancelled because the runtime stopped.
    pub(crate) async fn join(&self, name: String, lost: T, start: impl FnOnce() -> BoxFuture<'static, T>) -> T {
        self.flight(name, lost, start).await
    }

    fn flight(&self, name: String, lost: T, start: impl FnOnce() -> BoxFuture<'static, T>) -> Flight<T> {
        let mut running = self.running();
        if let Some(flight) = running.get(&name) {
            return flight.clone();
        }
        let (landing, work) = (Landing(Self(Arc::clone(&self.0)), name.clone()), start());
        let work = async move {
            let _landing = landing;
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
        let flight = work.shared();
        running.insert(name, flight.clone());
        flight
    }
}

impl<T: Clone> Flights<T> {
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

    fn running(&self) -> MutexGuard<'_, HashMap<String, Flight<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Drop for Landing<T> {
    fn drop(&mut self) {
        let flight = self.0.running().remove(&self.1);
        // Dropped without the lock: it may be the last holder of a result.
        drop(flight);
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
        let (flights, runs, gate) = (Flights::default(), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let join = |name: &str| flights.join(name.to_owned(), 0, || counting(&runs, &gate));
        gate.notify_one();
        assert_eq!(tokio::join!(join("a"), join("a"), join("a")), (1, 1, 1));
        gate.notify_one();
        assert_eq!(join("a").await, 2);
        assert!(flights.running().is_empty());
    }

    #[tokio::test]
    async fn a_run_ends_although_nobody_waits_for_it() {
        let (flights, runs, gate) = (Flights::default(), Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let mut waiting = flights.flight("a".to_owned(), 0, || counting(&runs, &gate));
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        gate.notify_one();
        flights.all_ended().await;
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_run_that_panics_is_lost_and_forgotten() {
        let flights = Flights::default();
        assert_eq!(flights.join("a".to_owned(), 7, || Box::pin(async { panic!("on purpose") })).await, 7);
        assert_eq!(flights.join("a".to_owned(), 7, || Box::pin(async { 1 })).await, 1);
    }
}
