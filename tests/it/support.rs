//! A service under test: real HTTP on a free port, a temporary database file, a manual clock, and recorded hooks.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
};
use axum_users::{
    AuthUser, Backend, HookResult, InvalidPassword, Jwt, Limits, Password, PasswordHash, Policy, RequestContext,
    ResetToken, SecretKey, UserManager, Users, UsersBuilder, VerifyToken,
    hooks::{EmailChange, FailedLogin, NewDevice, PasskeyChange, PasswordSubject, Updated},
    limits::{Backoff, Limit, Quota},
    password::HashSettings,
    routes::{Endpoint, Prefixes, RouteGroup, account_status_routes, endpoints},
    schema::Status,
    session_routes,
    testing::ManualClock,
    token::{InvitationToken, LoginCode, MagicLinkToken},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::hashing::weak_hashing;
use crate::recorder::Recorder;
pub use crate::{
    clock::SharedClock,
    credentials::{PASSWORD, SECRET},
    http::{COOKIE, Call, Carrier, Http, Response},
    recorder::Failure,
};

/// The user type of most tests: one field that clients can write, one that superusers can write, and a private one.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The first name.
    #[auth(read, create, update, length(max = 80))]
    pub first_name: Option<String>,
    /// A limit granted by a superuser.
    #[auth(read, admin, default)]
    pub quota: i64,
    /// An internal note.
    #[auth(private, default)]
    pub note: String,
}

/// Returns the routes of [`TestApp`]: all but those of OAuth providers, which need a provider, and that of refresh tokens, which
/// its backends do not have, and those of second factors and of logins by mail, which are off.
pub fn mounted() -> impl Iterator<Item = &'static Endpoint> {
    let prefixes = mounted_at();
    endpoints()
        .filter(|route| !ABSENT.contains(&route.name()))
        .filter(move |route| prefixes.path_of(route, "jwt").is_some())
}

const ABSENT: [&str; 7] = [
    "auth:{backend}.refresh",
    "auth:{backend}.second_factor",
    "users:revoke_second_factor",
    "auth:{backend}.magic_link",
    "auth:{backend}.redeem_magic_link",
    "auth:{backend}.email_code",
    "auth:{backend}.redeem_email_code",
];

fn mounted_at() -> Prefixes {
    Prefixes::usual().with(RouteGroup::Sessions).with(RouteGroup::AccountStatus)
}

/// Returns the path of a route for the backend `jwt`.
pub fn path_of(route: &Endpoint) -> String {
    mounted_at().path_of(route, "jwt").unwrap()
}

/// All limits, with room for what a test does from one address, and without device cookies, which would be in every login.
/// Tests of limits set others.
pub fn roomy() -> Limits {
    let room = Quota::new(100_000, Duration::from_secs(3600));
    let limits = Limit::ALL.into_iter().fold(Limits::default(), |limits, limit| limits.set(limit, room));
    limits.set(Limit::LoginClient, Backoff::new(100_000, Duration::from_secs(900))).without_known_clients()
}

/// A running service.
pub struct TestApp {
    pub users: Users<User>,
    pub clock: Arc<ManualClock>,
    pub hooks: Hooks,
    /// The transport of the tokens of [`TestApp::login`].
    pub carrier: Carrier,
    http: Http,
    database: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

/// Settings of a service under test.
pub struct Setup {
    pub secret: SecretKey,
    pub policy: Policy,
    pub hooks: Hooks,
    pub routes: fn(Router<Users<User>>) -> Router<Users<User>>,
    pub builder: Box<dyn FnOnce(UsersBuilder<User>) -> UsersBuilder<User>>,
    pub backend: Vec<Backend>,
    pub hashing: HashSettings,
    pub carrier: Carrier,
}

impl Setup {
    /// Settings with one backend `jwt` over this transport.
    pub fn over(carrier: Carrier) -> Self {
        Self { carrier, backend: vec![carrier.backend("jwt")], ..Self::default() }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            secret: SecretKey::new(SECRET).unwrap(),
            policy: Policy::recommended(),
            hooks: Hooks::default(),
            routes: |router| router,
            builder: Box::new(|builder| builder),
            backend: vec![Backend::bearer("jwt", Jwt::new())],
            hashing: weak_hashing(),
            carrier: Carrier::Bearer,
        }
    }
}

impl Deref for TestApp {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

impl TestApp {
    /// Starts a service with the recommended policy and one bearer backend `jwt`.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// Starts a service whose users change their address at once, as with fastapi-users.
    pub async fn changing_emails_at_once() -> Self {
        Self::with_policy(Policy::recommended().change_email_at_once()).await
    }

    /// Starts a service with the recommended policy and one backend `jwt` over this transport.
    pub async fn over(carrier: Carrier) -> Self {
        Self::with(Setup::over(carrier)).await
    }

    /// Starts a service with the given policy.
    pub async fn with_policy(policy: Policy) -> Self {
        Self::with(Setup { policy, ..Setup::default() }).await
    }

    /// Starts a service with the given secret and policy.
    pub async fn with_secret(secret: SecretKey, policy: Policy) -> Self {
        Self::with(Setup { secret, policy, ..Setup::default() }).await
    }

