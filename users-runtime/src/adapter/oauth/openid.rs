//! OpenID Connect issuers.

use std::{fmt, sync::Arc, time::Duration};

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    apple::AppleKey,
    authorize::authorization_url,
    catalogue::Offline,
    discovery::{Discovered, Issuer},
    exchange::{Application, ClientSecret},
    id_token::{self, Expected},
    limits::Limits,
    profile::{Profile, read_json},
};
use crate::{
    domain::{
        CLOCK_SKEW, Error, Result, Setting, Timestamp,
        oauth::{ExternalIdentity, ProviderToken, ProviderTokens},
    },
    port::{
        AuthorizationRequest, BoxFuture, CodeExchange, DeviceIdToken, IdentityProvider, ProviderError, TokenRefresh,
    },
};

/// A provider that is an OpenID Connect issuer.
///
/// Its endpoints and keys are found by discovery at the first login, not at startup, and cached for an hour. If a token
/// names an unknown key, they are fetched earlier, at most three times at once and then every 15 seconds.
///
/// The ID token must be signed by a key of the issuer (RSA, ECDSA or Ed25519), and `iss`, `aud`, `azp`, `exp`, `iat` and
/// `nonce` must be right. An address that the ID token lacks is read from the userinfo endpoint.
pub struct OpenId {
    issuer: Issuer,
    origins: Vec<String>,
    application: Application,
    on_devices: Vec<String>,
    profile: Profile,
    posts: bool,
    max_age: Option<Duration>,
    acr: Vec<String>,
    amr: Vec<String>,
    offline: Offline,
    limits: Limits,
}

impl OpenId {
    /// Describes an issuer. `issuer` is its URL, exactly as the issuer itself states it.
    ///
    /// # Errors
    /// [`Error::Config`] unless it is an `https` URL, or an `http` URL of a loopback host.
    pub fn new(issuer: &str, client_id: &str, client_secret: &str) -> Result<Self> {
        Ok(Self {
            issuer: Issuer::new(issuer, &[])?,
            origins: Vec::new(),
            application: Application::new(client_id, client_secret),
            on_devices: Vec::new(),
            profile: Profile::OPENID,
            posts: false,
            max_age: None,
            acr: Vec::new(),
            amr: Vec::new(),
            offline: Offline::OPENID,
            limits: Limits::default(),
        })
    }

    /// Allows endpoints at another origin than the issuer's, such as `https://acme.auth.eu-west-1.amazoncognito.com`. The
    /// discovery document cannot send the service anywhere else.
    ///
    /// # Errors
    /// As for [`OpenId::new`].
    pub fn endpoints_at(mut self, origin: &str) -> Result<Self> {
        self.origins.push(origin.to_owned());
        let origins: Vec<&str> = self.origins.iter().map(String::as_str).collect();
        self.issuer = Issuer::new(&self.issuer.url, &origins)?;
        Ok(self)
    }

    /// Accepts ID tokens that were issued to another application of this service, such as the one for phones, at
    /// `POST /token`. Those for the client id itself are accepted there, too.
    #[must_use]
    pub fn on_device(mut self, client_id: &str) -> Self {
        self.on_devices.push(client_id.to_owned());
        self
    }

