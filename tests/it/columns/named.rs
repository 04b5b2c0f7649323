//! A struct that names its databases has columns that only those know, whichever other databases are enabled.

use axum_users::{
    AuthUser, Error, PasswordHash, Users,
    error::Setting,
    store::{Database as Kind, SqlStore},
};
use serde_json::json;
use sqlx::postgres::types::{PgInterval, PgRange};
use uuid::Uuid;

use super::{Database, change, login, register, serve, users};

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

#[tokio::test]
async fn the_schema_exists_for_the_named_database_only() {
    assert!(Users::<User>::migration_sql(Kind::Postgres).unwrap().contains("\"tags\" TEXT[] NOT NULL"));
    for excluded in [Kind::Sqlite, Kind::Mysql] {
        assert!(SqlStore::<User>::creation(excluded).is_err(), "{excluded:?}");
    }
}
