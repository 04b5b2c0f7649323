//! The clock.

use crate::domain::Timestamp;

/// Tells the time. Nothing in the runtime reads the system's clock directly, so tests need no sleeping.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}
