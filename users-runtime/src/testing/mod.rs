//! Stand-ins for tests and the conformance suite of stores, behind the feature `testing`.

mod clock;
mod store;

pub use clock::ManualClock;
pub use store::{Nonconformity, store_conformance, store_races};
