//! Sending of mail.

use super::BoxFuture;
use crate::domain::EmailAddress;

/// Hands a mail to something that delivers it.
pub trait MailTransport: Send + Sync + 'static {
    /// Delivers `mail`, or at least takes responsibility for it.
    ///
    /// # Errors
    /// [`MailError`] if it was not taken; the text goes to the log and must hold no content of the mail.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;
}

/// One mail to one person, as text and as HTML. `Debug` leaves the texts out: they hold tokens.
#[derive(Clone)]
pub struct Mail {
    /// The stored address of the user, never one from a request.
    pub to: EmailAddress,
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// A mail was not taken.
#[derive(Debug, thiserror::Error)]
#[error("the mail was not sent: {0}")]
pub struct MailError(pub String);
