//! Which origins besides the service's own may act for a logged-in user.

use std::{fmt, sync::Arc};

use super::{Error, Origin, Result, Setting};

/// A decision of the application about an origin.
type Decide = Arc<dyn Fn(&Origin) -> bool + Send + Sync>;

/// The origins whose pages may use the session cookie like the pages of the service. Needed if the front end has another
/// origin. A function `Fn(&Origin) -> bool` converts into it; see [`TrustedOrigins::deciding`].
///
/// # Security
/// A script in a page of a trusted origin can do everything that the logged-in user can.
#[derive(Clone, Default)]
pub struct TrustedOrigins {
    listed: Vec<Origin>,
    decided: Vec<Decide>,
}

impl TrustedOrigins {
    /// Parses a list such as `["https://app.example.org"]`.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty or [`Origin::parse`] refuses an entry.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        Self::listed(origins, Origin::parse)
    }

    /// Parses a list of origins of applications in web views, such as `["capacitor://localhost", "tauri://localhost"]`.
    ///
    /// # Security
    /// The origin is the same in every application that is made with the same framework. It distinguishes a web view of
    /// some application from a page in a browser, but not your application from another one on the device; each
    /// application has its own cookies.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty or [`Origin::web_view`] refuses an entry.
    pub fn web_views<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        Self::listed(origins, Origin::web_view)
    }

    /// Parses a list of origins without TLS in a private network, such as `["http://192.168.1.20:5173"]`.
    ///
    /// # Security
    /// Everyone in the network can change the pages of such an origin, and so act on behalf of its visitors.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty or [`Origin::in_private_network`] refuses an entry.
    pub fn in_private_network<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        Self::listed(origins, Origin::in_private_network)
    }

    /// Trusts the origins for which `decide` returns `true`, such as previews of a front end on changing hosts.
    ///
    /// ```
    /// # use users_runtime as axum_users;
    /// use axum_users::token::{Origin, TrustedOrigins};
    ///
    /// // https://pr-17.preview.example.org
    /// let previews = TrustedOrigins::deciding(|origin: &Origin| {
    ///     let preview = origin.host().strip_suffix(".preview.example.org");
    ///     origin.scheme() == "https" && preview.is_some_and(|name| name.starts_with("pr-") && !name.contains('.'))
    /// });
    /// # drop(previews);
    /// ```
    ///
    /// The function is called for each request that changes state and has another origin, so it should be fast. It is
    /// called only for well-formed origins, and neither for `null` nor for `http` on a public host.
    ///
    /// # Security
    /// Compare the scheme and the whole host. A comparison of the end of the text (`ends_with("example.org")`) also trusts
    /// `https://evil-example.org`, and one of a hosting service (`*.vercel.app`) trusts the pages of all its customers.
    pub fn deciding(decide: impl Fn(&Origin) -> bool + Send + Sync + 'static) -> Self {
        Self { listed: Vec::new(), decided: vec![Arc::new(decide)] }
    }

    /// Trusts these origins and the others.
    #[must_use]
    pub fn and(mut self, others: impl Into<Self>) -> Self {
        let others = others.into();
        self.listed.extend(others.listed);
        self.decided.extend(others.decided);
        self
    }

    /// Returns the listed origins, without those that a function decides about.
    #[must_use]
    pub fn as_slice(&self) -> &[Origin] {
        &self.listed
    }

    /// Returns whether the origin in a header is trusted.
    pub(crate) fn trust(&self, sent: &[u8]) -> bool {
        if self.listed.iter().any(|origin| origin.as_str().as_bytes() == sent) {
            return true;
        }
        let Some(origin) = std::str::from_utf8(sent).ok().and_then(Origin::sent) else { return false };
        !origin.is_public_without_tls() && self.decided.iter().any(|decide| decide(&origin))
    }

    fn listed<'a>(origins: impl IntoIterator<Item = &'a str>, parse: fn(&str) -> Result<Origin>) -> Result<Self> {
        let listed = origins.into_iter().map(parse).collect::<Result<Vec<_>>>()?;
        if listed.is_empty() {
            return Err(Error::setting(Setting::Url, "the list of trusted origins is empty"));
        }
        Ok(Self { listed, decided: Vec::new() })
    }
}

impl<F: Fn(&Origin) -> bool + Send + Sync + 'static> From<F> for TrustedOrigins {
    fn from(decide: F) -> Self {
        Self::deciding(decide)
    }
}

impl From<Origin> for TrustedOrigins {
    fn from(origin: Origin) -> Self {
        Self { listed: vec![origin], decided: Vec::new() }
    }
}

impl fmt::Debug for TrustedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedOrigins").field("listed", &self.listed).field("functions", &self.decided.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_not_empty_and_every_entry_is_an_origin() {
        assert!(TrustedOrigins::new([]).is_err());
        assert!(TrustedOrigins::new(["https://app.example.org", "*"]).is_err());
        assert!(TrustedOrigins::web_views(["capacitor://localhost", "file:///"]).is_err());
        assert!(TrustedOrigins::in_private_network(["http://192.168.1.10", "http://app.example.org"]).is_err());
    }

    #[test]
    fn a_function_is_asked_about_well_formed_origins_only() {
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        let all = TrustedOrigins::new(["https://app.example.org"]).unwrap().and(move |origin: &Origin| {
            notes.lock().unwrap().push(origin.as_str().to_owned());
            true
        });
        for sent in
            ["https://pr-7.preview.example.org", "capacitor://localhost", "http://localhost:5173", "http://192.168.1.2"]
        {
            assert!(all.trust(sent.as_bytes()), "{sent}");
        }
        assert!(all.trust(b"https://app.example.org"), "a listed origin is not asked about");
        for sent in [
            "null",
            "",
            "*",
            "http://app.example.org",
            "https://app.example.org/",
            "https://APP.example.org",
            "https://a b",
            "https://user@a.example",
            "https://a.example:443",
            "file://",
            "data://x",
            "https://",
        ] {
            assert!(!all.trust(sent.as_bytes()), "{sent}");
        }
        assert!(!all.trust(b"https://\xff.example"));
        assert_eq!(asked.lock().unwrap().len(), 4);
    }
}
