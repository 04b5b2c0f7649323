//! Mail transports.

use super::BoxFuture;
use crate::domain::EmailAddress;

/// Hands mails to a service that delivers them.
pub trait MailTransport: Send + Sync + 'static {
    /// Delivers `mail`, or accepts responsibility for its delivery.
    ///
    /// # Errors
    /// [`MailError`] if the mail was not accepted. After a [temporary](MailError::temporary) error, the mail is sent again later.
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mail was not sent: {reason}")]
pub struct MailError {
    reason: String,
    is_temporary: bool,
}

impl MailError {
    /// Returns the error of a mail that may be accepted later, such as one that a server refused with a status of 4xx, or
    /// that did not reach it. The reason is logged and must contain no content of the mail and no address.
    #[must_use]
    pub fn temporary(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_temporary: true }
    }

    /// Returns the error of a mail that would be refused again. The reason is logged and must contain no content of the
    /// mail and no address.
    #[must_use]
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_temporary: false }
    }

    /// Returns whether the mail may be accepted later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }
}
