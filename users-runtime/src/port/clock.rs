//! The clock.

use crate::domain::Timestamp;

/// The source of the current time. The runtime never reads the system clock directly, so tests can set the time instead
/// of sleeping.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}
