//! Tables in a named schema: every flow uses them, and tables of the same names in other schemas stay as they are.

use axum::Router;
use axum_users::{
    AuthUser, Backend, DatabaseSessions, Jwt, PasswordHash, SecretKey, Users, schema::Status, store::Database as Kind,
};
use serde_json::json;
use uuid::Uuid;

use crate::hashing::weak_hashing;
use crate::{
    credentials::{PASSWORD, SECRET},
    database::{Database, DatabaseKind},
    http::Http,
};

#[derive(AuthUser, Debug, Clone)]
#[auth(schema = "axum_users_named_schema")]
pub struct Knight {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

const SCHEMA: &str = "axum_users_named_schema";

/// Removes the database that MySQL has for the schema, also after a panic.
struct Schema;

impl Drop for Schema {
    fn drop(&mut self) {
        let dropping = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let database = Database::empty(DatabaseKind::MariaDb).await;
                database.run(&format!("DROP DATABASE IF EXISTS {SCHEMA}")).await;
            });
        });
        let _done = dropping.join();
    }
}

async fn works_in_its_schema(kind: DatabaseKind) {
    let database = Database::empty(kind).await;
    // Another application's tables, where names without a schema lead.
    let foreign = database.quoted("user");
    database.run(&format!("CREATE TABLE {foreign} (id INT); CREATE TABLE accesstoken (id INT)")).await;
    let users = Users::<Knight>::builder(SecretKey::new(SECRET).unwrap())
        .database(database.url())
        .hashing(weak_hashing())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .backend(Backend::bearer("db", DatabaseSessions::new()))
        .build()
        .await
        .unwrap();
    let missing = users.check_schema().await.unwrap();
    assert_eq!((missing[0].table.as_str(), missing[0].problem.as_str()), (SCHEMA, "the schema is missing"));
    users.migrate().await.unwrap();
    users.migrate().await.unwrap();
    assert_eq!(users.check_schema().await.unwrap(), [], "{kind:?}");

    let app = Router::new().merge(knight_routes(&users)).fallback(axum_users::not_found).with_state(users.clone());
    let http = Http::serve(app).await;
    let body = json!({ "email": "lancelot@camelot.bt", "password": PASSWORD });
    assert_eq!(http.post("/auth/register").json(body.clone()).send().await.status, 201, "{kind:?}");
    let taken = http.post("/auth/register").json(body).send().await;
    taken.is(400, r#"{"detail":"REGISTER_USER_ALREADY_EXISTS"}"#);
    let king = KnightCreate { email: "arthur@camelot.bt".into(), password: PASSWORD.into() };
    users.create(king, Status { is_superuser: true, ..Status::NEW }).await.unwrap();
    for backend in ["jwt", "db"] {
        let login = async |email: &str| {
            let form = [("username", email), ("password", PASSWORD)];
            http.post(&format!("/auth/{backend}/login")).form(&form).send().await.access_token()
        };
        let (king, knight) = (login("arthur@camelot.bt").await, login("lancelot@camelot.bt").await);
        let me = http.get("/users/me").bearer(&knight).send().await.json();
        let path = format!("/users/{}", me["id"].as_str().unwrap());
        let change = json!({ "is_verified": true });
        assert_eq!(http.patch(&path).bearer(&king).json(change).send().await.status, 200, "{kind:?}");
        assert_eq!(http.post(&format!("/auth/{backend}/logout")).bearer(&knight).send().await.status, 204, "{kind:?}");
        assert_eq!(http.get("/users/me").bearer(&knight).send().await.status, 401, "{kind:?}");
    }
    users.purge_expired().await.unwrap();
    let lancelot = users.get_by_email("lancelot@camelot.bt").await.unwrap().unwrap();
    users.delete(&lancelot).await.unwrap();
    assert_eq!((database.count("user", "TRUE").await, database.count("accesstoken", "TRUE").await), (0, 0), "{kind:?}");
}

#[tokio::test]
async fn users_are_in_the_schema_that_the_struct_names() {
    let _schema = Schema;
    for kind in [DatabaseKind::Postgres, DatabaseKind::MariaDb] {
        if kind.is_reachable().await {
            works_in_its_schema(kind).await;
        }
    }
}

#[tokio::test]
async fn sqlite_has_no_schemas_and_ignores_the_name() {
    let url = Database::empty(DatabaseKind::Sqlite).await;
    let builder = Users::<Knight>::builder(SecretKey::new(SECRET).unwrap()).database(url.url());
    let users = builder.backend(Backend::bearer("jwt", Jwt::new())).build().await.unwrap();
    users.migrate().await.unwrap();
    assert_eq!(users.check_schema().await.unwrap(), []);
    assert_eq!(url.count("user", "TRUE").await, 0);
}

#[test]
fn the_migration_as_text_creates_the_schema() {
    let sql = Users::<Knight>::migration_sql(Kind::Postgres).unwrap();
    assert!(sql.starts_with("CREATE SCHEMA IF NOT EXISTS \"axum_users_named_schema\";\n"), "{sql}");
    let sql = Users::<Knight>::migration_sql(Kind::Mysql).unwrap();
    assert!(sql.starts_with("CREATE DATABASE IF NOT EXISTS `axum_users_named_schema`"), "{sql}");
    assert!(!Users::<Knight>::migration_sql(Kind::Sqlite).unwrap().contains("SCHEMA"));
}
