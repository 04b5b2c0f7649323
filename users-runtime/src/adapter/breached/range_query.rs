//! Breached passwords by a range query.

use std::sync::Arc;

use url::Url;

use super::Sha1Hex;
use crate::{
    domain::{Error, Password, Result},
    port::{BoxFuture, BreachSourceDown, BreachedPasswords, HttpGet},
};

/// Asks a service for all hashes that begin like the password's and looks for the rest in the answer, so that the service
/// learns five hex digits of a SHA-1 hash, which some thousand known passwords share, and no more.
///
/// Answers are asked to be padded (`Add-Padding`), so that their length tells an eavesdropper nothing.
pub struct RangeQuery {
    base: Url,
    http: Arc<dyn HttpGet>,
}

impl RangeQuery {
    /// Asks [Have I Been Pwned](https://haveibeenpwned.com/API/v3#PwnedPasswords).
    ///
    /// # Errors
    /// None in practice: the address is a constant.
    pub fn have_i_been_pwned(http: impl HttpGet) -> Result<Self> {
        Self::new("https://api.pwnedpasswords.com/range/", http)
    }

    /// Asks a service with the same protocol; the five digits are put at the end of the address.
    ///
    /// # Errors
    /// [`Error::Config`] unless the address is `https`, or `http` to this machine, and ends in a slash.
    pub fn new(base: &str, http: impl HttpGet) -> Result<Self> {
        let refused = |why: &str| Error::config(format!("address of the range query: {why}"));
        let base = Url::parse(base).map_err(|error| refused(&error.to_string()))?;
        let loopback = match base.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if base.scheme() != "https" && !(base.scheme() == "http" && loopback) {
            return Err(refused("must be https, or http to this machine"));
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
            let answer = self.http.get(&url, &[("Add-Padding", "true")]).await;
            let answer = answer.map_err(|failed| BreachSourceDown(failed.to_string()))?;
            let mut found = false;
            for line in answer.lines() {
                let (suffix, seen) =
                    parse(line).ok_or_else(|| BreachSourceDown("the answer is no list of hashes".to_owned()))?;
                found |= seen && suffix.eq_ignore_ascii_case(rest);
            }
            Ok(found)
        })
    }
}

/// Reads `REST:count`. Padding counts zero.
fn parse(line: &str) -> Option<(&str, bool)> {
    let (suffix, count) = line.split_once(':')?;
    let is_rest = suffix.len() == 35 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_rest.then_some((suffix, count.trim_end().parse::<u64>().ok()? > 0))
}
