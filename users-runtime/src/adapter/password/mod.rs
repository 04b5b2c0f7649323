//! Password hashing: Argon2id for new hashes, and verification of all forms that fastapi-users stores.
//!
//! * Passwords are hashed by a fixed number of threads with the lowest scheduling priority, never on an asynchronous
//!   worker, so that a flood of logins does not slow down other routes. If other work leaves these threads no time, a
//!   few helpers of normal priority compute the late hashes.
//! * Each hash is accounted for with the memory that its own parameters require; all running hashes together stay
//!   within a budget.
//! * Clients take turns, and the requests of one client are served in order. If the queue has no room for the client or the wait
//!   is too long, the result is [`HashError::Overloaded`].
//! * Hashes of other systems are verified if they are [registered](HashSettings::also_verify).
//! * Every failed login verifies one hash of each kind in use, even with an unknown address or a corrupt hash.
//!
//! [`HashError::Overloaded`]: crate::port::HashError::Overloaded

mod bounds;
mod calibration;
mod cost;
mod fair_queue;
#[cfg(feature = "foreign-hashes")]
pub(crate) mod foreign;
mod foreign_hashes;
mod hash_kinds;
mod hashing;
mod job;
mod overload;
mod params;
mod pool;
mod priority;
mod settings;
mod state;
mod stored;
#[cfg(test)]
mod tests;
mod work_buffer;
mod worker_threads;

pub use calibration::Calibration;
pub(crate) use foreign_hashes::ForeignHashes;
pub use hashing::Hashing;
pub use params::Argon2Params;
pub use settings::{HashSettings, RehashRule};
