//! Tokens in a cookie.

mod check;
mod header;
mod refresh;

use std::time::Duration;

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{COOKIE, SET_COOKIE},
};

use crate::{
    domain::{AccessToken, PublicUrl, RefreshToken, Relaxation, Result, TrustedOrigins},
    event::operation,
    port::{RefreshGrant, SecurityScheme, TokenResponse, Transport, TransportContext},
};

/// The cookie name of fastapi-users.
const UPSTREAM_NAME: &str = "fastapiusersauth";
/// The cookie name of fastapi-users for OAuth flows.
#[cfg(feature = "oauth")]
const OAUTH_NAME: &str = "fastapiusersoauthcsrf";
/// The cookie name of browsers that have logged in before, which fastapi-users does not know.
const DEVICE_NAME: &str = "axumusersdevice";
/// The default name of the cookie of a device on which no second factor is required.
#[cfg(feature = "totp")]
const REMEMBERED_NAME: &str = "axumusersremembered";
/// The cookie name of browsers that have requested a mailed code, which fastapi-users does not know.
const EMAIL_CODE_NAME: &str = "axumusersemailcode";
/// Browsers accept such a cookie only from the host itself, over TLS, and for the path `/`.
const HOST_PREFIX: &str = "__Host-";
/// Browsers accept such a cookie only over TLS.
const SECURE_PREFIX: &str = "__Secure-";
/// The maximum number of bytes of name and value that browsers accept (RFC 6265bis section 5.6).
const MAX_BYTES: usize = 4096;
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Carries tokens in a cookie. A login responds with status 204 and `Set-Cookie`. The cookie is always `HttpOnly`, so
/// scripts cannot read the token.
///
/// | setting | default |
/// |---|---|
/// | [`cookie_name`](Self::cookie_name) | `__Host-fastapiusersauth`, or `__Secure-fastapiusersauth` with a domain or a path other than `/` |
/// | [`max_age`](Self::max_age) | none: a session cookie, which the browser deletes when it closes |
/// | [`path`](Self::path) | the base path of the service, or `/` |
/// | [`domain`](Self::domain) | none: this host only |
/// | [`same_site`](Self::same_site) | [`SameSite::Lax`] |
/// | `Secure` | always, except with [`insecure_for_localhost`](Self::insecure_for_localhost) and if the public URL is [`http` in a private network](PublicUrl::in_private_network); then the name has no prefix |
///
/// # Security
/// Browsers attach cookies to requests from any page. As a protection against CSRF, requests that change state are
/// accepted only from the service's own origin and trusted origins; see
/// [Cookies](https://github.com/axum-users/axum-users/blob/main/docs/guide/cookies.md). A request with two cookies of
/// this name is ambiguous and is treated as one without a token.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are given to a backend"]
pub struct Cookie {
    /// The name of fastapi-users, to which a prefix is added.
    usual_name: &'static str,
    /// The name that the application set.
    given_name: Option<String>,
    /// The name that is sent and read.
    name: String,
    max_age: Option<Duration>,
    /// The path that the application set.
    given_path: Option<String>,
    /// The path that is sent.
    path: String,
    domain: Option<String>,
    same_site: Attribute,
    trusted: Option<TrustedOrigins>,
    /// Whether the application called [`insecure_for_localhost`](Self::insecure_for_localhost).
    is_insecure: bool,
    /// Whether the cookie is sent over TLS only.
    is_secure: bool,
    /// Whether the last one of several cookies with the name is used.
    takes_last: bool,
    clears: Clears,
    /// The cookie of the refresh token, if the backend has them.
    refresh: Option<Box<Self>>,
}

/// The cross-site requests that carry the cookie. `SameSite=None` is set by [`Cookie::cross_site_cookies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Top-level navigations, such as following a link to the service.
    Lax,
    /// No cross-site request: a user who follows a link to the service is logged out on the first page.
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Lax,
    Strict,
    None,
}

