//! One of several instances of a service, which share only the database and Redis.

use std::{ops::Deref, sync::Arc};

use axum::Router;
use axum_users::{
    Backend, DatabaseSessions, Jwt, Mailer, Policy, Redis, RedisSessions, SecretKey, Users, mail::MemoryMails,
    testing::ManualClock,
};
use serde_json::json;

use crate::hashing::weak_hashing;
use crate::{
    matrix::{Database, DatabaseKind},
    support::{Http, PASSWORD, Response, SECRET, SharedClock, User, user_routes},
};

/// The resources that the instances share.
pub struct Shared {
    pub clock: Arc<ManualClock>,
    /// The Redis server and the key prefix.
    pub redis: Redis,
    /// The database of all instances: PostgreSQL, or an SQLite file if that is unavailable.
    pub database: Arc<Database>,
}

impl Shared {
    pub async fn new(redis: Redis) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-23T12:00:00Z".parse().unwrap()));
        let postgres = DatabaseKind::Postgres;
        let kind = if postgres.is_reachable().await { postgres } else { DatabaseKind::Sqlite };
        Self { clock, redis, database: Database::own(kind).await }
    }
}

/// A running instance with the backends `redis`, `jwt` (revoked in the database), `listed` (revoked in Redis) and `db`.
pub struct Node {
    pub users: Users<User>,
    pub mails: MemoryMails,
    http: Http,
}

impl Node {
    pub async fn start(shared: &Shared) -> Self {
        Self::with_clock(shared, &shared.clock).await
    }

    /// Starts an instance on a host with this clock.
    pub async fn with_clock(shared: &Shared, clock: &Arc<ManualClock>) -> Self {
        let listed = Jwt::new().audience(["camelot:listed"]);
        let mails = MemoryMails::new();
        let users = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .database(shared.database.url())
            .policy(Policy::recommended())
            .hashing(weak_hashing())
            .clock(SharedClock(Arc::clone(clock)))
            .mailer(Mailer::new(Arc::new(mails.clone()), "https://camelot.bt/castle").unwrap())
            .counters_in_redis(shared.redis.clone())
            .backend(Backend::bearer("redis", RedisSessions::new(shared.redis.clone())))
            .backend(Backend::bearer("jwt", Jwt::new()))
            .backend(Backend::bearer("listed", listed.revoked_in_redis(shared.redis.clone())))
            .backend(Backend::bearer("db", DatabaseSessions::new()))
            .build()
            .await
            .unwrap();
        let app = Router::new()
            .merge(user_routes(&users))
            .nest("/auth/sessions", axum_users::session_routes(&users))
            .fallback(axum_users::not_found)
            .with_state(users.clone());
        Self { users, mails, http: Http::serve(app).await }
    }

    pub async fn register(&self, email: &str) {
        let response = self.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await;
        assert_eq!(response.status, 201, "{response:?}");
    }

    pub async fn try_login(&self, backend: &str, email: &str) -> Response {
        let form = [("username", email), ("password", PASSWORD)];
        self.post(&format!("/auth/{backend}/login")).form(&form).send().await
    }

    pub async fn login(&self, backend: &str, email: &str) -> String {
        let response = self.try_login(backend, email).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn logout(&self, backend: &str, token: &str) -> Response {
        self.post(&format!("/auth/{backend}/logout")).bearer(token).send().await
    }

    pub async fn me(&self, token: &str) -> u16 {
        self.get("/users/me").bearer(token).send().await.status.as_u16()
    }
}

impl Deref for Node {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}
