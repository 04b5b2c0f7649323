//! The page about databases, and the statements that make the tables.

use axum_users::{
    AuthUser, Backend, Jwt, PasswordHash, SecretKey, Users,
    store::{Database, PoolSettings, SqlStore, StoredUser},
};
use uuid::Uuid;

use super::page::{is_current, read};

/// The six roles and nothing else.
#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// The same, one field later.
mod later {
    use super::*;

    #[derive(AuthUser, Debug, Clone)]
    pub struct User {
        pub id: Uuid,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,

        #[auth(read, create, update)]
        pub full_name: Option<String>,
    }
}

/// Statements with a line for each column.
fn laid_out(sql: &str) -> String {
    let (mut text, mut depth) = (String::new(), 0_u32);
    for line in sql.lines() {
        let is_table = line.starts_with("CREATE TABLE");
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '(' if is_table && depth == 0 => text.push_str("(\n    "),
                ')' if is_table && depth == 1 => text.push_str("\n)"),
                ',' if is_table && depth == 1 => {
                    text.push_str(",\n    ");
                    rest = rest.trim_start();
                }
                c => text.push(c),
            }
            depth = depth + u32::from(c == '(') - u32::from(c == ')');
        }
        text.push('\n');
    }
    text
}

fn schema_is_current(database: Database, name: &str) {
    let text = Users::<User>::migration_sql(database).unwrap();
    let head = "-- What `migrate` makes in an empty database for a user of the six roles. Written by a test (tests/it/docs).\n";
    is_current(&format!("docs/guide/schema/{name}.sql"), &format!("{head}{}", laid_out(&text)));
    // Laid out or not, it is the same.
    let words = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    assert_eq!(words(&laid_out(&text)), words(&text));
}

#[test]
fn schema_of_sqlite_is_current() {
    schema_is_current(Database::Sqlite, "sqlite");
}

#[cfg(feature = "services")]
#[test]
fn schema_of_postgres_is_current() {
    schema_is_current(Database::Postgres, "postgres");
}

#[cfg(feature = "services")]
#[test]
fn schema_of_mysql_is_current() {
    schema_is_current(Database::Mysql, "mysql");
}

async fn users<U: StoredUser>(url: &str) -> Users<U> {
    let builder = Users::<U>::builder(SecretKey::generate().unwrap()).database(url);
    builder.backend(Backend::bearer("jwt", Jwt::new())).build().await.unwrap()
}

#[tokio::test]
async fn the_page_shows_a_report_of_drift_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("drift.db").display());
    users::<User>(&url).await.migrate().await.unwrap();
    let drift = users::<later::User>(&url).await.check_schema().await.unwrap();
    let report: String = drift.iter().map(|drift| format!("{drift}\n")).collect();
    assert!(read("docs/guide/databases.md").contains(&format!("```text\n{report}```")), "{report}");
}

#[test]
fn the_page_says_how_many_connections_there_are() {
    let page = read("docs/guide/databases.md");
    let settings = PoolSettings::default();
    assert!((2..=8).contains(&settings.readers));
    assert!(page.contains("as many as there are cores, 2 to 8"));
    assert!(page.contains(&format!("a request waits {} s for one", settings.acquire_timeout.as_secs())));
}

#[cfg(feature = "services")]
#[tokio::test]
async fn the_urls_of_the_page_are_understood() {
    let page = read("docs/guide/databases.md");
    for scheme in ["sqlite:", "postgres:", "mysql:"] {
        assert!(page.contains(&format!("`{scheme}")), "{scheme}");
        // One that nobody understands is refused as what it is.
        let refused = SqlStore::<User>::connect(&format!("{scheme}//x:y:z@@/")).await.unwrap_err().to_string();
        assert!(!refused.contains("not built in"), "{scheme}: {refused}");
    }
}
