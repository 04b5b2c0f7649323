//! The additional parts of OAuth provider routes: the provider, its kind of callback, and the fields of a new account.

use axum::{extract::Request, response::Response, routing::MethodFilter};
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::{
    ApiError, BODY_LIMIT, HasUsers, JsonBody, Parameters, Repeated, Routes, methods::Erased, methods::RouteHandler,
    see_other,
};
use crate::{
    account::IdentityLogin,
    domain::oauth::{AddressStatus, ExternalIdentity, IdentityRules, Subject},
    port::RequestContext,
    service::{OAuthProvider, Users},
    user::{AuthUser, Parsed, SchemaKind},
};

/// The provider of a route.
#[derive(Debug, Clone)]
pub struct RouteProvider(pub(crate) OAuthProvider);

impl<U: AuthUser, S: HasUsers<U>> Routes<U, S> {
    /// Sets the provider of the routes.
    ///
    /// # Panics
    /// If the routes cannot work: the store keeps no accounts, the service has no public URL, a registration needs fields
    /// that the provider does not return, a backend for tokens of another issuer has the name of the provider, or tokens
    /// would be stored where fastapi-users reads them. These are errors in the application that are found at startup.
    #[expect(clippy::panic, reason = "like axum's own router: a route that cannot be built stops the start")]
    pub fn of_provider(self, provider: &OAuthProvider) -> Self {
        let name = provider.name();
        let parts = self.users().inner();
        if parts.oauth_accounts.is_none() {
            panic!("the store keeps no accounts at OAuth providers, which the routes of `{name}` need");
        }
        if parts.backends.iter().any(|backend| *backend.name == *name && !backend.strategy.issues_tokens()) {
            panic!(
                "a provider and a backend for tokens from elsewhere are both called `{name}`: they would share accounts, which \
                 may be those of two issuers. Rename the backend; ResourceServer::accounts_of shares accounts"
            );
        }
        if parts.oauth.public_url.is_none() && provider.given_redirect_uri().is_none() {
            panic!("the routes of `{name}` need .public_url(\"https://…\"): the provider sends browsers back to it");
        }
        if provider.stores_tokens() && self.users().policy().keeps_quirks() {
            panic!(
                "`{name}` stores tokens, which Policy::fastapi_users() does not allow: fastapi-users would read the encrypted \
                 texts as tokens, and show them to clients"
            );
        }
        self.with_provider(RouteProvider(provider.clone()))
    }

    /// Checks that accounts can be created from the data that the provider returns.
    ///
    /// # Panics
    /// If they cannot, like [`Routes::of_provider`].
    #[expect(clippy::panic, reason = "like axum's own router: a route that cannot be built stops the start")]
    pub fn creating_users(self, provider: &OAuthProvider) -> Self {
        if let Err(error) = ensure_new_user(self.users(), provider.rules()) {
            panic!("{error}");
        }
        self
    }

    /// Adds the exchange of ID tokens, `POST path`, if the provider has them.
    pub fn id_tokens<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        match self.provider().is_some_and(|provider| provider.0.accepts_id_tokens()) {
            true => self.on(Method::POST, MethodFilter::POST, path, Erased::new(handler)),
            false => self,
        }
    }

    /// Adds the callback, `GET path`, and `POST path` if the provider sends a form.
    pub fn callback<H: RouteHandler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        let posts = self.provider().is_some_and(|provider| provider.0.provider().posts_its_callback());
        let routes = self.get(path, handler);
        if posts { routes.post(path, form_as_query) } else { routes }
    }
}

/// Handles a callback that is a form from another site: redirects the browser to the same URL with `GET` and the
/// parameters in the query. With a `POST` from another site, the browser sends no cookies with `SameSite=Lax`, neither
/// that of the flow nor that of a session.
pub(crate) async fn form_as_query(request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let parameters = Parameters::of_form(&parts, body, BODY_LIMIT, Repeated::Refused).await?;
    see_other(&format!("?{}", parameters.to_query(&["code", "state", "iss", "error"])), HeaderMap::new())
}

/// Checks that an account can be created from the data that a provider returns, unless none is created.
///
/// # Errors
/// A sentence that states what is missing.
pub(crate) fn ensure_new_user<U: AuthUser>(users: &Users<U>, rules: &IdentityRules) -> Result<(), String> {
    let Some(subject) = Subject::parse("0").filter(|_| rules.creates_users) else { return Ok(()) };
    let sample = ExternalIdentity::new(subject).address("king.arthur@camelot.bt", AddressStatus::Verified);
    new_user::<U>(users, rules, &sample, "king.arthur@camelot.bt").map(drop).map_err(|error| {
        let schema = SchemaKind::Create.name::<U>();
        format!(
            "`{}` gives no value for a field that {schema} requires, or one that it refuses: set it with .new_user(…) \
             ({error:?})",
            rules.name
        )
    })
}

/// Describes a person whom a provider has authenticated, with the registration of a new user if the provider returns
/// the required data.
pub(crate) fn identity_login<'a, U: AuthUser>(
    users: &Users<U>,
    rules: &'a IdentityRules,
    identity: ExternalIdentity,
    cx: &'a RequestContext,
) -> IdentityLogin<'a, U> {
    let new_user = users.usable_address(&identity).and_then(|address| {
        let parsed = new_user::<U>(users, rules, &identity, address.email.as_str());
        parsed.ok().map(|parsed| parsed.input)
    });
    IdentityLogin { rules, identity, new_user, built: None, cx }
}

/// Makes the registration of a person whom a provider has authenticated, by the rules of the registration schema.
fn new_user<U: AuthUser>(
    users: &Users<U>,
    rules: &IdentityRules,
    identity: &ExternalIdentity,
    email: &str,
) -> Result<Parsed<U::Create>, ApiError> {
    let mut object: Map<String, Value> = rules.new_user(identity);
    object.insert("email".to_owned(), email.into());
    // Ignored: the account gets a placeholder.
    object.insert("password".to_owned(), "".into());
    JsonBody::of(object).schema::<U::Create>(SchemaKind::Create.fields::<U>(), users.policy().new_email())
}
