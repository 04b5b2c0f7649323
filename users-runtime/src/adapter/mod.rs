//! One outside thing per file.

pub mod password;
