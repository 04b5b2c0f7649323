//! A running service of one combination, and a client that hides how its tokens travel.

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
    Policy, Redis, SecretKey, Status, Users,
    password::{Argon2Params, HashSettings},
    store::{PoolSettings, SqlStore},
    testing::ManualClock,
};
use serde_json::{Value, json};

use super::{
    combination::{Combination, Ends, Strategy},
    database::Database,
    redis::TestRedis,
};
use crate::support::{
    Answer, Call, Carrier, Hooks, Http, PASSWORD, SECRET, SharedClock, User, UserCreate, user_routes,
};

/// What a story wants of its service.
#[derive(Clone)]
pub struct Plan {
    pub policy: Policy,
    pub ends: Ends,
    pub routes: fn(Router<Users<User>>) -> Router<Users<User>>,
    /// Whether it touches or counts what belongs to others, so that it needs a database of its own.
    pub alone: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { policy: Policy::recommended(), ends: Ends::default(), routes: |router| router, alone: false }
    }
}

/// Where a service and its other nodes keep things.
#[derive(Clone)]
pub struct Stored {
    pub database: Arc<Database>,
    /// Keys of its own, whether it needs them or not.
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
    /// What no other service has in its addresses.
    number: u64,
}

impl Service {
    pub async fn start(combination: Combination, plan: Plan) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let database = match plan.alone {
            true => Database::own(combination.database).await,
            false => Database::shared(combination.database).await,
        };
        let stored = Stored { database, redis: Arc::new(TestRedis::new(plan.alone)) };
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        Self::on(combination, plan, stored, clock, NUMBER.fetch_add(1, Ordering::Relaxed)).await
    }

    /// A second node: nothing is shared but what is stored, and the time.
    pub async fn another(&self) -> Self {
        self.beside(self.combination.strategy, self.combination.transport).await
    }

    /// A service of another kind on what is stored by this one, with the same secret.
    pub async fn beside(&self, strategy: Strategy, transport: Carrier) -> Self {
        let combination = Combination { strategy, transport, ..self.combination };
        Self::on(combination, self.plan.clone(), self.stored.clone(), Arc::clone(&self.clock), self.number).await
    }

    async fn on(combination: Combination, plan: Plan, stored: Stored, clock: Arc<ManualClock>, number: u64) -> Self {
        let hooks = Hooks::default();
        // A machine under load is no reason to refuse: waiting has tests of its own.
        let patient = PoolSettings::default().acquire_timeout(Duration::from_secs(20));
        let store = SqlStore::<User>::connect_with(&stored.database.url(), &patient).await.unwrap();
        let hashing = HashSettings::default().params(Argon2Params::weak_for_tests()).max_wait(Duration::from_secs(10));
        let users = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .store(store)
            .policy(plan.policy.clone())
            .hashing(hashing)
            .clock(SharedClock(Arc::clone(&clock)))
            .manager(hooks.clone())
            .backend(combination.backend(
                "it",
                plan.ends,
                Redis::new(&stored.redis.url).unwrap().prefix(stored.redis.ours()),
            ))
            .build()
            .await
            .unwrap();
        let routes = Router::new().merge(user_routes(&users));
        let routes = routes.nest("/auth/sessions", axum_users::session_routes(&users));
        let http = Http::serve((plan.routes)(routes).fallback(axum_users::not_found).with_state(users.clone())).await;
        Self { combination, users, clock, hooks, stored, plan, http, number }
    }

    /// What tells this service from all others.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn database(&self) -> &Database {
        &self.stored.database
    }

    /// Every text at rest by which a thief might try to log in.
    pub async fn dump(&self) -> Vec<String> {
        let mut dump = self.database().dump().await;
        dump.extend(self.stored.redis.dump());
        dump
    }

    /// Lets what ends sessions fail, as on a full disk.
    pub async fn forbid_ending(&self) -> Forbidden {
        let forbidden = Forbidden { stored: self.stored.clone(), strategy: self.combination.strategy };
        match forbidden.strategy {
            Strategy::Jwt => self.database().fail("INSERT", "user_token_state").await,
            Strategy::Database => self.database().fail("DELETE", "accesstoken").await,
            Strategy::Redis => self.stored.redis.forbid("del"),
        }
        forbidden
    }

    /// The address of a person of this service.
    pub fn mail(&self, name: &str) -> String {
        format!("{name}@s{}.camelot.bt", self.number)
    }

    /// Registers a person and answers the id.
    pub async fn register(&self, name: &str) -> String {
        let body = json!({ "email": self.mail(name), "password": PASSWORD });
        let answer = self.post("/auth/register").json(body).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub async fn try_login(&self, name: &str, password: &str) -> Answer {
        let form = [("username", self.mail(name)), ("password", password.to_owned())];
        self.post("/auth/it/login").form(&form.each_ref().map(|(name, value)| (*name, value.as_str()))).send().await
    }

    /// Logs in and answers the token.
    pub async fn login(&self, name: &str, password: &str) -> String {
        self.try_login(name, password).await.access_token()
    }

    /// Registers and logs in.
    pub async fn member(&self, name: &str) -> String {
        self.register(name).await;
        self.login(name, PASSWORD).await
    }

    /// Makes a superuser by code and logs in.
    pub async fn superuser(&self, name: &str) -> String {
        let status = Status { is_active: true, is_superuser: true, is_verified: true };
        let create = UserCreate { email: self.mail(name), password: PASSWORD.into(), first_name: None };
        self.users.create(create, status).await.unwrap();
        self.login(name, PASSWORD).await
    }

    /// Puts a token on a call, as this transport does.
    pub fn with<'a>(&self, call: Call<'a>, token: &str) -> Call<'a> {
        call.token(self.combination.transport, token)
    }

    /// `GET` with a token.
    pub async fn see(&self, path: &str, token: &str) -> Answer {
        self.with(self.get(path), token).send().await
    }

    pub async fn me(&self, token: &str) -> Answer {
        self.see("/users/me", token).await
    }

    pub async fn patch_me(&self, token: &str, change: Value) -> Answer {
        self.with(self.patch("/users/me"), token).json(change).send().await
    }

    /// A superuser's change of a user.
    pub async fn patch_user(&self, token: &str, id: &str, change: Value) -> Answer {
        self.with(self.patch(&format!("/users/{id}")), token).json(change).send().await
    }

    pub async fn delete_user(&self, token: &str, id: &str) -> Answer {
        self.with(self.delete(&format!("/users/{id}")), token).send().await
    }

    pub async fn logout(&self, token: &str) -> Answer {
        self.with(self.post("/auth/it/logout"), token).send().await
    }

    /// Asks for a reset mail and takes the token out of it.
    pub async fn reset_token(&self, name: &str) -> String {
        self.mailed("/auth/forgot-password", "on_after_forgot_password", name).await
    }

    /// Asks for a verification mail and takes the token out of it.
    pub async fn verify_token(&self, name: &str) -> String {
        self.mailed("/auth/request-verify-token", "on_after_request_verify", name).await
    }

    async fn mailed(&self, path: &str, hook: &str, name: &str) -> String {
        self.hooks.clear();
        self.post(path).json(json!({ "email": self.mail(name) })).send().await.is(202, "null");
        self.hooks.token(hook).await
    }

    pub async fn reset(&self, token: &str, password: &str) -> Answer {
        self.post("/auth/reset-password").json(json!({ "token": token, "password": password })).send().await
    }

    pub async fn verify(&self, token: &str) -> Answer {
        self.post("/auth/verify").json(json!({ "token": token })).send().await
    }

    /// The user as stored.
    pub async fn stored_user(&self, name: &str) -> User {
        self.users.get_by_email(&self.mail(name)).await.unwrap().unwrap()
    }

    /// Moves the clock of the service, and of its other nodes.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Asserts that a token logs its user in.
    #[track_caller]
    pub fn lives(&self, token: &str) -> impl Future<Output = ()> {
        self.is_answered(token, 200)
    }

    /// Asserts that a token logs nobody in.
    #[track_caller]
    pub fn is_dead(&self, token: &str) -> impl Future<Output = ()> {
        self.is_answered(token, 401)
    }

    #[track_caller]
    fn is_answered(&self, token: &str, status: u16) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.me(token).await;
            assert_eq!(answer.status.as_u16(), status, "{caller}: {answer:?}");
            if status == 401 {
                assert_eq!(answer.text(), r#"{"detail":"Unauthorized"}"#, "{caller}");
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

/// What cannot be ended until it is allowed again.
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
