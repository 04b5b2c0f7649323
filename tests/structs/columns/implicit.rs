//! Times, dates and ids never silently get the default of their type.

use axum_users::{AuthUser, PasswordHash};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Database, users};
use crate::newtype::{encoded_as, typed_as};

/// A type of the application that the derive cannot know to be a time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Since(DateTime<Utc>);

typed_as!(Since, DateTime<Utc>);
encoded_as!(Since, DateTime<Utc>);

#[derive(AuthUser, Debug, Clone)]
struct User {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read)]
    since: Since,
}

#[tokio::test]
async fn a_time_in_a_type_of_the_application_needs_a_written_default_on_every_database() {
    for database in Database::all().await {
        let refused = users::<User>(&database).await.unwrap_err().to_string();
        assert!(refused.contains("\"since\"") && refused.contains("from_database"), "{}: {refused}", database.name());
    }
}

#[derive(AuthUser, Debug, Clone)]
#[auth(read = SaidRead, create = SaidCreate, update = SaidUpdate, admin_update = SaidAdminUpdate, sql = SAID_SQL)]
#[auth(routes = said)]
struct Said {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, default)]
    since: Since,
}

#[tokio::test]
async fn a_written_default_is_accepted() {
    for database in Database::all().await {
        users::<Said>(&database).await.unwrap().migrate().await.unwrap();
    }
}

#[derive(AuthUser, Debug, Clone)]
#[auth(read = BornRead, create = BornCreate, update = BornUpdate, admin_update = BornAdminUpdate, sql = BORN_SQL)]
#[auth(routes = born)]
struct Born {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create)]
    born: NaiveDate,
}

#[tokio::test]
async fn existing_rows_get_no_made_up_date() {
    for database in Database::all().await {
        database.create_users("motto VARCHAR(80)").await;
        database.add_user("arthur@camelot.bt").await;
        let refused = users::<Born>(&database).await.unwrap().migrate().await.unwrap_err().to_string();
        assert!(refused.contains("\"born\" of \"user\""), "{}: {refused}", database.name());
    }
}
