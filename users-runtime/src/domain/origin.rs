//! Origins of web pages, as browsers send them.

use url::Url;

use super::{Error, PublicUrl, Result, Setting};

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
        let url = PublicUrl::parse(text).map_err(|_| {
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

    pub(super) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// Returns the text that browsers send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The origins whose pages may use the session cookie like the pages of the service. Needed if the front end has another
/// origin.
///
/// # Security
/// A script in a page of a trusted origin can do everything that the logged-in user can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedOrigins(Vec<Origin>);

impl TrustedOrigins {
    /// Parses a list such as `["https://app.example.org"]`.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty or [`Origin::parse`] refuses an entry.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let origins = origins.into_iter().map(Origin::parse).collect::<Result<Vec<_>>>()?;
        if origins.is_empty() {
            return Err(Error::setting(Setting::Url, "the list of trusted origins is empty"));
        }
        Ok(Self(origins))
    }

    /// Returns the origins.
    #[must_use]
    pub fn as_slice(&self) -> &[Origin] {
        &self.0
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
            "file:///etc",
        ] {
            assert!(matches!(Origin::parse(text), Err(Error::Config(_))), "{text}");
        }
        assert!(TrustedOrigins::new([]).is_err());
        assert!(TrustedOrigins::new(["https://app.example.org", "*"]).is_err());
    }
}
