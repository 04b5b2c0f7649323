//! Password hashing: Argon2id for new hashes, every form that fastapi-users stores for old ones, on threads of its own.
//!
//! * A password is hashed on one of a fixed number of threads with the lowest scheduling priority, never on an
//!   asynchronous worker, so a flood of logins leaves the other routes alone.
//! * A hash takes the memory that *its own* string asks for, and the running ones together stay inside a budget.
//! * Whoever waits is served in order; too many or too long, and the answer is [`HashError::Overloaded`].
//! * Hashes of other systems verify when they are [asked for](HashSettings::also_verify).
//! * An account that does not exist, and one whose hash is corrupt, cost the time of a verification.
//!
//! [`HashError::Overloaded`]: crate::port::HashError::Overloaded

mod cost;
#[cfg(feature = "foreign-hashes")]
pub(crate) mod foreign;
mod foreign_hashes;
mod hashing;
#[cfg(test)]
mod load;
mod params;
mod pool;
mod priority;
mod settings;
mod stored;
mod work_buffer;

pub(crate) use foreign_hashes::ForeignHashes;
pub use hashing::Hashing;
pub use params::Argon2Params;
pub use settings::{HashSettings, RehashRule};
