//! The six roles of a user, independent of its struct.

use crate::domain::{PasswordHash, Status};

/// The six roles of a user.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a, Id> {
    /// The id.
    pub id: &'a Id,
    /// The address in its normal form.
    pub email: &'a str,
    /// The stored hash.
    pub hashed_password: &'a PasswordHash,
    /// The three flags.
    pub status: Status,
}

impl<'a, Id> Account<'a, Id> {
    /// Combines the roles. `flags` are `is_active`, `is_superuser` and `is_verified`.
    #[must_use]
    pub const fn new(id: &'a Id, email: &'a str, hashed_password: &'a PasswordHash, flags: [bool; 3]) -> Self {
        let [is_active, is_superuser, is_verified] = flags;
        Self { id, email, hashed_password, status: Status { is_active, is_superuser, is_verified } }
    }
}

/// Mutable access to the six roles of a user.
#[derive(Debug)]
pub struct AccountMut<'a, Id> {
    /// The id. Written only by a store whose database generates ids.
    pub id: &'a mut Id,
    /// The address in its normal form.
    pub email: &'a mut String,
    /// The stored hash.
    pub hashed_password: &'a mut PasswordHash,
    /// Whether the user may log in.
    pub is_active: &'a mut bool,
    /// Whether the user may manage other users.
    pub is_superuser: &'a mut bool,
    /// Whether the user proved ownership of the address.
    pub is_verified: &'a mut bool,
}

/// The roles of a new user, as determined by the runtime.
#[derive(Debug, Clone)]
pub struct NewAccount<Id> {
    /// A new id, or the placeholder that the database replaces.
    pub id: Id,
    /// The address in its normal form.
    pub email: String,
    /// The hash of the password.
    pub hashed_password: PasswordHash,
    /// The three flags.
    pub status: Status,
}
