//! OAuth providers, and the parts that their routes need.

use std::sync::Arc;

use super::UsersBuilder;
use crate::{
    adapter::{
        Cookie,
        jwt::JwtOAuthFlows,
        oauth::{AppleKey, OAuth2, OAuth2Endpoints, OpenId, Protocol, known, known_names},
        sealing::TokenKeys,
    },
    domain::{BasePath, Error, PublicUrl, Result, Setting},
    http::ensure_new_user,
    port::{Transport, TransportContext},
    service::{OAuthParts, OAuthProvider, Users},
    user::AuthUser,
};

impl OAuthProvider {
    /// Google, by OpenID Connect. Subjects are stored as fastapi-users stores them (`people/…`).
    ///
    /// # Errors
    /// [`Error::Config`] if the HTTP client cannot be created. This applies to every provider of the catalogue.
    pub fn google(client_id: &str, client_secret: &str) -> Result<Self> {
        Self::known("google", client_id, client_secret)
    }

    /// GitHub, by OAuth 2.0 and its API. The address is that of the profile or the primary one, with the verification status that
    /// the API reports.
    ///
    /// # Errors
    /// As for [`OAuthProvider::google`].
    pub fn github(client_id: &str, client_secret: &str) -> Result<Self> {
        Self::known("github", client_id, client_secret)
    }

    /// Microsoft Entra, by OpenID Connect, for the people of one tenant. Its addresses are never treated as verified:
    /// an administrator of a tenant can write any address into its directory.
    ///
    /// # Errors
    /// [`Error::Config`] unless `tenant` is the id (a UUID) of one tenant.
    pub fn microsoft(tenant: &str, client_id: &str, client_secret: &str) -> Result<Self> {
        let known = entry("microsoft")?;
        Self::with_scopes(known.name, known.openid(tenant, client_id, client_secret)?, known.scopes)
    }

    /// Discord, by OAuth 2.0 and its API.
    ///
    /// # Errors
    /// As for [`OAuthProvider::google`].
    pub fn discord(client_id: &str, client_secret: &str) -> Result<Self> {
        Self::known("discord", client_id, client_secret)
    }

    /// GitLab.com, by OpenID Connect. For another instance use [`OAuthProvider::openid`].
    ///
    /// # Errors
    /// As for [`OAuthProvider::google`].
    pub fn gitlab(client_id: &str, client_secret: &str) -> Result<Self> {
        Self::known("gitlab", client_id, client_secret)
    }

    /// Apple, by OpenID Connect, with client secrets that the application signs. Its callback is a form (`POST`) from
    /// Apple's site, which is redirected to a `GET` request.
    ///
    /// # Errors
    /// As for [`OAuthProvider::google`].
    pub fn apple(client_id: &str, key: AppleKey) -> Result<Self> {
        let known = entry("apple")?;
        Self::with_scopes(known.name, OpenId::apple(client_id, key)?, known.scopes)
    }

    /// Facebook, by OAuth 2.0 and its API, which does not say whether an address is verified.
    ///
    /// # Errors
    /// As for [`OAuthProvider::google`].
    pub fn facebook(client_id: &str, client_secret: &str) -> Result<Self> {
        Self::known("facebook", client_id, client_secret)
    }

    /// Any OpenID Connect issuer, found by discovery. For further settings create an [`OpenId`] and use
    /// [`OAuthProvider::new`].
    ///
    /// # Errors
    /// [`Error::Config`] unless `issuer` is an `https` URL, or an `http` URL of a loopback host.
    pub fn openid(name: &str, issuer: &str, client_id: &str, client_secret: &str) -> Result<Self> {
        Self::with_scopes(name, OpenId::new(issuer, client_id, client_secret)?, &["openid", "email"])
    }

    /// Any OAuth 2.0 service whose API is described as data. For further settings create an [`OAuth2`] and use
    /// [`OAuthProvider::new`]. No scopes are requested unless [`OAuthProvider::scopes`] sets some.
    ///
    /// # Errors
    /// [`Error::Config`] unless every endpoint is an `https` URL, or an `http` URL of a loopback host.
    pub fn oauth2(name: &str, endpoints: OAuth2Endpoints<'_>, client_id: &str, client_secret: &str) -> Result<Self> {
        Self::new(name, OAuth2::new(endpoints, client_id, client_secret)?)
    }

