//! Password hashing: Argon2id for new hashes, and verification of all forms that fastapi-users stores.
//!
//! * Passwords are hashed by a fixed number of threads with the lowest scheduling priority, never on an asynchronous
//!   worker, so that a flood of logins does not slow down other routes.
//! * A hash counts with the memory that its own parameters require; all running hashes together stay within a budget.
//! * Waiting requests are served in order. If the queue is full or the wait too long, the result is
//!   [`HashError::Overloaded`].
//! * Hashes of other systems are verified if they are [registered](HashSettings::also_verify).
//! * Every failed login verifies one hash of each kind in use, also with an unknown address or a corrupt hash.
//!
//! [`HashError::Overloaded`]: crate::port::HashError::Overloaded

mod cost;
#[cfg(feature = "foreign-hashes")]
pub(crate) mod foreign;
mod foreign_hashes;
mod hashing;
mod imitated;
mod params;
mod pool;
mod priority;
mod settings;
mod stored;
#[cfg(test)]
mod tests;
mod work_buffer;

pub(crate) use foreign_hashes::ForeignHashes;
pub use hashing::Hashing;
pub use params::Argon2Params;
pub use settings::{HashSettings, RehashRule};
