//! The public URL of the service.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url, form_urlencoded};

use super::{Error, Origin, Result, Setting};

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
        let url = Url::parse(text).map_err(|error| {
            Error::setting(Setting::Url, format!("the public URL is not a URL ({error}). Write https://HOST"))
        })?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return Err(Error::setting(
                    Setting::Url,
                    "the public URL is http and its host is not loopback: mailed tokens would be sent in plaintext. Write https://HOST",
                ));
            }
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

    /// Returns the URL of the page `path` with `name=value` in the fragment. Browsers do not send the fragment, so the value
    /// cannot leak into access logs, proxy logs or `Referer` headers (OWASP ASVS 14.2.1).
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

/// Returns whether the host is a loopback host.
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
        assert_eq!(
            base.page_with_secret("verify", "token", "a&b=c#d e\r\n\"<"),
            "https://app.example.org/shop/verify#token=a%26b%3Dc%23d+e%0D%0A%22%3C"
        );
        assert_eq!(
            base.page_with_secret("verify", "token", "eyJ0.eyJz-_.x"),
            "https://app.example.org/shop/verify#token=eyJ0.eyJz-_.x",
            "a token needs no encoding"
        );
        Ok(())
    }
}
