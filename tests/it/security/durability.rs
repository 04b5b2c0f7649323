//! While the database rejects writes, no request that must store something succeeds.

use std::time::Duration;

use axum_users::{Backend, DatabaseSessions, Jwt, schema::Status, store::SqlStore};
use serde_json::json;
use sqlx::{
    Connection, Executor, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use super::{ARTHUR, OTHER, reset, reset_token, verify, verify_token};
use crate::support::{PASSWORD, Response, Setup, TestApp, User};

const SUPERUSER: &str = "uther@camelot.bt";

/// A request that writes to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Register,
    PatchMe,
    PatchAddress,
    PatchPassword,
    Reset,
    Verify,
    Logout,
    LogoutOfSession,
    LoginForSession,
    EndSession,
    EndOtherSessions,
    PatchBySuperuser,
    DeactivateBySuperuser,
    DeleteBySuperuser,
}

impl Request {
    const ALL: [Self; 14] = [
        Self::Register,
        Self::PatchMe,
        Self::PatchAddress,
        Self::PatchPassword,
        Self::Reset,
        Self::Verify,
        Self::Logout,
        Self::LogoutOfSession,
        Self::LoginForSession,
        Self::EndSession,
        Self::EndOtherSessions,
        Self::PatchBySuperuser,
        Self::DeactivateBySuperuser,
        Self::DeleteBySuperuser,
    ];
}

/// The tokens and ids that the requests need. [`ARTHUR`] is registered again for each request.
struct Prepared {
    jwt: String,
    session: String,
    /// The name of another session.
    other: String,
    reset: String,
    verify: String,
    path: String,
}

/// A service on an application's pool with a rollback journal and one connection.
struct App {
    app: TestApp,
    pool: SqlitePool,
    superuser: String,
    folder: tempfile::TempDir,
}

impl App {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("users.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Delete)
            .busy_timeout(Duration::from_millis(20));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let store = SqlStore::<User>::from_sqlite_pool(pool.clone()).unwrap();
        let app = TestApp::with(Setup {
            builder: Box::new(|builder| builder.store(store)),
            backend: vec![Backend::bearer("jwt", Jwt::new()), Backend::bearer("db", DatabaseSessions::new())],
            policy: axum_users::Policy::recommended().change_email_at_once(),
            ..Setup::default()
        })
        .await;
        let superuser = app.superuser(SUPERUSER).await;
        Self { app, pool, superuser, folder }
    }

    async fn login_for_session(&self, email: &str) -> Response {
        let form = [("username", email), ("password", PASSWORD)];
        self.app.post("/auth/db/login").form(&form).send().await
    }

    async fn prepare(&self) -> Prepared {
        let app = &self.app;
        let jwt = app.member(ARTHUR).await;
        let session = self.login_for_session(ARTHUR).await.access_token();
        self.login_for_session(ARTHUR).await.access_token();
        let listed = app.get("/auth/sessions").bearer(&session).send().await.json();
        let other = listed.as_array().unwrap().iter().find(|listed| listed["current"] == false).unwrap();
        let other = other["id"].as_str().unwrap().to_owned();
        let (reset, verify) = (reset_token(app, ARTHUR).await, verify_token(app, ARTHUR).await);
        let path = format!("/users/{}", app.stored(ARTHUR).await.id);
        Prepared { jwt, session, other, reset, verify, path }
    }

    async fn send(&self, request: Request, with: &Prepared) -> Response {
        let app = &self.app;
        let patch_me = |change| app.patch("/users/me").bearer(&with.jwt).json(change).send();
        let patch = |change| app.patch(&with.path).bearer(&self.superuser).json(change).send();
        match request {
            Request::Register => {
                let body = json!({ "email": "lancelot@camelot.bt", "password": PASSWORD });
                app.post("/auth/register").json(body).send().await
            }
            Request::PatchMe => patch_me(json!({ "first_name": "Arthur" })).await,
            Request::PatchAddress => patch_me(json!({ "email": "king@camelot.bt" })).await,
            Request::PatchPassword => patch_me(json!({ "password": OTHER })).await,
            Request::Reset => reset(app, &with.reset, OTHER).await,
            Request::Verify => verify(app, &with.verify).await,
            Request::Logout => app.post("/auth/jwt/logout").bearer(&with.jwt).send().await,
            Request::LogoutOfSession => app.post("/auth/db/logout").bearer(&with.session).send().await,
            Request::LoginForSession => self.login_for_session(ARTHUR).await,
            Request::EndSession => {
                app.delete(&format!("/auth/sessions/{}", with.other)).bearer(&with.session).send().await
            }
            Request::EndOtherSessions => app.delete("/auth/sessions").bearer(&with.session).send().await,
            Request::PatchBySuperuser => patch(json!({ "quota": 7 })).await,
            Request::DeactivateBySuperuser => patch(json!({ "is_active": false })).await,
            Request::DeleteBySuperuser => app.delete(&with.path).bearer(&self.superuser).send().await,
        }
    }

