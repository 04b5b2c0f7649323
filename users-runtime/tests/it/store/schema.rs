//! The schema: creation, adoption from fastapi-users, migration, and drift detection.

use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use users_runtime::store::{CanonicalEmail, Change, Columns, Lookup, SchemaDrift, SqlStore, StoreError, UserStore};
use uuid::Uuid;

#[cfg(all(feature = "postgres", feature = "mysql"))]
use crate::store::{server_store::ServerStore, servers::Server};
use crate::store::{
    support::{FileStore, TempFile, account},
    users::{Member, Plan, User, member, user},
};

/// The SQLite schema of fastapi-users (contract.md sections 14 and 17), with rows.
const UPSTREAM: &str = "
    CREATE TABLE user (id CHAR(36) NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL,
      is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id));
    CREATE UNIQUE INDEX ix_user_email ON user (email);
    CREATE TABLE oauth_account (id CHAR(36) NOT NULL, user_id CHAR(36) NOT NULL, oauth_name VARCHAR(100) NOT NULL,
      access_token VARCHAR(1024) NOT NULL, expires_at INTEGER, refresh_token VARCHAR(1024),
      account_id VARCHAR(320) NOT NULL, account_email VARCHAR(320) NOT NULL, PRIMARY KEY (id),
      FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE cascade);
    CREATE INDEX ix_oauth_account_oauth_name ON oauth_account (oauth_name);
    CREATE INDEX ix_oauth_account_account_id ON oauth_account (account_id);
    CREATE TABLE accesstoken (user_id CHAR(36) NOT NULL, token VARCHAR(43) NOT NULL, created_at TIMESTAMP NOT NULL,
      PRIMARY KEY (token), FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE cascade);
    CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at);
    INSERT INTO user VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'King.Arthur@camelot.bt', '$argon2id$arthur', 1, 0, 1);
    INSERT INTO user VALUES ('0e3ef2b0-d0de-4a50-8e40-ebd2aaf5e31c', 'mordred@camelot.bt', '$2b$12$mordred', 0, 1, 0);
    INSERT INTO accesstoken VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', '1U07Sj5vv2rckCEnaYqPzMxt3n4u81zMXy3E4VG24wU',
      '2026-11-23 02:52:42.811324');
    INSERT INTO oauth_account VALUES ('cd687bc0-f736-476c-ad52-68b1105f01e6', 'bdfc2b97-4876-4210-9dba-158745062fcd', 'fake',
      'AT', 1795406798, 'RT', 'arthur', 'arthur@example.com');
";

const ARTHUR: Uuid = Uuid::from_u128(0xbdfc_2b97_4876_4210_9dba_1587_4506_2fcd);

async fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\""));
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

