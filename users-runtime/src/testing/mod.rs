//! Stand-ins for tests, behind the feature `testing`.

mod clock;

pub use clock::ManualClock;
