//! The reasons why a mail was not accepted, in a form that is safe to log: without the server's text, which may quote
//! the address.

use std::{error::Error, io};

use super::limited::TooMuch;
use crate::port::MailError;

/// A step that failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The name of the server was not resolved.
    Name(io::Error),
    /// No address of the server accepted the connection.
    Connect(io::Error),
    /// The certificate was not accepted.
    Certificate(rustls::CertificateError),
    /// TLS failed for another reason.
    Tls,
    /// The server refused a command, with this status.
    Status(u16),
    /// A reply came too late.
    TimedOut,
    /// The server sent too many bytes.
    TooMuch,
    /// The server lacks an extension that the mail or the login needs.
    Extension,
    /// The connection broke.
    Broken,
    /// The server does not speak SMTP.
    NoSmtp,
}

impl Failure {
    /// Classifies an error of the SMTP client.
    pub(super) fn of(error: &lettre::transport::smtp::Error) -> Self {
        if let Some(status) = error.status() {
            return Self::Status(status.into());
        }
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = source {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Self::of_io(error);
            }
            source = error.source();
        }
        match error {
            _ if error.is_tls() => Self::Tls,
            _ if error.is_client() => Self::Extension,
            _ if error.is_response() => Self::NoSmtp,
            _ => Self::Broken,
        }
    }

    pub(super) fn of_io(error: &io::Error) -> Self {
        let mut inner: Option<&(dyn Error + 'static)> = error.get_ref().map(|error| error as _);
        while let Some(error) = inner {
            if error.is::<TooMuch>() {
                return Self::TooMuch;
            }
            if let Some(error) = error.downcast_ref::<rustls::Error>() {
                return match error {
                    rustls::Error::InvalidCertificate(why) => Self::Certificate(why.clone()),
                    _ => Self::Tls,
                };
            }
            // An I/O error hides what it wraps from `source`.
            inner = match error.downcast_ref::<io::Error>() {
                Some(error) => error.get_ref().map(|error| error as _),
                None => error.source(),
            };
        }
        if error.kind() == io::ErrorKind::TimedOut { Self::TimedOut } else { Self::Broken }
    }
}

impl From<Failure> for MailError {
    fn from(failure: Failure) -> Self {
        use rustls::CertificateError as Invalid;
        match failure {
            Failure::Name(error) => {
                Self::temporary(format!("the name of the mail server cannot be resolved ({})", error.kind()))
            }
            Failure::Connect(error) => Self::temporary(format!("no connection to the mail server ({})", error.kind())),
            Failure::Certificate(why) => Self::permanent(format!(
                "the certificate of the mail server is not valid ({})",
                match why {
                    Invalid::Expired | Invalid::ExpiredContext { .. } => "it has expired",
                    Invalid::NotValidYet | Invalid::NotValidYetContext { .. } => "it is not valid yet",
                    Invalid::UnknownIssuer => "its issuer is not known",
                    Invalid::NotValidForName | Invalid::NotValidForNameContext { .. } => "it is for another name",
                    Invalid::Revoked => "it was revoked",
                    _ => "it was not accepted",
                }
            )),
            Failure::Tls => Self::permanent("the mail server could not be reached over TLS"),
            Failure::Status(status) => {
                let reason = format!("the mail server replied with status {status}");
                if (400..500).contains(&status) { Self::temporary(reason) } else { Self::permanent(reason) }
            }
            Failure::TimedOut => Self::temporary("the mail server took too long"),
            Failure::TooMuch => Self::permanent("the mail server sent too many bytes"),
            Failure::Extension => {
                Self::permanent("the mail server does not support an extension that the mail or the login needs")
            }
            Failure::Broken => Self::temporary("the mail server closed the connection"),
            Failure::NoSmtp => Self::permanent("the mail server does not speak SMTP"),
        }
    }
}
