//! Tables whose UUIDs another program writes: as 32 digits, as bytes, in upper case, or as text where the database has a
//! type for them. The form that is there is found and written.

use sqlx::{AssertSqlSafe, Connection, Row};
use users_runtime::{
    __private0_1_0::find_many_of_bytes,
    store::{CanonicalEmail, Lookup, SchemaDrift, SessionKey, SqlStore, StoreError, UserStore},
    testing::store_conformance,
    token::AccessToken,
};
use uuid::Uuid;

use crate::store::{
    support::{FileStore, account},
    users::{USER_SQL, User, user},
};

const ARTHUR: Uuid = Uuid::from_u128(0xbdfc_2b97_4876_4210_9dba_1587_4506_2fcd);
const MORDRED: Uuid = Uuid::from_u128(0x0e3e_f2b0_d0de_4a50_8e40_ebd2_aaf5_e31c);

/// The token of a session that another program stored.
const TOKEN: &str = "1U07Sj5vv2rckCEnaYqPzMxt3n4u81zMXy3E4VG24wU";

/// The tables of another program. `{id}` is the type of ids, `{q}` the quote, `{time}` the type of times, and `{bytes}` makes
/// a text compare byte for byte.
const TABLES: &str = "
    CREATE TABLE {q}user{q} (id {id} NOT NULL, email VARCHAR(320){bytes} NOT NULL, hashed_password VARCHAR(1024) NOT NULL,
      is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, PRIMARY KEY (id));
    CREATE UNIQUE INDEX ix_user_email ON {q}user{q} (email);
    CREATE TABLE accesstoken (user_id {id} NOT NULL, token VARCHAR(43) NOT NULL, created_at {time} NOT NULL,
      PRIMARY KEY (token), FOREIGN KEY(user_id) REFERENCES {q}user{q} (id) ON DELETE cascade);
    CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at);
";

/// Two users and a session of the first one. `{arthur}` and `{mordred}` are their ids as literals.
const ROWS: &str = "
    INSERT INTO {q}user{q} (id, email, hashed_password, is_active, is_superuser, is_verified)
      VALUES ({arthur}, 'arthur@camelot.bt', 'hash', TRUE, FALSE, TRUE);
    INSERT INTO {q}user{q} (id, email, hashed_password, is_active, is_superuser, is_verified)
      VALUES ({mordred}, 'mordred@camelot.bt', 'hash', TRUE, FALSE, TRUE);
    INSERT INTO accesstoken (user_id, token, created_at) VALUES ({arthur}, '{token}', '2026-11-23 02:52:42');
";

/// A form of UUIDs, as a literal.
#[derive(Debug, Clone, Copy)]
enum Written {
    Hyphenated,
    Simple,
    UpperHyphenated,
    UpperSimple,
    /// `x'…'`, and `'\x…'` on PostgreSQL.
    Bytes,
}

impl Written {
    fn literal(self, id: Uuid, is_postgres: bool) -> String {
        match self {
            Self::Hyphenated => format!("'{}'", id.hyphenated()),
            Self::Simple => format!("'{}'", id.simple()),
            Self::UpperHyphenated => format!("'{:X}'", id.hyphenated()),
            Self::UpperSimple => format!("'{:X}'", id.simple()),
            Self::Bytes if is_postgres => format!("'\\x{}'", id.simple()),
            Self::Bytes => format!("x'{}'", id.simple()),
        }
    }
}

fn tables(id: &str, quote: &str, time: &str) -> String {
    let bytes = if quote == "`" { " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" } else { "" };
    TABLES.replace("{id}", id).replace("{q}", quote).replace("{time}", time).replace("{bytes}", bytes)
}

fn rows(written: Written, quote: &str, is_postgres: bool) -> String {
    let arthur = written.literal(ARTHUR, is_postgres);
    let rows = ROWS.replace("{arthur}", &arthur).replace("{mordred}", &written.literal(MORDRED, is_postgres));
    rows.replace("{q}", quote).replace("{token}", TOKEN)
}

