//! The three flags every user has.

/// The three flags of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// May log in at all. An inactive user's tokens answer 401.
    pub is_active: bool,
    /// May use the routes for other people's accounts.
    pub is_superuser: bool,
    /// Has proved that the stored e-mail address is theirs.
    pub is_verified: bool,
}

impl Status {
    /// What a person gets who registers: active, no superuser, not verified (contract.md 4.2).
    pub const NEW: Self = Self { is_active: true, is_superuser: false, is_verified: false };
}

impl Default for Status {
    fn default() -> Self {
        Self::NEW
    }
}