/// The data that the browser deletes at logout, besides the cookie.
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
    /// Creates a cookie transport with the default settings.
    pub fn new() -> Self {
        Self {
            usual_name: UPSTREAM_NAME,
            given_name: None,
            name: format!("{HOST_PREFIX}{UPSTREAM_NAME}"),
            max_age: None,
            given_path: None,
            path: "/".to_owned(),
            domain: None,
            same_site: Attribute::Lax,
            trusted: None,
            is_insecure: false,
            is_secure: true,
            takes_last: false,
            clears: Clears::Cache,
            refresh: None,
        }
    }

    /// Returns the cookie that binds OAuth flows to a browser, for as long as a flow may take.
    #[cfg(feature = "oauth")]
    pub(crate) fn of_oauth_flows() -> Self {
        Self { usual_name: OAUTH_NAME, max_age: Some(crate::domain::oauth::STATE_LIFETIME), ..Self::new() }
    }

    /// Returns the cookie that identifies a browser that has logged in before. It is not used for requests from other sites.
    pub(crate) fn of_devices(lifetime: Duration) -> Self {
        Self { usual_name: DEVICE_NAME, max_age: Some(lifetime), same_site: Attribute::Strict, ..Self::new() }
    }

    /// Returns the cookie of a device on which no second factor is required. It is not used for requests from other sites.
    #[cfg(feature = "totp")]
    pub(crate) fn of_remembered(lifetime: Duration) -> Self {
        Self { usual_name: REMEMBERED_NAME, max_age: Some(lifetime), same_site: Attribute::Strict, ..Self::new() }
    }

    /// Returns the cookie that binds requests for mailed codes to a browser.
    pub(crate) fn of_email_codes(lifetime: Duration) -> Self {
        Self { usual_name: EMAIL_CODE_NAME, max_age: Some(lifetime), same_site: Attribute::Strict, ..Self::new() }
    }

    /// Returns the same cookie, sent with the requests of a front end on another site.
    pub(crate) fn sent_from_other_sites(self) -> Self {
        Self { same_site: Attribute::None, ..self }
    }

    /// Sets the name of the cookie.
    ///
    /// # Security
    /// Without one of the prefixes `__Host-` and `__Secure-`, a sibling subdomain or an attacker on the network can set
    /// a cookie of this name (cookie tossing, session fixation); the startup warning lists such a name as a relaxation.
    /// Only this name is read: there is no fallback to another one.
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        Self { given_name: Some(name.into()), ..self }
    }

    /// Sets how long the browser keeps the cookie, in whole seconds. It is independent of the token's lifetime;
    /// browsers limit it to 400 days (RFC 6265bis section 5.5).
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    /// Sets the path of the cookie. Default: the [base path](crate::UsersBuilder::base_path) of the service, or `/`. A path is not a security boundary: pages of one host can read each other's data
    /// regardless of their paths.
    pub fn path(self, path: impl Into<String>) -> Self {
        Self { given_path: Some(path.into()), ..self }
    }

    /// Sends the cookie to this host and all its subdomains.
    ///
    /// # Security
    /// Every subdomain, including one that an attacker has taken over, can read the session cookie and set another one.
    pub fn domain(self, domain: impl Into<String>) -> Self {
        Self { domain: Some(domain.into()), ..self }
    }

    /// Sets which cross-site requests carry the cookie. Default: [`SameSite::Lax`].
    pub fn same_site(self, same_site: SameSite) -> Self {
        let same_site = match same_site {
            SameSite::Lax => Attribute::Lax,
            SameSite::Strict => Attribute::Strict,
        };
        Self { same_site, ..self }
    }

    /// Sends the cookie with cross-site requests (`SameSite=None`), for a front end on another site. Requests that
    /// change state are accepted only from `origins` and the service's own origin.
    ///
    /// Browsers that block third-party cookies do not send it anyway; prefer a common domain of front end and service.
    pub fn cross_site_cookies(self, origins: impl Into<TrustedOrigins>) -> Self {
        Self { same_site: Attribute::None, trusted: Some(origins.into()), ..self }
    }

    /// Omits `Secure` and the name prefix, for browsers that refuse secure cookies from `http://localhost`. Building
    /// the service fails unless its `public_url` is `http` with a loopback host.
    pub fn insecure_for_localhost(self) -> Self {
        Self { is_insecure: true, ..self }
    }

    /// Deletes at logout what scripts stored in the browser, in addition to the cache (`Clear-Site-Data: "cache",
    /// "storage"`).
    pub fn clear_site_storage(self) -> Self {
        Self { clears: Clears::CacheAndStorage, ..self }
    }

    /// Returns `true` if the name has a prefix with a meaning for browsers.
    fn has_prefix(name: &str) -> bool {
        [HOST_PREFIX, SECURE_PREFIX].iter().any(|prefix| starts_with(name, prefix))
    }

    /// Returns the name for these settings and the policy.
    fn effective_name(&self, context: &TransportContext<'_>) -> String {
        match &self.given_name {
            Some(name) => name.clone(),
            None if self.is_insecure
                || is_in_private_network(context)
                || context.allows(Relaxation::PlainCookieNames) =>
            {
                self.usual_name.to_owned()
            }
            None if self.path == "/" && self.domain.is_none() => format!("{HOST_PREFIX}{}", self.usual_name),
            None => format!("{SECURE_PREFIX}{}", self.usual_name),
        }
    }

    /// Returns the value of `Set-Cookie`, with the attributes in the order of fastapi-users.
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
        if self.is_secure {
            text.push_str("; Secure");
        }
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Returns whether the service has no TLS: browsers refuse a secure cookie then.
fn is_in_private_network(context: &TransportContext<'_>) -> bool {
    context.public_url.is_some_and(PublicUrl::is_http_in_private_network)
}

