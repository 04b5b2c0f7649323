//! A struct that names its databases has columns that only those know, whichever other databases are enabled.

use axum_users::{
    AuthUser, Error, PasswordHash, Users,
    error::Setting,
    store::{Database as Kind, SqlStore},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{
    Postgres,
    postgres::{
        PgHasArrayType, PgTypeInfo,
        types::{PgInterval, PgRange},
    },
};
use uuid::Uuid;

use super::{Database, change, login, register, serve, users};
use crate::newtype::encoded_as;

#[derive(AuthUser, Debug, Clone)]
#[auth(databases(postgres))]
struct User {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update)]
    tags: Vec<String>,
    #[auth(private)]
    seats: Option<PgRange<i32>>,
    #[auth(private, default = PgInterval { months: 1, days: 0, microseconds: 0 })]
    trial: PgInterval,
}

#[tokio::test]
async fn columns_of_one_database_work_there_although_others_are_enabled() {
    for database in Database::all().await {
        if database.name() != "PostgreSQL" {
            // The other databases are enabled, and excluded by the struct.
            let refused = users::<User>(&database).await.unwrap_err();
            assert!(refused.to_string().contains("databases("), "{}: {refused}", database.name());
            let is_about_the_database =
                matches!(&refused, Error::Config(config) if config.setting() == Setting::Database);
            assert!(is_about_the_database, "{refused:?}");
            continue;
        }
        let (users, http) = serve::<User>(&database, user_routes).await;
        let (status, registered) = register(&http, "arthur@camelot.bt", json!({"tags": ["king", "brave"]})).await;
        assert_eq!((status, &registered["tags"]), (201, &json!(["king", "brave"])), "{registered}");
        let token = login(&http, "arthur@camelot.bt").await;
        let (status, changed) = change(&http, &token, json!({"tags": []})).await;
        assert_eq!((status, &changed["tags"]), (200, &json!([])));
        let arthur = users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
        assert_eq!((arthur.seats, arthur.trial.months), (None, 1));
    }
}

/// A mood, of a type of PostgreSQL whose name needs quotes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Mood(String);

encoded_as!(Mood, String);

impl sqlx::Type<Postgres> for Mood {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("\"Mood\"")
    }
}

impl PgHasArrayType for Mood {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::array_of("\"Mood\"")
    }
}

/// A plan, of a type of PostgreSQL in another schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Plan(String);

encoded_as!(Plan, String);

impl sqlx::Type<Postgres> for Plan {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("plan")
    }
}

#[derive(AuthUser, Debug, Clone)]
#[auth(databases(postgres), routes = all)]
#[auth(read = AllRead, create = AllCreate, update = AllUpdate, admin_update = AllAdminUpdate, sql = ALL_SQL)]
struct AllTypes {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update)]
    small: Option<i16>,
    #[auth(read, create, update)]
    ratio: Option<f32>,
    #[auth(read, create, update)]
    bytes: Option<Vec<u8>>,
    #[auth(read, create, update)]
    born: Option<chrono::NaiveDate>,
    #[auth(read, create, update)]
    wakes: Option<chrono::NaiveTime>,
    #[auth(read, create, update)]
    local: Option<chrono::NaiveDateTime>,
    #[auth(read, create, update)]
    since: Option<chrono::DateTime<chrono::Utc>>,
    #[auth(read, create, update)]
    days: Option<Vec<i32>>,
    #[auth(read, create, update)]
    longs: Option<Vec<i64>>,
    #[auth(read, create, update)]
    flags: Option<Vec<bool>>,
    #[auth(read, create, update)]
    ratios: Option<Vec<f64>>,
    #[auth(read, create, update)]
    times: Option<Vec<chrono::DateTime<chrono::Utc>>>,
    #[auth(read, create, update)]
    teams: Option<Vec<Uuid>>,
    #[auth(read, create, update)]
    words: Option<Vec<String>>,
    #[auth(read, create, update)]
    mood: Option<Mood>,
    #[auth(read, create, update)]
    plan: Option<Plan>,
    #[auth(read, create, update)]
    moods: Option<Vec<Mood>>,
    #[auth(private)]
    span: Option<PgRange<chrono::DateTime<chrono::Utc>>>,
}

