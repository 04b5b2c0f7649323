//! The three flags of a user.

/// The three flags of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The user may log in. The tokens of an inactive user are refused with 401.
    pub is_active: bool,
    /// The user may manage other users.
    pub is_superuser: bool,
    /// The user has verified the stored email address.
    pub is_verified: bool,
}

impl Status {
    /// The flags of a user who registers: active, not a superuser, not verified.
    pub const NEW: Self = Self { is_active: true, is_superuser: false, is_verified: false };
}

impl Default for Status {
    fn default() -> Self {
        Self::NEW
    }
}