/// Finds the users by every kind of lookup, and adds, changes and deletes one.
async fn speaks(store: &SqlStore<User>, of: &str) {
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), [], "{of}");
    let arthur = store.find_by_email(&CanonicalEmail::of("arthur@camelot.bt")).await.unwrap().unwrap().user;
    assert_eq!(arthur.id, ARTHUR, "{of}");
    let ids = async |wanted: &[Lookup<Uuid>]| {
        let found = store.find(wanted).await.unwrap();
        found.into_iter().map(|found| found.map(|found| found.user.id)).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[Lookup::by_id(ARTHUR)]).await, [Some(ARTHUR)], "{of}");
    let many = [Lookup::by_id(MORDRED), Lookup::by_id(Uuid::nil()), Lookup::by_id(ARTHUR)];
    assert_eq!(ids(&many).await, [Some(MORDRED), None, Some(ARTHUR)], "{of}");
    let session = Lookup::Session(SessionKey::plain(&AccessToken::new(TOKEN)));
    assert_eq!(ids(std::slice::from_ref(&session)).await, [Some(ARTHUR)], "{of}");
    assert_eq!(ids(&[session.clone(), session]).await, [Some(ARTHUR), Some(ARTHUR)], "{of}");

    let added = store.insert(user(account("galahad@camelot.bt"))).await.unwrap();
    assert_eq!(ids(&[Lookup::by_id(added.id)]).await, [Some(added.id)], "{of}");
    store.end_sessions(Some(added.id)).await.unwrap();
    assert_eq!(store.find(&[Lookup::by_id(added.id)]).await.unwrap()[0].as_ref().unwrap().epoch.0, 1, "{of}");
    assert!(store.delete(MORDRED).await.unwrap(), "{of}");
    assert_eq!(ids(&many).await, [None, None, Some(ARTHUR)], "{of}");
    assert_eq!(store.check_schema().await.unwrap(), [], "{of}");
}

/// Returns the one report about the form of UUIDs.
async fn reported(store: &SqlStore<User>) -> SchemaDrift {
    let mut drift = store.check_schema().await.unwrap();
    drift.retain(|drift| drift.problem.contains("not written as"));
    assert_eq!(drift.len(), 1, "{drift:?}");
    drift.remove(0)
}

const ON_SQLITE: [(&str, Written); 12] = [
    ("CHAR(36)", Written::Hyphenated),
    ("CHAR(32)", Written::Simple),
    ("BLOB", Written::Bytes),
    ("BINARY(16)", Written::Bytes),
    ("", Written::Bytes),
    ("TEXT", Written::Simple),
    ("VARCHAR(255)", Written::UpperHyphenated),
    ("TEXT", Written::UpperSimple),
    ("uuid", Written::Hyphenated),
    // Types do not bind.
    ("CHAR(32)", Written::Hyphenated),
    ("CHAR(36)", Written::Simple),
    ("CHAR(36)", Written::Bytes),
];

#[tokio::test]
async fn every_form_of_uuids_is_spoken_on_sqlite() {
    for (id, written) in ON_SQLITE {
        let of = format!("{id} {written:?}");
        let store = FileStore::<User>::fresh().await;
        let mut connection = store.file.connect().await;
        let text = tables(id, "\"", "TIMESTAMP") + &rows(written, "\"", false);
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        speaks(&store, &of).await;
        let forms = "SELECT count(DISTINCT typeof(id) || length(id) || (id = lower(id))) FROM user";
        assert_eq!(sqlx::query_scalar::<_, i64>(forms).fetch_one(&mut connection).await.unwrap(), 1, "{of}");
    }
}

#[tokio::test]
async fn an_empty_table_on_sqlite_is_written_in_the_form_of_its_type() {
    for (id, written) in &ON_SQLITE[..4] {
        let made = async || {
            let store = FileStore::<User>::fresh().await;
            let mut connection = store.file.connect().await;
            sqlx::raw_sql(AssertSqlSafe(tables(id, "\"", "TIMESTAMP"))).execute(&mut connection).await.unwrap();
            store
        };
        store_conformance(made, user).await.unwrap();
        let store = made().await;
        store.migrate().await.unwrap();
        let added = store.insert(user(account("galahad@camelot.bt"))).await.unwrap();
        let mut connection = store.file.connect().await;
        let literal = AssertSqlSafe("SELECT quote(id) FROM user");
        let stored: String = sqlx::query_scalar(literal).fetch_one(&mut connection).await.unwrap();
        assert!(stored.eq_ignore_ascii_case(&written.literal(added.id, false)), "{id}: {stored}");
    }
}