    /// Returns all stored data except the times of last use.
    async fn dump(&self) -> Vec<String> {
        const DUMP: &str = "SELECT json_array('user', id, email, hashed_password, is_active, is_superuser, is_verified, \
                                first_name, quota, note, auth_epoch) FROM user \
                            UNION ALL SELECT json_array('session', token, user_id, session_id, auth_epoch) FROM accesstoken \
                            UNION ALL SELECT json_array('token', token_id, user_id, revoked, kept_epoch) FROM user_token_state \
                            ORDER BY 1";
        sqlx::query_scalar(DUMP).fetch_all(&self.pool).await.unwrap()
    }

    /// Sends every request during a fault and again afterwards.
    async fn stores_nothing_while<F>(&self, start: impl AsyncFn() -> F, end: impl AsyncFn(F)) {
        for request in Request::ALL {
            let with = self.prepare().await;
            let before = self.dump().await;
            let fault = start().await;
            let response = self.send(request, &with).await;
            assert_eq!(response.text(), r#"{"detail":"SERVICE_UNAVAILABLE"}"#, "{request:?}: {response:?}");
            assert_eq!(response.status, 503, "{request:?}");
            assert!(response.header("retry-after").is_some(), "{request:?}: {response:?}");
            assert_eq!(self.dump().await, before, "{request:?} was rejected but stored");
            end(fault).await;
            assert_eq!(self.dump().await, before, "{request:?} was stored after it was rejected");

            let response = self.send(request, &with).await;
            assert!(response.status.is_success(), "{request:?} after the fault: {response:?}");
            assert_ne!(self.dump().await, before, "{request:?} was acknowledged but not stored");
            self.pool.execute("DELETE FROM user WHERE NOT is_superuser").await.unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_file_is_locked() {
    let app = App::start().await;
    let lock = async || {
        let url = format!("sqlite://{}", app.folder.path().join("users.db").display());
        let mut reader = SqliteConnection::connect(&url).await.unwrap();
        reader.execute(sqlx::raw_sql("BEGIN; SELECT count(*) FROM user")).await.unwrap();
        reader
    };
    app.stores_nothing_while(lock, async |reader: SqliteConnection| reader.close().await.unwrap()).await;
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_database_is_read_only() {
    let app = App::start().await;
    let read_only = async || {
        app.pool.execute("PRAGMA query_only = ON").await.unwrap();
    };
    let writable = async |()| {
        app.pool.execute("PRAGMA query_only = OFF").await.unwrap();
    };
    app.stores_nothing_while(read_only, writable).await;
}

/// Programmatic calls return the error.
#[tokio::test]
async fn programmatic_calls_return_an_error_if_nothing_is_stored() {
    let app = App::start().await;
    app.app.register(ARTHUR).await;
    let arthur = app.app.stored(ARTHUR).await;
    let before = app.dump().await;
    app.pool.execute("PRAGMA query_only = ON").await.unwrap();
    let users = &app.app.users;
    let new =
        crate::support::UserCreate { email: "kay@camelot.bt".into(), password: PASSWORD.into(), first_name: None };
    assert!(users.create(new, Status::NEW).await.is_err());
    let update = crate::support::UserAdminUpdate { quota: Some(7), ..Default::default() };
    assert!(users.update(arthur.clone(), update).await.is_err());
    assert!(users.sessions().end_all(arthur.id).await.is_err());
    assert!(users.sessions().end_everyone().await.is_err());
    assert!(users.delete(&arthur).await.is_err());
    assert_eq!(app.dump().await, before);
}

/// SQLite needs a new page for some writes only, so a full database accepts some requests. An acknowledged
/// change is stored, and a refused one is not.
#[tokio::test]
async fn what_is_acknowledged_on_a_full_database_is_stored() {
    let app = App::start().await;
    let (mut stored, mut refused) = (0, 0);
    for round in 0..3 {
        for request in Request::ALL {
            let with = app.prepare().await;
            let count = sqlx::query_scalar::<_, i64>("PRAGMA page_count").fetch_one(&app.pool).await.unwrap();
            let full = format!("PRAGMA max_page_count = {count}");
            app.pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(full))).await.unwrap();
            for number in 0..round * 12 {
                let body = json!({ "email": format!("{number}@camelot.bt"), "password": PASSWORD });
                app.app.post("/auth/register").json(body).send().await;
            }
            let before = app.dump().await;
            let response = app.send(request, &with).await;
            let after = app.dump().await;
            if response.status.is_success() {
                assert_ne!(after, before, "{request:?} was acknowledged but not stored");
                stored += 1;
            } else {
                assert_eq!(response.status, 503, "{request:?}: {response:?}");
                assert_eq!(after, before, "{request:?} was refused but stored");
                refused += 1;
            }
            app.pool.execute("PRAGMA max_page_count = 1000000").await.unwrap();
            app.pool.execute("DELETE FROM user WHERE NOT is_superuser").await.unwrap();
            app.pool.execute("VACUUM").await.unwrap();
        }
    }
    assert!(stored > 0 && refused > 0, "{stored} were stored and {refused} refused");
}
