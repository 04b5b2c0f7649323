//! A running service of one combination, with a client that hides the transport of its tokens.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::Router;
use axum_users::{
    Backend, Limits, Policy, Redis, SecretKey, Users,
    schema::Status,
    testing::ManualClock,
    token::{EmailCode, Invitations, MagicLink, Refresh},
};
use serde_json::{Value, json};

use super::{
    combination::{Combination, Ends, Strategy},
    redis::TestRedis,
};
use crate::hashing::weak_hashing;
use crate::{
    database::{Database, DatabaseKind},
    store::open_store,
    support::{
        Call, Carrier, Hooks, Http, PASSWORD, Response, SECRET, SharedClock, User, UserCreate, roomy, user_routes,
    },
};

/// The origin whose pages may use passkeys.
pub const ORIGIN: &str = "https://app.camelot.bt";

/// The settings that a scenario needs.
#[derive(Clone)]
pub struct Plan {
    pub policy: Policy,
    pub ends: Ends,
    pub routes: fn(Router<Users<User>>) -> Router<Users<User>>,
    /// Whether the scenario counts or affects other users, so that it needs its own database.
    pub alone: bool,
    pub refresh: Option<Refresh>,
    pub limits: Limits,
    #[cfg(feature = "totp")]
    pub mfa: Option<axum_users::Mfa<User>>,
    /// Whether logins by mail and invitations are on.
    pub by_mail: bool,
    /// Whether users may have passkeys.
    pub passkeys: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            policy: Policy::recommended(),
            ends: Ends::default(),
            routes: |router| router,
            alone: false,
            refresh: None,
            limits: roomy(),
            #[cfg(feature = "totp")]
            mfa: None,
            by_mail: false,
            passkeys: false,
        }
    }
}

/// The storage that the nodes of a service share.
#[derive(Clone)]
pub struct Stored {
    pub database: Arc<Database>,
    /// Keys in Redis, even if the combination does not use them.
    pub redis: Arc<TestRedis>,
}

/// A running service with the backend `it`.
pub struct Service {
    pub combination: Combination,
    pub users: Users<User>,
    pub clock: Arc<ManualClock>,
    pub hooks: Hooks,
    pub stored: Stored,
    plan: Plan,
    http: Http,
    /// A number that makes the addresses of this service unique.
    number: u64,
}

