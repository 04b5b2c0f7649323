//! Device cookies: random ids of browsers, authenticated with a key that is derived from the secret.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::Cookie;
use crate::{
    domain::{AccessToken, CLOCK_SKEW, Error, Result, SecretKey, Setting, Timestamp},
    port::{DeviceCookies, DeviceId, Random, RandomError, Transport, TransportContext},
};

/// The bytes of an id.
const ID: usize = 16;
/// The bytes of the time of issue: seconds since 1970.
const TIME: usize = 8;
/// The bytes of a tag: HMAC-SHA-256.
const TAG: usize = 32;
/// The accounts of one browser that are remembered: the last ones that it has logged in to.
const ACCOUNTS: usize = 4;
/// Separates the entries of a cookie.
const SEPARATOR: char = '.';

/// A cookie with one entry for each of the last accounts that the browser has logged in to: a random id, the time of
/// issue, and a tag over both and the account. The cookie does not contain the account itself.
pub(crate) struct SignedDeviceCookies {
    mac: Hmac<Sha256>,
    cookie: Cookie,
    lifetime: Duration,
    random: Arc<dyn Random>,
}

struct Entry {
    id: [u8; ID],
    issued: [u8; TIME],
    tag: [u8; TAG],
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, rest) = bytes.split_first_chunk()?;
        let (issued, rest) = rest.split_first_chunk()?;
        Some(Self { id: *id, issued: *issued, tag: rest.try_into().ok()? })
    }

    fn issued_at(&self) -> Option<Timestamp> {
        Timestamp::from_timestamp(i64::from_be_bytes(self.issued), 0)
    }
}

impl SignedDeviceCookies {
    /// Derives the key, and configures the cookie for the service in the same way as session cookies.
    pub(crate) fn new(
        secret: &SecretKey,
        lifetime: Duration,
        random: Arc<dyn Random>,
        context: &TransportContext<'_>,
    ) -> Result<Self> {
        let mac = Hmac::new_from_slice(&*secret.derive(b"axum-users/v1/device-cookie")?).ok();
        let mac = mac.ok_or_else(|| Error::setting(Setting::Limits, "no key can be derived from the secret"))?;
        let mut cookie = Cookie::of_devices(lifetime);
        cookie.configure(context)?;
        Ok(Self { mac, cookie, lifetime, random })
    }

    fn tag(&self, account: &str, id: &[u8; ID], issued: &[u8; TIME]) -> [u8; TAG] {
        let mut mac = self.mac.clone();
        mac.update(b"device/");
        mac.update(id);
        mac.update(issued);
        mac.update(account.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn is_of(&self, entry: &Entry, account: &str) -> bool {
        self.tag(account, &entry.id, &entry.issued).ct_eq(&entry.tag).into()
    }

    fn is_current(&self, entry: &Entry, now: Timestamp) -> bool {
        entry.issued_at().is_some_and(|issued| {
            let age = now.signed_duration_since(issued).to_std();
            // The clock of another node may be ahead.
            age.map_or_else(
                |_| issued - now <= chrono::TimeDelta::from_std(CLOCK_SKEW).unwrap_or_default(),
                |age| age < self.lifetime,
            )
        })
    }

    /// Returns the entries that the browser sent, as text.
    fn sent(&self, headers: &HeaderMap) -> Vec<String> {
        let cookie = self.cookie.read(headers);
        let text = cookie.as_ref().map_or("", |cookie| cookie.secret());
        text.split(SEPARATOR).take(ACCOUNTS).map(str::to_owned).collect()
    }
}

impl DeviceCookies for SignedDeviceCookies {
    fn account(&self, tenant: &str, address: &str) -> String {
        let mut mac = self.mac.clone();
        mac.update(b"account/");
        mac.update(&tenant.len().to_be_bytes());
        mac.update(tenant.as_bytes());
        mac.update(address.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    fn read(&self, headers: &HeaderMap, account: &str, now: Timestamp) -> Option<DeviceId> {
        let mut entries = self.sent(headers).into_iter().filter_map(|text| Entry::parse(&text));
        let entry = entries.find(|entry| self.is_of(entry, account) && self.is_current(entry, now))?;
        Some(DeviceId(URL_SAFE_NO_PAD.encode(entry.id)))
    }

    fn grant(
        &self,
        headers: &HeaderMap,
        account: &str,
        now: Timestamp,
    ) -> std::result::Result<Option<HeaderValue>, RandomError> {
        let mut id = [0; ID];
        let mut others = Vec::new();
        let mut known = false;
        for text in self.sent(headers) {
            let Some(entry) = Entry::parse(&text) else { continue };
            if self.is_of(&entry, account) {
                // The id stays the same, so that a browser cannot accumulate budgets.
                (id, known) = (entry.id, true);
            } else {
                others.push(text);
            }
        }
        if !known {
            self.random.fill(&mut id)?;
        }
        let issued = now.timestamp().to_be_bytes();
        let entry = [&id[..], &issued, &self.tag(account, &id, &issued)].concat();
        let entries: Vec<_> = std::iter::once(URL_SAFE_NO_PAD.encode(entry)).chain(others).take(ACCOUNTS).collect();
        let value = AccessToken::new(entries.join(&SEPARATOR.to_string()));
        Ok(self.cookie.grant(&value).headers.remove(SET_COOKIE))
    }
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;

    use super::*;
    use crate::adapter::OsRandom;

    fn cookies(secret: &str) -> SignedDeviceCookies {
        let context =
            TransportContext { relaxed: &[], public_url: None, base_path: "", largest_token: None, refresh: None };
        let secret = SecretKey::allow_short_secret(secret);
        SignedDeviceCookies::new(&secret, Duration::from_secs(1000), Arc::new(OsRandom), &context).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_435_200 + second, 0).unwrap()
    }

    /// The request of a browser that keeps the cookie of a response.
    fn next(cookies: &SignedDeviceCookies, headers: &HeaderMap, account: &str, now: Timestamp) -> HeaderMap {
        let set = cookies.grant(headers, account, now).unwrap().unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())])
    }

