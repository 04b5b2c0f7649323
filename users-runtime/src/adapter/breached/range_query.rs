//! Lookup of breached passwords by a range query.

use std::sync::Arc;

use url::Url;

use super::Sha1Hex;
use crate::{
    domain::{Error, Password, Result, Setting},
    port::{BoxFuture, BreachSourceDown, BreachedPasswords, HttpBody, HttpGet},
};

/// The maximum size of a response in bytes. Responses of Have I Been Pwned have about 40 KiB.
const MAX_RESPONSE: usize = 1024 * 1024;

/// Looks up passwords in a service by k-anonymity: the service receives the first five hex digits of the password's
/// SHA-1 hash, which hundreds of breached passwords share, and returns all hashes with this prefix.
///
/// Responses are requested with padding (`Add-Padding`), so that their length reveals nothing to an eavesdropper. A
/// response of more than 1 MiB is treated as a failure.
pub struct RangeQuery {
    base: Url,
    http: Arc<dyn HttpGet>,
}

impl RangeQuery {
    /// Queries [Have I Been Pwned](https://haveibeenpwned.com/API/v3#PwnedPasswords).
    ///
    /// # Errors
    /// None in practice, because the URL is a constant.
    pub fn have_i_been_pwned(http: impl HttpGet) -> Result<Self> {
        Self::new("https://api.pwnedpasswords.com/range/", http)
    }

    /// Queries another service with the same protocol. The five digits are appended to `base`.
    ///
    /// # Errors
    /// [`Error::Config`] unless `base` is `https`, or `http` with a loopback host, and ends in a slash.
    pub fn new(base: &str, http: impl HttpGet) -> Result<Self> {
        let refused = |why: &str| Error::setting(Setting::Password, format!("URL of the range query: {why}"));
        let base = Url::parse(base).map_err(|error| refused(&error.to_string()))?;
        let loopback = match base.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
            return Err(refused("must be https, or http with a loopback host"));
        }
        if !base.path().ends_with('/') || base.query().is_some() || base.fragment().is_some() {
            return Err(refused("must end in a slash"));
        }
        Ok(Self { base, http: Arc::new(http) })
    }
}

impl BreachedPasswords for RangeQuery {
    fn knows<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, std::result::Result<bool, BreachSourceDown>> {
        Box::pin(async move {
            let hash = Sha1Hex::of(password);
            let (prefix, rest) = hash.as_str().split_at(5);
            let url = format!("{}{prefix}", self.base);
            let mut body = HttpBody::new(MAX_RESPONSE);
            let response = self.http.get(&url, &[("Add-Padding", "true")], &mut body).await;
            let response = response.and_then(|()| body.into_text());
            let response = response.map_err(|failed| BreachSourceDown(failed.to_string()))?;
            let mut found = false;
            for line in response.lines() {
                let (suffix, seen) =
                    parse(line).ok_or_else(|| BreachSourceDown("the response is not a list of hashes".to_owned()))?;
                found |= seen && suffix.eq_ignore_ascii_case(rest);
            }
            Ok(found)
        })
    }
}

/// Parses `SUFFIX:count`. Padding has the count zero.
fn parse(line: &str) -> Option<(&str, bool)> {
    let (suffix, count) = line.split_once(':')?;
    let is_rest = suffix.len() == 35 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_rest.then_some((suffix, count.trim_end().parse::<u64>().ok()? > 0))
}