    /// A provider of the catalogue by its name, for applications that read it from their configuration: `google`,
    /// `github`, `discord`, `gitlab`, `facebook`. Microsoft and Apple need more than an id and a secret.
    ///
    /// # Errors
    /// [`Error::Config`] for any other name.
    pub fn known(name: &str, client_id: &str, client_secret: &str) -> Result<Self> {
        let known = entry(name)?;
        match known.protocol {
            Protocol::OAuth2 { .. } => {
                Self::with_scopes(known.name, known.oauth2(client_id, client_secret)?, known.scopes)
            }
            Protocol::OpenId { .. } if known.name != "apple" => {
                Self::with_scopes(known.name, known.openid("", client_id, client_secret)?, known.scopes)
            }
            Protocol::OpenId { .. } | Protocol::Microsoft => Err(Error::setting(
                Setting::OAuth,
                format!("{name} needs more than an id and a secret: use OAuthProvider::{name}"),
            )),
        }
    }

    /// Stores the tokens that the provider issues at a login or an association, encrypted with these keys, for
    /// [`Users::provider_token`](crate::Users::provider_token). A refresh token is then requested from the provider as
    /// well. Default: tokens are used once and discarded.
    ///
    /// Each linked account has one set of tokens, which is removed with the link. If several user types use the
    /// provider, each needs its own keys.
    ///
    /// # Panics
    /// Making the routes panics under [`Policy::fastapi_users`](crate::Policy::fastapi_users): fastapi-users would
    /// treat the encrypted values as tokens, show them to clients, and overwrite them with plaintext tokens.
    pub fn store_tokens(self, keys: TokenKeys) -> Self {
        self.sealed_by(Arc::new(keys))
    }
}

impl OpenId {
    /// Google, for settings that [`OAuthProvider::google`] does not have, such as [`OpenId::on_device`].
    ///
    /// # Errors
    /// As for [`OAuthProvider::google`].
    pub fn google(client_id: &str, client_secret: &str) -> Result<Self> {
        entry("google")?.openid("", client_id, client_secret)
    }

    /// Apple, for settings that [`OAuthProvider::apple`] does not have, such as [`OpenId::on_device`] with the bundle
    /// identifier of an application.
    ///
    /// # Errors
    /// As for [`OAuthProvider::google`].
    pub fn apple(client_id: &str, key: AppleKey) -> Result<Self> {
        Ok(entry("apple")?.openid("", client_id, "")?.of_apple(key))
    }
}

fn entry(name: &str) -> Result<&'static crate::adapter::oauth::Known> {
    known(name).ok_or_else(|| {
        Error::setting(
            Setting::OAuth,
            format!("there is no provider `{name}` in the catalogue; it has {}", known_names().join(", ")),
        )
    })
}

/// Checks that two issuers do not share accounts: otherwise the same subject at both would be treated as one person.
pub(super) fn check_issuers<'a>(backends: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
    let backends: Vec<_> = backends.collect();
    for (issuer, accounts) in &backends {
        if backends.iter().any(|(other, name)| name == accounts && other != issuer) {
            return Err(Error::setting(
                Setting::OAuth,
                format!("two issuers share the accounts of `{accounts}`: give each a name with accounts_of"),
            ));
        }
    }
    Ok(())
}

/// Checks that backends whose tokens are issued elsewhere can create users.
pub(super) fn check_new_users<U: AuthUser>(users: &Users<U>) -> Result<()> {
    for backend in users.inner().backends.iter().filter(|backend| !backend.strategy.issues_tokens()) {
        ensure_new_user(users, &backend.identities).map_err(|error| Error::setting(Setting::OAuth, error))?;
    }
    Ok(())
}

impl<U: AuthUser> UsersBuilder<U> {
    /// Builds the parts that OAuth routes share.
    pub(super) fn oauth_parts(&self, public_url: Option<&PublicUrl>, base_path: &BasePath) -> Result<OAuthParts> {
        let relaxed: Vec<_> = self.policy.relaxations().collect();
        let context = TransportContext {
            relaxed: &relaxed,
            public_url,
            base_path: base_path.as_str(),
            largest_token: None,
            refresh: None,
        };
        let mut cookie = Cookie::of_oauth_flows();
        cookie.configure(&context)?;
        Ok(OAuthParts {
            flows: Arc::new(JwtOAuthFlows::new(&self.secret, Arc::clone(&self.clock), Arc::clone(&self.random))?),
            cookie: Arc::new(cookie),
            public_url: public_url.cloned(),
            refreshes: Default::default(),
        })
    }
}
