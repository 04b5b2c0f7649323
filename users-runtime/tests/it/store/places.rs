//! Tables of other applications with the same names, in other schemas and databases of the connection.

use sqlx::Connection;
use users_runtime::store::{CanonicalEmail, SqlStore, UserStore};

use crate::store::{
    servers::Server,
    support::{TempFile, account},
    users::{User, user},
};

const FOREIGN: &str = "(id UUID PRIMARY KEY, email TEXT NOT NULL, hashed_password TEXT NOT NULL, is_active BOOLEAN NOT NULL, \
     is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL)";

#[tokio::test]
async fn tables_are_found_where_they_would_be_created() {
    let Some(database) = Server::Postgres.database().await else { return };
    database
        .run(&format!(
            "CREATE SCHEMA auth; CREATE TABLE public.\"user\" {FOREIGN}; CREATE TABLE public.accesstoken (t text)"
        ))
        .await;
    let url = database.url();
    let with = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{with}options=-c%20search_path%3Dauth%2Cpublic");
    let store = SqlStore::<User>::connect(&url).await.unwrap();
    let drift = store.check_schema().await.unwrap();
    let missing = "the table is missing; the one of this name in \"public\" is not used";
    let tables = drift.iter().filter(|drift| drift.problem.starts_with(missing));
    assert_eq!(tables.map(|drift| drift.table.as_str()).collect::<Vec<_>>(), ["user", "accesstoken"], "{drift:?}");

    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
    store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    let elsewhere = SqlStore::<User>::connect(&database.url()).await.unwrap();
    assert!(elsewhere.check_schema().await.unwrap().iter().any(|drift| drift.problem == "the column is missing"));
    assert_eq!(database.count("user").await, 0, "the other application's table is unchanged");
}

#[tokio::test]
async fn tables_of_another_database_of_the_connection_are_not_ours_on_sqlite() {
    let (file, other) = (TempFile::new(), TempFile::new());
    other.run("CREATE TABLE user (id TEXT, email TEXT); CREATE TABLE accesstoken (token TEXT)").await;
    let attach = format!("ATTACH DATABASE '{}' AS other", other.path().display());
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).after_connect(move |connection, _| {
        let attach = sqlx::AssertSqlSafe(attach.clone());
        Box::pin(async move { sqlx::raw_sql(attach).execute(connection).await.map(drop) })
    });
    let pool = options.connect(&file.url()).await.unwrap();
    let store = SqlStore::<User>::from_sqlite_pool(pool.clone()).unwrap();
    let drift = store.check_schema().await.unwrap();
    assert!(drift[0].problem.starts_with("the table is missing; the one of this name in \"other\""), "{drift:?}");
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
    store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    assert!(store.find_by_email(&CanonicalEmail::of("arthur@camelot.example")).await.unwrap().is_some());
    let mut connection = other.connect().await;
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM user").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(users, 0);

    // A temporary table would be used instead of ours.
    sqlx::raw_sql("CREATE TEMP TABLE user (id TEXT)").execute(&pool).await.unwrap();
    let drift = store.check_schema().await.unwrap();
    let hidden = "statements reach the table of this name in \"temp\" instead";
    assert!(matches!(&drift[..], [drift] if drift.problem == hidden), "{drift:?}");
}

#[tokio::test]
async fn a_strict_table_gets_columns_of_basic_types_on_sqlite() {
    let file = TempFile::new();
    file.run(
        "CREATE TABLE user (id TEXT PRIMARY KEY NOT NULL, email TEXT NOT NULL, hashed_password TEXT NOT NULL, \
         is_active INTEGER NOT NULL) STRICT",
    )
    .await;
    let store = SqlStore::<User>::connect(&file.url()).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
    let arthur = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    let found = store.find_by_email(&CanonicalEmail::of("arthur@camelot.example")).await.unwrap().unwrap();
    assert_eq!(found.user, arthur);
}

#[tokio::test]
async fn tables_whose_names_differ_in_case_are_not_ours_on_mysql() {
    let Some(database) = Server::Mysql.database().await else { return };
    database.run("CREATE TABLE `User` (id int, name text, PRIMARY KEY (id))").await;
    let store = SqlStore::<User>::connect(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
    store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    assert_eq!(database.count("User").await, 0);
}
