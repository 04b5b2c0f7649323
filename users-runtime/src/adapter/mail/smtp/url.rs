//! The URL of an SMTP server.

use std::net::{Ipv4Addr, Ipv6Addr};

use lettre::transport::smtp::authentication::Credentials;
use url::{Host, Url};

use crate::domain::{Error, Result, Setting};

/// The settings in an `smtp://` or `smtps://` URL.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) credentials: Option<Credentials>,
}

/// The encryption of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// STARTTLS, required: without it no mail is sent.
    StartTls,
    /// No encryption.
    None,
}

impl Server {
    /// Parses the URL. Errors do not quote it, because it contains a password.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text)
            .map_err(|error| Error::setting(Setting::Mail, format!("the SMTP URL cannot be parsed: {error}")))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| {
            Error::setting(Setting::Mail, "the SMTP URL has no host. Write smtps://USER:PASSWORD@HOST")
        })?;
        let loopback = is_loopback(&url);
        let encryption = match (url.scheme(), url.query()) {
            ("smtps", None) => Encryption::Implicit,
            ("smtp", None) if loopback => Encryption::None,
            ("smtp", None) => Encryption::StartTls,
            ("smtp", Some("tls=none")) => Encryption::None,
            ("smtp" | "smtps", Some(_)) => {
                return Err(Error::setting(Setting::Mail, "the only query that an smtp:// URL may have is ?tls=none"));
            }
            _ => return Err(Error::setting(Setting::Mail, "the SMTP URL must start with smtp:// or smtps://")),
        };
        let credentials = credentials(&url)?;
        if encryption == Encryption::None && credentials.is_some() && !loopback {
            return Err(Error::setting(
                Setting::Mail,
                "the SMTP URL has a password and ?tls=none: the password would be sent unencrypted",
            ));
        }
        // 465 and 587 are the submission ports (RFC 8314 section 7.3, RFC 6409), 25 is that of a local relay.
        let port = url.port().unwrap_or(match encryption {
            Encryption::Implicit => 465,
            Encryption::StartTls => 587,
            Encryption::None => 25,
        });
        // IPv6 addresses are in brackets in a URL, but not in a socket address.
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port, encryption, credentials })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| {
            Error::setting(
                Setting::Mail,
                "the user name or password in the SMTP URL is not UTF-8 after percent-decoding",
            )
        })
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
        _ => Err(Error::setting(Setting::Mail, "the SMTP URL needs both a user name and a password, or neither")),
    }
}

fn is_loopback(url: &Url) -> bool {
    // `smtp` is not a special scheme of the URL standard, so the parser returns an IPv4 address as a domain.
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_and_the_host_determine_the_encryption() {
        for (text, host, port, encryption) in [
            ("smtps://u:p@mail.example.org", "mail.example.org", 465, Encryption::Implicit),
            ("smtp://u:p@mail.example.org", "mail.example.org", 587, Encryption::StartTls),
            ("smtp://mail.example.org:2525", "mail.example.org", 2525, Encryption::StartTls),
            ("smtp://mailpit:1025?tls=none", "mailpit", 1025, Encryption::None),
            ("smtp://127.0.0.1", "127.0.0.1", 25, Encryption::None),
            ("smtp://u:p@[::1]:1025", "::1", 1025, Encryption::None),
        ] {
            let server = Server::parse(text);
            assert!(
                server.is_ok_and(|s| (s.host.as_str(), s.port, s.encryption) == (host, port, encryption)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_url_that_is_incomplete_or_would_send_a_password_unencrypted_is_refused_and_not_quoted() {
        for text in [
            "smtp://u:hunter2@mail.example.org?tls=none",
            "smtps://u:hunter2@mail.example.org?tls=none",
            "smtp://u:hunter2@mail.example.org?tls=opportunistic",
            "smtps://hunter2@mail.example.org",
            "smtps://:hunter2@mail.example.org",
            "https://u:hunter2@mail.example.org",
            "smtp:hunter2",
            "hunter2",
        ] {
            let refused = Server::parse(text).map(|_| ()).map_err(|error| error.to_string());
            assert!(refused.as_ref().is_err_and(|error| !error.contains("hunter2")), "{text}: {refused:?}");
        }
    }

    #[test]
    fn users_and_passwords_are_decoded() {
        let server = Server::parse("smtps://ann%40example.org:p%23%2F%3A@mail.example.org");
        let expected = Credentials::new("ann@example.org".to_owned(), "p#/:".to_owned());
        assert!(server.is_ok_and(|server| server.credentials == Some(expected)));
    }
}