    pub async fn with(setup: Setup) -> Self {
        let carrier = setup.carrier;
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("test.db");
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        let builder = Users::<User>::builder(setup.secret)
            .database(format!("sqlite://{}?mode=rwc", database.display()))
            .policy(setup.policy)
            .hashing(setup.hashing)
            .clock(SharedClock(Arc::clone(&clock)))
            .limits(roomy())
            // A response of 429 or 503 does not wait.
            .refusal_delay(Duration::ZERO)
            .manager(setup.hooks.clone());
        let builder = setup.backend.into_iter().fold(builder, UsersBuilder::backend);
        let users = (setup.builder)(builder).build().await.unwrap();
        users.migrate().await.unwrap();
        let routes = Router::new().merge(user_routes(&users)).nest("/auth/sessions", session_routes(&users));
        let routes = routes.nest("/users", account_status_routes(&users));
        let app = (setup.routes)(routes).fallback(axum_users::not_found).with_state(users.clone());
        Self { users, clock, hooks: setup.hooks, carrier, http: Http::serve(app).await, database, _folder: folder }
    }

    /// Registers a user over HTTP and returns the read schema.
    pub async fn register(&self, email: &str) -> Value {
        let response = self.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await;
        assert_eq!(response.status, StatusCode::CREATED, "{response:?}");
        response.json()
    }

    /// Logs in over HTTP and returns the token.
    pub async fn login(&self, email: &str, password: &str) -> String {
        self.try_login(email, password).await.access_token()
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Response {
        self.post("/auth/jwt/login").form(&[("username", email), ("password", password)]).send().await
    }

    /// Registers and logs in.
    pub async fn member(&self, email: &str) -> String {
        self.register(email).await;
        self.login(email, PASSWORD).await
    }

    /// Creates a superuser programmatically and logs in over HTTP.
    pub async fn superuser(&self, email: &str) -> String {
        let status = Status { is_active: true, is_superuser: true, is_verified: true };
        self.users
            .create(UserCreate { email: email.into(), password: PASSWORD.into(), first_name: None }, status)
            .await
            .unwrap();
        self.login(email, PASSWORD).await
    }

    /// Sends `GET /users/me` with a token.
    pub async fn me(&self, token: &str) -> Response {
        self.get("/users/me").token(self.carrier, token).send().await
    }

    /// Returns the user as stored.
    pub async fn stored(&self, email: &str) -> User {
        self.users.get_by_email(email).await.unwrap().unwrap()
    }

    /// Opens a second connection to the database.
    pub async fn sqlite(&self) -> sqlx::SqlitePool {
        sqlx::SqlitePool::connect(&format!("sqlite://{}", self.database.display())).await.unwrap()
    }

    /// Returns the database URL, for a second service on the same database.
    pub fn database_url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.database.display())
    }

    /// Returns the service's clock, for a second service.
    pub fn shared_clock(&self) -> SharedClock {
        SharedClock(Arc::clone(&self.clock))
    }

    /// Returns the path of the database file.
    pub fn database(&self) -> &std::path::Path {
        &self.database
    }

    /// Advances the service's clock.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Hooks that record every call and fail or reject passwords on demand.
#[derive(Clone, Default)]
pub struct Hooks(Arc<HooksInner>);

#[derive(Default)]
struct HooksInner {
    recorder: Recorder<Called>,
    refused_password: Mutex<Option<String>>,
}

/// One call of a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    pub hook: &'static str,
    pub user_id: Option<Uuid>,
    pub email: Option<String>,
    pub token: Option<String>,
    pub detail: Option<String>,
}

impl Hooks {
    /// Returns the names of all calls so far, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.calls().into_iter().map(|called| called.hook).collect()
    }

    pub fn calls(&self) -> Vec<Called> {
        self.0.recorder.calls()
    }

    pub fn clear(&self) {
        self.0.recorder.take();
    }

    pub fn fail(&self, hook: &'static str, failure: Failure) {
        self.set_failure(hook, Some(failure));
    }

    /// Makes the hook fail in this way, or succeed again.
    pub fn set_failure(&self, hook: &'static str, failure: Option<Failure>) {
        self.0.recorder.set_failure(hook, failure);
    }

    pub fn refuse_password(&self, password: &str) {
        *self.0.refused_password.lock().unwrap() = Some(password.to_owned());
    }

    /// Waits for a call of `hook`, which may run after the response, and takes the last one.
    pub async fn wait_for(&self, hook: &str) -> Called {
        self.0.recorder.wait_until(|calls| calls.iter().any(|called| called.hook == hook)).await;
        let last = self.calls().into_iter().rev().find(|called| called.hook == hook);
        last.unwrap_or_else(|| panic!("{hook} was not called"))
    }

    /// Waits for a mail hook and returns its token.
    pub async fn token(&self, hook: &str) -> String {
        self.wait_for(hook).await.token.unwrap()
    }

    /// Waits for the mails of a change of the address, and returns the tokens that confirm and undo it.
    pub async fn email_change(&self) -> (String, String) {
        let called = self.wait_for("on_after_request_email_change").await;
        let detail = called.detail.unwrap();
        (called.token.unwrap(), detail.split_once(' ').unwrap().1.to_owned())
    }

    async fn note(
        &self,
        hook: &'static str,
        user: Option<&User>,
        token: Option<&str>,
        detail: Option<String>,
    ) -> HookResult {
        let called = Called {
            hook,
            user_id: user.map(|user| user.id),
            email: user.map(|user| user.email.clone()),
            token: token.map(str::to_owned),
            detail,
        };
        self.0.recorder.record(hook, called).await
    }
}

