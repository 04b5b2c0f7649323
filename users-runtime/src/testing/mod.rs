//! Helpers for tests, behind the feature `testing`: a settable clock, a mailbox, requests of a signed-in user, and the
//! conformance suite for stores.
//!
//! They compile in release builds, so that an application can run its tests with optimizations. A test clock or mailbox that
//! is created without debug assertions writes an ERROR event, because it must not be deployed.

#[cfg(feature = "totp")]
mod authenticator;
mod clock;
mod request;
mod store;

#[cfg(feature = "totp")]
pub use authenticator::AuthenticatorApp;
pub use clock::ManualClock;
pub use request::request_as;
pub use store::{Nonconformity, store_conformance, store_races, store_tenants};

/// User types as the derive writes them, shared by the tests of the stores.
#[cfg(test)]
#[path = "../../tests/it/store/users.rs"]
#[allow(missing_docs, unreachable_pub, dead_code)]
pub(crate) mod users;
