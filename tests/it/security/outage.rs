//! Database servers that go away or have no connection to spare, as a client sees it.

use std::time::Duration;

use axum_users::{
    Backend, DatabaseSessions, Jwt,
    store::{PoolSettings, SqlStore},
};
use serde_json::json;
use sqlx::{mysql::MySqlPoolOptions, postgres::PgPoolOptions};
use tokio::time::timeout;

use crate::{
    servers::{Server, TempDatabase, proxy::Proxy},
    support::{Answer, PASSWORD, Setup, TestApp, User},
};

const DOWN: &str = r#"{"detail":"SERVICE_UNAVAILABLE"}"#;

/// A service with a backend of each kind over a store.
async fn over(store: SqlStore<User>) -> TestApp {
    let backend = vec![Backend::bearer("jwt", Jwt::new()), Backend::bearer("db", DatabaseSessions::new())];
    TestApp::with(Setup { builder: Box::new(|builder| builder.store(store)), backend, ..Setup::default() }).await
}

async fn try_login(app: &TestApp, backend: &str, email: &str) -> Answer {
    let form = [("username", email), ("password", PASSWORD)];
    app.post(&format!("/auth/{backend}/login")).form(&form).send().await
}

/// Registers somebody and logs in at both backends.
async fn tokens(app: &TestApp, email: &str) -> [String; 2] {
    app.register(email).await;
    let mut tokens = Vec::new();
    for backend in ["jwt", "db"] {
        let answer = try_login(app, backend, email).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        tokens.push(answer.json()["access_token"].as_str().unwrap().to_owned());
    }
    tokens.try_into().unwrap()
}

/// Everything that needs the database, by name. None of it may change anything if the answer is 503.
async fn all_answers(app: &TestApp, [jwt, db]: &[String; 2]) -> Vec<(&'static str, Answer)> {
    let register = json!({ "email": "new@camelot.bt", "password": PASSWORD });
    vec![
        ("me by JWT", app.me(jwt).await),
        ("me by session", app.me(db).await),
        ("login for a JWT", try_login(app, "jwt", "arthur@camelot.bt").await),
        ("login for a session", try_login(app, "db", "arthur@camelot.bt").await),
        ("login of nobody", try_login(app, "db", "nobody@camelot.bt").await),
        ("register", app.post("/auth/register").json(register).send().await),
        ("update", app.patch("/users/me").bearer(db).json(json!({ "first_name": "Lancelot" })).send().await),
        ("logout of a JWT", app.post("/auth/jwt/logout").bearer(jwt).send().await),
        ("logout of a session", app.post("/auth/db/logout").bearer(db).send().await),
    ]
}

fn all_are_503(server: Server, answers: &[(&str, Answer)]) {
    for (what, answer) in answers {
        assert_eq!(answer.status, 503, "{server:?}: {what}");
        answer.is(503, DOWN);
        assert!(answer.header("retry-after").is_some(), "{server:?}: {what}");
    }
}

/// What was there before is, and nothing else: one user, with one session in each backend.
async fn nothing_was_done(app: &TestApp, database: &TempDatabase, [jwt, db]: &[String; 2]) {
    for token in [jwt, db] {
        let me = app.me(token).await;
        assert_eq!((me.status.as_u16(), &me.json()["first_name"]), (200, &json!(null)), "{:?}", database.server);
    }
    assert_eq!(database.count("accesstoken").await, 1, "{:?}", database.server);
    assert_eq!(database.count("user").await, 1, "{:?}", database.server);
}

/// A pool of one connection, which is taken.
pub async fn pool_is_exhausted(server: Server) {
    let Some(database) = server.database().await else { return };
    let wait = Duration::from_millis(200);
    let (store, hold): (_, Box<dyn AsyncHold>) = match server {
        Server::Postgres => {
            let options = PgPoolOptions::new().max_connections(1).acquire_timeout(wait);
            let pool = options.connect(&database.url()).await.unwrap();
            (SqlStore::from_postgres_pool(pool.clone()).unwrap(), Box::new(pool))
        }
        Server::Mysql => {
            let options = MySqlPoolOptions::new().max_connections(1).acquire_timeout(wait);
            let pool = options.connect(&database.url()).await.unwrap();
            (SqlStore::from_mysql_pool(pool.clone()).unwrap(), Box::new(pool))
        }
    };
    let app = over(store).await;
    let tokens = tokens(&app, "arthur@camelot.bt").await;
    let taken = hold.take().await;
    all_are_503(server, &all_answers(&app, &tokens).await);
    drop(taken);
    nothing_was_done(&app, &database, &tokens).await;
    app.register("new@camelot.bt").await;
}

/// A pool of either kind, to take its connection.
trait AsyncHold {
    fn take(&self) -> std::pin::Pin<Box<dyn Future<Output = Box<dyn Send>> + '_>>;
}

impl<DB: sqlx::Database> AsyncHold for sqlx::Pool<DB> {
    fn take(&self) -> std::pin::Pin<Box<dyn Future<Output = Box<dyn Send>> + '_>> {
        Box::pin(async move { Box::new(self.acquire().await.unwrap()) as Box<dyn Send> })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_503_in_time_and_comes_back() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let proxy = Proxy::before(&database).await;
        let settings = PoolSettings::default().acquire_timeout(Duration::from_millis(200));
        let app = over(SqlStore::connect_with(&proxy.url(&database), &settings).await.unwrap()).await;
        let tokens = tokens(&app, "arthur@camelot.bt").await;
        for _ in 0..2 {
            proxy.stop().await;
            // Nine requests that wait 200 ms each, on a machine that does much else.
            let answers = timeout(Duration::from_secs(9), all_answers(&app, &tokens)).await.expect("answers in time");
            all_are_503(server, &answers);
            proxy.start().await;
            nothing_was_done(&app, &database, &tokens).await;
        }
        app.register("new@camelot.bt").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_are_not_noticed_by_clients() {
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
