//! Mail over SMTP (feature `smtp`).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
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

use self::{
    connect::ImplicitTls,
    failure::Failure,
    url::{Encryption, Server},
};
use crate::{
    adapter::OsRandom,
    domain::{EmailAddress, Error, Result, Setting},
    port::{BoxFuture, Mail, MailError, MailTransport, Random},
};

mod connect;
mod failure;
mod limited;
mod url;

/// The time limit for one mail, from connecting to the last reply of the server.
const TIME: Duration = Duration::from_secs(10);

/// Sends mails to an SMTP server, over one connection per mail. A mail may take 10 seconds, in which the server may send
/// 32 KiB.
///
/// Errors distinguish a name that cannot be resolved, a refused connection, an invalid certificate and a status of the
/// server. After a temporary error (a status of 4xx, and everything that may be over in a minute) the mail is retried.
///
/// # Security
/// Certificates are verified against Mozilla's root certificates; the verification cannot be turned off. `Debug` omits
/// the credentials. Errors contain the server's status code but no address and no text of the server.
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
    Implicit(ImplicitTls),
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
        let no_name = || Error::setting(Setting::Mail, "the host of the SMTP URL is not a valid TLS server name");
        let security = match encryption {
            Encryption::Implicit => Security::Implicit(ImplicitTls::new(&host).ok_or_else(no_name)?),
            Encryption::StartTls => Security::StartTls(TlsParameters::new_rustls(host.clone()).map_err(|_| no_name())?),
            Encryption::None => Security::None,
        };
        Ok(Self { host, port, security, credentials, hello: ClientId::default(), from: sender(from)?, time: TIME })
    }

    async fn deliver(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message(&self.from, mail)?;
        let mut connection = self.connect().await?;
        connection.send(message.envelope(), &message.formatted()).await.map_err(|error| Failure::of(&error))?;
        // The server has accepted the mail; a failure of QUIT does not matter.
        let _ = connection.quit().await;
        Ok(())
    }

    /// Opens a new connection for each mail, so that one in an unknown state after a timeout is never used again.
    async fn connect(&self) -> std::result::Result<AsyncSmtpConnection, Failure> {
        let failed = |error| Failure::of(&error);
        let stream = connect::tcp(&self.host, self.port).await?;
        let hello = &self.hello;
        let mut connection = match &self.security {
            Security::Implicit(tls) => {
                let stream = connect::encrypt(stream, tls).await?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), hello).await.map_err(failed)?
            }
            Security::StartTls(tls) => {
                let mut plain =
                    AsyncSmtpConnection::connect_with_transport(Box::new(stream), hello).await.map_err(failed)?;
                plain.starttls(tls.clone(), hello).await.map_err(failed)?;
                plain
            }
            Security::None => {
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), hello).await.map_err(failed)?
            }
        };
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(failed)?;
        }
        Ok(connection)
    }
}

impl MailTransport for Smtp {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            timeout(self.time, self.deliver(mail)).await.unwrap_or_else(|_| Err(Failure::TimedOut.into()))
        })
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Parses the sender of all mails. It needs no extension of the server.
fn sender(from: &str) -> Result<Mailbox> {
    let refused =
        |why: String| Error::setting(Setting::Mail, format!("the sender of mails {why}. Write Name <address>"));
    let Mailbox { name, email } = from.parse().map_err(|error| refused(format!("cannot be parsed ({error})")))?;
    if !email.user().is_ascii() {
        return Err(refused("has letters before the at-sign that many mail servers cannot handle".to_owned()));
    }
    let domain = idna::domain_to_ascii(email.domain()).map_err(|_| refused("has an invalid domain".to_owned()))?;
    let email = Address::new(email.user(), domain).map_err(|error| refused(format!("cannot be used ({error})")))?;
    Ok(Mailbox { name, email })
}

/// Builds the message with a text and an HTML body. Addresses are parsed and other headers are encoded, which prevents
/// header injection.
fn message(from: &Mailbox, mail: &Mail) -> Result<Message, MailError> {
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address(&mail.to)?))
        .subject(&mail.subject)
        .message_id(Some(message_id(from.email.domain())?))
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
        .map_err(|_| MailError::permanent("the message could not be built"))
}

/// Returns a new identifier in the sender's domain (RFC 5322 section 3.6.4), which does not reveal the name of this host.
fn message_id(domain: &str) -> Result<String, MailError> {
    let mut bits = [0; 16];
    OsRandom.fill(&mut bits).map_err(|error| MailError::temporary(error.to_string()))?;
    Ok(format!("<{}@{domain}>", URL_SAFE_NO_PAD.encode(bits)))
}

/// Converts the address to the form of SMTP: the stored Unicode domain is sent in ASCII (RFC 5890), so that only an
/// internationalized local part needs a server with SMTPUTF8.
fn address(email: &EmailAddress) -> Result<Address, MailError> {
    let invalid = || MailError::permanent("the address cannot be used in SMTP");
    let (local, domain) = email.as_str().rsplit_once('@').ok_or_else(invalid)?;
    let domain = idna::domain_to_ascii(domain).map_err(|_| invalid())?;
    Address::new(local, domain).map_err(|_| invalid())
}

#[cfg(test)]
mod tests;
