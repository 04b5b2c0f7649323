//! Tokens that are sent by mail.

use super::BoxFuture;
use crate::domain::{Epoch, PasswordHash, ResetToken, VerifyToken};

/// Mints and reads the tokens of reset and verification mails. A token is bound to its purpose, the user, the address
/// it is mailed to, the password hash and the epoch at that time; it becomes invalid if any of these changes.
pub trait MailTokens: Send + Sync + 'static {
    /// Mints a token for a reset mail.
    ///
    /// # Errors
    /// [`MailTokenError`] if a key, the random number generator or the hasher fails.
    fn mint_reset<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<ResetToken, MailTokenError>>;

    /// Reads a reset token and checks its signature, purpose and lifetime. Returns `None` for an invalid token.
    fn read_reset(&self, token: &ResetToken) -> Option<MailToken>;

    /// Mints a token for a verification mail.
    ///
    /// # Errors
    /// [`MailTokenError`] as for a reset token.
    fn mint_verify<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<VerifyToken, MailTokenError>>;

    /// Reads a verification token and checks its signature, purpose and lifetime. Returns `None` for an invalid token.
    fn read_verify(&self, token: &VerifyToken) -> Option<MailToken>;

    /// Returns `true` if a token that was read is bound to the user's current address and password hash.
    ///
    /// # Errors
    /// [`MailTokenError`] if the hasher, which fastapi-users' reset tokens need, is overloaded.
    fn is_bound<'a>(
        &'a self,
        token: &'a MailToken,
        to: TokenSubject<'a>,
    ) -> BoxFuture<'a, Result<bool, MailTokenError>>;
}

/// The user that a mailed token is bound to.
#[derive(Debug, Clone, Copy)]
pub struct TokenSubject<'a> {
    /// The user's id in text form.
    pub subject: &'a str,
    /// The stored address.
    pub email: &'a str,
    /// The stored password hash.
    pub hashed_password: &'a PasswordHash,
    /// The stored epoch. It is raised when all sessions of the user end: at a reset, a deactivation, or a logout of all
    /// sessions.
    pub epoch: Epoch,
}

/// A mailed token that was read. Check [`MailTokens::is_bound`] before acting on it.
#[derive(Debug, Clone)]
pub struct MailToken {
    /// The user's id in text form, not parsed.
    pub subject: String,
    /// The address the token was mailed to, if the token contains it, as verification tokens do.
    pub email: Option<String>,
    /// The binding to the user.
    pub binding: Binding,
}

/// The binding of a mailed token to the user.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Binding {
    /// A keyed digest of user, address, hash and epoch. Every token minted here has one.
    Digest(String),
    /// The binding of reset tokens that fastapi-users minted: a password hash of the stored password hash.
    Fingerprint(PasswordHash),
    /// The binding of verification tokens that fastapi-users minted: only the id and the address.
    Address,
}

/// A mailed token could not be minted or checked.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum MailTokenError {
    /// The hasher failed or is overloaded.
    #[error(transparent)]
    Hash(#[from] super::HashError),
    /// A key or the random number generator failed.
    #[error("no token could be minted")]
    Failed,
}
