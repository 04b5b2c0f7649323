//! Times, dates and ids never silently get the default of their type.

use axum_users::{AuthUser, PasswordHash};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Database as SqlDatabase, Decode, Encode, Type, encode::IsNull, error::BoxDynError};
use uuid::Uuid;

use super::{Database, users};

/// A type of the application that the derive cannot know to be a time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Since(DateTime<Utc>);

impl<DB: SqlDatabase> Type<DB> for Since
where
    DateTime<Utc>: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <DateTime<Utc>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <DateTime<Utc>>::compatible(ty)
    }
}

impl<'q, DB: SqlDatabase> Encode<'q, DB> for Since
where
    DateTime<Utc>: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.encode_by_ref(buffer)
    }
}

impl<'r, DB: SqlDatabase> Decode<'r, DB> for Since
where
    DateTime<Utc>: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <DateTime<Utc>>::decode(value).map(Self)
    }
}

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
