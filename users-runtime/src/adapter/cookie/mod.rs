//! Tokens in a cookie.

mod header;

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{COOKIE, SET_COOKIE},
};

use crate::{
    domain::{AccessToken, Error, Origin, Relaxation, Result, TrustedOrigins},
    port::{SecurityScheme, TokenResponse, Transport, TransportContext},
};

/// What fastapi-users calls its cookie.
const WIRE_NAME: &str = "fastapiusersauth";
/// A browser takes such a cookie only from the host itself, over TLS, for all paths.
const HOST_PREFIX: &str = "__Host-";
/// A browser takes such a cookie only over TLS.
const SECURE_PREFIX: &str = "__Secure-";
/// The most bytes of name and value that browsers keep (RFC 6265bis section 5.6).
const MAX_BYTES: usize = 4096;
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Carries a token in a cookie (contract.md section 8). A login is answered with 204 and `Set-Cookie`, and no script of the
/// page ever sees the token: the cookie is always `HttpOnly`.
///
/// | setting | default |
/// |---|---|
/// | [`cookie_name`](Self::cookie_name) | `__Host-fastapiusersauth`; `__Secure-fastapiusersauth` with a domain or another path |
/// | [`max_age`](Self::max_age) | none: the browser forgets it when it closes |
/// | [`path`](Self::path) | `/` |
/// | [`domain`](Self::domain) | none: this host alone |
/// | [`same_site`](Self::same_site) | [`SameSite::Lax`] |
/// | `Secure` | always, but for [`insecure_for_localhost`](Self::insecure_for_localhost) |
///
/// # Security
/// Browsers attach a cookie whichever page makes the request, so a request that changes something counts only from the
/// service's own pages and those of trusted origins: `docs/guide/cookies.md`. A request with two cookies of the name has two
/// readings and carries no token.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are given to a backend"]
pub struct Cookie {
    /// As given by the application.
    given_name: Option<String>,
    /// As sent and read.
    name: String,
    max_age: Option<Duration>,
    path: String,
    domain: Option<String>,
    same_site: Attribute,
    trusted: Vec<Origin>,
    is_insecure: bool,
    /// Of several cookies with the name, the last counts.
    takes_last: bool,
    clears: Clears,
}

/// Which requests from other sites carry the cookie. `None`, for all of them, is
/// [`Cookie::cross_site_cookies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Those that follow a link to the service.
    Lax,
    /// None at all: a person who follows a link arrives logged out, until the page loads something itself.
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Lax,
    Strict,
    None,
}

/// What a logout has the browser forget beside the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clears {
    Nothing,
    Cache,
    CacheAndStorage,
}

impl Default for Cookie {
    fn default() -> Self {
        Self::new()
    }
}

