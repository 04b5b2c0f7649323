//! The details of a passkey change that a hook receives.

use crate::domain::{Device, PasskeyId, Timestamp};

/// What happened to a passkey of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasskeyChange {
    /// What happened.
    pub kind: PasskeyChangeKind,
    /// The passkey.
    pub id: PasskeyId,
    /// What its owner calls it, as the client sent it.
    pub name: String,
    /// The address and the user agent of the client.
    pub device: Device,
    /// The time.
    pub at: Timestamp,
}

/// The kind of a [`PasskeyChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasskeyChangeKind {
    /// It was added.
    Added,
    /// It was removed.
    Removed,
    /// A login with it was refused, because its authenticator has counted fewer signatures than before: there may be a copy.
    PerhapsCopied,
}
