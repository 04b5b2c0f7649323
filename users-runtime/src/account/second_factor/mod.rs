//! The second factor of an account: whether a code is right, and what happens to the account.

mod codes;
mod devices;
mod revoke;

pub(crate) use self::codes::CodeError;
pub use self::revoke::FactorError;
