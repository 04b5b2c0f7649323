//! Counts refusals for the log.

use std::time::{Duration, Instant};

/// The minimum time between two log lines. In a flood, a line for each refusal would cost more than the refusal itself.
const BETWEEN_LINES: Duration = Duration::from_secs(1);

/// The refusals that have not been logged yet.
#[derive(Debug, Default)]
pub(super) struct RefusalLog {
    refused: u64,
    last_line: Option<Instant>,
}

impl RefusalLog {
    /// Counts a refusal. Returns how many there were since the last line, if one is due.
    pub(super) fn count(&mut self, now: Instant) -> Option<u64> {
        self.refused += 1;
        if self.last_line.is_some_and(|last| now < last + BETWEEN_LINES) {
            return None;
        }
        self.last_line = Some(now);
        Some(std::mem::take(&mut self.refused))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a point in time to start from")]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_in_a_second_that_counts_it() {
        let (start, mut log) = (Instant::now(), RefusalLog::default());
        let lines: Vec<_> = (0..2_500).filter_map(|ms| log.count(start + Duration::from_millis(ms))).collect();
        assert_eq!(lines, [1, 1000, 1000]);
        assert_eq!(log.count(start + Duration::from_secs(60)), Some(500));
    }
}
