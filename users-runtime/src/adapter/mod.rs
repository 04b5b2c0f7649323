//! One outside thing per file.

mod bearer;
mod clock;
mod cookie;
mod random;

#[cfg(feature = "breached")]
pub mod breached;
pub mod jwt;
pub mod mail;
pub mod memory;
pub mod password;
#[cfg(feature = "redis")]
pub mod redis;
pub mod session_tokens;
pub mod sql;

pub use bearer::Bearer;
pub use clock::SystemClock;
pub use cookie::{Cookie, SameSite};
pub use memory::MemoryStore;
pub use random::OsRandom;
