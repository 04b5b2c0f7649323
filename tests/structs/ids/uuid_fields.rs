//! Fields and tenants that are UUIDs, in tables where another program writes them in its form.

use axum_users::{
    AuthUser, PasswordHash,
    schema::Status,
    store::{CanonicalEmail, Change, Columns, SqlStore, StoreError, UserStore},
    tenant::Tenant,
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::newtype::{encoded_as, typed_as};
#[cfg(feature = "services")]
use crate::servers::Server;

#[derive(AuthUser, Debug, Clone, PartialEq)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(tenant)]
    pub company: Uuid,
    #[auth(private, default)]
    pub team: Uuid,
    #[auth(private)]
    pub inviter: Option<Uuid>,
}

const COMPANY: Uuid = Uuid::from_u128(0xc1fc_2b97_4876_4210_9dba_1587_4506_2fcd);
const TEAM: Uuid = Uuid::from_u128(0x7e3e_f2b0_d0de_4a50_8e40_ebd2_aaf5_e31c);
const ARTHUR: Uuid = Uuid::from_u128(0xbdfc_2b97_4876_4210_9dba_1587_4506_2fcd);

/// Writes a UUID as a literal in one form.
type Literal = fn(Uuid) -> String;

/// The table of another program with one row. `{type}` is the type of UUIDs, `{bytes}` makes a text compare byte for byte, `{arthur}`, `{company}` and `{team}` are
/// literals.
const TABLE: &str = "
    CREATE TABLE {q}user{q} (id {type} NOT NULL PRIMARY KEY, email VARCHAR(320){bytes} NOT NULL,
      hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL,
      is_verified BOOLEAN NOT NULL, company {type} NOT NULL, team {type} NOT NULL, inviter {type} NULL);
    INSERT INTO {q}user{q} VALUES ({arthur}, 'arthur@camelot.bt', 'hash', TRUE, FALSE, TRUE, {company}, {team}, NULL);
";

fn table(quote: &str, sql_type: &str, literal: impl Fn(Uuid) -> String) -> String {
    let bytes = if quote == "`" { " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" } else { "" };
    let text = TABLE.replace("{q}", quote).replace("{type}", sql_type).replace("{bytes}", bytes);
    let text = text.replace("{arthur}", &literal(ARTHUR)).replace("{company}", &literal(COMPANY));
    text.replace("{team}", &literal(TEAM))
}

/// Reads the row, changes it, and adds one.
async fn speaks(of: &str, url: &str) {
    let store = SqlStore::<User>::connect(url).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), [], "{of}");
    let company = store.for_tenant(&Tenant::new(COMPANY)).unwrap();
    let found =
        async |email: &str| company.find_by_email(&CanonicalEmail::of(email)).await.unwrap().map(|found| found.user);
    let arthur = found("arthur@camelot.bt").await.unwrap();
    assert_eq!((arthur.id, arthur.company, arthur.team, arthur.inviter), (ARTHUR, COMPANY, TEAM, None), "{of}");
    let other = store.for_tenant(&Tenant::new(TEAM)).unwrap();
    assert!(other.find_by_email(&CanonicalEmail::of("arthur@camelot.bt")).await.unwrap().is_none(), "{of}");

    let changed = User { team: COMPANY, inviter: Some(TEAM), ..arthur.clone() };
    let columns = Columns::NONE.with(7).with(8);
    let update = company.update(Change::new(changed.clone(), columns)).await.unwrap();
    assert_eq!(update.as_ref(), Some(&changed), "{of}");
    let cleared = User { inviter: None, ..changed.clone() };
    company.update(Change::new(cleared.clone(), Columns::NONE.with(8))).await.unwrap();
    assert_eq!(found("arthur@camelot.bt").await, Some(cleared), "{of}");
    let kay = User {
        id: Uuid::from_u128(7),
        email: "kay@camelot.bt".to_owned(),
        hashed_password: PasswordHash::from_stored("a hash"),
        is_active: Status::NEW.is_active,
        inviter: Some(ARTHUR),
        ..changed
    };
    company.insert(kay.clone()).await.unwrap();
    assert_eq!(found("kay@camelot.bt").await, Some(kay), "{of}");
    assert_eq!(store.check_schema().await.unwrap(), [], "{of}");
}

fn url(folder: &tempfile::TempDir, number: usize) -> String {
    format!("sqlite://{}?mode=rwc", folder.path().join(format!("{number}.db")).display())
}

