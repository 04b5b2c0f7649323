//! The address that people reach the service at.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url, form_urlencoded};

use super::{Error, Origin, Result};

/// The public base of a service, such as `https://app.example.org`. Links in mails are built from it and from nothing
/// else: a `Host` header never reaches one (OWASP WSTG-ATHN-09, password reset poisoning).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Parses a base. A path is kept, so a service may live under one.
    ///
    /// # Errors
    /// [`Error::Config`] unless the scheme is `https`, or `http` on a loopback host (`localhost`, `127.0.0.0/8`,
    /// `::1`), and if the base has credentials, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text)
            .map_err(|error| Error::config(format!("the public URL is not a URL ({error}). Write https://HOST")))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return Err(Error::config(
                    "the public URL is http and its host is not loopback: mailed tokens would travel in clear. Write https://HOST",
                ));
            }
            other => {
                return Err(Error::config(format!("the public URL has the scheme {other}. Write https://HOST")));
            }
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::config("the public URL may have a host, a port and a path, and nothing else"));
        }
        Ok(Self(url))
    }

    /// The base itself, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The origin of the pages under this base, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::of(&self.0)
    }

    /// Whether people reach the service on this very machine, without TLS.
    #[must_use]
    pub fn is_http_on_loopback(&self) -> bool {
        self.0.scheme() == "http" && is_loopback(&self.0)
    }

    /// Whether there is a path below the host.
    pub(super) fn has_path(&self) -> bool {
        self.0.path() != "/"
    }

    /// The host, as a name for the site when nobody gave another.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The base with `path` added. Every part between slashes is encoded by itself, so `?`, `#` and spaces in it stay part of the path.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        self.join(path).into()
    }

    /// The page `path` with `name=value` in the fragment, the part that browsers send to no server: the value stands in
    /// no access log, proxy log or `Referer` (OWASP ASVS 14.2.1).
    #[must_use]
    pub fn page_with_secret(&self, path: &str, name: &str, value: &str) -> String {
        let mut url = self.join(path);
        url.set_fragment(Some(&form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()));
        url.into()
    }

    fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path.split('/').filter(|part| !part.is_empty()));
        }
        url
    }
}

/// Whether the host can only be this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
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
    fn a_base_with_credentials_query_or_fragment_is_refused_and_not_repeated() {
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
        assert_eq!(
            base.page_with_secret("verify", "token", "a&b=c#d e\r\n\"<"),
            "https://app.example.org/shop/verify#token=a%26b%3Dc%23d+e%0D%0A%22%3C"
        );
        assert_eq!(
            base.page_with_secret("verify", "token", "eyJ0.eyJz-_.x"),
            "https://app.example.org/shop/verify#token=eyJ0.eyJz-_.x",
            "the usual token needs no encoding"
        );
        Ok(())
    }
}
