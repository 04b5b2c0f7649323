//! Where a page comes from, as browsers tell it.

use url::Url;

use super::{Error, PublicUrl, Result};

/// Scheme, host and port of a page (RFC 6454), written as browsers write them in the header `Origin`:
/// `https://app.example.org`, with a port only if it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Parses an origin.
    ///
    /// # Errors
    /// [`Error::Config`] unless it is `https://HOST`, or `http://` with a loopback host, with a port at most, and without a
    /// wildcard.
    pub fn parse(text: &str) -> Result<Self> {
        let url = PublicUrl::parse(text).map_err(|_| {
            Error::config(format!("`{text}` is not an origin. Write https://HOST or https://HOST:PORT"))
        })?;
        if url.has_path() {
            return Err(Error::config(format!("`{text}` has a path, and an origin has none")));
        }
        if text.contains('*') {
            return Err(Error::config(format!(
                "`{text}` has a wildcard: whoever gets one of those hosts would be trusted. List each origin"
            )));
        }
        Ok(url.origin())
    }

    pub(super) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// The text that browsers send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Origins whose pages may use the session cookie as the service's own pages do: the front end, if it has another origin.
///
/// # Security
/// Script in a page of such an origin can do with a visitor's account whatever the visitor can.
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
            return Err(Error::config("the list of trusted origins is empty"));
        }
        Ok(Self(origins))
    }

    /// The list.
    #[must_use]
    pub fn as_slice(&self) -> &[Origin] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() -> Result<()> {
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
    fn what_is_no_single_origin_is_refused() {
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
