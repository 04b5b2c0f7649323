//! The settings of a resource server.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    claims::Expected,
    keys::{Endpoints, KeySource},
    strategy::IssuerTokens,
};
use crate::{
    domain::{
        Error, Result, Setting,
        oauth::{ExternalIdentity, IdentityRules, SameAddress},
    },
    port::Clock,
};

/// A strategy that accepts access tokens of an issuer such as Keycloak, Auth0, Cognito or Entra. The service is then a
/// resource server of this issuer: it issues no tokens, and the backend has no routes for login and logout.
///
/// ```no_run
/// # use users_runtime as axum_users;
/// use axum_users::{Backend, oauth::ResourceServer};
///
/// # fn backend() -> axum_users::Result<Backend> {
/// let issuer = ResourceServer::new("https://login.acme.example/realms/staff", "https://api.acme.example")?;
/// let sso = Backend::bearer("sso", issuer);
/// # Ok(sso) }
/// ```
///
/// # Tokens
/// A token is a JWT of the type `at+jwt` ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)), signed with RS256, ES256
/// or EdDSA by a key in the issuer's JWK set. `iss`, `aud` and `exp` must be valid, `nbf` and `iat` at most ten seconds
/// in the future. Tokens that are bound to a key of the client (`cnf`, as with DPoP or mutual TLS) are refused, because
/// the binding is not checked.
///
/// The keys are found by discovery at the first token, not at startup, and cached for an hour, or for a day while the
/// issuer does not respond. If a token names an unknown key, they are fetched earlier: at most three times at once, and
/// then every 15 seconds.
///
/// # Users
/// The person of a token is the user who is linked with its subject, as after a login with an
/// [`OAuthProvider`](crate::oauth::OAuthProvider), so the user type needs `#[auth(oauth)]`. For a person without an
/// account, one is created at the first request, if the token or the issuer's userinfo endpoint has an address. If the
/// user is inactive, or the person cannot become a user, the request is refused with 401.
///
/// # Security
/// A token of the issuer is accepted until it expires or the user is deactivated. A logout or a change of the password
/// at this service does not invalidate it. If a user is deleted, the next request of the same person creates a new
/// user: deactivate users instead, or set [`ResourceServer::existing_users_only`].
#[must_use = "settings do nothing until they are given to a backend"]
#[derive(Clone)]
pub struct ResourceServer {
    issuer: String,
    origins: Vec<String>,
    expected: Expected,
    accounts_of: Option<String>,
    /// Their name is set when the backend is built.
    rules: IdentityRules,
}

impl ResourceServer {
    /// Describes an issuer. `issuer` is its URL, exactly as the issuer itself states it; `audience` is the value of
    /// `aud` in its tokens for this service.
    ///
    /// # Errors
    /// [`Error::Config`] unless `issuer` is an `https` URL, or an `http` URL of a loopback host, and `audience` is not empty.
    pub fn new(issuer: &str, audience: &str) -> Result<Self> {
        Endpoints::of(issuer, &[])?;
        if audience.is_empty() {
            return Err(Error::setting(
                Setting::OAuth,
                "the audience of access tokens is empty: tokens for other services would be accepted",
            ));
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            origins: Vec::new(),
            expected: Expected::new(issuer, audience),
            accounts_of: None,
            rules: IdentityRules::new("issuer")?,
        })
    }

    /// Accepts tokens for another audience, too.
    pub fn audience(mut self, audience: &str) -> Self {
        self.expected.audiences.push(audience.to_owned());
        self
    }

    /// Allows the issuer's keys and its userinfo endpoint to be at another origin than the issuer.
    ///
    /// # Errors
    /// As for [`ResourceServer::new`].
    pub fn endpoints_at(mut self, origin: &str) -> Result<Self> {
        self.origins.push(origin.to_owned());
        self.endpoints()?;
        Ok(self)
    }

    /// Accepts tokens of the type `JWT` and without a type, which Keycloak, Cognito and Entra issue.
    ///
    /// # Security
    /// An issuer that does not mark access tokens may issue other tokens for the same audience. Tokens that state
    /// another kind in `token_use` or `typ`, most ID tokens (`nonce`, `at_hash`, `c_hash`) and security events
    /// (`events`) are refused; to be sure, use an audience that is not a client id.
    pub fn accept_jwt_type(mut self) -> Self {
        self.expected.accepts_jwt_type = true;
        self
    }

    /// Requires scopes (`scope` or `scp`). A token that lacks one of them is refused.
    pub fn require_scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.expected.scopes.extend(scopes.into_iter().map(str::to_owned));
        self
    }

    /// Sets the claim of the subject. Default `sub`. Entra uses the same `oid` in the tokens of all its applications,
    /// but a different `sub` for each application.
    pub fn subject_at(mut self, claim: &'static str) -> Self {
        self.expected.subject = claim;
        self
    }

    /// Shares the accounts with the provider of this name, for a service with logins at the same issuer. Default: the name
    /// of the backend. It is stored with every link: never change it.
    pub fn accounts_of(self, provider: &str) -> Self {
        Self { accounts_of: Some(provider.to_owned()), ..self }
    }

    /// Sets what happens if a person has no linked account, but an account with the same address exists. Default:
    /// [`SameAddress::Refuse`].
    pub fn same_address(mut self, same_address: SameAddress) -> Self {
        self.rules.same_address = same_address;
        self
    }

    /// Sets whether the address of a new account is treated as verified. Default: `false`. An address that the issuer
    /// reports as unverified is never treated as verified.
    ///
    /// # Security
    /// With `true`, an issuer that says nothing about an address is trusted to have checked it.
    pub fn verified_by_default(mut self, verified: bool) -> Self {
        self.rules.verified_by_default = verified;
        self
    }

    /// Refuses people without an account. Default: the first request creates one.
    pub fn existing_users_only(mut self) -> Self {
        self.rules.creates_users = false;
        self
    }

    /// Sets the fields of a new account that the registration schema requires, as
    /// [`OAuthProvider::new_user`](crate::oauth::OAuthProvider::new_user) does.
    pub fn new_user(
        mut self,
        fields: impl Fn(&ExternalIdentity) -> Map<String, Value> + Send + Sync + 'static,
    ) -> Self {
        self.rules.set_new_user(fields);
        self
    }

    /// Returns the rules for a backend of this name.
    pub(crate) fn rules(&self, backend: &str) -> Result<IdentityRules> {
        self.rules.clone().named(self.accounts(backend).1)
    }

    /// Returns the issuer, and the name of the accounts for a backend of this name.
    pub(crate) fn accounts<'a>(&'a self, backend: &'a str) -> (&'a str, &'a str) {
        (&self.issuer, self.accounts_of.as_deref().unwrap_or(backend))
    }

    /// Builds the strategy. `limited` is whether the service has limits at all.
    pub(crate) fn build(self, clock: Arc<dyn Clock>, limited: bool) -> Result<IssuerTokens> {
        let keys = KeySource::new(self.endpoints()?, Arc::clone(&clock), limited);
        Ok(IssuerTokens::new(keys, self.expected, clock))
    }

    fn endpoints(&self) -> Result<Endpoints> {
        let origins: Vec<&str> = self.origins.iter().map(String::as_str).collect();
        Endpoints::of(&self.issuer, &origins)
    }
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceServer")
            .field("issuer", &self.issuer)
            .field("audiences", &self.expected.audiences)
            .finish_non_exhaustive()
    }
}
