//! Mailed single-use tokens of one purpose, bound to the current state of one account.

use std::time::Duration;

use super::{MailTokenError, TokenSubject};
use crate::domain::{Timestamp, TokenId};

/// Mints and reads the tokens of one purpose. A token is bound to the user, the address it is mailed to, the password hash
/// and the epoch at that time; it becomes invalid if any of these changes.
pub(crate) trait BoundTokens: Send + Sync + 'static {
    /// Mints a token.
    fn mint(&self, of: TokenSubject<'_>, lifetime: Duration) -> Result<String, MailTokenError>;

    /// Reads a token and checks its signature, purpose and lifetime.
    fn read(&self, token: &str) -> Option<BoundToken>;

    /// Returns whether a token that was read is bound to the user as stored now.
    fn is_bound(&self, token: &BoundToken, to: TokenSubject<'_>) -> bool;
}

/// A token that was read. Check [`BoundTokens::is_bound`] before acting on it.
#[derive(Debug, Clone)]
pub(crate) struct BoundToken {
    /// The token's own id, under which it is used up.
    pub(crate) id: TokenId,
    /// The user's id in text form, not parsed.
    pub(crate) subject: String,
    /// The keyed digest of the user, the address, the hash and the epoch.
    pub(crate) digest: String,
    /// When the token expires.
    pub(crate) expires_at: Timestamp,
}
