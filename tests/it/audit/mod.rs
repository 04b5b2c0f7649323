//! The audit log (feature `audit`) on every available database.

mod changes;
mod flood;
mod guide;
mod ids;
mod reading;
mod tenants;

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::Router;
use axum_users::{
    Backend, DatabaseSessions, Jwt, Limits, SecretKey, Users, UsersBuilder,
    audit::{AuditEntry, audit_routes},
    schema::Status,
    testing::ManualClock,
};
use serde_json::{Value, json};

use crate::hashing::weak_hashing;
use crate::{
    matrix::{Database, DatabaseKind},
    store::open_store,
    support::{Call, Hooks, Http, PASSWORD, Response, SECRET, SharedClock, User, UserCreate, roomy, user_routes},
};

/// A service with an audit log and two backends: `jwt`, and `db` with sessions in the database.
struct Audited {
    users: Users<User>,
    clock: Arc<ManualClock>,
    hooks: Hooks,
    database: Arc<Database>,
    http: Http,
}

impl Deref for Audited {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

/// Returns the databases whose servers are available.
async fn databases() -> Vec<DatabaseKind> {
    let mut available = Vec::new();
    for kind in DatabaseKind::ALL {
        if kind.is_reachable().await {
            available.push(kind);
        }
    }
    available
}

impl Audited {
    async fn on(kind: DatabaseKind) -> Self {
        Self::with(kind, roomy(), UsersBuilder::audit_log).await
    }

    async fn with(kind: DatabaseKind, limits: Limits, settings: fn(UsersBuilder<User>) -> UsersBuilder<User>) -> Self {
        let database = Database::empty(kind).await;
        let clock = Arc::new(ManualClock::at("2026-11-29T12:00:00Z".parse().unwrap()));
        let store = open_store::<User>(&database.url()).await;
        let hooks = Hooks::default();
        let builder = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .store(store)
            .hashing(weak_hashing())
            .clock(SharedClock(Arc::clone(&clock)))
            .limits(limits)
            .refusal_delay(Duration::ZERO)
            .manager(hooks.clone())
            .backend(Backend::bearer("jwt", Jwt::new()))
            .backend(Backend::bearer("db", DatabaseSessions::new()));
        let users = settings(builder).build().await.unwrap();
        users.migrate().await.unwrap();
        assert_eq!(users.check_schema().await.unwrap(), [], "{kind:?}");
        let mut routes =
            Router::new().merge(user_routes(&users)).nest("/auth/sessions", axum_users::session_routes(&users));
        if users.audit().page().await.is_ok() {
            routes = routes.nest("/audit", audit_routes(&users));
        }
        let routes = routes.fallback(axum_users::not_found).with_state(users.clone());
        Self { users, clock, hooks, database, http: Http::serve(routes).await }
    }

    async fn register(&self, email: &str) -> String {
        let response = self.post("/auth/register").json(json!({ "email": email, "password": PASSWORD })).send().await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()["id"].as_str().unwrap().to_owned()
    }

    async fn try_login(&self, backend: &str, email: &str, password: &str) -> Response {
        let form = [("username", email), ("password", password)];
        self.post(&format!("/auth/{backend}/login")).form(&form).send().await
    }

    async fn login(&self, backend: &str, email: &str) -> String {
        self.try_login(backend, email, PASSWORD).await.access_token()
    }

    /// Creates a superuser, and returns the id and a token.
    async fn superuser(&self, email: &str) -> (String, String) {
        let status = Status { is_active: true, is_superuser: true, is_verified: true };
        let input = UserCreate { email: email.into(), password: PASSWORD.into(), first_name: None };
        let user = self.users.create(input, status).await.unwrap();
        (user.id.to_string(), self.login("jwt", email).await)
    }

    /// Waits until everything is written.
    async fn written(&self) {
        self.users.drain(Duration::from_secs(30)).await;
    }

    /// Returns everything in the log, the oldest first.
    async fn log(&self) -> Vec<AuditEntry> {
        self.written().await;
        let (mut entries, mut next) = (Vec::new(), Some("g".to_owned()));
        while let Some(before) = next {
            let page = self.users.audit().before(before).limit(7).page().await.unwrap();
            entries.extend(page.entries);
            next = page.next;
        }
        entries.reverse();
        entries
    }

    /// Returns the names and outcomes of what is in the log about a user, the oldest first.
    async fn about(&self, user: &str) -> Vec<String> {
        let entries = self.log().await.into_iter().filter(|entry| entry.user_id.as_deref() == Some(user));
        entries.map(|entry| format!("{} {}", entry.event, entry.outcome)).collect()
    }

    /// Returns the number of rows with this event and outcome.
    async fn count(&self, event: &str, outcome: &str) -> usize {
        self.written().await;
        self.database.count("user_audit", &format!("event = '{event}' AND outcome = '{outcome}'")).await
    }

    /// Reads the log as a superuser.
    async fn read(&self, token: &str, query: &str) -> Response {
        self.get(&format!("/audit{query}")).bearer(token).send().await
    }
}

/// Sends a request with an id of its own.
fn marked<'a>(call: Call<'a>, mark: &str) -> Call<'a> {
    call.header("x-request-id", mark)
}

fn texts(entries: &Value, field: &str) -> Vec<String> {
    let entries = entries.as_array().unwrap().iter();
    entries.map(|entry| entry[field].as_str().unwrap_or_default().to_owned()).collect()
}
