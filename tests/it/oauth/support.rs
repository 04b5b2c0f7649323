//! A service whose users log in with the provider under test, and browsers that go through its flows.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, http::HeaderMap};
use axum_users::{
    AuthUser, Backend, HookResult, Jwt, Limits, PasswordHash, Policy, RequestContext, ResetToken, SecretKey,
    UserManager, Users, VerifyToken,
    env::BoxFuture,
    hooks::Updated,
    oauth::{
        AuthorizationRequest, CodeExchange, ExternalIdentity, IdentityProvider, OAuth2Endpoints, OAuthProvider, OpenId,
        ProviderError, ResourceServer, oauth_account_routes,
    },
    schema::Status,
    testing::ManualClock,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::provider::{AUDIENCE, CLIENT_ID, CLIENT_SECRET, Person, Provider, query};
use crate::hashing::weak_hashing;
use crate::support::{Call, Carrier, Http, PASSWORD, Response, SECRET, SharedClock, roomy};

/// Users who can log in with OAuth providers.
#[derive(AuthUser, Debug, Clone)]
#[auth(oauth)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The name.
    #[auth(read, create, update, length(max = 80))]
    pub name: Option<String>,
}

/// Where browsers reach the service.
pub const PUBLIC_URL: &str = "https://app.example.org";
/// The cookie that binds flows to a browser.
pub const FLOW_COOKIE: &str = "__Host-fastapiusersoauthcsrf";

/// A hook that was called, the address of the user, and the mailed token.
type Called = (&'static str, String, String);

/// The calls of hooks.
#[derive(Clone, Default)]
pub struct Hooks(Arc<Mutex<Vec<Called>>>);

impl Hooks {
    fn note(&self, hook: &'static str, user: &User, token: &str) -> HookResult {
        self.0.lock().unwrap().push((hook, user.email.clone(), token.to_owned()));
        Ok(())
    }

    /// Takes the names of the hooks that were called.
    pub fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().map(|(hook, ..)| hook).collect()
    }

    /// Waits for a mail to an address and returns its token.
    pub async fn token(&self, hook: &str, email: &str) -> String {
        for _ in 0..1000 {
            let calls = self.0.lock().unwrap().clone();
            if let Some((.., token)) = calls.into_iter().rev().find(|(called, to, _)| *called == hook && to == email) {
                return token;
            }
            // slow on purpose: mails are sent after the response
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{hook} was not called for {email}")
    }
}

impl UserManager<User> for Hooks {
    async fn on_after_register(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_register", user, "")
    }

    async fn on_after_update(&self, user: &User, updated: &Updated<User>, _: &RequestContext) -> HookResult {
        assert!(updated.fields.is_empty() || updated.before.id == user.id);
        self.note("on_after_update", user, "")
    }

    async fn on_after_login(&self, user: &User, _: &RequestContext, _: &mut HeaderMap) -> HookResult {
        self.note("on_after_login", user, "")
    }

    async fn on_after_forgot_password(&self, user: &User, token: &ResetToken, _: &RequestContext) -> HookResult {
        self.note("on_after_forgot_password", user, token.secret())
    }

    async fn on_after_request_verify(&self, user: &User, token: &VerifyToken, _: &RequestContext) -> HookResult {
        self.note("on_after_request_verify", user, token.secret())
    }

    async fn on_after_credentials_change(&self, user: &User, _: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_credentials_change", user, "")
    }
}

/// An issuer that sends its callback as a form, as Apple does.
struct Posting(OpenId);

impl IdentityProvider for Posting {
    fn authorization_url<'a>(
        &'a self,
        request: AuthorizationRequest<'a>,
    ) -> BoxFuture<'a, Result<String, ProviderError>> {
        self.0.authorization_url(request)
    }

    fn exchange<'a>(&'a self, callback: CodeExchange<'a>) -> BoxFuture<'a, Result<ExternalIdentity, ProviderError>> {
        self.0.exchange(callback)
    }

    fn posts_its_callback(&self) -> bool {
        true
    }
}

/// The settings of a service under test.
pub struct Setup {
    pub policy: Policy,
    pub database: Option<String>,
    pub public_url: &'static str,
    pub base_path: &'static str,
    pub carrier: Carrier,
    /// The backend `it`.
    pub backend: fn(Carrier) -> Backend,
    pub provider: fn(OAuthProvider) -> OAuthProvider,
    pub issuer: fn(OpenId) -> OpenId,
    /// The backend `sso` for access tokens of the issuer, with the accounts of `acme`.
    pub resource: Option<fn(ResourceServer) -> ResourceServer>,
    pub limits: Limits,
    /// Whether `acme` sends its callback as a form.
    pub posts: bool,
    /// Whether there is an audit log.
    #[cfg(feature = "audit")]
    pub audit: bool,
    /// Whether users can have a second factor.
    #[cfg(feature = "totp")]
    pub mfa: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            policy: Policy::recommended(),
            database: None,
            public_url: PUBLIC_URL,
            base_path: "",
            carrier: Carrier::Bearer,
            backend: |carrier| carrier.backend("it"),
            provider: |provider| provider,
            issuer: |issuer| issuer,
            resource: None,
            limits: roomy(),
            posts: false,
            #[cfg(feature = "audit")]
            audit: false,
            #[cfg(feature = "totp")]
            mfa: false,
        }
    }
}

