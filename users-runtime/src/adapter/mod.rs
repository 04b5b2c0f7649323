//! One outside thing per file.

mod clock;
mod random;

pub use clock::SystemClock;
pub use random::OsRandom;
