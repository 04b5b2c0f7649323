//! Limits on the duration and frequency of calls to providers.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Semaphore, time::timeout};

use crate::{
    domain::{Quota, Timestamp},
    port::ProviderError,
};

/// How long all calls of one request may take together. A request is ended after ten seconds, and its refusal must still be
/// sent.
const TIME: Duration = Duration::from_secs(8);
/// How many requests may call one provider at once.
const AT_ONCE: usize = 64;
/// How often keys are fetched because a token names an unknown one: three times at once, then every 15 seconds.
const FETCHES: Quota = Quota::new(3, Duration::from_secs(45));

/// Limits the time of an operation, and how many run at once.
#[derive(Clone)]
pub(super) struct Limits(Arc<Semaphore>);

impl Default for Limits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Limits {
    /// Runs an operation within the limits, or only within the time limit if it is not `limited`.
    pub(super) async fn within<T>(
        &self,
        limited: bool,
        operation: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let permit = self.0.try_acquire();
        if limited && permit.is_err() {
            return Err(ProviderError::Busy);
        }
        timeout(TIME, operation).await.unwrap_or_else(|_| Err(ProviderError::failed("no answer in time")))
    }
}

/// Counts fetches that clients can cause.
#[derive(Default)]
pub(super) struct FetchBudget(Mutex<Option<i64>>);

impl FetchBudget {
    /// Takes one fetch, if one is left.
    pub(super) fn take(&self, now: Timestamp) -> bool {
        let mut full_again = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match FETCHES.take(*full_again, now) {
            Some(after) => {
                *full_again = Some(after);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_unknown_keys_causes_three_fetches_and_then_one_every_15_seconds() {
        let budget = FetchBudget::default();
        let at = |second: i64| Timestamp::from_timestamp(1_800_000_000 + second, 0).unwrap();
        let fetched = |second| (0..500).filter(|_| budget.take(at(second))).count();
        assert_eq!(fetched(0), 3);
        assert_eq!((fetched(14), fetched(15), fetched(29), fetched(30)), (0, 1, 0, 1));
        assert_eq!(fetched(120), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_ends_before_the_request_does() {
        let never = std::future::pending::<Result<(), ProviderError>>();
        let ended = timeout(Duration::from_secs(9), Limits::default().within(true, never)).await;
        assert!(ended.unwrap().is_err());
    }

    #[tokio::test]
    async fn an_operation_beyond_the_limit_is_refused_at_once() {
        let limits = Limits::default();
        let permits: Vec<_> = (0..AT_ONCE).map(|_| limits.0.try_acquire().unwrap()).collect();
        assert!(matches!(limits.within(true, async { Ok(()) }).await, Err(ProviderError::Busy)));
        assert!(limits.within(false, async { Ok(()) }).await.is_ok());
        drop(permits);
        assert!(limits.within(true, async { Ok(()) }).await.is_ok());
    }
}
