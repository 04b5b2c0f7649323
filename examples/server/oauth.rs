//! The providers of the server, and the external issuer of tokens, from the variables that `docs/guide/deployment.md` lists.

use axum::Router;
use axum_users::{
    AuthUser, Backend, Error, PasswordHash, Result,
    oauth::{
        AppleKey, OAuth2Endpoints, OAuthProvider, OpenId, ResourceServer, ReturnTo, SameAddress, oauth_account_routes,
    },
    routes::{Prefixes, RouteGroup},
};
use uuid::Uuid;

use super::{pages, serve, switch, users, variable};

/// A user of this service who can log in with providers.
#[derive(AuthUser, Debug, Clone)]
#[auth(oauth)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The user's first name.
    #[auth(read, create, update)]
    pub first_name: Option<String>,
}

/// The paths under `/auth` that are taken.
const TAKEN: [&str; 8] = ["jwt", "db", "cookie", "redis", "sso", "sessions", "associate", "users"];

/// The providers, the backend of their logins, and the backend for tokens of an issuer.
pub struct Providers {
    providers: Vec<OAuthProvider>,
    backend: String,
    sso: Option<Backend>,
}

impl Providers {
    /// Reads the variables. Returns `None` without a provider and an issuer.
    pub fn read() -> Result<Option<Self>> {
        let names = variable("OAUTH_PROVIDERS", "");
        let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let sso = sso(&names)?;
        if names.is_empty() && sso.is_none() {
            return Ok(None);
        }
        let backend = variable("OAUTH_BACKEND", "jwt");
        let has_redis = !variable("REDIS_URL", "").is_empty();
        let is_there = ["jwt", "db", "cookie"].contains(&backend.as_str()) || (has_redis && backend == "redis");
        if !is_there {
            return Err(Error::config(format!(
                "OAUTH_BACKEND is `{backend}`; it takes `jwt`, `db` or `cookie`, and `redis` with REDIS_URL"
            )));
        }
        if let Some(name) = names.iter().find(|name| names.iter().filter(|other| other == name).count() > 1) {
            return Err(Error::config(format!("OAUTH_PROVIDERS names `{name}` twice")));
        }
        let providers = names.into_iter().map(provider).collect::<Result<_>>()?;
        Ok(Some(Self { providers, backend, sso }))
    }

    /// Serves the routes of users and of these providers.
    pub async fn serve(self, bind: String) -> Result<()> {
        let users = users::<User>(&bind, self.sso).await?;
        let accounts = oauth_account_routes(&users);
        let mut routes = Router::new().merge(user_routes(&users)).nest("/users/me/oauth-accounts", accounts);
        let mut prefixes = Prefixes::usual().with(RouteGroup::OAuthAccounts);
        for provider in &self.providers {
            let name = provider.name();
            routes = routes
                .nest(&format!("/auth/{name}"), user_oauth_routes(&users, provider, &self.backend))
                .nest(&format!("/auth/associate/{name}"), user_oauth_associate_routes(&users, provider));
            prefixes = prefixes.oauth(name, &self.backend).oauth_associate(name);
            if provider.accepts_id_tokens() {
                prefixes = prefixes.oauth_id_tokens(name, &self.backend);
            }
        }
        let routes = pages::mount(&users, routes, &self.providers)?;
        serve(users, routes, prefixes, bind).await
    }
}

/// Returns the backend for tokens of an issuer. If it is also the issuer of a provider, both share the same accounts.
fn sso(providers: &[&str]) -> Result<Option<Backend>> {
    let (issuer, audience) = (variable("OIDC_RESOURCE_ISSUER", ""), variable("OIDC_RESOURCE_AUDIENCE", ""));
    if issuer.is_empty() {
        return match audience.is_empty() {
            true => Ok(None),
            false => Err(Error::config("OIDC_RESOURCE_AUDIENCE is set, but OIDC_RESOURCE_ISSUER is not")),
        };
    }
    if audience.is_empty() {
        return Err(Error::config(
            "OIDC_RESOURCE_AUDIENCE is not set: it is what the issuer writes into `aud` of tokens for this server",
        ));
    }
    let mut server = ResourceServer::new(&issuer, &audience)?
        .same_address(same_address()?)
        .verified_by_default(switch("OAUTH_IS_VERIFIED_BY_DEFAULT", false)?);
    for origin in variable("OIDC_RESOURCE_ENDPOINTS_AT", "").split_whitespace() {
        server = server.endpoints_at(origin)?;
    }
    if switch("OIDC_RESOURCE_JWT_TYPE", false)? {
        server = server.accept_jwt_type();
    }
    if let Some(provider) = providers.iter().find(|name| variable(&format!("{}_ISSUER", prefix(name)), "") == issuer) {
        server = server.accounts_of(provider);
    }
    Ok(Some(Backend::bearer("sso", server)))
}

