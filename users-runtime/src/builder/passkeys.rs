//! Passkeys of a service.

use std::sync::Arc;

use url::Url;

use super::UsersBuilder;
use crate::{
    adapter::{jwt::JwtPasskeyFlows, webauthn::WebauthnCeremonies},
    domain::{Error, Origin, PublicUrl, Result, Setting, UserHandles},
    port::UserStore,
    service::{ActivePasskeys, Passkeys},
    user::AuthUser,
};

impl<U: AuthUser> UsersBuilder<U> {
    /// Lets users log in with passkeys. Default: off. The application mounts their routes:
    /// `Router::nest("/auth", passkey_routes(&users))` ([`passkey_routes`](crate::passkeys::passkey_routes)), and for
    /// registrations without a password those of [`passkey_sign_up_routes`](crate::passkeys::passkey_sign_up_routes).
    ///
    /// Building the service fails without a public URL, unless the relying party and its origins are set; if an origin is not on the
    /// domain of the relying party; for `http`, except on `localhost`; for a store without passkeys; and under
    /// [`Policy::fastapi_users`](crate::Policy::fastapi_users).
    pub fn passkeys(mut self, passkeys: Passkeys) -> Self {
        self.passkeys = Some(passkeys);
        self
    }

    /// Builds the parts that the passkey routes share, if passkeys are on.
    pub(super) fn active_passkeys(
        &self,
        public_url: Option<&PublicUrl>,
        store: &Arc<dyn UserStore<U>>,
        service: &str,
    ) -> Result<Option<Arc<ActivePasskeys>>> {
        let Some(settings) = &self.passkeys else { return Ok(None) };
        if self.policy.keeps_quirks() {
            return Err(refused("fastapi-users has no passkeys, so Policy::fastapi_users() allows none"));
        }
        if settings.cap() == 0 {
            return Err(refused("at_most(0) would allow no passkey"));
        }
        if Arc::clone(store).passkey_store().is_none() {
            return Err(refused("the store keeps no passkeys: implement UserStore::passkey_store"));
        }
        let origins = origins(settings, public_url)?;
        let host = origins.first().and_then(Url::domain).map(str::to_owned);
        let domain = settings.given_relying_party().map(str::to_owned).or(host).unwrap_or_default();
        let name = settings.given_name().or_else(|| public_url.map(PublicUrl::host)).unwrap_or(&domain);
        Ok(Some(Arc::new(ActivePasskeys {
            ceremonies: Arc::new(WebauthnCeremonies::new(&domain, name, &origins)?),
            flows: Arc::new(JwtPasskeyFlows::new(&self.secret, Arc::clone(&self.clock))?),
            handles: UserHandles::new(&self.secret, service)?,
            at_most: settings.cap(),
        })))
    }
}

/// Returns the origins whose pages may use passkeys.
fn origins(settings: &Passkeys, public_url: Option<&PublicUrl>) -> Result<Vec<Url>> {
    let of_public_url = || {
        let url = public_url.ok_or_else(|| {
            refused("passkeys belong to a domain: call .public_url(\"https://…\"), or set relying_party and origin")
        });
        url.map(|url| vec![url.origin()])
    };
    let given = settings.given_origins();
    let origins = match given {
        [] => of_public_url()?,
        given => given.iter().map(|origin| Origin::parse(origin)).collect::<Result<_>>()?,
    };
    origins.iter().map(secure).collect()
}

/// Returns an origin that browsers treat as secure.
fn secure(origin: &Origin) -> Result<Url> {
    let is_secure = origin.scheme() == "https" || origin.host() == "localhost" || origin.host().ends_with(".localhost");
    let url = Url::parse(origin.as_str()).ok().filter(|_| is_secure);
    url.ok_or_else(|| {
        refused(format!(
            "browsers have no passkeys on {}: use https, or http://localhost:PORT for development",
            origin.as_str()
        ))
    })
}

fn refused(reason: impl Into<String>) -> Error {
    Error::setting(Setting::Passkeys, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(settings: Passkeys, public_url: Option<&str>) -> std::result::Result<Vec<String>, String> {
        let public_url = public_url.map(|url| PublicUrl::parse(url).unwrap());
        let origins = origins(&settings, public_url.as_ref()).map_err(|error| error.to_string())?;
        let host = origins.first().and_then(Url::domain).unwrap_or_default().to_owned();
        let domain = settings.given_relying_party().unwrap_or(&host).to_owned();
        WebauthnCeremonies::new(&domain, "Camelot", &origins).map_err(|error| error.to_string())?;
        Ok(origins.iter().map(|url| url.as_str().to_owned()).chain([domain]).collect())
    }

    #[test]
    fn the_relying_party_is_the_host_of_the_public_url_unless_it_is_set() {
        let of = |settings, url| built(settings, Some(url)).unwrap();
        let usual = Passkeys::new;
        assert_eq!(of(usual(), "https://app.camelot.bt/x"), ["https://app.camelot.bt/", "app.camelot.bt"]);
        assert_eq!(of(usual(), "http://localhost:8000"), ["http://localhost:8000/", "localhost"]);
        let wider = usual().relying_party("camelot.bt");
        assert_eq!(of(wider.clone(), "https://app.camelot.bt"), ["https://app.camelot.bt/", "camelot.bt"]);
        let two = wider.origin("https://app.camelot.bt").origin("https://www.camelot.bt:8443");
        let expected = ["https://app.camelot.bt/", "https://www.camelot.bt:8443/", "camelot.bt"];
        assert_eq!(built(two, None).unwrap(), expected);
    }

    #[test]
    fn what_browsers_refuse_is_refused_at_build() {
        for (settings, public_url, reason) in [
            (Passkeys::new(), None, "public_url"),
            (Passkeys::new(), Some("http://127.0.0.1:8000"), "browsers have no passkeys on http://127.0.0.1:8000"),
            (Passkeys::new(), Some("https://192.0.2.1"), "no IP address"),
            (Passkeys::new().relying_party("other.bt"), Some("https://camelot.bt"), "must be this domain or below it"),
            (Passkeys::new().relying_party("lot.bt"), Some("https://camelot.bt"), "must be this domain or below it"),
            (Passkeys::new().origin("https://camelot.bt").origin("https://other.bt"), None, "below it"),
            (Passkeys::new().origin("http://camelot.bt"), None, "not an origin"),
        ] {
            let error = built(settings, public_url).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
