//! Values that a column, a constraint or a trigger refuses at run time, over HTTP on every database: 422 for a write,
//! an unknown user for a lookup, and no value in a log.

use axum_users::{
    Policy,
    error::{CreateError, UpdateError},
    schema::Status,
    store::{SqlStore, StoreError},
};
use serde_json::{Value, json};
use sqlx::Executor;

use super::{ARTHUR, logs::Recording};
use crate::{
    servers::{Server, TempDatabase},
    support::{PASSWORD, Response, Setup, TestApp, User, UserAdminUpdate, UserCreate},
};

/// A text that no log may contain.
const SECRET_TEXT: &str = "Excalibur-in-the-lake";

/// A service on a database whose columns refuse first names of more than 10 characters, quotas from 100, and, by a trigger,
/// the first name `refused`.
struct App {
    app: TestApp,
    server: Option<Server>,
    _database: Option<TempDatabase>,
}

const POSTGRES: &str = "ALTER TABLE \"user\" ALTER first_name TYPE varchar(10); \
    ALTER TABLE \"user\" ADD CHECK (quota < 100); \
    CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    IF NEW.first_name = 'refused' THEN RAISE EXCEPTION 'no: %', NEW.email; END IF; RETURN NEW; END $$; \
    CREATE TRIGGER stop BEFORE INSERT OR UPDATE ON \"user\" FOR EACH ROW EXECUTE FUNCTION stop();";
const MYSQL: &str = "ALTER TABLE `user` MODIFY first_name VARCHAR(10) CHARACTER SET utf8mb3, \
    ADD CONSTRAINT user_quota_check CHECK (quota < 100); \
    CREATE TRIGGER stop_insert BEFORE INSERT ON `user` FOR EACH ROW BEGIN IF NEW.first_name = 'refused' THEN \
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Excalibur-in-the-lake'; END IF; END; \
    CREATE TRIGGER stop_update BEFORE UPDATE ON `user` FOR EACH ROW BEGIN IF NEW.first_name = 'refused' THEN \
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Excalibur-in-the-lake'; END IF; END;";
const SQLITE: &str = "PRAGMA writable_schema = ON; \
    UPDATE sqlite_schema SET sql = replace(replace(sql, '\"first_name\" TEXT', \
    '\"first_name\" TEXT CHECK (length(\"first_name\") <= 10)'), '\"quota\" INTEGER', \
    '\"quota\" INTEGER CHECK (\"quota\" < 100)') WHERE name = 'user'; \
    PRAGMA schema_version = 9999; PRAGMA writable_schema = OFF; \
    CREATE TRIGGER stop_insert BEFORE INSERT ON \"user\" WHEN NEW.first_name = 'refused' BEGIN \
    SELECT RAISE(ABORT, 'Excalibur-in-the-lake'); END; \
    CREATE TRIGGER stop_update BEFORE UPDATE ON \"user\" WHEN NEW.first_name = 'refused' BEGIN \
    SELECT RAISE(ABORT, 'Excalibur-in-the-lake'); END;";

impl App {
    /// Starts one on every available database.
    async fn everywhere(policy: fn() -> Policy) -> Vec<Self> {
        let mut apps = Vec::new();
        let sqlite = TestApp::with_policy(policy()).await;
        sqlite.sqlite().await.execute(sqlx::raw_sql(SQLITE)).await.unwrap();
        apps.push(Self { app: sqlite, server: None, _database: None });
        for server in Server::ALL {
            let Some(database) = server.database().await else { continue };
            let app = Self::on(&database, policy()).await;
            database.run(if server == Server::Postgres { POSTGRES } else { MYSQL }).await;
            apps.push(Self { app, server: Some(server), _database: Some(database) });
        }
        apps
    }

    async fn on(database: &TempDatabase, policy: Policy) -> TestApp {
        let store = SqlStore::<User>::connect(&database.url()).await.unwrap();
        TestApp::with(Setup { policy, builder: Box::new(|builder| builder.store(store)), ..Setup::default() }).await
    }

    async fn register(&self, email: &str, first_name: &str) -> Response {
        let body = json!({ "email": email, "password": PASSWORD, "first_name": first_name });
        self.app.post("/auth/register").json(body).send().await
    }