#[tokio::test]
async fn uuids_of_two_forms_are_reported_and_refused_with_a_statement_that_repairs_them_on_sqlite() {
    for (id, most, one) in [
        ("CHAR(32)", Written::Simple, Written::Hyphenated),
        ("CHAR(36)", Written::Hyphenated, Written::Simple),
        ("BLOB", Written::Bytes, Written::Simple),
        ("CHAR(32)", Written::Simple, Written::Bytes),
        ("TEXT", Written::Hyphenated, Written::UpperHyphenated),
    ] {
        let of = format!("{id} {most:?} {one:?}");
        let store = FileStore::<User>::fresh().await;
        let mut connection = store.file.connect().await;
        let text = tables(id, "\"", "TIMESTAMP")
            + &rows(most, "\"", false).replace(&most.literal(MORDRED, false), &one.literal(MORDRED, false));
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        let drift = reported(&store).await;
        assert_eq!((drift.table.as_str(), drift.column.as_deref()), ("user", Some("id")), "{of}");
        let refused = store.migrate().await.unwrap_err();
        assert!(matches!(&refused, StoreError::Schema(text) if *text == drift.to_string()), "{of}: {refused:?}");
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'user_token_state'";
        assert_eq!(sqlx::query_scalar::<_, i64>(tables).fetch_one(&mut connection).await.unwrap(), 0, "{of}");
        sqlx::raw_sql(AssertSqlSafe(drift.repair.unwrap())).execute(&mut connection).await.unwrap();
        speaks(&store, &of).await;
    }
}

#[tokio::test]
async fn a_session_that_names_its_user_in_another_form_is_reported_with_its_table() {
    let store = FileStore::<User>::fresh().await;
    let mut connection = store.file.connect().await;
    let text = tables("CHAR(32)", "\"", "TIMESTAMP") + &rows(Written::Simple, "\"", false);
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    let other = "PRAGMA foreign_keys = OFF; UPDATE accesstoken SET user_id = 'bdfc2b97-4876-4210-9dba-158745062fcd'";
    sqlx::raw_sql(other).execute(&mut connection).await.unwrap();
    let drift = reported(&store).await;
    assert_eq!((drift.table.as_str(), drift.column.as_deref()), ("accesstoken", Some("user_id")));
    assert!(drift.problem.starts_with("1 value is not written as 32 hexadecimal digits"), "{drift}");
    sqlx::raw_sql(AssertSqlSafe(drift.repair.unwrap())).execute(&mut connection).await.unwrap();
    speaks(&store, "a session in another form").await;
}

