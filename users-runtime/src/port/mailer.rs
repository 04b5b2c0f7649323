//! Mail transports.

use super::BoxFuture;
use crate::domain::EmailAddress;

/// Hands mails to a service that delivers them.
pub trait MailTransport: Send + Sync + 'static {
    /// Delivers `mail`, or accepts responsibility for its delivery.
    ///
    /// # Errors
    /// [`MailError`] if the mail was not accepted. The text is logged and must contain no content of the mail.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;
}

/// A mail to one recipient, as text and as HTML. `Debug` omits the bodies because they contain tokens.
#[derive(Clone)]
pub struct Mail {
    /// The user's stored address, never one from a request.
    pub to: EmailAddress,
    /// The subject, one line.
    pub subject: String,
    /// The plain text body.
    pub text: String,
    /// The HTML body.
    pub html: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// The mail was not accepted.
#[derive(Debug, thiserror::Error)]
#[error("the mail was not sent: {0}")]
pub struct MailError(pub String);