/// Returns every statement of the schema, by name.
async fn made(file: &TempFile) -> Vec<(String, String)> {
    let mut connection = file.connect().await;
    let rows = sqlx::query("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
    let rows = rows.fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn drift(store: &SqlStore<User>) -> Vec<SchemaDrift> {
    store.check_schema().await.unwrap()
}

#[tokio::test]
async fn a_migration_creates_the_whole_schema_in_an_empty_database() {
    let store = FileStore::<User>::fresh().await;
    let missing = drift(&store).await;
    let tables: Vec<&str> = missing
        .iter()
        .filter(|drift| drift.problem == "the table is missing")
        .map(|drift| drift.table.as_str())
        .collect();
    assert_eq!(tables, ["user", "user_token_state", "accesstoken", "oauth_account"]);
    assert!(missing.iter().all(|drift| drift.repair.is_some()));
    store.migrate().await.unwrap();
    assert_eq!(drift(&store).await, []);

    // Columns of fastapi-users are declared as it declares them.
    let made = made(&store.file).await;
    let (_, users) = made.iter().find(|(name, _)| name == "user").unwrap();
    let upstream = "\"id\" CHAR(36) NOT NULL, \"email\" VARCHAR(320) NOT NULL, \"hashed_password\" VARCHAR(1024) NOT NULL, \
                    \"is_active\" BOOLEAN NOT NULL, \"is_superuser\" BOOLEAN NOT NULL, \"is_verified\" BOOLEAN NOT NULL";
    assert!(users.contains(upstream), "{users}");
    assert!(made.iter().any(|(name, _)| name == "ix_user_email"));
}

#[tokio::test]
async fn the_migration_as_text_creates_the_same_schema() {
    let by_hand = FileStore::<Member>::fresh().await;
    let mut connection = by_hand.file.connect().await;
    sqlx::raw_sql(AssertSqlSafe(by_hand.migration_sql().to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(by_hand.check_schema().await.unwrap(), []);
    assert_eq!(made(&by_hand.file).await, made(&FileStore::<Member>::migrated().await.file).await);
}

#[tokio::test]
async fn the_repairs_reported_for_drift_equal_a_migration() {
    let store = FileStore::<User>::fresh().await;
    store.file.run(UPSTREAM).await;
    let mut connection = store.file.connect().await;
    for SchemaDrift { repair, .. } in drift(&store).await {
        sqlx::raw_sql(AssertSqlSafe(repair.unwrap())).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    assert_eq!(drift(&store).await, []);

    let migrated = FileStore::<User>::fresh().await;
    migrated.file.run(UPSTREAM).await;
    migrated.migrate().await.unwrap();
    assert_eq!(made(&store.file).await, made(&migrated.file).await);
}

#[tokio::test]
async fn a_fastapi_users_database_is_adopted_with_its_rows() {
    let store = FileStore::<User>::fresh().await;
    store.file.run(UPSTREAM).await;
    let before = made(&store.file).await;
    store.migrate().await.unwrap();

    // Existing tables are unchanged except for the columns added to them.
    let after = made(&store.file).await;
    for (name, sql) in &before {
        let (_, now) = after.iter().find(|(other, _)| other == name).unwrap();
        if ["user", "accesstoken", "oauth_account"].contains(&name.as_str()) {
            let (columns, _) = sql.split_once("PRIMARY KEY").unwrap();
            assert!(now.starts_with(columns.trim_end()), "{now}");
        } else {
            assert_eq!(now, sql, "{name}");
        }
    }
    assert_eq!(drift(&store).await, []);

    let arthur = store.find_by_email(&CanonicalEmail::of("king.arthur@CAMELOT.bt")).await.unwrap().unwrap().user;
    assert_eq!((arthur.id, arthur.email.as_str()), (ARTHUR, "King.Arthur@camelot.bt"));
    assert_eq!(arthur.hashed_password.as_stored(), "$argon2id$arthur");
    assert_eq!((arthur.is_active, arthur.is_superuser, arthur.is_verified), (true, false, true));
    // New fields have the defaults of the struct.
    assert_eq!((arthur.full_name, arthur.visits, arthur.tags, arthur.plan), (None, 0, Vec::new(), Plan::Free));
    let mordred = store.find_by_email(&CanonicalEmail::of("mordred@camelot.bt")).await.unwrap().unwrap().user;
    assert_eq!((mordred.is_active, mordred.is_superuser, mordred.is_verified), (false, true, false));

    let mut connection = store.file.connect().await;
    assert_eq!(count(&mut connection, "accesstoken").await, 1);
    assert_eq!(count(&mut connection, "oauth_account").await, 1);
    // fastapi-users can still insert users with its columns, and we find them.
    let galahad = "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
                   VALUES ('d777d2a5-f4a7-4a1a-9d27-a6b68d7fb3ea', 'galahad@camelot.bt', 'hash', 1, 0, 0)";
    sqlx::raw_sql(galahad).execute(&mut connection).await.unwrap();
    assert!(store.find_by_email(&CanonicalEmail::of("galahad@camelot.bt")).await.unwrap().is_some());

    // Dependent rows are deleted with a user, also in tables of fastapi-users.
    assert!(store.delete(ARTHUR).await.unwrap());
    assert_eq!(count(&mut connection, "accesstoken").await, 0);
    assert_eq!(count(&mut connection, "oauth_account").await, 0);
    assert_eq!(count(&mut connection, "user").await, 2);
}

#[tokio::test]
async fn integer_ids_of_fastapi_users_are_adopted() {
    let store = FileStore::<Member>::fresh().await;
    store
        .file
        .run(
            "CREATE TABLE user (id INTEGER NOT NULL, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL,
               is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id));
             CREATE UNIQUE INDEX ix_user_email ON user (email);
             INSERT INTO user VALUES (7, 'arthur@camelot.bt', 'hash', 1, 0, 0);",
        )
        .await;
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), []);
    let found = store.find(&[Lookup::by_id(7)]).await.unwrap().pop().unwrap().unwrap();
    assert_eq!(found.user.email, "arthur@camelot.bt");
    let next = store.insert(member(account("mordred@camelot.bt"))).await.unwrap();
    assert_eq!(next.id, 8);
}

#[tokio::test]
async fn addresses_that_differ_only_in_case_abort_the_migration_with_a_count_and_a_query() {
    let store = FileStore::<User>::fresh().await;
    store.file.run(UPSTREAM).await;
    let twin =
        "INSERT INTO user VALUES ('d777d2a5-f4a7-4a1a-9d27-a6b68d7fb3ea', 'MORDRED@camelot.bt', 'hash', 1, 0, 0)";
    store.file.run(twin).await;
    let before = made(&store.file).await;

    let Err(StoreError::Schema(text)) = store.migrate().await else { panic!("must be rejected") };
    assert!(text.starts_with("1 e-mail address"), "{text}");
    assert!(!text.to_lowercase().contains("mordred"), "no address in a message: {text}");
    assert_eq!(made(&store.file).await, before, "nothing was changed");

    let query = text.split_once("Find them with: ").unwrap().1.to_owned();
    let mut connection = store.file.connect().await;
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<String, _>(0), "mordred@camelot.bt");

    sqlx::raw_sql("DELETE FROM user WHERE email = 'MORDRED@camelot.bt'").execute(&mut connection).await.unwrap();
    store.migrate().await.unwrap();
}