/// A running service, with its provider: `acme` is the issuer, `hub` the service like GitHub. Both are mounted at the
/// backend `it`.
pub struct App {
    pub users: Users<User>,
    pub acme: OAuthProvider,
    pub hub: OAuthProvider,
    pub provider: Provider,
    pub clock: Arc<ManualClock>,
    pub hooks: Hooks,
    pub carrier: Carrier,
    pub http: Http,
    _folder: tempfile::TempDir,
}

impl Deref for App {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

/// A flow that a browser has started.
#[derive(Debug, Clone)]
pub struct Started {
    pub url: String,
    pub state: String,
    pub cookie: String,
}

impl App {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts a service whose providers have these settings.
    pub async fn having(provider: fn(OAuthProvider) -> OAuthProvider) -> Self {
        Self::with(Setup { provider, ..Setup::default() }).await
    }

    pub async fn with(setup: Setup) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-28T12:00:00Z".parse().unwrap()));
        let provider = Provider::start(Arc::clone(&clock)).await;
        Self::beside(setup, provider, clock).await
    }

    /// Starts a service that uses an existing provider and clock.
    pub async fn beside(setup: Setup, provider: Provider, clock: Arc<ManualClock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oauth.db");
        let database = setup.database.unwrap_or_else(|| format!("sqlite://{}?mode=rwc", file.display()));
        let hooks = Hooks::default();
        let mut builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .database(database)
            .backend((setup.backend)(setup.carrier))
            .policy(setup.policy)
            .manager(hooks.clone())
            .hashing(weak_hashing())
            .public_url(setup.public_url)
            .base_path(setup.base_path)
            .limits(setup.limits)
            .clock(SharedClock(Arc::clone(&clock)));
        #[cfg(feature = "audit")]
        if setup.audit {
            builder = builder.audit_log();
        }
        #[cfg(feature = "totp")]
        if setup.mfa {
            builder = builder.mfa(axum_users::Mfa::optional());
        }
        if setup.carrier == Carrier::Cookie {
            builder = builder.backend(Backend::bearer("api", Jwt::new()));
        }
        if let Some(settings) = setup.resource {
            let server = ResourceServer::new(&provider.issuer(), AUDIENCE).unwrap().accounts_of("acme");
            builder = builder.backend(Backend::bearer("sso", settings(server)));
        }
        let users = builder.build().await.unwrap();
        users.migrate().await.unwrap();
        let issuer = (setup.issuer)(OpenId::new(&provider.issuer(), CLIENT_ID, CLIENT_SECRET).unwrap());
        let acme = match setup.posts {
            true => OAuthProvider::new("acme", Posting(issuer)),
            false => OAuthProvider::new("acme", issuer),
        };
        let acme = acme.unwrap().scopes(["openid", "email"]);
        let (token, user, emails) =
            (provider.url("/hub/token"), provider.url("/hub/user"), provider.url("/hub/emails"));
        let endpoints = OAuth2Endpoints {
            authorize: "https://hub.example/login/oauth/authorize",
            token: &token,
            user: &user,
            emails: Some(&emails),
        };
        let hub = OAuthProvider::oauth2("hub", endpoints, CLIENT_ID, CLIENT_SECRET).unwrap();
        let (acme, hub) = ((setup.provider)(acme), (setup.provider)(hub.scopes(["read:user", "user:email"])));
        let routes = Router::new()
            .merge(user_routes(&users))
            .nest("/auth/acme", user_oauth_routes(&users, &acme, "it"))
            .nest("/auth/hub", user_oauth_routes(&users, &hub, "it"))
            .nest("/auth/associate/acme", user_oauth_associate_routes(&users, &acme))
            .nest("/auth/associate/hub", user_oauth_associate_routes(&users, &hub))
            .nest("/users/me/oauth-accounts", oauth_account_routes(&users))
            .nest("/auth/sessions", axum_users::session_routes(&users));
        #[cfg(feature = "totp")]
        let routes = routes.nest("/auth", axum_users::totp_routes(&users));
        let app = if setup.base_path.is_empty() { routes } else { Router::new().nest(setup.base_path, routes) };
        let http = Http::serve(app.fallback(axum_users::not_found).with_state(users.clone())).await;
        Self { users, acme, hub, provider, clock, hooks, carrier: setup.carrier, http, _folder: folder }
    }

