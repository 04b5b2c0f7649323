//! One outside thing per file.

#[cfg(feature = "breached")]
pub mod breached;
pub mod password;
