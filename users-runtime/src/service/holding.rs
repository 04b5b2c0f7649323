//! Delays the responses that tell clients to retry later, so that a client that ignores `Retry-After` has to wait.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::{
    domain::{Error, Result, Setting},
    event::metric,
};

/// The responses that are currently delayed.
///
/// A client that repeats a refused request at once costs a request, a response and a log line each time. A delayed
/// response costs only its memory, so the number of delayed responses is bounded. The more responses are delayed, the
/// longer the delay: at most about 1,100 refusals are sent per second, regardless of the number of connections.
#[derive(Debug)]
pub(crate) struct Holding {
    delay: Duration,
    held: AtomicUsize,
}

/// One delayed response; it is also released when its connection ends.
struct Held<'a>(&'a AtomicUsize);

impl Holding {
    /// The delay of a response if few others are delayed.
    pub(crate) const DELAY: Duration = Duration::from_millis(100);
    /// The longest delay.
    pub(crate) const LONGEST: Duration = Duration::from_secs(1);
    /// The maximum number of responses that are delayed at once.
    pub(crate) const CAPACITY: usize = 1024;
    /// For each further step of this many delayed responses, the delay grows by its initial value.
    const STEP: usize = 128;

    /// # Errors
    /// [`Error::Config`] if the delay is more than a second.
    pub(crate) fn new(delay: Duration) -> Result<Self> {
        if delay > Self::LONGEST {
            let longest = Self::LONGEST.as_secs();
            return Err(Error::setting(Setting::Limits, format!("refusal_delay() takes at most {longest} s")));
        }
        Ok(Self { delay, held: AtomicUsize::new(0) })
    }

    /// Waits for the delay of a response. Returns `false` at once if too many responses are delayed already.
    pub(crate) async fn hold(&self) -> bool {
        if self.delay.is_zero() {
            return true;
        }
        let before = self.held.fetch_add(1, Ordering::Relaxed);
        let held = Held(&self.held);
        metric::responses_held(before + 1);
        if before >= Self::CAPACITY {
            return false;
        }
        let steps = u32::try_from(1 + before / Self::STEP).unwrap_or(u32::MAX);
        tokio::time::sleep((self.delay * steps).min(Self::LONGEST)).await;
        drop(held);
        true
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let before = self.0.fetch_sub(1, Ordering::Relaxed);
        metric::responses_held(before.saturating_sub(1));
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "reads the paused clock, not the system clock")]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use tokio::time::Instant;

    use super::*;

    async fn time_of(holding: &Holding) -> Option<Duration> {
        let start = Instant::now();
        holding.hold().await.then(|| start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn the_more_responses_are_held_the_longer_each_is() {
        let holding = Holding::new(Holding::DELAY).unwrap();
        for (held, expected) in [(0, 100), (127, 100), (128, 200), (512, 500), (1023, 800)] {
            holding.held.store(held, Ordering::Relaxed);
            let time = time_of(&holding).await.unwrap();
            assert!((expected..expected + 2).contains(&time.as_millis()), "{held}: {time:?}");
        }
        let slow = Holding::new(Duration::from_millis(500)).unwrap();
        slow.held.store(1000, Ordering::Relaxed);
        assert_eq!(time_of(&slow).await.unwrap().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_held_responses_is_bounded() {
        let holding = Holding::new(Holding::DELAY).unwrap();
        holding.held.store(Holding::CAPACITY, Ordering::Relaxed);
        assert_eq!(time_of(&holding).await, None);
        assert_eq!(holding.held.load(Ordering::Relaxed), Holding::CAPACITY, "a refused one holds no place");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_disconnects_frees_its_place() {
        let holding = Holding::new(Holding::DELAY).unwrap();
        {
            let mut held = pin!(holding.hold());
            let is_pending = poll_fn(|cx| Poll::Ready(held.as_mut().poll(cx).is_pending())).await;
            assert!(is_pending);
            assert_eq!(holding.held.load(Ordering::Relaxed), 1);
        }
        assert_eq!(holding.held.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_delay_nothing_is_held_and_a_long_one_is_refused() {
        let holding = Holding::new(Duration::ZERO).unwrap();
        assert_eq!(time_of(&holding).await, Some(Duration::ZERO));
        assert!(Holding::new(Duration::from_millis(1001)).is_err());
    }
}
