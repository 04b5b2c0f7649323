//! Mail over SMTP (feature `smtp`).

use std::time::Duration;

use lettre::{
    Address, Message,
    message::{Mailbox, MultiPart},
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use tokio::time::timeout;

use self::url::{Encryption, Server};
use crate::{
    domain::{EmailAddress, Error, Result, Setting},
    port::{BoxFuture, Mail, MailError, MailTransport},
};

mod url;

/// The time limit for one mail, from connecting to the last reply of the server.
const TIME: Duration = Duration::from_secs(10);

/// Sends mails to an SMTP server, over one connection per mail. A mail may take 10 seconds.
///
/// # Security
/// Certificates are verified against Mozilla's root certificates; the verification cannot be turned off. `Debug` omits
/// the credentials. Errors contain the server's status code but no address.
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    from: Mailbox,
    time: Duration,
}

enum Security {
    Implicit(TlsParameters),
    StartTls(TlsParameters),
    None,
}

impl Smtp {
    /// Creates a transport from the URL of the server and the sender of all mails, such as `Shop
    /// <noreply@example.org>`.
    ///
    /// | URL | encryption | default port |
    /// |---|---|---|
    /// | `smtps://USER:PASSWORD@HOST` | TLS from the start | 465 |
    /// | `smtp://USER:PASSWORD@HOST` | STARTTLS, required | 587 |
    /// | `smtp://HOST?tls=none` | none; no password is sent | 25 |
    /// | `smtp://localhost`, `127.0.0.1`, `[::1]` | none | 25 |
    ///
    /// Percent-encode special characters of the user name and password (`@` is `%40`).
    ///
    /// # Errors
    /// [`Error::Config`] if the URL or the sender cannot be parsed, or if a password would be sent unencrypted. The
    /// message quotes neither URL nor sender.
    pub fn from_url(url: &str, from: &str) -> Result<Self> {
        let Server { host, port, encryption, credentials } = Server::parse(url)?;
        let tls_parameters = || {
            TlsParameters::new_rustls(host.clone())
                .map_err(|_| Error::setting(Setting::Mail, "the host of the SMTP URL is not a valid TLS server name"))
        };
        let security = match encryption {
            Encryption::Implicit => Security::Implicit(tls_parameters()?),
            Encryption::StartTls => Security::StartTls(tls_parameters()?),
            Encryption::None => Security::None,
        };
        let from = from.parse().map_err(|error| {
            Error::setting(
                Setting::Mail,
                format!("the sender of mails cannot be parsed ({error}). Write Name <address>"),
            )
        })?;
        Ok(Self { host, port, security, credentials, hello: ClientId::default(), from, time: TIME })
    }

    async fn deliver(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message(&self.from, mail)?;
        let mut connection = self.connect().await.map_err(|error| failed(&error))?;
        connection.send(message.envelope(), &message.formatted()).await.map_err(|error| failed(&error))?;
        // The server has accepted the mail; a failure of QUIT does not matter.
        let _ = connection.quit().await;
        Ok(())
    }

    /// Opens a new connection for each mail, so that one in an unknown state after a timeout is never used again.
    async fn connect(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let implicit_tls = match &self.security {
            Security::Implicit(tls) => Some(tls.clone()),
            Security::StartTls(_) | Security::None => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.time), &self.hello, implicit_tls, None).await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

impl MailTransport for Smtp {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            timeout(self.time, self.deliver(mail))
                .await
                .unwrap_or_else(|_| Err(MailError("the mail server took too long".to_owned())))
        })
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Builds the message with a text and an HTML body. Addresses are parsed and other headers are encoded, which prevents
/// header injection.
fn message(from: &Mailbox, mail: &Mail) -> Result<Message, MailError> {
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address(&mail.to)?))
        .subject(&mail.subject)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|_| MailError("the message could not be built".to_owned()))
}

/// Converts the address to the form of SMTP: the stored Unicode domain is sent in ASCII (RFC 5890), so that only an
/// internationalized local part needs a server with SMTPUTF8.
fn address(email: &EmailAddress) -> Result<Address, MailError> {
    let invalid = || MailError("the address cannot be used in SMTP".to_owned());
    let (local, domain) = email.as_str().rsplit_once('@').ok_or_else(invalid)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| invalid())?;
    Address::new(local, domain).map_err(|_| invalid())
}

/// Converts an error without the server's text, which may contain the address.
fn failed(error: &lettre::transport::smtp::Error) -> MailError {
    MailError(match error.status() {
        Some(status) => format!("the mail server replied with status {status}"),
        None if error.is_tls() => "the mail server could not be reached over TLS".to_owned(),
        None if error.is_timeout() => "the mail server took too long".to_owned(),
        None if error.is_client() => {
            "the mail server does not support an extension that the mail or the login needs".to_owned()
        }
        None => "the mail server could not be reached or closed the connection".to_owned(),
    })
}

#[cfg(test)]
mod tests;
