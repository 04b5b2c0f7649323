//! The credentials that tests use.

/// A password that every policy accepts.
pub const PASSWORD: &str = "a long sword of steel";
/// The secret of all services under test.
pub const SECRET: &str = "q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E";
