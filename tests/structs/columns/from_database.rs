//! Columns that the database fills: by a default, as a generated column, by a trigger.

use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, SecretKey, Users, env::Clock as _, store::MemoryStore, testing::ManualClock,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Database, change, login, me, register, serve, users};
use crate::hashing::weak_hashing;
use crate::{clock::SharedClock, http::Http};

#[derive(AuthUser, Debug, Clone, PartialEq)]
#[auth(routes = member)]
struct User {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, from_database = "CURRENT_TIMESTAMP")]
    created_at: DateTime<Utc>,
    #[auth(read, create, update, length(max = 80))]
    motto: Option<String>,
    #[auth(private, from_database = "7")]
    score: i64,
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_time_that_the_database_makes_is_shown_and_survives_every_change() {
    let year: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    for database in Database::all().await {
        let (users, http) = serve::<User>(&database, member_routes).await;
        let (status, registered) = register(&http, "arthur@camelot.bt", json!({})).await;
        assert_eq!(status, 201, "{}: {registered}", database.name());
        assert!(time(&registered["created_at"]) > year, "{}: {registered}", database.name());

        let token = login(&http, "arthur@camelot.bt").await;
        // A request cannot set it: the key is ignored, as every unknown one is.
        let changes = json!({"motto": "courage", "created_at": "2000-01-01T00:00:00Z"});
        let (status, changed) = change(&http, &token, changes).await;
        assert_eq!((status, &changed["motto"]), (200, &json!("courage")));
        assert_eq!(changed["created_at"], registered["created_at"], "{}", database.name());
        assert_eq!(me(&http, &token).await, changed);
        let stored = users.get(registered["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((stored.created_at, stored.score), (time(&registered["created_at"]), 7));
    }
}

/// A user of a table of another program.
#[derive(AuthUser, Debug, Clone)]
#[auth(read = AdoptedRead, create = AdoptedCreate, update = AdoptedUpdate, admin_update = AdoptedAdminUpdate)]
#[auth(sql = ADOPTED_SQL, routes = adopted)]
struct Adopted {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update, length(max = 80))]
    motto: String,
    #[auth(read, from_database)]
    shout: Option<String>,
    #[auth(read, from_database)]
    changes: i64,
    #[auth(read, create, update)]
    age: Option<i32>,
    #[auth(read, from_database)]
    updated_at: DateTime<Utc>,
}

#[tokio::test]
async fn what_defaults_generated_columns_and_triggers_make_is_read_back_after_every_write() {
    for database in Database::all().await {
        database
            .create_users(database.choose([
                "motto TEXT NOT NULL, changes INTEGER NOT NULL DEFAULT 0, age INTEGER, \
                 updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, \
                 shout TEXT GENERATED ALWAYS AS (upper(motto)) VIRTUAL",
                "motto TEXT NOT NULL, changes BIGINT NOT NULL DEFAULT 0, age INTEGER, \
                 updated_at TIMESTAMPTZ NOT NULL DEFAULT now(), \
                 shout TEXT GENERATED ALWAYS AS (upper(motto)) STORED",
                "motto VARCHAR(80) NOT NULL, changes BIGINT NOT NULL DEFAULT 0, age INTEGER, \
                 updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), \
                 shout VARCHAR(80) GENERATED ALWAYS AS (upper(motto)) VIRTUAL",
            ]))
            .await;
        database
            .run(database.choose([
                // SQLite has only triggers that change the row after RETURNING has read it.
                "CREATE TRIGGER count_changes AFTER UPDATE OF motto ON user BEGIN \
                 UPDATE user SET changes = changes + 1 WHERE id = NEW.id; END",
                "CREATE FUNCTION count_changes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 UPDATE \"user\" SET changes = changes + 1 WHERE id = NEW.id; RETURN NULL; END $$; \
                 CREATE TRIGGER count_changes AFTER UPDATE OF motto ON \"user\" FOR EACH ROW \
                 EXECUTE FUNCTION count_changes()",
                "CREATE TRIGGER count_changes BEFORE UPDATE ON user FOR EACH ROW SET NEW.changes = OLD.changes + 1",
            ]))
            .await;

        let (_, http) = serve::<Adopted>(&database, adopted_routes).await;
        let (status, registered) = register(&http, "arthur@camelot.bt", json!({"motto": "courage", "age": 30})).await;
        assert_eq!(status, 201, "{}: {registered}", database.name());
        assert_eq!((&registered["shout"], &registered["changes"]), (&json!("COURAGE"), &json!(0)));
        assert_eq!(registered["age"], 30, "the columns after it are bound in order");
        assert!(time(&registered["updated_at"]).timestamp() > 1_700_000_000, "{}", database.name());

        let token = login(&http, "arthur@camelot.bt").await;
        let (status, changed) = change(&http, &token, json!({"motto": "honour", "age": 31})).await;
        assert_eq!(status, 200, "{}: {changed}", database.name());
        assert_eq!((&changed["shout"], &changed["changes"]), (&json!("HONOUR"), &json!(1)), "{}", database.name());
        assert_eq!(changed["age"], 31);
        assert_eq!(me(&http, &token).await, changed);
    }
}