fn same_address() -> Result<SameAddress> {
    Ok(if switch("OAUTH_ASSOCIATE_BY_EMAIL", false)? { SameAddress::Link } else { SameAddress::Refuse })
}

/// Returns the prefix of the variables of a provider.
fn prefix(name: &str) -> String {
    format!("OAUTH_{}", name.to_uppercase().replace('-', "_"))
}

/// Returns the provider of this name.
fn provider(name: &str) -> Result<OAuthProvider> {
    let prefix = prefix(name);
    let of = |suffix: &str| variable(&format!("{prefix}{suffix}"), "");
    let required = |suffix: &str| match of(suffix) {
        value if value.is_empty() => Err(Error::config(format!("{prefix}{suffix} is not set"))),
        value => Ok(value),
    };
    if TAKEN.contains(&name) {
        return Err(Error::config(format!(
            "OAUTH_PROVIDERS: `{name}` cannot be a provider, because /auth/{name} is taken"
        )));
    }
    let (id, secret) = (required("_CLIENT_ID")?, required("_CLIENT_SECRET")?);
    let (kind, issuer, authorize) = (of("_KIND"), of("_ISSUER"), of("_AUTHORIZE_URL"));
    let provider = match [kind.as_str(), issuer.as_str(), authorize.as_str()] {
        ["microsoft", "", ""] => OAuthProvider::microsoft(&required("_TENANT")?, &id, &secret)?.named(name)?,
        // The secret is the private key in PEM.
        ["apple", "", ""] => {
            let key = AppleKey::new(required("_TEAM")?, required("_KEY_ID")?, &secret)?;
            OAuthProvider::apple(&id, key)?.named(name)?
        }
        [kind, "", ""] if !kind.is_empty() => OAuthProvider::known(kind, &id, &secret)?.named(name)?,
        ["", issuer, ""] if !issuer.is_empty() => {
            let mut provider = OpenId::new(issuer, &id, &secret)?;
            for origin in of("_ENDPOINTS_AT").split_whitespace() {
                provider = provider.endpoints_at(origin)?;
            }
            OAuthProvider::new(name, provider)?.scopes(["openid", "email"])
        }
        ["", "", authorize] if !authorize.is_empty() => {
            let (token, user, emails) = (required("_TOKEN_URL")?, required("_USER_URL")?, of("_EMAILS_URL"));
            let emails = Some(emails.as_str()).filter(|url| !url.is_empty());
            let endpoints = OAuth2Endpoints { authorize, token: &token, user: &user, emails };
            OAuthProvider::oauth2(name, endpoints, &id, &secret)?
        }
        _ => {
            return Err(Error::config(format!(
                "the provider `{name}` needs exactly one of {prefix}_KIND, {prefix}_ISSUER and {prefix}_AUTHORIZE_URL"
            )));
        }
    };
    let scopes = of("_SCOPES");
    let provider = if scopes.is_empty() { provider } else { provider.scopes(scopes.split_whitespace()) };
    let provider =
        provider.same_address(same_address()?).verified_by_default(switch("OAUTH_IS_VERIFIED_BY_DEFAULT", false)?);
    Ok(match (variable("OAUTH_SUCCESS_URL", ""), variable("OAUTH_FAILURE_URL", "")) {
        (success, failure) if success.is_empty() && failure.is_empty() => provider,
        (success, failure) if failure.is_empty() => provider.return_to(ReturnTo::page_after_success(&success)?),
        (success, failure) if success.is_empty() => provider.return_to(ReturnTo::page_after_failure(&failure)?),
        (success, failure) => provider.return_to(ReturnTo::pages(&success, &failure)?),
    })
}
