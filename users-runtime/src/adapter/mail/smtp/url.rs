//! The address of a mail server.

use std::net::{Ipv4Addr, Ipv6Addr};

use lettre::transport::smtp::authentication::Credentials;
use url::{Host, Url};

use crate::domain::{Error, Result};

/// What an `smtp://` or `smtps://` URL says.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) credentials: Option<Credentials>,
}

/// When a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// From the first byte (RFC 8314).
    Implicit,
    /// By the command STARTTLS, and given up without it.
    StartTls,
    /// Never.
    None,
}

impl Server {
    /// Reads the URL. No error repeats it, since it holds a password.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|error| Error::config(format!("the SMTP URL is not a URL: {error}")))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| Error::config("the SMTP URL has no host. Write smtps://USER:PASSWORD@HOST"))?;
        let loopback = is_loopback(&url);
        let encryption = match (url.scheme(), url.query()) {
            ("smtps", None) => Encryption::Implicit,
            ("smtp", None) if loopback => Encryption::None,
            ("smtp", None) => Encryption::StartTls,
            ("smtp", Some("tls=none")) => Encryption::None,
            ("smtp" | "smtps", Some(_)) => {
                return Err(Error::config("an smtp:// URL may end in ?tls=none and in nothing else"));
            }
            _ => return Err(Error::config("the SMTP URL must start with smtp:// or smtps://")),
        };
        let credentials = credentials(&url)?;
        if encryption == Encryption::None && credentials.is_some() && !loopback {
            return Err(Error::config("the SMTP URL has a password and ?tls=none: it would travel in clear"));
        }
        // 465 and 587 are the ports of submission (RFC 8314 section 7.3, RFC 6409), 25 that of a relay nearby.
        let port = url.port().unwrap_or(match encryption {
            Encryption::Implicit => 465,
            Encryption::StartTls => 587,
            Encryption::None => 25,
        });
        // An IPv6 address stands in brackets in a URL, and without them in a socket address.
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port, encryption, credentials })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| Error::config("user or password in the SMTP URL is not UTF-8 after decoding"))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
        _ => Err(Error::config("the SMTP URL needs both a user and a password, or neither")),
    }
}

fn is_loopback(url: &Url) -> bool {
    // `smtp` is no special scheme, so the parser leaves an IPv4 address as a name.
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
    fn the_scheme_and_the_host_say_how_a_connection_is_encrypted() {
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
    fn a_url_that_would_send_a_password_in_clear_or_says_too_little_is_refused_and_not_repeated() {
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
