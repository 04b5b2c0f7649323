//! The notices to owners of accounts.

/// A mail that notifies the owner of an account of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// The address of the account was changed. It goes to the old address.
    EmailChanged,
    /// The password was changed.
    PasswordChanged,
    /// Somebody logged in from a new device.
    NewLogin,
    /// A login was ended because a refresh token was used twice.
    RefreshReuse,
    /// A second factor was activated or removed.
    SecondFactor,
    /// A recovery code was used.
    RecoveryCode,
    /// A passkey was added, removed, or refused because it may be copied.
    Passkey,
}
