//! One outside thing per file.

pub mod memory;
pub mod sql;
