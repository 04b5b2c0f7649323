//! Stand-ins for tests and the conformance suite of stores, behind the feature `testing`.

mod clock;
mod store;

pub use clock::ManualClock;
pub use store::{Nonconformity, store_conformance, store_races, store_tenants};

/// Users as the derive writes them, shared with the tests of the stores.
#[cfg(test)]
#[path = "../../tests/it/store/users.rs"]
#[allow(missing_docs, unreachable_pub, dead_code)]
pub(crate) mod users;