#[tokio::test]
async fn fields_and_tenants_are_read_and_written_in_the_form_that_is_there_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let forms: [(&str, Literal); 4] = [
        ("CHAR(32)", |id| format!("'{}'", id.simple())),
        ("CHAR(36)", |id| format!("'{}'", id.hyphenated())),
        ("TEXT", |id| format!("'{:X}'", id.hyphenated())),
        ("BLOB", |id| format!("x'{}'", id.simple())),
    ];
    for (number, (sql_type, literal)) in forms.into_iter().enumerate() {
        let url = url(&folder, number);
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(table("\"", sql_type, literal))).execute(&pool).await.unwrap();
        speaks(&format!("SQLite {sql_type}"), &url).await;
        let forms = "SELECT count(DISTINCT typeof(x) || length(x) || (x = upper(x))) FROM (SELECT company AS x FROM user \
                     UNION ALL SELECT team FROM user UNION ALL SELECT inviter FROM user WHERE inviter IS NOT NULL)";
        assert_eq!(sqlx::query_scalar::<_, i64>(forms).fetch_one(&pool).await.unwrap(), 1, "{sql_type}");
    }
}

#[cfg(feature = "services")]
#[tokio::test]
async fn fields_and_tenants_are_read_and_written_in_the_form_that_is_there_on_servers() {
    let forms: [(Server, &str, Literal); 7] = [
        (Server::Postgres, "UUID", |id| format!("'{id}'")),
        (Server::Postgres, "CHAR(32)", |id| format!("'{}'", id.simple())),
        (Server::Postgres, "VARCHAR(36)", |id| format!("'{id}'")),
        (Server::Postgres, "BYTEA", |id| format!("'\\x{}'", id.simple())),
        (Server::Mysql, "CHAR(32)", |id| format!("'{}'", id.simple())),
        (Server::Mysql, "VARCHAR(36)", |id| format!("'{id}'")),
        (Server::Mysql, "BINARY(16)", |id| format!("x'{}'", id.simple())),
    ];
    for (server, sql_type, literal) in forms {
        let Some(database) = server.database().await else { continue };
        let quote = if server == Server::Postgres { "\"" } else { "`" };
        database.run(&table(quote, sql_type, literal)).await;
        speaks(&format!("{server:?} {sql_type}"), &database.url()).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TeamId(pub Uuid);

typed_as!(TeamId, Uuid);
encoded_as!(TeamId, Uuid);

#[derive(AuthUser, Debug, Clone)]
#[auth(read = OfTeamRead, create = OfTeamCreate, update = OfTeamUpdate, admin_update = OfTeamAdminUpdate, sql = OF_TEAM_SQL)]
#[auth(routes = of_team)]
pub struct OfTeam {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(private, default)]
    pub team: TeamId,
    #[auth(private)]
    pub picture: Option<Vec<u8>>,
}

/// A newtype is written as bytes on SQLite, so it does not find the text of another program.
#[tokio::test]
async fn a_newtype_around_a_uuid_over_a_column_of_text_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (sql_type, fits)) in
        [("TEXT", false), ("VARCHAR(255)", false), ("CHAR(36)", false), ("BLOB", true), ("BINARY(16)", true)]
            .into_iter()
            .enumerate()
    {
        let url = url(&folder, number);
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let text = format!(
            "CREATE TABLE user (id CHAR(36) NOT NULL PRIMARY KEY, email VARCHAR(320) NOT NULL, \
             hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, \
             is_verified BOOLEAN NOT NULL, team {sql_type} NOT NULL, picture TEXT)"
        );
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await.unwrap();
        let store = SqlStore::<OfTeam>::connect(&url).await.unwrap();
        store.migrate().await.unwrap();
        let drift = store.check_schema().await.unwrap();
        let columns: Vec<_> = drift.iter().filter_map(|drift| drift.column.as_deref()).collect();
        assert_eq!(columns, if fits { vec![] } else { vec!["team"] }, "{sql_type}: {drift:?}");
    }
}

#[tokio::test]
async fn a_field_with_values_of_two_forms_is_reported_and_refused_with_a_repair() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder, 0);
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let text = table("\"", "CHAR(32)", |id| format!("'{}'", id.simple()));
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await.unwrap();
    let other = "INSERT INTO user SELECT 'c4ca4238a0b923820dcc509a6f75849b', 'kay@camelot.bt', 'hash', 1, 0, 1, company, \
                 x'7e3ef2b0d0de4a508e40ebd2aaf5e31c', NULL FROM user";
    sqlx::raw_sql(other).execute(&pool).await.unwrap();
    let store = SqlStore::<User>::connect(&url).await.unwrap();
    let mut drift = store.check_schema().await.unwrap();
    drift.retain(|drift| drift.problem.contains("not written as"));
    let [drift] = drift.try_into().unwrap();
    assert_eq!((drift.table.as_str(), drift.column.as_deref()), ("user", Some("team")));
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(&refused, StoreError::Schema(text) if *text == drift.to_string()), "{refused:?}");
    sqlx::raw_sql(AssertSqlSafe(drift.repair.unwrap())).execute(&pool).await.unwrap();
    sqlx::raw_sql("DELETE FROM user WHERE email = 'kay@camelot.bt'").execute(&pool).await.unwrap();
    speaks("repaired", &url).await;
}