impl Service {
    pub async fn start(combination: Combination, plan: Plan) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let database = match plan.alone {
            true => Database::empty(combination.database).await,
            false => Database::shared(combination.database).await,
        };
        let stored = Stored { database, redis: Arc::new(TestRedis::new(plan.alone)) };
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        Self::on(combination, plan, stored, clock, NUMBER.fetch_add(1, Ordering::Relaxed)).await
    }

    /// Starts a second node that shares only the storage and the clock.
    pub async fn another(&self) -> Self {
        self.beside(self.combination.strategy, self.combination.transport).await
    }

    /// Starts a service of another combination on the same storage with the same secret.
    pub async fn beside(&self, strategy: Strategy, transport: Carrier) -> Self {
        let combination = Combination { strategy, transport, ..self.combination };
        Self::on(combination, self.plan.clone(), self.stored.clone(), Arc::clone(&self.clock), self.number).await
    }

    async fn on(combination: Combination, plan: Plan, stored: Stored, clock: Arc<ManualClock>, number: u64) -> Self {
        let hooks = Hooks::default();
        // Never shed load on a busy machine; other tests cover that.
        let store = open_store::<User>(&stored.database.url()).await;
        let hashing = weak_hashing();
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap());
        #[cfg(feature = "totp")]
        let builder = plan.mfa.iter().cloned().fold(builder, axum_users::UsersBuilder::mfa);
        let builder = match plan.by_mail {
            true => builder.magic_link(MagicLink::new()).email_code(EmailCode::new()).invitations(Invitations::new()),
            false => builder,
        };
        #[cfg(feature = "passkeys")]
        let builder = match plan.passkeys {
            true => builder.passkeys(axum_users::passkeys::Passkeys::new().origin(ORIGIN)),
            false => builder,
        };
        let users = builder
            .store(store)
            .policy(plan.policy.clone())
            .hashing(hashing)
            .clock(SharedClock(Arc::clone(&clock)))
            .limits(plan.limits.clone())
            // A response of 429 does not wait.
            .refusal_delay(Duration::ZERO)
            .manager(hooks.clone())
            .backend(plan.refresh.iter().cloned().fold(
                combination.backend(
                    "it",
                    plan.ends,
                    Redis::new(&stored.redis.url).unwrap().prefix(stored.redis.ours()),
                ),
                Backend::refresh,
            ))
            .build()
            .await
            .unwrap();
        if plan.alone || combination.database == DatabaseKind::Sqlite {
            users.migrate().await.unwrap();
        }
        let routes = Router::new().merge(user_routes(&users));
        let routes = routes.nest("/auth/sessions", axum_users::session_routes(&users));
        let routes = routes.nest("/users", axum_users::routes::account_status_routes(&users));
        #[cfg(feature = "totp")]
        let routes = routes.nest("/auth", axum_users::totp_routes(&users));
        let routes = match plan.by_mail {
            true => routes.nest("/auth/invitations", axum_users::routes::invitation_routes(&users)),
            false => routes,
        };
        #[cfg(feature = "passkeys")]
        let routes = match plan.passkeys {
            true => routes
                .nest("/auth", axum_users::passkeys::passkey_routes(&users))
                .nest("/auth", axum_users::passkeys::passkey_sign_up_routes(&users)),
            false => routes,
        };
        let http = Http::serve((plan.routes)(routes).fallback(axum_users::not_found).with_state(users.clone())).await;
        Self { combination, users, clock, hooks, stored, plan, http, number }
    }

    /// Creates a client with its own connections.
    pub fn another_client(&self) -> Http {
        self.http.another()
    }

    /// Returns the number that is unique to this service.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn database(&self) -> &Database {
        &self.stored.database
    }

    /// Returns every stored text that an attacker with a database dump might try as a credential.
    pub async fn dump(&self) -> Vec<String> {
        let mut dump = self.database().dump().await;
        dump.extend(self.stored.redis.dump());
        dump
    }

    /// Makes every operation that ends sessions fail, as on a full disk.
    pub async fn forbid_ending(&self) -> Forbidden {
        let forbidden = Forbidden { stored: self.stored.clone(), strategy: self.combination.strategy };
        match forbidden.strategy {
            Strategy::Jwt => self.database().fail("INSERT", "user_token_state").await,
            Strategy::Database => self.database().fail("DELETE", "accesstoken").await,
            Strategy::Redis => self.stored.redis.forbid("del"),
        }
        forbidden
    }

    /// Returns an address that is unique to this service.
    pub fn mail(&self, name: &str) -> String {
        format!("{name}@s{}.camelot.bt", self.number)
    }

    /// Registers a user and returns the id.
    pub async fn register(&self, name: &str) -> String {
        let body = json!({ "email": self.mail(name), "password": PASSWORD });
        let response = self.post("/auth/register").json(body).send().await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn try_login(&self, name: &str, password: &str) -> Response {
        let form = [("username", self.mail(name)), ("password", password.to_owned())];
        self.post("/auth/it/login").form(&form.each_ref().map(|(name, value)| (*name, value.as_str()))).send().await
    }

    /// Logs in and returns the token.
    pub async fn login(&self, name: &str, password: &str) -> String {
        self.try_login(name, password).await.access_token()
    }

    /// Registers and logs in.
    pub async fn member(&self, name: &str) -> String {
        self.register(name).await;
        self.login(name, PASSWORD).await
    }

    /// Creates a superuser programmatically and logs in.
    pub async fn superuser(&self, name: &str) -> String {
        let status = Status { is_active: true, is_superuser: true, is_verified: true };
        let create = UserCreate { email: self.mail(name), password: PASSWORD.into(), first_name: None };
        self.users.create(create, status).await.unwrap();
        self.login(name, PASSWORD).await
    }

    /// Adds a token to a call by this transport.
    pub fn with<'a>(&self, call: Call<'a>, token: &str) -> Call<'a> {
        call.token(self.combination.transport, token)
    }

    /// Sends `GET` with a token.
    pub async fn see(&self, path: &str, token: &str) -> Response {
        self.with(self.get(path), token).send().await
    }

    pub async fn me(&self, token: &str) -> Response {
        self.see("/users/me", token).await
    }

    pub async fn patch_me(&self, token: &str, change: Value) -> Response {
        self.with(self.patch("/users/me"), token).json(change).send().await
    }

    /// Updates a user as a superuser.
    pub async fn patch_user(&self, token: &str, id: &str, change: Value) -> Response {
        self.with(self.patch(&format!("/users/{id}")), token).json(change).send().await
    }

    pub async fn delete_user(&self, token: &str, id: &str) -> Response {
        self.with(self.delete(&format!("/users/{id}")), token).send().await
    }

    pub async fn logout(&self, token: &str) -> Response {
        self.with(self.post("/auth/it/logout"), token).send().await
    }

    /// Requests a reset mail and returns its token.
    pub async fn reset_token(&self, name: &str) -> String {
        self.mailed("/auth/forgot-password", "on_after_forgot_password", name).await
    }

    /// Requests a verification mail and returns its token.
    pub async fn verify_token(&self, name: &str) -> String {
        self.mailed("/auth/request-verify-token", "on_after_request_verify", name).await
    }

    async fn mailed(&self, path: &str, hook: &str, name: &str) -> String {
        self.hooks.clear();
        self.post(path).json(json!({ "email": self.mail(name) })).send().await.is(202, "null");
        self.hooks.token(hook).await
    }

    pub async fn reset(&self, token: &str, password: &str) -> Response {
        self.post("/auth/reset-password").json(json!({ "token": token, "password": password })).send().await
    }

    pub async fn confirm_email(&self, token: &str) -> Response {
        self.post("/auth/confirm-email").json(json!({ "token": token })).send().await
    }

    pub async fn undo_email(&self, token: &str) -> Response {
        self.post("/auth/undo-email").json(json!({ "token": token })).send().await
    }

    /// Requests a change of the address to that of `to`, and returns the tokens that confirm and undo it.
    pub async fn change_email(&self, session: &str, to: &str) -> (String, String) {
        self.hooks.clear();
        let response = self.patch_me(session, json!({ "email": self.mail(to) })).await;
        assert_eq!(response.status, 200, "{response:?}");
        self.hooks.email_change().await
    }

    pub async fn verify(&self, token: &str) -> Response {
        self.post("/auth/verify").json(json!({ "token": token })).send().await
    }

    /// Returns the user as stored.
    pub async fn stored_user(&self, name: &str) -> User {
        self.users.get_by_email(&self.mail(name)).await.unwrap().unwrap()
    }

    /// Advances the clock of the service and its other nodes.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Removes what has expired by the clock of this service, which differs from the clocks of others on a shared database.
    pub async fn purge_expired(&self) -> u64 {
        assert!(self.plan.alone, "it would remove rows of other tests");
        self.users.purge_expired().await.unwrap()
    }

    /// Asserts that a token authenticates.
    #[track_caller]
    pub fn assert_valid(&self, token: &str) -> impl Future<Output = ()> {
        self.assert_status(token, 200)
    }

    /// Asserts that a token does not authenticate.
    #[track_caller]
    pub fn assert_invalid(&self, token: &str) -> impl Future<Output = ()> {
        self.assert_status(token, 401)
    }

    #[track_caller]
    fn assert_status(&self, token: &str, status: u16) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let response = self.me(token).await;
            assert_eq!(response.status.as_u16(), status, "{caller}: {response:?}");
            if status == 401 {
                assert_eq!(response.text(), r#"{"detail":"Unauthorized"}"#, "{caller}");
            }
        }
    }
}

impl Deref for Service {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

/// Prevents sessions from being ended until [`Forbidden::allow`].
pub struct Forbidden {
    stored: Stored,
    strategy: Strategy,
}

impl Forbidden {
    pub async fn allow(self) {
        match self.strategy {
            Strategy::Jwt => self.stored.database.heal("user_token_state").await,
            Strategy::Database => self.stored.database.heal("accesstoken").await,
            Strategy::Redis => self.stored.redis.allow("del"),
        }
    }
}