#[tokio::test]
async fn a_store_without_sql_keeps_the_time_of_the_registration() {
    let clock = std::sync::Arc::new(ManualClock::at("2026-11-28T20:00:00Z".parse().unwrap()));
    let users = Users::<User>::builder(SecretKey::generate().unwrap())
        .store(MemoryStore::new())
        .clock(SharedClock(std::sync::Arc::clone(&clock)))
        .hashing(weak_hashing())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .build()
        .await
        .unwrap();
    let http = Http::serve(member_routes(&users).with_state(users.clone())).await;
    let (status, registered) = register(&http, "arthur@camelot.bt", json!({})).await;
    assert_eq!((status, time(&registered["created_at"])), (201, clock.now()));

    let token = login(&http, "arthur@camelot.bt").await;
    clock.advance(std::time::Duration::from_secs(60));
    let (_, changed) = change(&http, &token, json!({"motto": "courage"})).await;
    assert_eq!(changed["created_at"], registered["created_at"]);
}

#[tokio::test]
async fn a_migration_adds_the_column_with_its_default_or_refuses_it() {
    for database in Database::all().await {
        database.create_users("motto VARCHAR(80)").await;
        database.add_user("arthur@camelot.bt").await;
        let users = users::<User>(&database).await.unwrap();
        let migrated = users.migrate().await;
        if database.name() == "SQLite" {
            // SQLite adds only columns with a constant default.
            let refused = migrated.unwrap_err().to_string();
            assert!(refused.contains("\"created_at\"") && refused.contains("CURRENT_TIMESTAMP"), "{refused}");
            continue;
        }
        migrated.unwrap();
        let drift = users.check_schema().await.unwrap();
        assert_eq!(drift, [], "{}", database.name());
        let arthur = users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
        assert!(arthur.created_at.timestamp() > 1_700_000_000, "{}: {arthur:?}", database.name());
        assert_eq!(arthur.score, 7);
    }
}

#[tokio::test]
async fn a_column_is_not_created_if_the_struct_does_not_say_how_the_database_fills_it() {
    for database in Database::all().await {
        let refused = users::<Adopted>(&database).await.unwrap().migrate().await.unwrap_err().to_string();
        assert!(refused.contains("\"changes\" of \"user\"") && refused.contains("from_database = "), "{refused}");
        // Nothing was created.
        let drift = users::<Adopted>(&database).await.unwrap().check_schema().await.unwrap();
        assert!(drift.iter().any(|drift| drift.problem == "the table is missing"), "{drift:?}");
    }
}

/// The same table with fields that do not say what the database fills.
#[derive(AuthUser, Debug, Clone)]
#[auth(read = UnawareRead, create = UnawareCreate, update = UnawareUpdate, admin_update = UnawareAdminUpdate)]
#[auth(sql = UNAWARE_SQL, routes = unaware)]
struct Unaware {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, length(max = 80))]
    motto: String,
    #[auth(read)]
    shout: Option<String>,
    #[auth(read, from_database)]
    changes: i64,
}

#[tokio::test]
async fn columns_that_nothing_or_only_the_database_fills_are_reported() {
    for database in Database::all().await {
        let generated = database.choose(["VIRTUAL", "STORED", "VIRTUAL"]);
        database
            .create_users(&format!(
                "motto VARCHAR(80) NOT NULL, changes BIGINT NOT NULL, \
                 shout VARCHAR(80) GENERATED ALWAYS AS (upper(motto)) {generated}"
            ))
            .await;
        let users = users::<Unaware>(&database).await.unwrap();
        users.migrate().await.unwrap();
        let drift = users.check_schema().await.unwrap();
        let problem = |column: &str| {
            let drift = drift.iter().find(|drift| drift.column.as_deref() == Some(column));
            drift.unwrap_or_else(|| panic!("{}: {column}", database.name())).problem.clone()
        };
        assert!(problem("changes").contains("no user can be added"), "{drift:?}");
        assert!(problem("shout").contains("mark the field `from_database`"), "{drift:?}");
        assert_eq!(drift.len(), 2, "{}: {drift:?}", database.name());
    }
}