    /// Asserts that a response is a 422 in the usual shape that names this field, or the body where the database names no
    /// column.
    #[track_caller]
    fn is_refused(&self, response: &Response, field: Option<&str>) {
        assert_eq!(response.status, 422, "{:?}: {response:?}", self.server);
        let problems = response.json()["detail"].as_array().cloned().unwrap();
        let [problem] = problems.as_slice() else { panic!("{:?}: {problems:?}", self.server) };
        let loc = field.map_or_else(|| json!(["body"]), |field| json!(["body", field]));
        assert_eq!((&problem["type"], &problem["loc"]), (&json!("value_error"), &loc), "{:?}: {problem}", self.server);
        assert_eq!(problem["input"], Value::Null, "{:?}: {problem}", self.server);
        assert!(problem["msg"].as_str().unwrap().starts_with("Value error, "), "{problem}");
    }
}

/// Asserts that no line of the library contains the texts.
fn nothing_of(recording: &Recording, texts: &[&str]) {
    for line in recording.events() {
        let text = format!("{:?}", line.fields);
        assert!(texts.iter().all(|secret| !text.contains(secret)), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_the_database_refuses_is_422_and_names_the_field() {
    let recording = Recording::start();
    for app in App::everywhere(Policy::recommended).await {
        let server = app.server;
        let too_long = if server == Some(Server::Postgres) { None } else { Some("first_name") }; // PostgreSQL names none
        app.is_refused(&app.register(ARTHUR, SECRET_TEXT).await, too_long);
        app.is_refused(&app.register(ARTHUR, "refused").await, None);
        if server == Some(Server::Mysql) {
            app.is_refused(&app.register(ARTHUR, "a \u{1f5e1}").await, Some("first_name")); // not in utf8mb3
        }
        assert!(app.app.users.get_by_email(ARTHUR).await.unwrap().is_none(), "{server:?}: nothing is stored");

        let token = app.app.member(ARTHUR).await;
        let superuser = app.app.superuser("uther@camelot.bt").await;
        let arthur = app.app.stored(ARTHUR).await;
        let path = format!("/users/{}", arthur.id);
        for (call, token) in [(app.app.patch("/users/me"), &token), (app.app.patch(&path), &superuser)] {
            let change = json!({ "first_name": SECRET_TEXT, "email": "excalibur.owner@camelot.bt" });
            app.is_refused(&call.bearer(token).json(change).send().await, too_long);
        }
        let change = app.app.patch(&path).bearer(&superuser).json(json!({ "quota": 100 })).send().await;
        app.is_refused(&change, Some("quota"));
        let change = app.app.patch(&path).bearer(&superuser).json(json!({ "first_name": "refused" })).send().await;
        app.is_refused(&change, None);
        let after = app.app.stored(ARTHUR).await;
        assert_eq!((after.email, after.first_name, after.quota), (arthur.email, None, 0), "{server:?}");

        let input = UserCreate {
            email: "kay@camelot.bt".into(),
            password: PASSWORD.into(),
            first_name: Some(SECRET_TEXT.into()),
        };
        let created = app.app.users.create(input, Status::NEW).await;
        assert!(matches!(created, Err(CreateError::Store(StoreError::InvalidValue { .. }))), "{server:?}: {created:?}");
        let update = UserAdminUpdate { quota: Some(100), ..Default::default() };
        let updated = app.app.users.update(app.app.stored(ARTHUR).await, update).await;
        let named = matches!(&updated, Err(UpdateError::Store(StoreError::InvalidValue { field: Some("quota"), .. })));
        assert!(named, "{server:?}: {updated:?}");
        let text = format!("{created:?} {updated:?}");
        assert!(!text.contains(SECRET_TEXT) && !text.contains("kay@"), "{text}");
    }
    nothing_of(&recording, &[SECRET_TEXT, "excalibur.owner", "kay@camelot", "uther@"]);
    let told = |line: &super::logs::Line| line.field("reason") == Some("the database refuses a value");
    assert!(recording.events().iter().any(told), "operators learn of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_registration_refuses_the_same_values_for_new_and_taken_addresses() {
    let policy = || Policy::recommended().require_verification(true).private_registration();
    for app in App::everywhere(policy).await {
        assert_eq!(app.register(ARTHUR, "Arthur").await.status, 201);
        let new = app.register("kay@camelot.bt", SECRET_TEXT).await;
        let taken = app.register(ARTHUR, SECRET_TEXT).await;
        assert_eq!((new.status, new.text()), (taken.status, taken.text()), "{:?}", app.server);
        assert_eq!(new.status, 422, "{:?}", app.server);
    }
}

/// Databases whose encoding lacks most letters, below users whose addresses have them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn characters_outside_of_the_encoding_are_not_found_in_look_ups_and_422_in_writes() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        let narrow = match server {
            Server::Postgres => {
                let name = format!("{}_latin", database.name);
                database
                    .run(&format!(
                        "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
                    ))
                    .await;
                TempDatabase::created(server, name)
            }
            Server::Mysql => {
                let name = format!("{}_latin", database.name);
                database.run(&format!("CREATE DATABASE {name}")).await;
                TempDatabase::created(server, name)
            }
        };
        let app = App::on(&narrow, Policy::fastapi_users()).await;
        if server == Server::Mysql {
            let latin = "CHARACTER SET latin1";
            let columns = format!("MODIFY email VARCHAR(320) {latin} NOT NULL, MODIFY first_name LONGTEXT {latin}");
            narrow.run(&format!("ALTER TABLE `user` {columns}")).await;
        }
        let superuser = app.superuser("uther@camelot.bt").await;
        for email in ["漢@camelot.bt", "\u{1f5e1}@camelot.bt"] {
            app.try_login(email, PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
            for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
                let body = json!({ "email": email });
                app.post(path).json(body).send().await.is(202, "null");
            }
            let body = json!({ "email": email, "password": PASSWORD });
            let refused = app.post("/auth/register").json(body).send().await;
            assert_eq!(refused.status, 422, "{server:?} {email}: {refused:?}");
            let body = json!({ "email": "kay@camelot.bt", "password": PASSWORD, "first_name": email });
            let refused = app.post("/auth/register").json(body).send().await;
            assert_eq!(refused.status, 422, "{server:?} {email}: {refused:?}");
            let refused = app.patch("/users/me").bearer(&superuser).json(json!({ "email": email })).send().await;
            assert_eq!(refused.status, 422, "{server:?} {email}: {refused:?}");
            assert!(app.users.get_by_email(email).await.unwrap().is_none(), "{server:?}");
        }
        // Characters of the encoding are stored unchanged.
        let body = json!({ "email": "kay@camelot.bt", "password": PASSWORD, "first_name": "Kéy" });
        assert_eq!(app.post("/auth/register").json(body).send().await.json()["first_name"], "Kéy", "{server:?}");
    }
}

/// Text of a path, a header, a cookie or a form that is not an id, token or address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_of_a_path_a_header_or_a_form_reaches_the_database_unchecked() {
    use axum_users::{Backend, DatabaseSessions, Jwt};

    const TEXTS: [&str; 12] = [
        "%00",
        "a%00b",
        "%0A",
        "%ff",
        "%F0%9F%97%A1",
        "%E6%BC%A2",
        "..%2F",
        "%27%20OR%201=1",
        "a%5C",
        "%7F",
        "+",
        "%20",
    ];
    let long = "a".repeat(3000);
    for server in [None].into_iter().chain(Server::ALL.map(Some)) {
        let database = match server {
            Some(server) => match server.database().await {
                Some(database) => Some(database),
                None => continue,
            },
            None => None,
        };
        let mut setup = Setup {
            backend: vec![Backend::bearer("jwt", Jwt::new()), Backend::bearer("db", DatabaseSessions::new())],
            ..Setup::default()
        };
        if let Some(database) = &database {
            let store = SqlStore::<User>::connect(&database.url()).await.unwrap();
            setup.builder = Box::new(|builder| builder.store(store));
        }
        let app = TestApp::with(setup).await;
        let superuser = app.superuser("uther@camelot.bt").await;
        for text in TEXTS.into_iter().chain([long.as_str()]) {
            let ended = app.delete(&format!("/auth/sessions/{text}")).bearer(&superuser).send().await;
            ended.is(404, r#"{"detail":"Not Found"}"#);
            app.get(&format!("/users/{text}")).bearer(&superuser).send().await.is(404, r#"{"detail":"Not Found"}"#);
            let deleted = app.delete(&format!("/users/{text}")).bearer(&superuser).send().await;
            deleted.is(404, r#"{"detail":"Not Found"}"#);
        }
        for token in ["a b", "'", "%00", &"a".repeat(43), &format!("{}'", "a".repeat(42)), &long] {
            assert_eq!(app.get("/users/me").bearer(token).send().await.status, 401, "{server:?} {token}");
        }
        for text in ["\0", "a\0@camelot.bt", "\u{1f5e1}", "'", "\\", &long] {
            app.try_login(text, PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
            let body = json!({ "token": text, "password": PASSWORD });
            app.post("/auth/reset-password")
                .json(body)
                .send()
                .await
                .is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
            app.post("/auth/verify")
                .json(json!({ "token": text }))
                .send()
                .await
                .is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
            assert!(app.users.get_by_email(text).await.unwrap().is_none(), "{server:?}");
            let id = axum_users::store::TokenId(text.to_owned());
            let uther = app.stored("uther@camelot.bt").await.id;
            assert!(!app.users.sessions().end(uther, &id).await.unwrap(), "{server:?}");
        }
    }
}
