//! Rows that other programs wrote: without a password, with NULL in a flag, with values that their fields cannot hold.

use axum_users::store::{SqlStore, StoreError};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};

use super::{ARTHUR, OTHER, logs::Recording, reset, reset_token};
use crate::{
    servers::{Server, TempDatabase},
    support::{PASSWORD, Response, Setup, TestApp, User},
};

const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

/// A service on a table whose columns may be NULL, as other programs declare them.
struct App {
    app: TestApp,
    database: Option<TempDatabase>,
}

impl App {
    async fn everywhere() -> Vec<Self> {
        let mut apps = vec![Self { app: TestApp::start().await, database: None }];
        for server in Server::ALL {
            let Some(database) = server.database().await else { continue };
            let store = SqlStore::<User>::connect(&database.url()).await.unwrap();
            let setup = Setup { builder: Box::new(|builder| builder.store(store)), ..Setup::default() };
            apps.push(Self { app: TestApp::with(setup).await, database: Some(database) });
        }
        for app in &apps {
            app.run(app.nullable()).await;
        }
        apps
    }

    fn nullable(&self) -> &'static str {
        match self.server() {
            None => {
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') \
                 WHERE name = 'user'; PRAGMA schema_version = 9999; PRAGMA writable_schema = OFF"
            }
            Some(Server::Postgres) => {
                "ALTER TABLE \"user\" ALTER email DROP NOT NULL, ALTER hashed_password DROP NOT NULL, \
                 ALTER is_active DROP NOT NULL, ALTER is_superuser DROP NOT NULL, ALTER is_verified DROP NOT NULL, \
                 ALTER quota DROP NOT NULL"
            }
            Some(Server::Mysql) => {
                "ALTER TABLE `user` MODIFY hashed_password VARCHAR(1024) NULL, MODIFY is_active BOOLEAN NULL, \
                 MODIFY is_superuser BOOLEAN NULL, MODIFY is_verified BOOLEAN NULL, MODIFY quota BIGINT NULL"
            }
        }
    }

    fn server(&self) -> Option<Server> {
        self.database.as_ref().map(|database| database.server)
    }

    async fn run(&self, sql: &str) {
        match &self.database {
            Some(database) => database.run(sql).await,
            None => {
                self.app.sqlite().await.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
            }
        }
    }

    /// Sets a column of a user.
    async fn set(&self, email: &str, column: &str, value: &str) {
        let table = if self.server() == Some(Server::Mysql) { "`user`" } else { "\"user\"" };
        self.run(&format!("UPDATE {table} SET {column} = {value} WHERE email = '{email}'")).await;
    }

    /// Returns whether a column of a user is NULL.
    async fn is_null(&self, email: &str, column: &str) -> bool {
        let table = if self.server() == Some(Server::Mysql) { "`user`" } else { "\"user\"" };
        let sql = AssertSqlSafe(format!("SELECT 1 FROM {table} WHERE email = '{email}' AND {column} IS NULL"));
        let rows = match &self.database {
            None => self.app.sqlite().await.fetch_all(sqlx::raw_sql(sql)).await.unwrap().len(),
            Some(database) if database.server == Server::Postgres => {
                PgConnection::connect(&database.url()).await.unwrap().fetch_all(sqlx::raw_sql(sql)).await.unwrap().len()
            }
            Some(database) => MySqlConnection::connect(&database.url())
                .await
                .unwrap()
                .fetch_all(sqlx::raw_sql(sql))
                .await
                .unwrap()
                .len(),
        };
        rows > 0
    }
}