#[tokio::test]
async fn each_kind_of_drift_is_reported_for_its_column() {
    let store = FileStore::<User>::fresh().await;
    store
        .file
        .run(
            "CREATE TABLE user (id CHAR(36) NOT NULL, email VARCHAR(320), hashed_password VARCHAR(1024) NOT NULL,
               is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified TEXT NOT NULL,
               full_name TEXT NOT NULL, visits TEXT NOT NULL, plan INTEGER NOT NULL, nickname TEXT NOT NULL,
               title TEXT, created TEXT NOT NULL DEFAULT '', initial TEXT AS (substr(email, 1, 1)), PRIMARY KEY (id));
             CREATE INDEX ix_user_email_canonical ON user (email);",
        )
        .await;
    let found = drift(&store).await;
    let of = |column: &str| -> Vec<(&str, Option<&str>)> {
        let of_column = found.iter().filter(|drift| drift.column.as_deref() == Some(column));
        of_column.map(|drift| (drift.problem.as_str(), drift.repair.as_deref())).collect()
    };
    assert_eq!(of("email"), [("may be NULL, which the field cannot hold", None)]);
    assert_eq!(of("is_verified"), [("the type is TEXT, the field wants BOOLEAN", None)]);
    assert_eq!(of("full_name"), [("may not be NULL, which the field can be", None)]);
    assert_eq!(of("visits"), [("the type is TEXT, the field wants INTEGER", None)]);
    assert_eq!(of("plan"), [("the type is INTEGER, the field wants TEXT", None)]);
    let add_tags = r#"ALTER TABLE "user" ADD COLUMN "tags" TEXT NOT NULL DEFAULT '[]'"#;
    assert_eq!(of("tags"), [("the column is missing", Some(add_tags))]);
    let add_epoch = r#"ALTER TABLE "user" ADD COLUMN "auth_epoch" BIGINT NOT NULL DEFAULT 0"#;
    assert_eq!(of("auth_epoch"), [("the column is missing", Some(add_epoch))]);
    let [(nickname, None)] = of("nickname")[..] else { panic!("{found:?}") };
    assert!(nickname.contains("no user can be added"), "{nickname}");
    for harmless in ["id", "hashed_password", "title", "created", "initial"] {
        assert_eq!(of(harmless), [], "{harmless}");
    }
    let index = found.iter().find(|drift| drift.column.is_none() && drift.table == "user").unwrap();
    assert!(index.problem.starts_with("the index ix_user_email_canonical is another one than this"), "{index}");
    assert!(found.iter().any(|drift| drift.table == "user_token_state" && drift.problem == "the table is missing"));
}