    /// Starts a login at a route such as `/auth/acme`, in a new browser.
    pub async fn start(&self, route: &str) -> Started {
        self.start_as(self.get(&format!("{route}/authorize"))).await
    }

    /// Starts a flow with this request.
    pub async fn start_as(&self, call: Call<'_>) -> Started {
        started(&call.send().await)
    }

    /// Lets the provider send a browser back.
    pub async fn callback(&self, route: &str, flow: &Started, code: &str) -> Response {
        self.callback_as(flow, self.get(&callback_path(route, code, &flow.state))).await
    }

    pub async fn callback_as(&self, flow: &Started, call: Call<'_>) -> Response {
        call.cookie(FLOW_COOKIE, &flow.cookie).send().await
    }

    /// Logs a person in at a route, in a new browser.
    pub async fn log_in(&self, route: &str, person: Person) -> Response {
        let flow = self.start(route).await;
        let code = self.provider.approve(&flow.url, person);
        self.callback(route, &flow, &code).await
    }

    /// Associates a person's account with the user of a token.
    pub async fn associate(&self, provider: &str, token: &str, person: Person) -> Response {
        let route = format!("/auth/associate/{provider}");
        let flow = self.start_as(self.get(&format!("{route}/authorize")).token(self.carrier, token)).await;
        let code = self.provider.approve(&flow.url, person);
        self.finish_as(&route, &flow, &code, token).await
    }

    /// Finishes an association as the user of a token.
    pub async fn finish_as(&self, route: &str, flow: &Started, code: &str, token: &str) -> Response {
        let call = self.get(&callback_path(route, code, &flow.state));
        let flow_cookie = format!("{FLOW_COOKIE}={}", flow.cookie);
        match self.carrier {
            Carrier::Bearer => call.bearer(token).header("cookie", &flow_cookie).send().await,
            Carrier::Cookie => {
                let cookies = format!("{flow_cookie}; {}={token}", crate::support::COOKIE);
                call.header("cookie", &cookies).send().await
            }
        }
    }

    /// Registers a user with a password and returns the id.
    pub async fn register(&self, email: &str) -> String {
        let response = self.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()["id"].as_str().unwrap().to_owned()
    }

    /// Creates a user whose address is verified.
    pub async fn verified(&self, email: &str) -> User {
        let create = UserCreate { email: email.to_owned(), password: PASSWORD.into(), name: None };
        self.users.create(create, Status { is_verified: true, ..Status::NEW }).await.unwrap()
    }

    pub async fn try_password(&self, email: &str, password: &str) -> Response {
        self.post("/auth/it/login").form(&[("username", email), ("password", password)]).send().await
    }

    /// Logs in with the password and returns the token.
    pub async fn password(&self, email: &str) -> String {
        self.try_password(email, PASSWORD).await.access_token()
    }

    /// Sets a password with a mailed token.
    pub async fn reset(&self, email: &str, password: &str) {
        // The token of an earlier reset is invalid.
        self.hooks.take();
        self.post("/auth/forgot-password").json(json!({ "email": email })).send().await.is(202, "null");
        let token = self.hooks.token("on_after_forgot_password", email).await;
        let body = json!({ "token": token, "password": password });
        self.post("/auth/reset-password").json(body).send().await.is(200, "null");
    }

    pub async fn me(&self, token: &str) -> Response {
        self.get("/users/me").token(self.carrier, token).send().await
    }

    /// Returns the user of a token, as clients see it.
    pub async fn seen(&self, token: &str) -> Value {
        let response = self.me(token).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }

    /// Returns the user's own accounts.
    pub async fn accounts(&self, token: &str) -> Vec<Value> {
        let response = self.get("/users/me/oauth-accounts").token(self.carrier, token).send().await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json().as_array().unwrap().clone()
    }

    pub async fn unlink(&self, token: &str, id: &str) -> Response {
        self.delete(&format!("/users/me/oauth-accounts/{id}")).token(self.carrier, token).send().await
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub fn callback_path(route: &str, code: &str, state: &str) -> String {
    format!("{route}/callback?code={}&state={state}", code.replace(' ', "+"))
}

/// Reads the response of `authorize`.
#[track_caller]
pub fn started(response: &Response) -> Started {
    assert_eq!(response.status, 200, "{response:?}");
    let url = response.json()["authorization_url"].as_str().unwrap().to_owned();
    let (_, cookie) = response.set_cookie().expect("a cookie");
    Started { state: query(&url)["state"].clone(), cookie: cookie.to_owned(), url }
}

/// Asserts a refusal with a code.
#[track_caller]
pub fn refused(response: &Response, code: &str) {
    response.is(400, &json!({ "detail": code }).to_string());
}