/// Asserts that every public route responds as for an unknown user.
async fn assert_unknown_user(app: &App, email: &str, token: &str) {
    let what = app.server();
    let answer = |response: &Response| (response.status, response.text());
    let (there, nobody) =
        (app.app.try_login(email, PASSWORD).await, app.app.try_login("nobody@camelot.bt", PASSWORD).await);
    assert_eq!(answer(&there), answer(&nobody), "{what:?}");
    there.is(400, BAD_CREDENTIALS);
    for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
        app.app.post(path).json(json!({ "email": email })).send().await.is(202, "null");
    }
    assert_eq!(app.app.me(token).await.status, 401, "{what:?}");
    let body = json!({ "email": email, "password": PASSWORD });
    let again = app.app.post("/auth/register").json(body).send().await;
    again.is(400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_null_hash_is_an_account_without_a_password() {
    for app in App::everywhere().await {
        let superuser = app.app.superuser("uther@camelot.bt").await;
        app.app.register(ARTHUR).await;
        app.set(ARTHUR, "hashed_password", "NULL").await;
        for password in [PASSWORD, " ", "NULL"] {
            app.app.try_login(ARTHUR, password).await.is(400, BAD_CREDENTIALS);
        }
        // Other changes leave it as it is.
        let arthur = app.app.stored(ARTHUR).await;
        let path = format!("/users/{}", arthur.id);
        let named = app.app.patch(&path).bearer(&superuser).json(json!({ "first_name": "Arthur" })).send().await;
        assert_eq!((named.status.as_u16(), &named.json()["first_name"]), (200, &json!("Arthur")), "{:?}", app.server());
        assert!(app.is_null(ARTHUR, "hashed_password").await);
        app.app.try_login(ARTHUR, PASSWORD).await.is(400, BAD_CREDENTIALS);
        // A reset sets the first password, once.
        let token = reset_token(&app.app, ARTHUR).await;
        reset(&app.app, &token, OTHER).await.is(200, "null");
        assert_eq!(app.app.try_login(ARTHUR, OTHER).await.status, 200, "{:?}", app.server());
        assert_eq!(reset(&app.app, &token, PASSWORD).await.status, 400, "{:?}", app.server());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hash_that_is_not_text_is_answered_as_a_wrong_password_and_can_be_reset() {
    let recording = Recording::start();
    let app = App { app: TestApp::start().await, database: None };
    for bytes in ["CAST(x'ff00fe' AS TEXT)", "x'24617267fffe'"] {
        app.app.register(ARTHUR).await;
        app.set(ARTHUR, "hashed_password", bytes).await;
        app.app.try_login(ARTHUR, PASSWORD).await.is(400, BAD_CREDENTIALS);
        let lines = recording.lines();
        assert!(lines.iter().any(|line| line.field("event") == Some("stored_hash_corrupt")), "operators learn of it");
        let token = reset_token(&app.app, ARTHUR).await;
        reset(&app.app, &token, OTHER).await.is(200, "null");
        assert_eq!(app.app.try_login(ARTHUR, OTHER).await.status, 200);
        app.run("DELETE FROM user").await;
    }
    // MySQL in a binary column.
    let Some(database) = Server::Mysql.database().await else { return };
    let store = SqlStore::<User>::connect(&database.url()).await.unwrap();
    let setup = Setup { builder: Box::new(|builder| builder.store(store)), ..Setup::default() };
    let app = App { app: TestApp::with(setup).await, database: Some(database) };
    app.app.register(ARTHUR).await;
    app.run("ALTER TABLE `user` MODIFY hashed_password VARBINARY(1024) NOT NULL").await;
    app.set(ARTHUR, "hashed_password", "x'24617267fffe'").await;
    app.app.try_login(ARTHUR, PASSWORD).await.is(400, BAD_CREDENTIALS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cannot_be_read_is_an_unknown_user_to_clients_and_an_event_for_operators() {
    let recording = Recording::start();
    for app in App::everywhere().await {
        for column in ["is_active", "is_superuser", "is_verified", "quota"] {
            let token = app.app.member(ARTHUR).await;
            let id = app.app.stored(ARTHUR).await.id;
            app.set(ARTHUR, column, "NULL").await;
            assert_unknown_user(&app, ARTHUR, &token).await;
            let read = app.app.users.get_by_email(ARTHUR).await;
            let Err(StoreError::Unreadable { id: named, column: what }) = read else { panic!("{read:?}") };
            assert_eq!((named, what), (id.to_string(), format!("{column} is NULL")), "{:?}", app.server());
            let events = recording.events();
            let told = events.iter().find(|line| line.is("dependency", "failed") && line.is_about(&id.to_string()));
            let told = told.unwrap_or_else(|| panic!("{:?}: no event about {column}", app.server()));
            assert_eq!(told.field("cause"), Some(&*format!("{column} is NULL")));
            assert!(events.iter().all(|line| !format!("{:?}", line.fields).contains("arthur@")));
            let table = if app.server() == Some(Server::Mysql) { "`user`" } else { "\"user\"" };
            app.run(&format!("DELETE FROM {table}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_superuser_sees_repairs_and_deletes_rows_that_cannot_be_read() {
    for app in App::everywhere().await {
        let superuser = app.app.superuser("uther@camelot.bt").await;
        app.app.register(ARTHUR).await;
        let path = format!("/users/{}", app.app.stored(ARTHUR).await.id);
        let what = app.server();
        app.set(ARTHUR, "is_active", "NULL").await;
        app.set(ARTHUR, "quota", "NULL").await;

        let shown = app.app.get(&path).bearer(&superuser).send().await;
        assert_eq!(shown.status, 200, "{what:?}: {shown:?}");
        let shown = shown.json();
        let values = [&shown["email"], &shown["is_active"], &shown["quota"], &shown["is_verified"]];
        assert_eq!(values, [&json!(ARTHUR), &Value::Null, &Value::Null, &json!(false)], "{what:?}");

        // One value after the other.
        let repaired = app.app.patch(&path).bearer(&superuser).json(json!({ "quota": 7 })).send().await;
        assert_eq!(repaired.status, 200, "{what:?}: {repaired:?}");
        assert_eq!((&repaired.json()["quota"], &repaired.json()["is_active"]), (&json!(7), &Value::Null), "{what:?}");
        app.app.try_login(ARTHUR, PASSWORD).await.is(400, BAD_CREDENTIALS);
        let repaired = app.app.patch(&path).bearer(&superuser).json(json!({ "is_active": true })).send().await;
        let values = (repaired.status.as_u16(), repaired.json()["is_active"].clone(), repaired.json()["email"].clone());
        assert_eq!(values, (200, json!(true), json!(ARTHUR)), "{what:?}");
        assert_eq!(app.app.try_login(ARTHUR, PASSWORD).await.status, 200, "{what:?}");

        app.set(ARTHUR, "is_superuser", "NULL").await;
        assert_eq!(app.app.delete(&path).bearer(&superuser).send().await.status, 204, "{what:?}");
        assert_eq!(app.app.get(&path).bearer(&superuser).send().await.status, 404, "{what:?}");
        // The superuser's own row is unchanged.
        assert_eq!(app.app.stored("uther@camelot.bt").await.quota, 0, "{what:?}");
    }
}