/// A table that another program created with types of its own, one of them in another schema, and with domains.
const TABLE: &str = "CREATE SCHEMA app; CREATE TYPE \"Mood\" AS ENUM ('happy', 'sad'); \
    CREATE TYPE app.plan AS ENUM ('free', 'paid'); CREATE DOMAIN word AS VARCHAR(20); CREATE DOMAIN short AS word CHECK (VALUE <> ''); \
    CREATE DOMAIN quantity AS INT2; CREATE DOMAIN few AS quantity CHECK (VALUE < 100)";

#[tokio::test]
async fn a_column_of_every_type_is_as_the_struct_wants_it() {
    for database in Database::all().await {
        if database.name() != "PostgreSQL" {
            continue;
        }
        database.run(TABLE).await;
        database
            .create_users(
                "small few, ratio REAL, bytes BYTEA, born DATE, wakes TIME, local TIMESTAMP, since TIMESTAMPTZ, days INT[], \
                 longs BIGINT[], flags BOOLEAN[], ratios DOUBLE PRECISION[], times TIMESTAMPTZ[], teams UUID[], \
                 words VARCHAR(20)[], mood \"Mood\", plan app.plan, moods \"Mood\"[], span TSTZRANGE",
            )
            .await;
        database.run("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET search_path = public, app'; END $$").await;
        let (_, http) = serve::<AllTypes>(&database, all_routes).await;
        let fields = json!({
            "small": 7, "days": [1, 2], "longs": [1], "flags": [true, false], "ratios": [0.5], "words": ["king", ""],
            "mood": "happy", "plan": "paid", "moods": ["sad", "happy"], "born": "2026-11-28",
            "teams": ["bdfc2b97-4876-4210-9dba-158745062fcd"], "since": "2026-11-28T12:00:00Z",
        });
        let (status, shown) = register(&http, "arthur@camelot.bt", fields.clone()).await;
        assert_eq!(status, 201, "{shown}");
        for (field, value) in fields.as_object().unwrap() {
            assert_eq!(shown[field], *value, "{field}");
        }
        // A type in a schema that is not searched is the same type, and another one is reported.
        database
            .run("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' RESET search_path'; END $$")
            .await;
        let again = users::<AllTypes>(&database).await.unwrap();
        assert_eq!(again.check_schema().await.unwrap(), []);
        database.run("ALTER TABLE \"user\" ALTER COLUMN days TYPE BIGINT[], ALTER COLUMN plan TYPE TEXT").await;
        let drift = again.check_schema().await.unwrap();
        let columns: Vec<_> = drift.iter().filter_map(|drift| drift.column.as_deref()).collect();
        assert_eq!(columns, ["days", "plan"], "{drift:?}");
    }
}

#[tokio::test]
async fn a_new_table_with_every_type_is_as_the_struct_wants_it() {
    for database in Database::all().await {
        if database.name() == "PostgreSQL" {
            database
                .run("CREATE TYPE \"Mood\" AS ENUM ('happy', 'sad'); CREATE TYPE plan AS ENUM ('free', 'paid')")
                .await;
            let creation = Users::<AllTypes>::migration_sql(Kind::Postgres).unwrap();
            database.run(&creation).await;
            let users = users::<AllTypes>(&database).await.unwrap();
            assert_eq!(users.check_schema().await.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn the_schema_exists_for_the_named_database_only() {
    assert!(Users::<User>::migration_sql(Kind::Postgres).unwrap().contains("\"tags\" TEXT[] NOT NULL"));
    for excluded in [Kind::Sqlite, Kind::Mysql] {
        assert!(SqlStore::<User>::creation(excluded).is_err(), "{excluded:?}");
    }
}
