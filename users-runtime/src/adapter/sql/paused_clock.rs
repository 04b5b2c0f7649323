//! Whether tokio's clock is paused, as in `#[tokio::test(start_paused = true)]`.
//!
//! While all tasks wait, a paused clock jumps to the next time limit, whose operation has then "timed out" although no time
//! has passed. sqlx's pools have such a limit.

use std::time::Duration;

/// Returns whether tokio's clock stands still while real time passes. Takes a few microseconds.
#[expect(clippy::disallowed_methods, reason = "it compares the two clocks with each other")]
pub(super) fn is_paused() -> bool {
    const LONG_ENOUGH: Duration = Duration::from_micros(20);
    let (real, of_tokio) = (std::time::Instant::now(), tokio::time::Instant::now());
    while real.elapsed() < LONG_ENOUGH {
        std::hint::spin_loop();
    }
    of_tokio.elapsed().is_zero()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_is_noticed() {
        assert!(is_paused());
        tokio::time::resume();
        assert!(!is_paused());
    }
}