    /// Requires that the person entered credentials at the provider at most this long ago (`max_age`, `auth_time`). A
    /// token without the time of the login is refused.
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    /// Requires one of these authentication contexts (`acr`). A token without one is refused.
    #[must_use]
    pub fn require_acr<'a>(self, acr: impl IntoIterator<Item = &'a str>) -> Self {
        Self { acr: acr.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// Requires one of these authentication methods (`amr`, RFC 8176), such as `mfa`. A token without one is refused.
    #[must_use]
    pub fn require_amr<'a>(self, amr: impl IntoIterator<Item = &'a str>) -> Self {
        Self { amr: amr.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// Never requests the scope `offline_access`, for an issuer that issues refresh tokens anyway or should issue none.
    /// By default it is requested, with `prompt=consent` as OpenID Connect requires, if tokens are
    /// [stored](crate::oauth::OAuthProvider::store_tokens) and the issuer does not list its scopes without it.
    #[must_use]
    pub fn without_offline_access(self) -> Self {
        Self { offline: Offline::NOTHING, ..self }
    }

    pub(crate) fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    pub(crate) fn offline(self, offline: Offline) -> Self {
        Self { offline, ..self }
    }

    /// Uses client secrets that the application signs, and a callback that is a form.
    pub(crate) fn of_apple(mut self, key: AppleKey) -> Self {
        self.application.secret = ClientSecret::Apple(key);
        Self { posts: true, ..self }
    }

    async fn authenticate(&self, callback: &CodeExchange<'_>) -> Result<ExternalIdentity, ProviderError> {
        let known = self.issuer.discovered(callback.now).await?;
        match callback.issuer {
            Some(issuer) if issuer != self.issuer.url.as_str() => return Err(ProviderError::MixUp),
            None if known.names_issuer => return Err(ProviderError::MixUp),
            _ => {}
        }
        let (http, endpoint) = (&self.issuer.http, &known.token_endpoint);
        let tokens = self.application.exchange(http, endpoint, known.authentication, callback).await?;
        let id_token = tokens.id_token.as_ref().ok_or_else(|| ProviderError::failed("there is no ID token"))?;
        let (client_id, now, limited) = (self.application.client_id.as_str(), callback.now, callback.limited);
        let expected = Expected { client_id, parties: &[], nonce: callback.nonce, issued_after: None, now, limited };
        let verified = id_token::verify(&self.issuer, id_token.expose_secret(), &expected).await?;
        self.check_authentication(&verified.claims, now)?;
        let mut claims = verified.claims;
        if self.profile.address(&claims).is_none() {
            self.add_userinfo(&mut claims, &verified.subject, &known, &tokens.tokens.access).await?;
        }
        Ok(self.profile.identity(claims)?.tokens(tokens.tokens))
    }

    async fn verify_of_device(&self, token: &DeviceIdToken<'_>) -> Result<ExternalIdentity, ProviderError> {
        let DeviceIdToken { nonce, now, limited, .. } = *token;
        let mut refused = None;
        // Google's libraries request tokens for the server (`aud`) on behalf of the application on the device (`azp`).
        let parties: Vec<_> = std::iter::once(&self.application.client_id).chain(&self.on_devices).cloned().collect();
        for client_id in &parties {
            let issued_after = Some(token.issued_after);
            let expected = Expected { client_id, parties: &parties, nonce, issued_after, now, limited };
            match id_token::verify(&self.issuer, token.token, &expected).await {
                Ok(verified) => {
                    self.check_authentication(&verified.claims, now)?;
                    return self.profile.identity(verified.claims);
                }
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| ProviderError::failed("no application is known")))
    }

    /// Checks how and when the person authenticated at the provider. Missing claims are treated as a password login of
    /// unknown age.
    fn check_authentication(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<(), ProviderError> {
        if let Some(max_age) = self.max_age {
            let at = claims.get("auth_time").and_then(Value::as_i64);
            let age = at.map(|at| TimeDelta::seconds(now.timestamp().saturating_sub(at)));
            let allowed = TimeDelta::from_std(max_age.saturating_add(CLOCK_SKEW)).unwrap_or(TimeDelta::MAX);
            if age.is_none_or(|age| age > allowed) {
                return Err(ProviderError::failed("the login at the provider is too old"));
            }
        }
        let has_one = |given: &[&str], wanted: &[String]| {
            wanted.is_empty() || given.iter().any(|given| wanted.iter().any(|wanted| wanted == given))
        };
        let acr: Vec<&str> = claims.get("acr").and_then(Value::as_str).into_iter().collect();
        let amr = claims.get("amr").and_then(Value::as_array).into_iter().flatten();
        let amr: Vec<&str> = amr.filter_map(Value::as_str).collect();
        if has_one(&acr, &self.acr) && has_one(&amr, &self.amr) {
            Ok(())
        } else {
            Err(ProviderError::failed("the login at the provider is too weak"))
        }
    }

    /// Adds the claims of the userinfo endpoint, if it is about the same subject.
    async fn add_userinfo(
        &self,
        claims: &mut Map<String, Value>,
        subject: &str,
        known: &Discovered,
        access_token: &ProviderToken,
    ) -> Result<(), ProviderError> {
        let Some(endpoint) = &known.userinfo_endpoint else { return Ok(()) };
        let Some(Value::Object(more)) = read_json(&self.issuer.http, endpoint, access_token).await? else {
            return Ok(());
        };
        if more.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(ProviderError::failed("the userinfo endpoint is about another subject"));
        }
        self.profile.add(claims, more);
        Ok(())
    }
}

impl IdentityProvider for OpenId {
    fn authorization_url<'a>(
        &'a self,
        request: AuthorizationRequest<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        Box::pin(self.limits.within(request.limited, async move {
            let known: Arc<Discovered> = self.issuer.discovered(request.now).await?;
            let mut scopes = request.scopes.to_vec();
            if scopes.is_empty() {
                scopes.push("email".to_owned());
            }
            if !scopes.iter().any(|scope| scope == "openid") {
                scopes.insert(0, "openid".to_owned());
            }
            let offline = self.offline.for_request(request.offline, known.scopes.as_deref());
            for scope in offline.scopes {
                if !scopes.iter().any(|other| other == scope) {
                    scopes.push((*scope).to_owned());
                }
            }
            let (max_age, acr) = (self.max_age.map(|age| age.as_secs().to_string()), self.acr.join(" "));
            let mut extra = vec![("nonce", request.nonce)];
            if self.posts {
                extra.push(("response_mode", "form_post"));
            }
            if let Some(max_age) = &max_age {
                extra.push(("max_age", max_age));
            }
            if !acr.is_empty() {
                extra.push(("acr_values", &acr));
            }
            extra.extend(offline.parameters);
            let client_id = &self.application.client_id;
            Ok(authorization_url(&known.authorization_endpoint, client_id, &request, &scopes, &extra))
        }))
    }

    fn exchange<'a>(&'a self, callback: CodeExchange<'a>) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>> {
        Box::pin(self.limits.within(callback.limited, async move { self.authenticate(&callback).await }))
    }

    fn refresh<'a>(&'a self, refresh: TokenRefresh<'a>) -> BoxFuture<'a, Result<ProviderTokens, ProviderError>> {
        Box::pin(self.limits.within(refresh.limited, async move {
            let known = self.issuer.discovered(refresh.now).await?;
            let (http, endpoint) = (&self.issuer.http, &known.token_endpoint);
            self.application.refresh(http, endpoint, known.authentication, &refresh).await
        }))
    }

    fn verify_id_token<'a>(
        &'a self,
        token: DeviceIdToken<'a>,
    ) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>> {
        Box::pin(self.limits.within(token.limited, async move { self.verify_of_device(&token).await }))
    }

    fn has_id_tokens(&self) -> bool {
        true
    }

    fn posts_its_callback(&self) -> bool {
        self.posts
    }
}

impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenId")
            .field("issuer", &self.issuer.url.as_str())
            .field("client_id", &self.application.client_id)
            .finish_non_exhaustive()
    }
}

/// Accepts only the id of one tenant. `common` and `organizations` issue tokens with the issuer of any tenant, and
/// anyone can create a tenant. Discovery by the domain of a tenant returns an issuer with its id.
pub(super) fn microsoft(tenant: &str, client_id: &str, client_secret: &str) -> Result<OpenId> {
    if Uuid::try_parse(tenant).is_err() {
        return Err(Error::setting(
            Setting::OAuth,
            "Microsoft needs the id of one tenant, a UUID: `common` and `organizations` accept people of every tenant",
        ));
    }
    OpenId::new(&format!("https://login.microsoftonline.com/{tenant}/v2.0"), client_id, client_secret)?
        .endpoints_at("https://graph.microsoft.com")
}