impl UserManager<User> for Hooks {
    async fn validate_password(
        &self,
        password: &Password,
        _: PasswordSubject<'_, User>,
    ) -> Result<(), InvalidPassword> {
        if self.0.refused_password.lock().unwrap().as_deref() == Some(password.secret()) {
            return Err(InvalidPassword::new("refused by the application"));
        }
        Ok(())
    }

    async fn on_after_register(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_register", Some(user), None, None).await
    }

    async fn on_after_duplicate_register(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_duplicate_register", Some(user), None, None).await
    }

    async fn on_after_update(&self, user: &User, updated: &Updated<User>, _: &RequestContext) -> HookResult {
        let detail = format!("{} was {}", updated.fields.join(","), updated.before.email);
        self.note("on_after_update", Some(user), None, Some(detail)).await
    }

    async fn on_after_request_verify(&self, user: &User, token: &VerifyToken, _: &RequestContext) -> HookResult {
        self.note("on_after_request_verify", Some(user), Some(token.secret()), None).await
    }

    async fn on_after_verify(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_verify", Some(user), None, None).await
    }

    async fn on_after_forgot_password(&self, user: &User, token: &ResetToken, _: &RequestContext) -> HookResult {
        self.note("on_after_forgot_password", Some(user), Some(token.secret()), None).await
    }

    async fn on_after_reset_password(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_reset_password", Some(user), None, None).await
    }

    async fn on_after_credentials_change(&self, user: &User, before: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_credentials_change", Some(user), None, Some(before.email.clone())).await
    }

    async fn on_after_request_email_change(
        &self,
        user: &User,
        change: &EmailChange<'_>,
        _: &RequestContext,
    ) -> HookResult {
        let detail = format!("{} {}", change.new_email, change.undo_token.secret());
        let token = change.token.secret();
        self.note("on_after_request_email_change", Some(user), Some(token), Some(detail)).await
    }

    async fn on_after_request_magic_link(&self, user: &User, token: &MagicLinkToken, _: &RequestContext) -> HookResult {
        self.note("on_after_request_magic_link", Some(user), Some(token.secret()), None).await
    }

    async fn on_after_request_email_code(&self, user: &User, code: &LoginCode, _: &RequestContext) -> HookResult {
        self.note("on_after_request_email_code", Some(user), Some(code.secret()), None).await
    }

    async fn on_after_invite(&self, user: &User, token: &InvitationToken, _: &RequestContext) -> HookResult {
        self.note("on_after_invite", Some(user), Some(token.secret()), None).await
    }

    async fn on_after_login(&self, user: &User, _: &RequestContext, response: &mut HeaderMap) -> HookResult {
        response.insert("x-hook", "was here".parse().unwrap());
        self.note("on_after_login", Some(user), None, None).await
    }

    async fn on_after_new_device_login(&self, user: &User, login: &NewDevice, _: &RequestContext) -> HookResult {
        let address = login.device.client.map(|address| address.to_string());
        self.note("on_after_new_device_login", Some(user), None, address).await
    }

    async fn on_after_refresh_reuse(&self, user: &User, login: &NewDevice, _: &RequestContext) -> HookResult {
        let address = login.device.client.map(|address| address.to_string());
        self.note("on_after_refresh_reuse", Some(user), None, address).await
    }

    async fn on_after_second_factor_enrolled(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_second_factor_enrolled", Some(user), None, None).await
    }

    async fn on_after_second_factor_removed(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_second_factor_removed", Some(user), None, None).await
    }

    async fn on_after_recovery_code_use(&self, user: &User, left: u32, _: &RequestContext) -> HookResult {
        self.note("on_after_recovery_code_use", Some(user), None, Some(left.to_string())).await
    }

    async fn on_after_passkey_change(&self, user: &User, change: &PasskeyChange, _: &RequestContext) -> HookResult {
        let detail = format!("{:?} {}", change.kind, change.name);
        self.note("on_after_passkey_change", Some(user), None, Some(detail)).await
    }

    async fn on_after_failed_login(&self, failed: &FailedLogin<'_, User>, _: &RequestContext) -> HookResult {
        self.note("on_after_failed_login", failed.user, None, Some(format!("{} {}", failed.username, failed.code)))
            .await
    }

    async fn on_after_logout(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_logout", Some(user), None, None).await
    }

    async fn on_before_delete(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_before_delete", Some(user), None, None).await
    }

    async fn on_after_delete(&self, user: &User, _: &RequestContext) -> HookResult {
        self.note("on_after_delete", Some(user), None, None).await
    }
}
