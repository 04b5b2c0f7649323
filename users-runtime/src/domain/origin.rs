//! Origins of web pages, as browsers send them.

use url::Url;

use super::{
    Error, PublicUrl, Result, Setting,
    network::{is_loopback, is_private},
};

/// Schemes of URLs that have no origin of their own, or whose pages anyone can create.
const NO_WEB_VIEW: [&str; 10] =
    ["about", "blob", "data", "file", "filesystem", "ftp", "http", "https", "javascript", "view-source"];

/// The scheme, host and port of a page (RFC 6454) as browsers write them in the header `Origin`:
/// `https://app.example.org`, with a port only if it is not the default port of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Parses an origin.
    ///
    /// # Errors
    /// [`Error::Config`] unless the text is `https://HOST` or `http://LOOPBACK_HOST`, with or without a port. Wildcards are
    /// refused.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_as(text, PublicUrl::parse)
    }

    /// Parses an origin of a private network: also `http` on the hosts that [`PublicUrl::in_private_network`] accepts.
    ///
    /// # Errors
    /// As for [`Origin::parse`].
    pub fn in_private_network(text: &str) -> Result<Self> {
        Self::parse_as(text, PublicUrl::in_private_network)
    }

    /// Parses the origin of an application in a web view, such as `capacitor://localhost`, `ionic://localhost`,
    /// `tauri://localhost` or `app://bundle`; also `http://tauri.localhost` and every other origin that [`Origin::parse`]
    /// accepts.
    ///
    /// # Errors
    /// [`Error::Config`] unless the text is `SCHEME://HOST` with a scheme of an application: those whose pages anyone
    /// can create, such as `file` and `data`, are refused.
    pub fn web_view(text: &str) -> Result<Self> {
        if let Ok(origin) = Self::parse(text) {
            return Ok(origin);
        }
        Self::of_application(text.trim_end_matches('/')).ok_or_else(|| {
            Error::setting(
                Setting::Url,
                format!("`{text}` is not the origin of a web view. Write the origin that it sends, such as capacitor://localhost"),
            )
        })
    }

    /// Reads an origin as a browser sent it. `None` for `null`, and for a text that browsers do not send.
    pub(crate) fn sent(text: &str) -> Option<Self> {
        if text.starts_with("http:") || text.starts_with("https:") {
            let origin = Self::of(&Url::parse(text).ok()?);
            return (origin.0 == text).then_some(origin);
        }
        Self::of_application(text).filter(|origin| origin.0 == text)
    }

    fn parse_as(text: &str, parse: fn(&str) -> Result<PublicUrl>) -> Result<Self> {
        let url = parse(text).map_err(|_| {
            Error::setting(Setting::Url, format!("`{text}` is not an origin. Write https://HOST or https://HOST:PORT"))
        })?;
        if url.has_path() {
            return Err(Error::setting(
                Setting::Url,
                format!("`{text}` has a path. Write only the scheme, host and port"),
            ));
        }
        if text.contains('*') {
            return Err(Error::setting(
                Setting::Url,
                format!("`{text}` has a wildcard, which would trust every such host. List each origin"),
            ));
        }
        Ok(url.origin())
    }

    /// Parses `SCHEME://HOST` with the scheme of an application. The standard has no origin for such schemes; web views send
    /// the beginning of the page's URL.
    fn of_application(text: &str) -> Option<Self> {
        let (scheme, host) = text.split_once("://")?;
        let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let in_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
        let origin = Self(text.to_ascii_lowercase());
        let is_one = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(in_scheme)
            && !NO_WEB_VIEW.contains(&origin.scheme())
            && !host.is_empty()
            && host.len() <= 255
            && host.chars().all(in_host);
        is_one.then_some(origin)
    }

    pub(super) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// Returns the text that browsers send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the scheme, such as `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Returns the host, in lower case and ASCII, without the port. An IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or("", |(_, authority)| authority);
        match authority.rfind([':', ']']) {
            Some(at) if authority[at..].starts_with(':') => &authority[..at],
            _ => authority,
        }
    }

    /// Returns the port, if it is not the default port of the scheme.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.0.rsplit_once(':')?.1.parse().ok()
    }

    /// Returns whether a network between the page and the browser can change the page: it has no TLS, and it is neither on
    /// this machine nor in a private network.
    pub(super) fn is_public_without_tls(&self) -> bool {
        self.scheme() == "http" && Url::parse(&self.0).is_ok_and(|url| !is_loopback(&url) && !is_private(&url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_normalized_as_browsers_send_it() -> Result<()> {
        for (text, origin) in [
            ("https://app.example.org", "https://app.example.org"),
            ("https://APP.example.org:443/", "https://app.example.org"),
            ("https://app.example.org:8443", "https://app.example.org:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(Origin::parse(text)?.as_str(), origin);
        }
        Ok(())
    }

    #[test]
    fn anything_but_a_single_origin_is_refused() {
        for text in [
            "",
            "*",
            "null",
            "app.example.org",
            "https://*.example.org",
            "https://app.example.org/shop",
            "https://app.example.org?x",
            "http://app.example.org",
            "http://192.168.1.10",
            "capacitor://localhost",
            "file:///etc",
        ] {
            assert!(matches!(Origin::parse(text), Err(Error::Config(_))), "{text}");
        }
    }

    #[test]
    fn web_views_have_origins_and_pages_that_anyone_can_make_have_none() -> Result<()> {
        for (text, origin) in [
            ("capacitor://localhost", "capacitor://localhost"),
            ("Tauri://LocalHost/", "tauri://localhost"),
            ("ionic://localhost", "ionic://localhost"),
            ("app://.", "app://."),
            ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
            ("http://tauri.localhost", "http://tauri.localhost"),
            ("https://tauri.localhost", "https://tauri.localhost"),
        ] {
            assert_eq!(Origin::web_view(text)?.as_str(), origin);
        }
        for text in [
            "",
            "null",
            "*",
            "capacitor://",
            "capacitor:localhost",
            "capacitor://*",
            "capacitor://a/b",
            "capacitor://u@a",
            "file:///",
            "file://localhost",
            "data://x",
            "blob://x",
            "javascript://x",
            "about://blank",
            "http://app.example.org",
            "ftp://x",
            "1a://x",
            "://x",
            "a b://x",
            "capacitor://a\n",
        ] {
            assert!(matches!(Origin::web_view(text), Err(Error::Config(_))), "{text:?}");
        }
        Ok(())
    }

    #[test]
    fn the_parts_of_an_origin_can_be_read() {
        for (text, scheme, host, port) in [
            ("https://app.example.org", "https", "app.example.org", None),
            ("https://app.example.org:8443", "https", "app.example.org", Some(8443)),
            ("http://[::1]:80", "http", "[::1]", None),
            ("http://[::1]:8000", "http", "[::1]", Some(8000)),
            ("tauri://localhost", "tauri", "localhost", None),
        ] {
            let origin = Origin::web_view(text).unwrap();
            assert_eq!((origin.scheme(), origin.host(), origin.port()), (scheme, host, port), "{text}");
        }
    }
}
