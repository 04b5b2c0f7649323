//! A service whose users have the six roles and nothing else, so that answers can be compared byte for byte.

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, PasswordPolicy, Policy, SecretKey, Status, Users, UsersBuilder,
    password::{Argon2Params, HashSettings},
    testing::ManualClock,
};
use serde_json::json;
use uuid::Uuid;

use super::journal::Journal;
use crate::support::{Answer, Http, SECRET, SharedClock};

/// Nothing but the six roles.
#[derive(AuthUser, Debug, Clone)]
pub struct Knight {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// The password of everybody, as in the recorded examples.
pub const GUINEVERE: &str = "guinevere";

/// Which policy a service runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// What a client of fastapi-users observes.
    FastapiUsers,
    /// The secure rules, with one opt-out: the recorded passwords are on the list of common ones (difference C4).
    Recommended,
}

impl Rules {
    pub const BOTH: [Self; 2] = [Self::FastapiUsers, Self::Recommended];

    pub fn policy(self) -> Policy {
        match self {
            Self::FastapiUsers => Policy::fastapi_users(),
            Self::Recommended => Policy::recommended().passwords(PasswordPolicy::none()),
        }
    }
}

/// A running service.
pub struct WireApp {
    pub rules: Rules,
    pub users: Users<Knight>,
    pub clock: Arc<ManualClock>,
    pub journal: Journal,
    http: Http,
    database: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

/// What a test may set.
pub struct WireSetup {
    pub rules: Rules,
    pub policy: fn(Policy) -> Policy,
    pub secret: SecretKey,
    pub backends: Vec<Backend>,
    pub builder: Box<dyn FnOnce(UsersBuilder<Knight>) -> UsersBuilder<Knight>>,
    pub routes: fn(Router<Users<Knight>>) -> Router<Users<Knight>>,
}

impl WireSetup {
    pub fn of(rules: Rules) -> Self {
        Self {
            rules,
            policy: |policy| policy,
            secret: SecretKey::new(SECRET).unwrap(),
            backends: vec![Backend::bearer("jwt", Jwt::new())],
            builder: Box::new(|builder| builder),
            routes: |router| router,
        }
    }

    pub fn policy(self, policy: fn(Policy) -> Policy) -> Self {
        Self { policy, ..self }
    }

    pub fn builder(self, builder: impl FnOnce(UsersBuilder<Knight>) -> UsersBuilder<Knight> + 'static) -> Self {
        Self { builder: Box::new(builder), ..self }
    }

    pub fn backends(self, backends: impl IntoIterator<Item = Backend>) -> Self {
        Self { backends: backends.into_iter().collect(), ..self }
    }

    pub fn routes(self, routes: fn(Router<Users<Knight>>) -> Router<Users<Knight>>) -> Self {
        Self { routes, ..self }
    }

    pub async fn start(self) -> WireApp {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("wire.db");
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        let journal = Journal::with_shortest_password(3);
        let builder = Users::<Knight>::builder(self.secret)
            .database(format!("sqlite://{}?mode=rwc", database.display()))
            .policy((self.policy)(self.rules.policy()))
            .hashing(HashSettings::default().params(Argon2Params::weak_for_tests()))
            .clock(SharedClock(Arc::clone(&clock)))
            .manager(journal.clone());
        let builder = self.backends.into_iter().fold(builder, UsersBuilder::backend);
        let users = (self.builder)(builder).build().await.unwrap();
        users.migrate().await.unwrap();
        let app = (self.routes)(Router::new().merge(knight_routes(&users)))
            .fallback(axum_users::not_found)
            .with_state(users.clone());
        let http = Http::serve(app).await;
        WireApp { rules: self.rules, users, clock, journal, http, database, _folder: folder }
    }
}

impl WireApp {
    /// One bearer backend called `jwt`.
    pub async fn start(rules: Rules) -> Self {
        WireSetup::of(rules).start().await
    }

    /// Runs one statement behind the service's back.
    pub async fn sql(&self, statement: &str) -> u64 {
        let pool = self.pool().await;
        let done = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        pool.close().await;
        done.rows_affected()
    }

    /// Where the database is, for another service on it.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.database.display())
    }

    /// A second connection to the database.
    pub async fn pool(&self) -> sqlx::SqlitePool {
        sqlx::SqlitePool::connect(&format!("sqlite://{}", self.database.display())).await.unwrap()
    }

    /// Makes a user by code, with the flags given, and forgets the hooks that ran.
    pub async fn knight(&self, email: &str, status: Status) -> Knight {
        let create = KnightCreate { email: email.into(), password: GUINEVERE.into() };
        let knight = self.users.create(create, status).await.unwrap();
        self.journal.take();
        knight
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Answer {
        self.post("/auth/jwt/login").form(&[("username", email), ("password", password)]).send().await
    }

    /// Logs in over HTTP and answers the token.
    pub async fn login(&self, email: &str) -> String {
        let answer = self.try_login(email, GUINEVERE).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.journal.take();
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Makes an ordinary user and logs in.
    pub async fn member(&self, email: &str) -> String {
        self.knight(email, Status::NEW).await;
        self.login(email).await
    }

    /// Makes a superuser and logs in.
    pub async fn superuser(&self, email: &str) -> String {
        self.knight(email, Status { is_superuser: true, ..Status::NEW }).await;
        self.login(email).await
    }

    /// `GET /users/me` with a token.
    pub async fn me(&self, token: &str) -> Answer {
        self.get("/users/me").bearer(token).send().await
    }

    /// The user as stored.
    pub async fn stored(&self, email: &str) -> Knight {
        self.users.get_by_email(email).await.unwrap().unwrap()
    }

    /// Registers over HTTP, whatever comes of it.
    pub async fn try_register(&self, email: &str, password: &str) -> Answer {
        self.post("/auth/register").json(json!({ "email": email, "password": password })).send().await
    }

    /// Moves the service's clock.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

impl Deref for WireApp {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}