#[tokio::test]
async fn lookups_of_uuids_in_bytes_use_the_index_on_sqlite() {
    let store = FileStore::<User>::fresh().await;
    let mut connection = store.file.connect().await;
    sqlx::raw_sql(AssertSqlSafe(tables("BLOB", "\"", "TIMESTAMP"))).execute(&mut connection).await.unwrap();
    store.migrate().await.unwrap();
    let statement = find_many_of_bytes::<sqlx::Sqlite>(&USER_SQL);
    assert!(statement.contains(r#"u."id" = unhex(json_extract(w."value", '$[0]'))"#), "{statement}");
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let steps: Vec<String> =
        sqlx::query(explain).fetch_all(&mut connection).await.unwrap().iter().map(|row| row.get("detail")).collect();
    assert!(steps.iter().any(|step| step.starts_with("SEARCH u USING INDEX")), "{steps:?}");
    connection.close().await.unwrap();
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
mod servers {
    use sqlx::{MySqlConnection, PgConnection, mysql::MySqlArguments};

    use super::*;
    use crate::store::{
        server_store::ServerStore,
        servers::{Server, TempDatabase},
    };

    const FORMS: [(Server, &str, Written); 17] = [
        (Server::Postgres, "UUID", Written::Hyphenated),
        (Server::Postgres, "CHAR(32)", Written::Simple),
        (Server::Postgres, "CHAR(36)", Written::Hyphenated),
        (Server::Postgres, "VARCHAR(36)", Written::Hyphenated),
        (Server::Postgres, "VARCHAR(255)", Written::UpperHyphenated),
        (Server::Postgres, "TEXT", Written::Simple),
        (Server::Postgres, "VARCHAR(32)", Written::UpperSimple),
        (Server::Postgres, "BYTEA", Written::Bytes),
        (Server::Mysql, "CHAR(36)", Written::Hyphenated),
        (Server::Mysql, "CHAR(32)", Written::Simple),
        (Server::Mysql, "VARCHAR(36)", Written::Simple),
        (Server::Mysql, "BINARY(16)", Written::Bytes),
        (Server::Mysql, "VARBINARY(16)", Written::Bytes),
        (Server::Mysql, "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", Written::UpperHyphenated),
        (Server::Mysql, "CHAR(32) CHARACTER SET latin1", Written::UpperSimple),
        (Server::Mysql, "BINARY(36)", Written::Hyphenated),
        // MariaDB's own type.
        (Server::Mysql, "UUID", Written::Hyphenated),
    ];

    fn quote(server: Server) -> &'static str {
        if server == Server::Postgres { "\"" } else { "`" }
    }

    fn time(server: Server) -> &'static str {
        if server == Server::Postgres { "TIMESTAMP WITH TIME ZONE" } else { "DATETIME(6)" }
    }

    async fn fresh(server: Server, id: &str) -> Option<ServerStore<User>> {
        let store = ServerStore::<User>::fresh(server).await?;
        store.database.run(&tables(id, quote(server), time(server))).await;
        Some(store)
    }

    async fn number(database: &TempDatabase, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match database.server {
            Server::Postgres => {
                let mut connection = PgConnection::connect(&database.url()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
            Server::Mysql => {
                let mut connection = MySqlConnection::connect(&database.url()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    #[tokio::test]
    async fn every_form_of_uuids_is_spoken_on_servers() {
        for (server, id, written) in FORMS {
            let of = format!("{server:?} {id} {written:?}");
            let Some(store) = fresh(server, id).await else { continue };
            store.database.run(&rows(written, quote(server), server == Server::Postgres)).await;
            speaks(&store, &of).await;
            let forms = match server {
                Server::Postgres => {
                    "SELECT count(DISTINCT (length(id::text), id::text = lower(id::text))) FROM \"user\""
                }
                Server::Mysql => "SELECT COUNT(DISTINCT OCTET_LENGTH(id), BINARY id = BINARY LOWER(id)) FROM `user`",
            };
            assert_eq!(number(&store.database, forms).await, 1, "{of}");
        }
    }

    #[tokio::test]
    async fn stores_conform_with_digits_and_bytes_on_servers() {
        let conforms = async |server: Server, id| {
            if server.database().await.is_some() {
                store_conformance(async || fresh(server, id).await.unwrap(), user).await.unwrap();
            }
        };
        tokio::join!(conforms(Server::Postgres, "CHAR(32)"), conforms(Server::Mysql, "BINARY(16)"));
    }

    #[tokio::test]
    async fn uuids_of_two_forms_are_reported_and_refused_with_a_statement_that_repairs_them_on_servers() {
        for (server, id, most, one) in [
            (Server::Postgres, "TEXT", Written::Hyphenated, Written::Simple),
            (Server::Postgres, "VARCHAR(36)", Written::Hyphenated, Written::UpperHyphenated),
            (Server::Mysql, "CHAR(36)", Written::Hyphenated, Written::Simple),
            (Server::Mysql, "VARCHAR(36)", Written::Hyphenated, Written::UpperSimple),
        ] {
            let of = format!("{server:?} {id} {most:?} {one:?}");
            let Some(store) = fresh(server, id).await else { continue };
            let is_postgres = server == Server::Postgres;
            let rows = rows(most, quote(server), is_postgres)
                .replace(&most.literal(MORDRED, is_postgres), &one.literal(MORDRED, is_postgres));
            store.database.run(&rows).await;
            let drift = reported(&store).await;
            assert_eq!((drift.table.as_str(), drift.column.as_deref()), ("user", Some("id")), "{of}");
            let refused = store.migrate().await.unwrap_err();
            assert!(matches!(&refused, StoreError::Schema(text) if *text == drift.to_string()), "{of}: {refused:?}");
            store.database.run(&drift.repair.unwrap()).await;
            speaks(&store, &of).await;
        }
    }

    const FILL: &str = "INSERT INTO {q}user{q} (id, email, hashed_password, is_active, is_superuser, is_verified, visits, \
         tags, plan) SELECT {id}, CONCAT('filler', s.n, '@camelot.bt'), 'hash', TRUE, FALSE, FALSE, 0, '[]', 'free' FROM \
         {numbers} AS s";

    #[tokio::test]
    async fn lookups_of_uuids_in_text_use_the_index_on_postgres() {
        for id in ["CHAR(32)", "VARCHAR(36)", "BYTEA"] {
            let Some(store) = fresh(Server::Postgres, id).await else { return };
            store.migrate().await.unwrap();
            let value = match id {
                "CHAR(32)" => "md5(s.n::text)",
                "BYTEA" => "decode(md5(s.n::text), 'hex')",
                _ => "md5(s.n::text)::uuid::text",
            };
            let fill =
                FILL.replace("{q}", "\"").replace("{id}", value).replace("{numbers}", "generate_series(1, 5000)");
            store.database.run(&format!("{}; ANALYZE", fill.replace(" AS s", " AS s(n)"))).await;
            let user = Uuid::parse_str("c4ca4238a0b923820dcc509a6f75849b").unwrap(); // the MD5 of "1"
            for wanted in [vec![Lookup::by_id(user)], vec![Lookup::by_id(user), Lookup::by_id(Uuid::nil())]] {
                let found = store.find(&wanted).await.unwrap();
                assert_eq!(found[0].as_ref().unwrap().user.id, user, "{id}");
            }
            let scans = "SELECT COALESCE(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables WHERE relname = 'user'";
            // A connection reports what it did when it closes. The migration and the search for the form scan.
            let ServerStore { store, database } = store;
            store.close().await;
            let before = number(&database, scans).await;
            let again = SqlStore::<User>::connect(&database.url()).await.unwrap();
            for _ in 0..20 {
                again.find(&[Lookup::by_id(user)]).await.unwrap();
                again.find(&[Lookup::by_id(user), Lookup::by_id(Uuid::nil())]).await.unwrap();
                again.end_sessions(Some(user)).await.unwrap();
            }
            again.close().await;
            let scanned = number(&database, scans).await - before;
            assert!(scanned <= 2, "{id}: {scanned} scans"); // the search for the form
        }
    }

    #[tokio::test]
    async fn lookups_of_uuids_in_bytes_use_the_index_on_mysql() {
        let Some(store) = fresh(Server::Mysql, "BINARY(16)").await else { return };
        store.migrate().await.unwrap();
        let numbers =
            "(WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s)";
        let fill = FILL.replace("{q}", "`").replace("{id}", "UNHEX(MD5(s.n))").replace("{numbers}", numbers);
        store.database.run(&format!("{fill}; ANALYZE TABLE `user`")).await;
        let mut connection = MySqlConnection::connect(&store.database.url()).await.unwrap();
        let statement = find_many_of_bytes::<sqlx::MySql>(&USER_SQL);
        assert!(statement.contains("u.`id` = UNHEX(w.`id`)"), "{statement}");
        let mut values = MySqlArguments::default();
        sqlx::Arguments::add(&mut values, "[[\"c4ca4238a0b923820dcc509a6f75849b\", null], [\"00\", null]]").unwrap();
        let explain = sqlx::query_with(AssertSqlSafe(format!("EXPLAIN {statement}")), values);
        let steps = explain.fetch_all(&mut connection).await.unwrap();
        let how: Vec<(String, String)> = steps.iter().map(|step| (step.get("table"), step.get("type"))).collect();
        assert!(how.contains(&("u".to_owned(), "eq_ref".to_owned())), "{how:?}");
    }
}
