//! The public URL of the service.

use url::Url;

use super::{
    Error, Origin, Result, Setting,
    network::{is_loopback, is_private},
};

/// The public base URL of a service, such as `https://app.example.org`. Links in mails are built only from it and never
/// from a `Host` header (password reset poisoning, OWASP WSTG-ATHN-09).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Parses a base URL. It may have a path.
    ///
    /// # Errors
    /// [`Error::Config`] unless the scheme is `https`, or `http` on a loopback host (`localhost`, `127.0.0.0/8`,
    /// `::1`), and if the URL has credentials, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_if(
            text,
            is_loopback,
            "the public URL is http and its host is not loopback: mailed tokens would be sent in \
            plaintext. Write https://HOST, or PublicUrl::in_private_network(…) for a private network without TLS",
        )
    }

    /// Parses the base URL of a service that has no TLS in a private network: also `http` on a private address
    /// (`192.168.0.0/16`, `10.0.0.0/8`, `172.16.0.0/12`, `100.64.0.0/10`, link-local, `fc00::/7`), on a name without a
    /// period, and on a name under `local`, `internal`, `home.arpa`, `lan`, `home` or `corp`.
    ///
    /// ```
    /// # use users_runtime as axum_users;
    /// use axum_users::token::PublicUrl;
    ///
    /// assert!(PublicUrl::in_private_network("http://192.168.1.10:8000").is_ok());
    /// assert!(PublicUrl::in_private_network("http://app.example.org").is_err());
    /// ```
    ///
    /// # Security
    /// Everyone in the network can read passwords, sessions and mailed tokens, and change pages and responses. Cookies lose
    /// `Secure` and the prefix of their name, because browsers refuse both without TLS. The startup warning lists the URL as
    /// a relaxation.
    ///
    /// # Errors
    /// As for [`PublicUrl::parse`], for `http` outside of a private network.
    pub fn in_private_network(text: &str) -> Result<Self> {
        Self::parse_if(
            text,
            |url| is_loopback(url) || is_private(url),
            "the public URL is http and its host is neither a \
            private address nor a name of a private network. Write https://HOST",
        )
    }

    /// Parses a base URL that may be `http` if `may_be_plain` accepts its host.
    fn parse_if(text: &str, may_be_plain: fn(&Url) -> bool, refusal: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|error| {
            Error::setting(Setting::Url, format!("the public URL is not a URL ({error}). Write https://HOST"))
        })?;
        match url.scheme() {
            "https" => {}
            "http" if may_be_plain(&url) => {}
            "http" => return Err(Error::setting(Setting::Url, refusal)),
            other => {
                return Err(Error::setting(
                    Setting::Url,
                    format!("the public URL has the scheme {other}. Write https://HOST"),
                ));
            }
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::setting(
                Setting::Url,
                "the public URL may have a host, a port and a path, and nothing else",
            ));
        }
        Ok(Self(url))
    }

    /// Returns the base URL without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Returns the origin of the pages under this base URL.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::of(&self.0)
    }

    /// Returns whether the URL is `http` on a loopback host, which does not need TLS.
    #[must_use]
    pub fn is_http_on_loopback(&self) -> bool {
        self.0.scheme() == "http" && is_loopback(&self.0)
    }

    /// Returns whether the URL is `http` on a host of a private network, which
    /// [`in_private_network`](Self::in_private_network) accepts.
    #[must_use]
    pub fn is_http_in_private_network(&self) -> bool {
        self.0.scheme() == "http" && !is_loopback(&self.0)
    }

    /// Returns whether the URL has a path.
    pub(super) fn has_path(&self) -> bool {
        self.0.path() != "/"
    }

    /// Returns the host, which is the default name of the site.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the URL of the page `path`. Each segment is percent-encoded, so `?`, `#` and spaces stay part of the path.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        self.join(path).into()
    }

    fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path.split('/').filter(|part| !part.is_empty()));
        }
        url
    }
}

impl TryFrom<&str> for PublicUrl {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl TryFrom<&String> for PublicUrl {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_schemes_refused_at_build() {
        for text in [
            "http://app.example.org",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org",
            "ftp://app.example.org",
            "javascript:alert(1)",
            "data:text/html,x",
            "//app.example.org",
            "app.example.org",
            "",
        ] {
            assert!(matches!(PublicUrl::parse(text), Err(Error::Config(_))), "{text}");
        }
        for text in [
            "https://app.example.org",
            "https://app.example.org:8443/shop/",
            "http://localhost:8000",
            "http://127.0.0.1:8000",
            "http://[::1]:8000",
        ] {
            assert!(PublicUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn plain_http_in_a_private_network_has_a_name_of_its_own() {
        for text in [
            "http://192.168.1.10",
            "http://10.0.0.7:8000",
            "http://172.31.255.1",
            "http://169.254.1.1",
            "http://100.64.0.1",
            "http://[fd00::1]:8000",
            "http://[fe80::1]",
            "http://nas",
            "http://nas.local:8000",
            "http://nas.home.arpa",
            "http://app.internal",
            "http://box.lan/app",
            "https://192.168.1.10",
            "https://app.example.org",
            "http://localhost:8000",
        ] {
            let url = PublicUrl::in_private_network(text).unwrap();
            let is_plain = text.starts_with("http:") && !text.contains("localhost");
            assert_eq!(url.is_http_in_private_network(), is_plain, "{text}");
            assert_eq!(PublicUrl::parse(text).is_err(), is_plain, "{text}");
        }
        for text in [
            "http://app.example.org",
            "http://8.8.8.8",
            "http://172.32.0.1",
            "http://192.169.0.1",
            "http://100.128.0.1",
            "http://[2001:db8::1]",
            "http://local.example.org",
            "http://192.168.1.10.example.org",
            "ftp://192.168.1.10",
            "http://user@192.168.1.10",
            "http://192.168.1.10?x",
        ] {
            assert!(matches!(PublicUrl::in_private_network(text), Err(Error::Config(_))), "{text}");
        }
    }

    #[test]
    fn credentials_queries_and_fragments_are_refused_and_not_repeated() {
        for text in ["https://u:hunter2@app.example.org", "https://app.example.org?a=b", "https://app.example.org/#/"] {
            let error = PublicUrl::parse(text).map_err(|error| error.to_string());
            assert!(error.as_ref().is_err_and(|text| !text.contains("hunter2")), "{text}: {error:?}");
        }
    }

    #[test]
    fn parts_are_encoded() -> Result<()> {
        let base = PublicUrl::parse("https://app.example.org/shop/")?;
        assert_eq!(base.page("/reset-password"), "https://app.example.org/shop/reset-password");
        assert_eq!(base.page("a b/c?d#e/../f"), "https://app.example.org/shop/a%20b/c%3Fd%23e/f");
        Ok(())
    }
}
