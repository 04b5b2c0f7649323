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
    domain::{EmailAddress, Error, Result},
    port::{BoxFuture, Mail, MailError, MailTransport},
};

mod url;

/// How long one mail may take in all, from connecting to the server's last word.
const TIME: Duration = Duration::from_secs(10);

/// Hands mails to an SMTP server, one connection per mail.
///
/// Certificates are checked against Mozilla's roots, and there is no switch to leave that out. `Debug` prints no
/// credentials; errors hold the server's status code and no address.
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
    /// A server by its URL, and the sender of all mails, such as `Shop <noreply@example.org>`.
    ///
    /// | URL | encryption | default port |
    /// |---|---|---|
    /// | `smtps://USER:PASSWORD@HOST` | TLS from the start | 465 |
    /// | `smtp://USER:PASSWORD@HOST` | STARTTLS, required | 587 |
    /// | `smtp://HOST?tls=none` | none; no password is sent | 25 |
    /// | `smtp://localhost`, `127.0.0.1`, `[::1]` | none | 25 |
    ///
    /// Percent-encode what is special in user and password (`@` is `%40`).
    ///
    /// # Errors
    /// [`Error::Config`] if the URL or the sender cannot be read, or a password would travel in clear. It repeats
    /// neither.
    pub fn from_url(url: &str, from: &str) -> Result<Self> {
        let Server { host, port, encryption, credentials } = Server::parse(url)?;
        let tls_parameters = || {
            TlsParameters::new_rustls(host.clone())
                .map_err(|_| Error::config("the host of the SMTP URL cannot be checked against a certificate"))
        };
        let security = match encryption {
            Encryption::Implicit => Security::Implicit(tls_parameters()?),
            Encryption::StartTls => Security::StartTls(tls_parameters()?),
            Encryption::None => Security::None,
        };
        let from = from.parse().map_err(|error| {
            Error::config(format!("the sender of mails cannot be read ({error}). Write Name <address>"))
        })?;
        Ok(Self { host, port, security, credentials, hello: ClientId::default(), from, time: TIME })
    }

    async fn deliver(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message(&self.from, mail)?;
        let mut connection = self.connect().await.map_err(|error| failed(&error))?;
        connection.send(message.envelope(), &message.formatted()).await.map_err(|error| failed(&error))?;
        // The server has taken the mail; how it says goodbye changes nothing.
        let _ = connection.quit().await;
        Ok(())
    }

    /// A fresh connection per mail: one that a time-out cut off is never used again.
    async fn connect(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let from_the_start = match &self.security {
            Security::Implicit(tls) => Some(tls.clone()),
            Security::StartTls(_) | Security::None => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.time), &self.hello, from_the_start, None).await?;
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

/// The mail as a message, text and HTML side by side. Addresses are parsed and other headers encoded, so nothing in
/// them can start a header of its own.
fn message(from: &Mailbox, mail: &Mail) -> Result<Message, MailError> {
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address(&mail.to)?))
        .subject(&mail.subject)
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|_| MailError("no message could be made of it".to_owned()))
}

/// The address as servers understand it: its domain is stored in Unicode and travels in ASCII (RFC 5890), so that only
/// an international local part needs a server with SMTPUTF8.
fn address(email: &EmailAddress) -> Result<Address, MailError> {
    let unreadable = || MailError("the address cannot be mailed to".to_owned());
    let (local, domain) = email.as_str().rsplit_once('@').ok_or_else(unreadable)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| unreadable())?;
    Address::new(local, domain).map_err(|_| unreadable())
}

/// The error without the server's words, which may repeat the address.
fn failed(error: &lettre::transport::smtp::Error) -> MailError {
    MailError(match error.status() {
        Some(status) => format!("the mail server answered {status}"),
        None if error.is_tls() => "the mail server could not be reached over TLS".to_owned(),
        None if error.is_timeout() => "the mail server took too long".to_owned(),
        None if error.is_client() => "the mail server lacks something the mail or the login needs".to_owned(),
        None => "the mail server could not be reached, or broke off".to_owned(),
    })
}

#[cfg(test)]
mod tests;