/// Returns `true` if `name` starts with `prefix`, ignoring case as browsers do.
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

    /// Responds with status 500 if the token contains bytes that a cookie cannot hold or is too long, because browsers
    /// would drop or truncate such a cookie silently.
    fn grant(&self, token: &AccessToken) -> TokenResponse {
        let token = token.secret();
        let fits = self.name.len() + token.len() <= MAX_BYTES && token.bytes().all(header::is_value);
        let cookie = fits.then(|| self.set(token, self.max_age.map(|age| age.as_secs()))).flatten();
        let Some(cookie) = cookie else {
            operation!(ERROR, "cookie_too_large", "a token cannot be stored in a cookie", bytes = token.len());
            return TokenResponse { status: StatusCode::INTERNAL_SERVER_ERROR, headers: HeaderMap::new(), body: None };
        };
        let headers = HeaderMap::from_iter([(SET_COOKIE, cookie)]);
        TokenResponse { status: StatusCode::NO_CONTENT, headers, body: None }
    }

    fn carries_refresh(&self) -> bool {
        true
    }

    fn grant_refreshable(&self, token: &AccessToken, refresh: &RefreshGrant<'_>) -> TokenResponse {
        let mut response = self.grant(token);
        let Some(cookie) = &self.refresh else { return response };
        let cookie = cookie.grant(&AccessToken::new(refresh.token.secret()));
        for value in cookie.headers.get_all(SET_COOKIE) {
            response.headers.append(SET_COOKIE, value.clone());
        }
        response
    }

    fn read_refresh(&self, headers: &HeaderMap) -> Option<RefreshToken> {
        self.refresh.as_ref()?.read(headers).map(|token| RefreshToken::new(token.secret()))
    }

    fn clear(&self) -> TokenResponse {
        let mut headers: HeaderMap = self.set("\"\"", Some(0)).map(|cookie| (SET_COOKIE, cookie)).into_iter().collect();
        if let Some(refresh) = self.refresh.as_ref().and_then(|cookie| cookie.set("\"\"", Some(0))) {
            headers.append(SET_COOKIE, refresh);
        }
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

    fn trusted_origins(&self) -> Option<&TrustedOrigins> {
        self.trusted.as_ref()
    }

    fn relaxations(&self) -> Vec<Relaxation> {
        let is_plain = self.given_name.as_ref().is_some_and(|name| !Self::has_prefix(name));
        let plain = is_plain.then_some(Relaxation::PlainCookieNames);
        let insecure = self.is_insecure.then_some(Relaxation::InsecureCookies);
        plain.into_iter().chain(insecure).collect()
    }

    fn configure(&mut self, context: &TransportContext<'_>) -> Result<()> {
        let default_path = if context.base_path.is_empty() { "/" } else { context.base_path };
        self.path = self.given_path.clone().unwrap_or_else(|| default_path.to_owned());
        self.name = self.effective_name(context);
        self.is_secure = !self.is_insecure && !is_in_private_network(context);
        if !self.is_secure && self.same_site == Attribute::None && self.usual_name != UPSTREAM_NAME {
            // Browsers accept no such cookie without TLS, so providers that need it cannot be used in such a network.
            self.same_site = Attribute::Lax;
        }
        self.takes_last = context.allows(Relaxation::PlainCookieNames);
        if self.clears == Clears::Cache && context.allows(Relaxation::KeepSiteData) {
            self.clears = Clears::Nothing;
        }
        self.check(context)?;
        self.refresh = context.refresh.as_ref().map(|refresh| Box::new(self.of_refresh(refresh)));
        self.refresh.as_ref().map_or(Ok(()), |refresh| refresh.check(context))
    }
}

#[cfg(test)]
mod tests;
