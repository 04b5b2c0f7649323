//! One outside thing per file.

mod bearer;
mod clock;
mod random;

#[cfg(feature = "breached")]
pub mod breached;
pub mod jwt;
pub mod mail;
pub mod memory;
pub mod password;
// Without a database there is nobody to call the part that all databases share.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, unused_imports, unused_variables))]
pub mod sql;

pub use bearer::Bearer;
pub use clock::SystemClock;
pub use memory::MemoryStore;
pub use random::OsRandom;