    #[test]
    fn a_browser_is_known_at_the_accounts_that_it_has_logged_in_to() {
        let cookies = cookies("one");
        let (arthur, kay) = (cookies.account("", "arthur@camelot.bt"), cookies.account("", "kay@camelot.bt"));
        let first = next(&cookies, &HeaderMap::new(), &arthur, at(0));
        let id = cookies.read(&first, &arthur, at(1)).unwrap();
        assert_eq!(cookies.read(&first, &kay, at(1)), None);
        let both = next(&cookies, &first, &kay, at(2));
        assert_eq!(cookies.read(&both, &arthur, at(3)), Some(id.clone()));
        assert!(cookies.read(&both, &kay, at(3)).is_some_and(|kays| kays != id));
        // A further login changes the time, not the id.
        let again = next(&cookies, &both, &arthur, at(900));
        assert_eq!(cookies.read(&again, &arthur, at(1800)), Some(id));
        assert_eq!(cookies.read(&both, &arthur, at(1000)), None, "too old");
        assert_eq!(cookies.read(&both, &arthur, at(-11)), None, "from the future");
    }

    #[test]
    fn the_last_four_accounts_are_remembered() {
        let cookies = cookies("one");
        let accounts: Vec<_> = (0..6).map(|number| cookies.account("", &number.to_string())).collect();
        let headers =
            accounts.iter().fold(HeaderMap::new(), |headers, account| next(&cookies, &headers, account, at(0)));
        let known: Vec<_> = accounts.iter().map(|account| cookies.read(&headers, account, at(0)).is_some()).collect();
        assert_eq!(known, [false, false, true, true, true, true]);
        assert!(headers[COOKIE].len() < 400);
    }

    #[test]
    fn a_cookie_of_another_service_or_with_any_changed_byte_is_not_known() {
        let ours = cookies("one");
        let account = ours.account("", "arthur@camelot.bt");
        let headers = next(&ours, &HeaderMap::new(), &account, at(0));
        assert_eq!(cookies("two").read(&headers, &account, at(0)), None);
        let text = headers[COOKIE].to_str().unwrap();
        let (name, value) = text.split_once('=').unwrap();
        for index in 0..value.len() {
            let mut changed = value.as_bytes().to_vec();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = format!("{name}={}", String::from_utf8(changed).unwrap());
            let headers = HeaderMap::from_iter([(COOKIE, changed.parse().unwrap())]);
            assert_eq!(ours.read(&headers, &account, at(0)), None, "{index}");
        }
    }

    #[test]
    fn names_of_accounts_depend_on_secret_tenant_and_address() {
        let ours = cookies("one");
        let names = [
            ours.account("", "ab@c.d"),
            ours.account("a", "b@c.d"),
            ours.account("b", "b@c.d"),
            cookies("two").account("", "ab@c.d"),
        ];
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
