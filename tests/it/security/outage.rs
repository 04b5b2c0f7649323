//! Unreachable database servers and exhausted connection pools, as observed by a client.

use std::time::Duration;

use axum_users::{
    Backend, DatabaseSessions, Jwt,
    store::{PoolSettings, SqlStore},
};
use serde_json::json;
use sqlx::{mysql::MySqlPoolOptions, postgres::PgPoolOptions};
use tokio::time::timeout;

use crate::{
    servers::{Server, TempDatabase, proxy::Proxy, until_connected},
    support::{PASSWORD, Response, Setup, TestApp, User},
};

const DOWN: &str = r#"{"detail":"SERVICE_UNAVAILABLE"}"#;

/// Starts a service on a store with a JWT and a session backend.
async fn over(store: SqlStore<User>) -> TestApp {
    let backend = vec![Backend::bearer("jwt", Jwt::new()), Backend::bearer("db", DatabaseSessions::new())];
    TestApp::with(Setup { builder: Box::new(|builder| builder.store(store)), backend, ..Setup::default() }).await
}

async fn try_login(app: &TestApp, backend: &str, email: &str) -> Response {
    let form = [("username", email), ("password", PASSWORD)];
    app.post(&format!("/auth/{backend}/login")).form(&form).send().await
}

/// Registers a user and logs in at both backends.
async fn tokens(app: &TestApp, email: &str) -> [String; 2] {
    app.register(email).await;
    let mut tokens = Vec::new();
    for backend in ["jwt", "db"] {
        let response = try_login(app, backend, email).await;
        assert_eq!(response.status, 200, "{response:?}");
        tokens.push(response.json()["access_token"].as_str().unwrap().to_owned());
    }
    tokens.try_into().unwrap()
}

/// Calls every route that needs the database. A call that gets a 503 must change nothing.
async fn all_responses(app: &TestApp, [jwt, db]: &[String; 2]) -> Vec<(&'static str, Response)> {
    let register = json!({ "email": "new@camelot.bt", "password": PASSWORD });
    vec![
        ("me by JWT", app.me(jwt).await),
        ("me by session", app.me(db).await),
        ("login for a JWT", try_login(app, "jwt", "arthur@camelot.bt").await),
        ("login for a session", try_login(app, "db", "arthur@camelot.bt").await),
        ("login of an unknown user", try_login(app, "db", "unknown@camelot.bt").await),
        ("register", app.post("/auth/register").json(register).send().await),
        ("update", app.patch("/users/me").bearer(db).json(json!({ "first_name": "Lancelot" })).send().await),
        ("logout of a JWT", app.post("/auth/jwt/logout").bearer(jwt).send().await),
        ("logout of a session", app.post("/auth/db/logout").bearer(db).send().await),
    ]
}

fn all_are_503(server: Server, responses: &[(&str, Response)]) {
    for (what, response) in responses {
        assert_eq!(response.status, 503, "{server:?}: {what}");
        response.is(503, DOWN);
        assert!(response.header("retry-after").is_some(), "{server:?}: {what}");
    }
}

/// Waits until the service has a connection again, which takes longer on a busy machine than a request waits. Asserts that the
/// database is unchanged: one user with one session.
async fn nothing_was_done(app: &TestApp, database: &TempDatabase, [jwt, db]: &[String; 2]) {
    let recovered = async { while app.me(jwt).await.status == 503 {} };
    timeout(Duration::from_secs(20), recovered).await.expect("the service recovers");
    for token in [jwt, db] {
        let me = app.me(token).await;
        assert_eq!((me.status.as_u16(), &me.json()["first_name"]), (200, &json!(null)), "{:?}", database.server);
    }
    assert_eq!(database.count("accesstoken").await, 1, "{:?}", database.server);
    assert_eq!(database.count("user").await, 1, "{:?}", database.server);
}

/// A pool whose only connection is in use.
pub async fn pool_is_exhausted(server: Server) {
    let Some(database) = server.database().await else { return };
    let (url, wait) = (database.url(), Duration::from_millis(200));
    let (store, hold): (_, Box<dyn AsyncHold>) = match server {
        Server::Postgres => {
            let options = PgPoolOptions::new().max_connections(1).acquire_timeout(wait);
            let pool = until_connected(async || options.clone().connect(&url).await).await;
            (SqlStore::from_postgres_pool(pool.clone()).unwrap(), Box::new(pool))
        }
        Server::Mysql => {
            let options = MySqlPoolOptions::new().max_connections(1).acquire_timeout(wait);
            let pool = until_connected(async || options.clone().connect(&url).await).await;
            (SqlStore::from_mysql_pool(pool.clone()).unwrap(), Box::new(pool))
        }
    };
    let app = over(store).await;
    let tokens = tokens(&app, "arthur@camelot.bt").await;
    let taken = hold.take().await;
    all_are_503(server, &all_responses(&app, &tokens).await);
    drop(taken);
    nothing_was_done(&app, &database, &tokens).await;
    app.register("new@camelot.bt").await;
}

/// A pool of either database, whose connection a test can hold.
trait AsyncHold {
    fn take(&self) -> std::pin::Pin<Box<dyn Future<Output = Box<dyn Send>> + '_>>;
}

impl<DB: sqlx::Database> AsyncHold for sqlx::Pool<DB> {
    fn take(&self) -> std::pin::Pin<Box<dyn Future<Output = Box<dyn Send>> + '_>> {
        Box::pin(async move { Box::new(self.acquire().await.unwrap()) as Box<dyn Send> })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_server_is_503_in_time_and_the_service_recovers() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let proxy = Proxy::before(&database).await;
        let settings = PoolSettings::default().acquire_timeout(Duration::from_millis(200));
        let url = proxy.url(&database);
        let app = over(until_connected(async || SqlStore::connect_with(&url, &settings).await).await).await;
        let tokens = tokens(&app, "arthur@camelot.bt").await;
        for _ in 0..2 {
            proxy.stop().await;
            // Nine requests wait 200 ms each; the rest is slack for a busy machine.
            let responses =
                timeout(Duration::from_secs(9), all_responses(&app, &tokens)).await.expect("responses in time");
            all_are_503(server, &responses);
            proxy.start().await;
            nothing_was_done(&app, &database, &tokens).await;
        }
        app.register("new@camelot.bt").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_do_not_notice_dropped_database_connections() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let app = over(SqlStore::connect(&database.url()).await.unwrap()).await;
        let tokens = tokens(&app, "arthur@camelot.bt").await;
        database.cut_connections().await;
        let me = app.me(&tokens[1]).await;
        assert_eq!(me.status, 200, "{server:?}: {me:?}");
        database.cut_connections().await;
        assert_eq!(try_login(&app, "db", "arthur@camelot.bt").await.status, 200, "{server:?}");
        database.cut_connections().await;
        app.register("new@camelot.bt").await;
        database.cut_connections().await;
        assert_eq!(app.post("/auth/db/logout").bearer(&tokens[1]).send().await.status, 204, "{server:?}");
        assert_eq!(app.me(&tokens[1]).await.status, 401, "{server:?}");
    }
}
