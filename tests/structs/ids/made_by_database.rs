//! Ids that the database makes, in tables that a migration of the application created.

use axum_users::{
    schema::Status,
    store::{NewAccount, SqlStore, StoreError, UserStore},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::types::{texts_of_database, uuids_of_database};
#[cfg(feature = "services")]
use crate::servers::Server;

/// The roles of a new user with this id, which the database replaces.
fn account<Id>(id: Id, email: &str) -> NewAccount<Id> {
    let hashed_password = axum_users::PasswordHash::from_stored("a hash");
    NewAccount { id, email: email.to_owned(), hashed_password, status: Status::NEW }
}

const ROLES: &str = "email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, \
                     is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL";

#[tokio::test]
async fn a_new_table_has_a_default_that_makes_uuids_of_version_4() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("made.db").display());
    let store = SqlStore::<uuids_of_database::User>::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    for number in 0..20 {
        let user = uuids_of_database::user(account(Uuid::nil(), &format!("knight{number}@camelot.bt")));
        let id = store.insert(user).await.unwrap().id;
        assert_eq!((id.get_version_num(), id.get_variant()), (4, uuid::Variant::RFC4122));
    }
}

#[tokio::test]
async fn a_table_of_texts_that_the_database_makes_is_not_created_without_knowing_how() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("made.db").display());
    let store = SqlStore::<texts_of_database::User>::connect(&url).await.unwrap();
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(&refused, StoreError::Schema(text) if text.contains("a default or a trigger")), "{refused:?}");

    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let table = format!(
        "CREATE TABLE \"user\" (id VARCHAR(26) PRIMARY KEY DEFAULT (substr(hex(randomblob(13)), 1, 26)), {ROLES})"
    );
    sqlx::raw_sql(AssertSqlSafe(table)).execute(&pool).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
    let placeholder: super::types::Ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    let user = store.insert(texts_of_database::user(account(placeholder.clone(), "kay@camelot.bt"))).await.unwrap();
    assert_ne!(user.id, placeholder);
}

/// Tables whose ids come from a default, an identity column or a trigger.
#[cfg(feature = "services")]
#[tokio::test]
async fn ids_come_from_defaults_and_triggers_on_servers() {
    let trigger = "CREATE TRIGGER make_id BEFORE INSERT ON `user` FOR EACH ROW SET NEW.id = UUID()";
    let function = "CREATE FUNCTION make_id() RETURNS trigger AS 'BEGIN NEW.id := gen_random_uuid(); RETURN NEW; END' \
                    LANGUAGE plpgsql; CREATE TRIGGER make_id BEFORE INSERT ON \"user\" FOR EACH ROW EXECUTE FUNCTION make_id()";
    for (server, id, then) in [
        (Server::Postgres, "UUID PRIMARY KEY DEFAULT gen_random_uuid()", ""),
        (Server::Postgres, "CHAR(32) PRIMARY KEY DEFAULT replace(gen_random_uuid()::text, '-', '')", ""),
        (Server::Postgres, "UUID PRIMARY KEY", function),
        (Server::Mysql, "CHAR(36) PRIMARY KEY DEFAULT (UUID())", ""),
        (Server::Mysql, "BINARY(16) PRIMARY KEY DEFAULT (UNHEX(REPLACE(UUID(), '-', '')))", ""),
        (Server::Mysql, "CHAR(36) PRIMARY KEY DEFAULT ''", trigger),
    ] {
        let Some(database) = server.database().await else { continue };
        let quote = if server == Server::Postgres { '"' } else { '`' };
        database.run(&format!("CREATE TABLE {quote}user{quote} (id {id}, {ROLES}); {then}")).await;
        let store = SqlStore::<uuids_of_database::User>::connect(&database.url()).await.unwrap();
        store.migrate().await.unwrap();
        assert_eq!(store.check_schema().await.unwrap(), [], "{server:?} {id}");
        let mut ids = Vec::new();
        for number in 0..3 {
            let user = uuids_of_database::user(account(Uuid::nil(), &format!("Knight{number}@camelot.bt")));
            ids.push(store.insert(user).await.unwrap().id);
        }
        assert!(ids.iter().all(|id| !id.is_nil()) && ids[0] != ids[1], "{server:?} {id}: {ids:?}");
        let found = store.find(&ids.iter().map(|id| axum_users::store::Lookup::by_id(*id)).collect::<Vec<_>>()).await;
        let found: Vec<Uuid> = found.unwrap().into_iter().map(|found| found.unwrap().user.id).collect();
        assert_eq!(found, ids, "{server:?} {id}");
        let stored = count_of(server, &database.url()).await;
        assert_eq!(stored, 3, "{server:?} {id}");
    }
}

#[cfg(feature = "services")]
async fn count_of(server: Server, url: &str) -> i64 {
    use sqlx::Connection as _;
    let quote = if server == Server::Postgres { '"' } else { '`' };
    let count = AssertSqlSafe(format!("SELECT count(DISTINCT id) FROM {quote}user{quote}"));
    match server {
        Server::Postgres => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
        }
        Server::Mysql => {
            let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
            sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
        }
    }
}