#[tokio::test]
async fn a_migration_adds_columns_and_indexes_and_keeps_everything_else() {
    let store = FileStore::<User>::migrated().await;
    let before = store.insert(user(account("arthur@camelot.example"))).await.unwrap();
    store
        .file
        .run(
            "DROP INDEX ix_user_email_canonical; DROP INDEX ix_user_token_state_expires_at; DROP INDEX ix_user_token_state_user_id;
             ALTER TABLE user DROP COLUMN tags; ALTER TABLE user DROP COLUMN full_name;
             ALTER TABLE user ADD COLUMN nickname TEXT NOT NULL DEFAULT 'none';",
        )
        .await;
    assert_eq!(drift(&store).await.len(), 5);
    store.migrate().await.unwrap();
    assert_eq!(drift(&store).await, []);
    let after = store.find(&[Lookup::by_id(before.id)]).await.unwrap().pop().unwrap().unwrap().user;
    assert_eq!(after, User { tags: Vec::new(), full_name: None, ..before });
    let mut connection = store.file.connect().await;
    let nickname: String = sqlx::query_scalar("SELECT nickname FROM user").fetch_one(&mut connection).await.unwrap();
    assert_eq!(nickname, "none", "nothing is dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_migrations_succeed() {
    let file = TempFile::new();
    file.run(UPSTREAM).await;
    let mut stores = Vec::new();
    for _ in 0..8 {
        stores.push(SqlStore::<User>::connect(&file.url()).await.unwrap());
    }
    let tasks: Vec<_> =
        stores.iter().cloned().map(|store| tokio::spawn(async move { store.migrate().await })).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(drift(&stores[0]).await, []);
}

/// Integer keys that SQLite does not fill: they are no rowid.
#[tokio::test]
async fn an_integer_id_that_sqlite_does_not_make_is_reported() {
    for (key, without_rowid, is_made) in [
        ("INTEGER PRIMARY KEY", "", true),
        ("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "", true),
        ("INTEGER PRIMARY KEY DESC", "", false),
        ("INTEGER PRIMARY KEY", " WITHOUT ROWID", false),
        ("INT PRIMARY KEY", "", false),
    ] {
        let store = FileStore::<Member>::fresh().await;
        let table = format!(
            "CREATE TABLE user (id {key}, email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, \
             is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL){without_rowid}"
        );
        store.file.run(table.leak()).await;
        store.migrate().await.unwrap();
        let drift = store.check_schema().await.unwrap();
        let problem = "the database makes no value for new rows, and the type of the id says that it does";
        assert_eq!(drift.iter().all(|drift| drift.problem != problem), is_made, "{key}{without_rowid}: {drift:?}");
        let added = store.insert(member(account("arthur@camelot.bt"))).await;
        assert_eq!(added.is_ok(), is_made, "{key}{without_rowid}: {added:?}");
    }
}

/// A key of another program that replaces rows deletes nobody.
#[tokio::test]
async fn a_key_that_replaces_rows_of_sqlite_refuses_them() {
    let store = FileStore::<User>::fresh().await;
    store
        .file
        .run(
            "CREATE TABLE user (id CHAR(36) NOT NULL PRIMARY KEY, email VARCHAR(320) NOT NULL, \
             hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, \
             is_verified BOOLEAN NOT NULL, full_name TEXT UNIQUE ON CONFLICT REPLACE, visits INTEGER NOT NULL, \
             tags TEXT NOT NULL, plan TEXT NOT NULL, UNIQUE (email) ON CONFLICT IGNORE)",
        )
        .await;
    store.migrate().await.unwrap();
    let arthur = store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    let twin = user(account("twin@camelot.bt"));
    assert!(matches!(store.insert(twin).await, Err(StoreError::Conflict)));
    let again = store.insert(User { full_name: None, ..user(account("arthur@camelot.bt")) }).await;
    assert!(matches!(again, Err(StoreError::EmailTaken)), "{again:?}");
    let kay = store.insert(User { full_name: None, ..user(account("kay@camelot.bt")) }).await.unwrap();
    let change = Change::new(User { full_name: Some("Arthur".to_owned()), ..kay }, Columns::NONE.with(6));
    assert!(matches!(store.update(change).await, Err(StoreError::Conflict)));
    assert!(store.find(&[Lookup::by_id(arthur.id)]).await.unwrap()[0].is_some());
}

/// A column that the struct does not have can be filled by a trigger, where triggers can do that.
#[tokio::test]
#[cfg(all(feature = "postgres", feature = "mysql"))]
async fn a_column_that_a_trigger_fills_is_no_drift() {
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        store
            .database
            .run(match server {
                Server::Postgres => "ALTER TABLE \"user\" ADD COLUMN code TEXT NOT NULL",
                Server::Mysql => "ALTER TABLE `user` ADD COLUMN code VARCHAR(9) NOT NULL",
            })
            .await;
        assert_eq!(store.check_schema().await.unwrap().len(), 1, "{server:?}");
        store
            .database
            .run(match server {
                Server::Postgres => {
                    "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.code = 'x'; RETURN NEW; END $$; \
                     CREATE TRIGGER fill BEFORE INSERT ON \"user\" FOR EACH ROW EXECUTE FUNCTION fill()"
                }
                Server::Mysql => "CREATE TRIGGER fill BEFORE INSERT ON `user` FOR EACH ROW SET NEW.code = 'x'",
            })
            .await;
        assert_eq!(store.check_schema().await.unwrap(), [], "{server:?}");
        store.insert(user(account("arthur@camelot.bt"))).await.unwrap();
    }
}

/// Addresses that nobody finds without the space that another program stored with them.
#[tokio::test]
async fn addresses_with_spaces_around_them_are_reported_with_a_repair() {
    let store = FileStore::<User>::migrated().await;
    for email in [" arthur@camelot.bt", "kay@camelot.bt\t", "uther@camelot.bt"] {
        store.insert(user(account(email))).await.unwrap();
    }
    let found = store.check_schema().await.unwrap();
    store.file.run(spaces_repaired(&found).leak()).await;
    assert_eq!(store.check_schema().await.unwrap(), []);
    for email in ["arthur@camelot.bt", "kay@camelot.bt", "uther@camelot.bt"] {
        assert!(store.find_by_email(&CanonicalEmail::of(email)).await.unwrap().is_some(), "{email}");
    }
    #[cfg(all(feature = "postgres", feature = "mysql"))]
    for server in Server::ALL {
        let Some(store) = ServerStore::<User>::migrated(server).await else { continue };
        for email in [" arthur@camelot.bt", "kay@camelot.bt\t", "uther@camelot.bt"] {
            store.insert(user(account(email))).await.unwrap();
        }
        let found = store.check_schema().await.unwrap();
        store.database.run(&spaces_repaired(&found)).await;
        assert_eq!(store.check_schema().await.unwrap(), [], "{server:?}");
        for email in ["arthur@camelot.bt", "kay@camelot.bt", "uther@camelot.bt"] {
            assert!(store.find_by_email(&CanonicalEmail::of(email)).await.unwrap().is_some(), "{server:?} {email}");
        }
    }
}

fn spaces_repaired(found: &[SchemaDrift]) -> String {
    let [drift] = found else { panic!("{found:?}") };
    assert_eq!(drift.column.as_deref(), Some("email"));
    assert!(drift.problem.starts_with("2 address(es) have a space"), "{drift}");
    drift.repair.clone().unwrap()
}
