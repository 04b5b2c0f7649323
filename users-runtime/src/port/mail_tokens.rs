//! Tokens that travel by mail.

use super::BoxFuture;
use crate::domain::{Epoch, PasswordHash, ResetToken, VerifyToken};

/// Mints and reads the tokens of reset and verification mails. Each is bound to its purpose, the user, the address it is
/// mailed to, the password it is minted under and the user's epoch: change any of them and the token is dead.
pub trait MailTokens: Send + Sync + 'static {
    /// Mints a token for a reset mail.
    ///
    /// # Errors
    /// [`MailTokenError`] if a key, the random generator or the hasher fails.
    fn mint_reset<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<ResetToken, MailTokenError>>;

    /// Reads a reset token: signature, purpose and time. `None` for anything else.
    fn read_reset(&self, token: &ResetToken) -> Option<MailToken>;

    /// Mints a token for a verification mail.
    ///
    /// # Errors
    /// As for a reset token.
    fn mint_verify<'a>(&'a self, of: TokenSubject<'a>) -> BoxFuture<'a, Result<VerifyToken, MailTokenError>>;

    /// Reads a verification token: signature, purpose and time. `None` for anything else.
    fn read_verify(&self, token: &VerifyToken) -> Option<MailToken>;

    /// Whether a token that was read is bound to this user as it now is.
    ///
    /// # Errors
    /// [`MailTokenError`] if the hasher, which upstream's reset tokens need, is overloaded.
    fn is_bound<'a>(
        &'a self,
        token: &'a MailToken,
        to: TokenSubject<'a>,
    ) -> BoxFuture<'a, Result<bool, MailTokenError>>;
}

/// What a mailed token is bound to.
#[derive(Debug, Clone, Copy)]
pub struct TokenSubject<'a> {
    /// The user's id in its text form.
    pub subject: &'a str,
    /// The stored address.
    pub email: &'a str,
    /// The stored hash.
    pub hashed_password: &'a PasswordHash,
    /// The stored epoch, which rises when all sessions of the user end: at a reset, a deactivation, a logout everywhere.
    pub epoch: Epoch,
}

/// A mailed token that was read. Check [`MailTokens::is_bound`] before acting on it.
#[derive(Debug, Clone)]
pub struct MailToken {
    /// The user's id in its text form, not yet parsed.
    pub subject: String,
    /// The address it was mailed to, if the token names it (verification tokens do).
    pub email: Option<String>,
    /// What it is bound to.
    pub binding: Binding,
}

/// How a mailed token is bound.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Binding {
    /// A keyed digest of user, address, hash and epoch. Every token minted here has one.
    Digest(String),
    /// A reset token that fastapi-users minted: a password hash of the stored hash (contract.md section 10).
    Fingerprint(PasswordHash),
    /// A verification token that fastapi-users minted: id and address only.
    Address,
}

/// A mailed token could not be made or checked.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum MailTokenError {
    /// The hasher.
    #[error(transparent)]
    Hash(#[from] super::HashError),
    /// A key or the random generator.
    #[error("no token could be made")]
    Failed,
}
