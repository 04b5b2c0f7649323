//! A column with an enum of PostgreSQL, which a migration replaces beside the running service: the new type has the same name
//! and another identifier.

use axum_users::{
    AuthUser, PasswordHash,
    store::{CanonicalEmail, Change, Columns, PoolSettings, SqlStore, UserStore},
};
use serde::{Deserialize, Serialize};
use sqlx::{MySql, Postgres, Sqlite, Type};
use uuid::Uuid;

use crate::{newtype::encoded_as, servers::Server};

/// A mood, as text; on PostgreSQL a type of its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Mood(String);

encoded_as!(Mood, String);

impl Type<Postgres> for Mood {
    fn type_info() -> sqlx::postgres::PgTypeInfo {
        sqlx::postgres::PgTypeInfo::with_name("mood")
    }
}

impl Type<Sqlite> for Mood {
    fn type_info() -> sqlx::sqlite::SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl Type<MySql> for Mood {
    fn type_info() -> sqlx::mysql::MySqlTypeInfo {
        <String as Type<MySql>>::type_info()
    }
}

#[derive(AuthUser, Debug, Clone, PartialEq)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(private)]
    pub mood: Option<Mood>,
}

fn user(number: u32) -> User {
    User {
        id: Uuid::from_u128(u128::from(number) + 1),
        email: format!("{number}@camelot.bt"),
        hashed_password: PasswordHash::from_stored("a hash"),
        is_active: true,
        is_superuser: false,
        is_verified: false,
        mood: Some(Mood("happy".to_owned())),
    }
}

/// The usual way to remove a value from an enum.
const REPLACE: &str = "BEGIN; ALTER TYPE mood RENAME TO former; CREATE TYPE mood AS ENUM ('happy', 'sad'); \
    ALTER TABLE \"user\" ALTER mood TYPE mood USING mood::text::mood; DROP TYPE former; COMMIT";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_was_replaced_by_one_of_the_same_name_is_found_again() {
    let Some(database) = Server::Postgres.database().await else { return };
    database.run("CREATE TYPE mood AS ENUM ('happy', 'sad')").await;
    let settings = PoolSettings::default().readers(3);
    let store = SqlStore::<User>::connect_with(&database.url(), &settings).await.unwrap();
    store.migrate().await.unwrap();
    let every_connection = async |round: u32| {
        let tasks: Vec<_> = (0..6)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    let written = user(round * 10 + task);
                    assert_eq!(store.insert(written.clone()).await.unwrap(), written);
                    let sad = User { mood: Some(Mood("sad".to_owned())), ..written.clone() };
                    let change = Change::new(sad.clone(), Columns::NONE.with(6));
                    assert_eq!(store.update(change).await.unwrap(), Some(sad.clone()));
                    let found = store.find_by_email(&CanonicalEmail::of(&written.email)).await.unwrap().unwrap();
                    assert_eq!(found.user, sad);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    };
    for round in 0..4 {
        every_connection(round).await;
        database.run(REPLACE).await;
    }
    every_connection(4).await;
}
