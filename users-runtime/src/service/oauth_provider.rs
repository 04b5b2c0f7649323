//! An OAuth provider with the settings of its routes.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    domain::{
        Result,
        oauth::{ExternalIdentity, IdentityRules, ReturnTo, SameAddress},
    },
    port::{IdentityProvider, Sealer},
};

/// An OAuth provider with which users log in, and the settings of its routes. Cheap to clone.
///
/// The derived functions make the routes: `user_oauth_routes(&users, &provider, "cookie")` for logins at one backend,
/// `user_oauth_associate_routes(&users, &provider)` for the accounts of users who are signed in.
///
/// ```no_run
/// # use users_runtime as axum_users;
/// use axum_users::oauth::{OAuthProvider, ReturnTo, SameAddress};
///
/// # fn providers() -> axum_users::Result<()> {
/// let google = OAuthProvider::google("client-id", "client-secret")?
///     .same_address(SameAddress::Link)
///     .return_to(ReturnTo::pages("/welcome", "/login")?);
/// let company = OAuthProvider::openid("acme", "https://login.acme.example", "client-id", "client-secret")?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a provider does nothing until its routes are mounted"]
pub struct OAuthProvider(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    rules: IdentityRules,
    provider: Arc<dyn IdentityProvider>,
    scopes: Vec<String>,
    optional_scopes: Vec<String>,
    redirect_uri: Option<String>,
    return_to: Option<ReturnTo>,
    sealer: Option<Arc<dyn Sealer>>,
}

impl OAuthProvider {
    /// Uses an implementation of [`IdentityProvider`]. `name` is stored with every link and is part of the routes' paths:
    /// never change it.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) unless the name consists of 1 to 64 letters, digits, `-` and `_`.
    pub fn new(name: &str, provider: impl IdentityProvider) -> Result<Self> {
        Self::with_scopes(name, provider, &[])
    }

    /// Uses an implementation, and requests these scopes.
    pub(crate) fn with_scopes(name: &str, provider: impl IdentityProvider, scopes: &[&str]) -> Result<Self> {
        Ok(Self(Arc::new(Settings {
            rules: IdentityRules::new(name)?,
            provider: Arc::new(provider),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            optional_scopes: Vec::new(),
            redirect_uri: None,
            return_to: None,
            sealer: None,
        })))
    }

    /// Sets a name other than that of the catalogue, such as `work` for the second of two Microsoft tenants.
    ///
    /// # Errors
    /// As for [`OAuthProvider::new`].
    pub fn named(self, name: &str) -> Result<Self> {
        let rules = self.0.rules.clone().named(name)?;
        Ok(self.with(|settings| settings.rules = rules))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.0));
        self
    }

    /// Sets the scopes that are requested, instead of the provider's usual ones. A scope that the protocol requires
    /// (`openid`) is always added. The client may request a subset of them (`GET /authorize?scopes=email`), and no others.
    pub fn scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|settings| settings.scopes = scopes.into_iter().map(str::to_owned).collect())
    }

    /// Allows the client to request further scopes, which are not requested by default.
    pub fn optional_scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.with(|settings| settings.optional_scopes = scopes.into_iter().map(str::to_owned).collect())
    }

    /// Sets what happens at a first login with an address that an existing account has. Default:
    /// [`SameAddress::Refuse`], as in fastapi-users without `associate_by_email`.
    pub fn same_address(self, same_address: SameAddress) -> Self {
        self.with(|settings| settings.rules.same_address = same_address)
    }

    /// Sets whether the address of a new account is treated as verified. Default: `false`, as in fastapi-users. An
    /// address that the provider reports as unverified is never treated as verified.
    ///
    /// # Security
    /// With `true`, a provider that says nothing about an address is trusted to have checked it.
    pub fn verified_by_default(self, verified: bool) -> Self {
        self.with(|settings| settings.rules.verified_by_default = verified)
    }

    /// Refuses people without an account, for services that are by invitation only. Default: a first login creates one.
    /// The refusal is `LOGIN_BAD_CREDENTIALS`.
    pub fn existing_users_only(self) -> Self {
        self.with(|settings| settings.rules.creates_users = false)
    }

    /// Sets the URL of the callback. Default: the [public URL](crate::UsersBuilder::public_url) and the path at which the
    /// routes are mounted. It must be registered at the provider in exactly this form.
    pub fn redirect_uri(self, url: impl Into<String>) -> Self {
        let url = url.into();
        self.with(|settings| settings.redirect_uri = Some(url))
    }

    /// Sends the browser to a page after a login or an association, instead of the JSON of fastapi-users.
    pub fn return_to(self, return_to: ReturnTo) -> Self {
        self.with(|settings| settings.return_to = Some(return_to))
    }

    /// Sets the fields of a new account that the registration schema requires, from the data that the provider returns.
    /// They pass the same rules as those of a registration; `email`, `password` and the flags are ignored.
    ///
    /// ```no_run
    /// # use users_runtime as axum_users;
    /// # use axum_users::oauth::OAuthProvider;
    /// # fn with_name(provider: OAuthProvider) -> OAuthProvider {
    /// use serde_json::{Map, Value};
    ///
    /// provider.new_user(|identity| {
    ///     let name = identity.claims.get("name").and_then(Value::as_str).unwrap_or("new user");
    ///     Map::from_iter([("full_name".to_owned(), name.into())])
    /// })
    /// # }
    /// ```
    pub fn new_user(self, fields: impl Fn(&ExternalIdentity) -> Map<String, Value> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.rules.set_new_user(fields))
    }

    /// Stores tokens, encrypted.
    pub(crate) fn sealed_by(self, sealer: Arc<dyn Sealer>) -> Self {
        self.with(|settings| settings.sealer = Some(sealer))
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.rules.name
    }

    /// Returns whether there is a route for ID tokens that applications on devices got from the provider.
    #[must_use]
    pub fn accepts_id_tokens(&self) -> bool {
        self.0.provider.has_id_tokens()
    }

    /// Returns whether the provider's tokens are stored.
    #[must_use]
    pub fn stores_tokens(&self) -> bool {
        self.0.sealer.is_some()
    }

    pub(crate) fn sealer(&self) -> Option<&dyn Sealer> {
        self.0.sealer.as_deref()
    }

    pub(crate) fn provider(&self) -> &dyn IdentityProvider {
        &*self.0.provider
    }

    /// Returns the scopes to request; `None` if the client requests one that is not allowed.
    pub(crate) fn scopes_for(&self, asked: Vec<String>) -> Option<Vec<String>> {
        let Settings { scopes, optional_scopes, .. } = &*self.0;
        if asked.is_empty() {
            return Some(scopes.clone());
        }
        asked.iter().all(|scope| scopes.contains(scope) || optional_scopes.contains(scope)).then_some(asked)
    }

    pub(crate) fn rules(&self) -> &IdentityRules {
        &self.0.rules
    }

    pub(crate) fn given_redirect_uri(&self) -> Option<&str> {
        self.0.redirect_uri.as_deref()
    }

    pub(crate) fn returns(&self) -> Option<&ReturnTo> {
        self.0.return_to.as_ref()
    }
}

impl fmt::Debug for OAuthProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { rules, scopes, .. } = &*self.0;
        f.debug_struct("OAuthProvider")
            .field("name", &rules.name)
            .field("scopes", scopes)
            .field("same_address", &rules.same_address)
            .finish_non_exhaustive()
    }
}
