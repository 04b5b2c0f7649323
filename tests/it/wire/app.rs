//! A service whose user type has only the six role fields, so that responses can be compared byte for byte.

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, PasswordPolicy, Policy, SecretKey, Users, UsersBuilder, schema::Status,
    testing::ManualClock,
};
use serde_json::json;
use uuid::Uuid;

use super::journal::Journal;
use crate::hashing::weak_hashing;
use crate::support::{Http, Response, SECRET, SharedClock, roomy};

/// A user with only the six role fields.
#[derive(AuthUser, Debug, Clone)]
pub struct Knight {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// The password of every user, as in the recorded examples.
pub const GUINEVERE: &str = "guinevere";

/// The policy that a service runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// The compatibility policy: clients observe the behaviour of fastapi-users.
    FastapiUsers,
    /// The recommended policy, with two opt-outs: the recorded passwords are on the list of common passwords (difference C4),
    /// and addresses change at once (C29).
    Recommended,
}

impl Rules {
    pub const BOTH: [Self; 2] = [Self::FastapiUsers, Self::Recommended];

    pub fn policy(self) -> Policy {
        match self {
            Self::FastapiUsers => Policy::fastapi_users(),
            Self::Recommended => Policy::recommended().passwords(PasswordPolicy::none()).change_email_at_once(),
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

/// Settings of a service under test.
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
            .hashing(weak_hashing())
            .clock(SharedClock(Arc::clone(&clock)))
            .manager(journal.clone());
        // Upstream's policy has no limits that clients could notice.
        let builder = if self.rules == Rules::Recommended { builder.limits(roomy()) } else { builder };
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

    /// Runs one statement directly on the database.
    pub async fn sql(&self, statement: &str) -> u64 {
        let pool = self.pool().await;
        let done = sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        pool.close().await;
        done.rows_affected()
    }

    /// Returns the database URL, for a second service on the same database.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.database.display())
    }

    /// Opens a second connection to the database.
    pub async fn pool(&self) -> sqlx::SqlitePool {
        sqlx::SqlitePool::connect(&format!("sqlite://{}", self.database.display())).await.unwrap()
    }

    /// Creates a user through the API with the given flags and discards the recorded hook calls.
    pub async fn knight(&self, email: &str, status: Status) -> Knight {
        let create = KnightCreate { email: email.into(), password: GUINEVERE.into() };
        let knight = self.users.create(create, status).await.unwrap();
        self.journal.take();
        knight
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Response {
        self.post("/auth/jwt/login").form(&[("username", email), ("password", password)]).send().await
    }

    /// Logs in over HTTP and returns the token.
    pub async fn login(&self, email: &str) -> String {
        let response = self.try_login(email, GUINEVERE).await;
        assert_eq!(response.status, 200, "{response:?}");
        self.journal.take();
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Creates an ordinary user and logs in.
    pub async fn member(&self, email: &str) -> String {
        self.knight(email, Status::NEW).await;
        self.login(email).await
    }

    /// Creates a superuser and logs in.
    pub async fn superuser(&self, email: &str) -> String {
        self.knight(email, Status { is_superuser: true, ..Status::NEW }).await;
        self.login(email).await
    }

    /// Sends `GET /users/me` with a token.
    pub async fn me(&self, token: &str) -> Response {
        self.get("/users/me").bearer(token).send().await
    }

    /// Returns the user as stored.
    pub async fn stored(&self, email: &str) -> Knight {
        self.users.get_by_email(email).await.unwrap().unwrap()
    }

    /// Sends a registration over HTTP and returns the response.
    pub async fn try_register(&self, email: &str, password: &str) -> Response {
        self.post("/auth/register").json(json!({ "email": email, "password": password })).send().await
    }

    /// Advances the service's clock.
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