impl Cookie {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            given_name: None,
            name: format!("{HOST_PREFIX}{WIRE_NAME}"),
            max_age: None,
            path: "/".to_owned(),
            domain: None,
            same_site: Attribute::Lax,
            trusted: Vec::new(),
            is_insecure: false,
            takes_last: false,
            clears: Clears::Cache,
        }
    }

    /// Exactly this name.
    ///
    /// # Security
    /// Without one of the prefixes `__Host-` and `__Secure-` a page on a sibling subdomain, or anybody on the network, can
    /// plant a cookie of this name; the relaxation is listed. Only this one name is read, so the fallback to another name
    /// that an attacker could choose does not exist.
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        Self { given_name: Some(name.into()), ..self }
    }

    /// How long the browser keeps it, in whole seconds. Independent of how long the token lives; a browser keeps nothing
    /// longer than 400 days.
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    /// Under which path it is sent. This separates nothing: pages of one host read each other whatever their paths.
    pub fn path(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// Has it sent to this host and all its subdomains.
    ///
    /// # Security
    /// Each of them, and whoever takes one over, can read the session and plant another.
    pub fn domain(self, domain: impl Into<String>) -> Self {
        Self { domain: Some(domain.into()), ..self }
    }

    /// Which requests from other sites carry it.
    pub fn same_site(self, same_site: SameSite) -> Self {
        let same_site = match same_site {
            SameSite::Lax => Attribute::Lax,
            SameSite::Strict => Attribute::Strict,
        };
        Self { same_site, ..self }
    }

    /// Has it sent with requests of all sites (`SameSite=None`), for a front end on another site. What changes something
    /// counts from these origins and the service's own alone.
    ///
    /// Browsers that block third-party cookies do not send it even so; a common domain of front end and service is better.
    pub fn cross_site_cookies(self, origins: TrustedOrigins) -> Self {
        Self { same_site: Attribute::None, trusted: origins.as_slice().to_vec(), ..self }
    }

    /// Leaves `Secure` and the name's prefix out, for browsers that keep no secure cookie from `http://localhost`. Builds
    /// only where the builder's `public_url` is `http` on a loopback host.
    pub fn insecure_for_localhost(self) -> Self {
        Self { is_insecure: true, ..self }
    }

    /// Has a logout empty what scripts stored in the browser, beside its cache (`Clear-Site-Data: "cache", "storage"`).
    pub fn clear_site_storage(self) -> Self {
        Self { clears: Clears::CacheAndStorage, ..self }
    }

    /// Whether the name says more to browsers than that it is a name.
    fn has_prefix(name: &str) -> bool {
        [HOST_PREFIX, SECURE_PREFIX].iter().any(|prefix| starts_with(name, prefix))
    }

    /// The name that these settings and the policy ask for.
    fn name_under(&self, terms: &TransportContext<'_>) -> String {
        match &self.given_name {
            Some(name) => name.clone(),
            None if self.is_insecure || terms.allows(Relaxation::PlainCookieNames) => WIRE_NAME.to_owned(),
            None if self.path == "/" && self.domain.is_none() => format!("{HOST_PREFIX}{WIRE_NAME}"),
            None => format!("{SECURE_PREFIX}{WIRE_NAME}"),
        }
    }

    fn check(&self, terms: &TransportContext<'_>) -> Result<()> {
        if self.name.is_empty() || !self.name.bytes().all(header::is_name) {
            return Err(Error::config(format!("`{}` cannot be a cookie's name", self.name)));
        }
        if starts_with(&self.name, HOST_PREFIX) && (self.path != "/" || self.domain.is_some()) {
            return Err(Error::config("a cookie named `__Host-…` has the path `/` and no domain, or browsers drop it"));
        }
        if !self.path.starts_with('/') || !self.path.bytes().all(header::is_attribute) {
            return Err(Error::config("a cookie's path starts with `/` and has no `;`, blank or control character"));
        }
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if self
            .domain
            .as_ref()
            .is_some_and(|domain| domain.is_empty() || domain.starts_with('.') || !domain.bytes().all(is_host))
        {
            return Err(Error::config("a cookie's domain is a host name, without a dot in front"));
        }
        if self.max_age.is_some_and(|max_age| max_age.as_secs() == 0) {
            return Err(Error::config("a cookie's max_age of less than a second: the login would be gone at once"));
        }
        if self.is_insecure {
            self.check_insecure(terms)?;
        }
        match terms.largest_token {
            Some(token) if self.name.len() + token > MAX_BYTES => Err(Error::config(format!(
                "a token can have {token} bytes, and with the name `{}` that is more than the {MAX_BYTES} that browsers keep: shorten \
                 the name or the audiences",
                self.name
            ))),
            _ => Ok(()),
        }
    }

    fn check_insecure(&self, terms: &TransportContext<'_>) -> Result<()> {
        if !terms.public_url.is_some_and(crate::domain::PublicUrl::is_http_on_loopback) {
            return Err(Error::config(
                "insecure_for_localhost() needs .public_url(\"http://localhost:PORT\"): anywhere else the session would travel in clear",
            ));
        }
        if Self::has_prefix(&self.name) || self.same_site == Attribute::None {
            return Err(Error::config(
                "browsers keep no cookie without Secure that is named `__Host-…` or `__Secure-…`, or has SameSite=None",
            ));
        }
        Ok(())
    }

    /// The value of `Set-Cookie`, in the order of the wire.
    fn set(&self, value: &str, max_age: Option<u64>) -> Option<HeaderValue> {
        let mut text = format!("{}={value}", self.name);
        if let Some(domain) = &self.domain {
            text.push_str("; Domain=");
            text.push_str(domain);
        }
        text.push_str("; HttpOnly");
        if let Some(seconds) = max_age {
            text.push_str(&format!("; Max-Age={seconds}"));
        }
        text.push_str("; Path=");
        text.push_str(&self.path);
        text.push_str(match self.same_site {
            Attribute::Lax => "; SameSite=lax",
            Attribute::Strict => "; SameSite=strict",
            Attribute::None => "; SameSite=none",
        });
        if !self.is_insecure {
            text.push_str("; Secure");
        }
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Whether `name` begins with `prefix` in any case, which is how browsers look at it.
fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

impl Transport for Cookie {
    fn read(&self, headers: &HeaderMap) -> Option<AccessToken> {
        let mut values = header::values(headers.get_all(COOKIE), self.name.as_bytes());
        let value = if self.takes_last {
            values.last()?
        } else {
            let value = values.next()?;
            if values.next().is_some() {
                return None;
            }
            value
        };
        let value = std::str::from_utf8(value).ok()?;
        (!value.is_empty()).then(|| AccessToken::new(value))
    }

    /// 500 for a token that cannot be in a cookie, or is too long for one: a browser would drop or cut it without a word.
    fn grant(&self, token: &AccessToken) -> TokenResponse {
        let token = token.secret();
        let fits = self.name.len() + token.len() <= MAX_BYTES && token.bytes().all(header::is_value);
        let cookie = fits.then(|| self.set(token, self.max_age.map(|age| age.as_secs()))).flatten();
        let Some(cookie) = cookie else {
            tracing::error!(target: "axum_users", bytes = token.len(), "a token cannot be in a cookie");
            return TokenResponse { status: StatusCode::INTERNAL_SERVER_ERROR, headers: HeaderMap::new(), body: None };
        };
        let headers = HeaderMap::from_iter([(SET_COOKIE, cookie)]);
        TokenResponse { status: StatusCode::NO_CONTENT, headers, body: None }
    }

    fn clear(&self) -> TokenResponse {
        let mut headers: HeaderMap = self.set("\"\"", Some(0)).map(|cookie| (SET_COOKIE, cookie)).into_iter().collect();
        let clears = match self.clears {
            Clears::Nothing => None,
            Clears::Cache => Some(r#""cache""#),
            Clears::CacheAndStorage => Some(r#""cache", "storage""#),
        };
        if let Some(clears) = clears {
            headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static(clears));
        }
        TokenResponse { status: StatusCode::NO_CONTENT, headers, body: None }
    }

    fn security_scheme(&self) -> Option<SecurityScheme> {
        Some(SecurityScheme::Cookie { name: self.name.clone() })
    }

    fn trusted_origins(&self) -> &[Origin] {
        &self.trusted
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        let is_plain = self.given_name.as_ref().is_some_and(|name| !Self::has_prefix(name));
        let plain = is_plain.then_some(Relaxation::PlainCookieNames);
        let insecure = self.is_insecure.then_some(Relaxation::InsecureCookies);
        plain.into_iter().chain(insecure).collect()
    }

    fn configure(&mut self, terms: &TransportContext<'_>) -> Result<()> {
        self.name = self.name_under(terms);
        self.takes_last = terms.allows(Relaxation::PlainCookieNames);
        if self.clears == Clears::Cache && terms.allows(Relaxation::KeepSiteData) {
            self.clears = Clears::Nothing;
        }
        self.check(terms)
    }
}

#[cfg(test)]
mod tests;
