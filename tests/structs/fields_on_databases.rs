//! Fields of every kind on every database: values survive insert, lookup and update.

use std::sync::atomic::{AtomicU64, Ordering};

use axum_users::{
    AuthUser, PasswordHash,
    schema::Status,
    store::{CanonicalEmail, Change, Columns, Lookup, SqlStore, UserStore},
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    newtype::{encoded_as, typed_as},
    servers::Server,
};

/// An enum stored as text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    #[default]
    Free,
    PaidYearly,
}

/// A struct stored as JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Address {
    pub street: String,
    pub number: Option<u32>,
    pub tags: Vec<String>,
}

/// An application-defined type that implements sqlx's traits for every database with an `i64`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cents(pub i64);

typed_as!(Cents, i64);
encoded_as!(Cents, i64);

#[derive(AuthUser, Debug, Clone, PartialEq)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(private, default)]
    pub word: String,
    #[auth(private, default)]
    pub flag: bool,
    #[auth(private, default)]
    pub small: i16,
    #[auth(private, default)]
    pub middle: i32,
    #[auth(private, default)]
    pub large: i64,
    #[auth(private, default)]
    pub single: f32,
    #[auth(private, default)]
    pub double: f64,
    #[auth(private, default)]
    pub bytes: Vec<u8>,
    #[auth(private, default)]
    pub other: Uuid,
    #[auth(private, default)]
    pub instant: DateTime<Utc>,
    #[auth(private, default)]
    pub wall: NaiveDateTime,
    #[auth(private, default)]
    pub day: NaiveDate,
    #[auth(private, default)]
    pub hour: NaiveTime,
    #[auth(private, default)]
    pub price: Cents,
    #[auth(private, default, text)]
    pub plan: Plan,
    #[auth(private, default, json)]
    pub address: Address,

    #[auth(private)]
    pub maybe_word: Option<String>,
    #[auth(private)]
    pub maybe_flag: Option<bool>,
    #[auth(private)]
    pub maybe_small: Option<i16>,
    #[auth(private)]
    pub maybe_middle: Option<i32>,
    #[auth(private)]
    pub maybe_large: Option<i64>,
    #[auth(private)]
    pub maybe_single: Option<f32>,
    #[auth(private)]
    pub maybe_double: Option<f64>,
    #[auth(private)]
    pub maybe_bytes: Option<Vec<u8>>,
    #[auth(private)]
    pub maybe_other: Option<Uuid>,
    #[auth(private)]
    pub maybe_instant: Option<DateTime<Utc>>,
    #[auth(private)]
    pub maybe_wall: Option<NaiveDateTime>,
    #[auth(private)]
    pub maybe_day: Option<NaiveDate>,
    #[auth(private)]
    pub maybe_hour: Option<NaiveTime>,
    #[auth(private)]
    pub maybe_price: Option<Cents>,
    #[auth(private, text)]
    pub maybe_plan: Option<Plan>,
    #[auth(private, json)]
    pub maybe_address: Option<Address>,
}

const FIELDS: usize = 32;

pub fn all_fields() -> Columns {
    (6..6 + FIELDS).fold(Columns::NONE, Columns::with)
}

/// A user with only the role fields set.
pub fn plain(email: &str) -> User {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    User {
        id: Uuid::from_u128(0x9e37_79b9_7f4a_7c15_u128 << 64 | u128::from(NUMBER.fetch_add(1, Ordering::Relaxed))),
        email: email.to_owned(),
        hashed_password: PasswordHash::from_stored("a hash"),
        is_active: Status::NEW.is_active,
        is_superuser: false,
        is_verified: false,
        word: String::new(),
        flag: false,
        small: 0,
        middle: 0,
        large: 0,
        single: 0.0,
        double: 0.0,
        bytes: Vec::new(),
        other: Uuid::nil(),
        instant: DateTime::default(),
        wall: NaiveDateTime::default(),
        day: NaiveDate::default(),
        hour: NaiveTime::default(),
        price: Cents(0),
        plan: Plan::Free,
        address: Address::default(),
        maybe_word: None,
        maybe_flag: None,
        maybe_small: None,
        maybe_middle: None,
        maybe_large: None,
        maybe_single: None,
        maybe_double: None,
        maybe_bytes: None,
        maybe_other: None,
        maybe_instant: None,
        maybe_wall: None,
        maybe_day: None,
        maybe_hour: None,
        maybe_price: None,
        maybe_plan: None,
        maybe_address: None,
    }
}

/// The same user with a value in every field; with `far`, at the limits of each type.
fn filled(user: &User, far: bool) -> User {
    fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap()
    }
    let (small, middle, large) = if far { (i16::MIN, i32::MIN, i64::MIN) } else { (i16::MAX, 7, i64::MAX) };
    let instant = if far { "9999-12-31T23:59:59.999999Z" } else { "2106-02-07T06:28:15.123456Z" };
    let wall: NaiveDateTime = if far { text("1000-01-01T00:00:00") } else { text("2038-01-19T03:14:08.000001") };
    let instant: DateTime<Utc> = instant.parse().unwrap();
    let day: NaiveDate = if far { text("9999-12-31") } else { text("2039-02-28") };
    let hour: NaiveTime = if far { text("23:59:59.999999") } else { text("00:00:00.000001") };
    let bytes = if far { (0..=255).collect() } else { vec![0, 0xff, b'\'', 0x80] };
    let address = Address {
        street: "Tintagel \"1\" \\ 漢 \u{1f5dd}".to_owned(),
        number: Some(u32::MAX),
        tags: vec![String::new()],
    };
    User {
        word: "'; DROP \\ ÄÖ漢\u{1f5dd} ".to_owned(),
        flag: true,
        small,
        middle,
        large,
        single: if far { f32::MAX } else { -0.1 },
        double: if far { f64::MIN_POSITIVE } else { 0.1 + 0.2 },
        bytes: bytes.clone(),
        other: Uuid::max(),
        instant,
        wall,
        day,
        hour,
        price: Cents(large),
        plan: Plan::PaidYearly,
        address: address.clone(),
        maybe_word: Some(String::new()),
        maybe_flag: Some(false),
        maybe_small: Some(small),
        maybe_middle: Some(middle),
        maybe_large: Some(large),
        maybe_single: Some(if far { f32::MIN } else { 16_777_217.0 }),
        maybe_double: Some(if far { f64::MAX } else { -1e-300 }),
        maybe_bytes: Some(if far { Vec::new() } else { bytes }),
        maybe_other: Some(Uuid::nil()),
        maybe_instant: Some(instant),
        maybe_wall: Some(wall),
        maybe_day: Some(day),
        maybe_hour: Some(hour),
        maybe_price: Some(Cents(-1)),
        maybe_plan: Some(Plan::PaidYearly),
        maybe_address: Some(address),
        ..user.clone()
    }
}

/// Stores, finds and updates users, and compares every field.
async fn comes_back(database: &str, url: &str) {
    let store = SqlStore::<User>::connect(url).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.check_schema().await.unwrap(), [], "{database}");
    let found = async |user: &User| {
        let by_id = store.find(&[Lookup::by_id(user.id)]).await.unwrap().pop().unwrap().unwrap().user;
        let by_email = store.find_by_email(&CanonicalEmail::of(&user.email)).await.unwrap().unwrap().user;
        assert_eq!(by_id, by_email, "{database}");
        by_id
    };
    let change = |user: &User, columns: Columns| Change::new(user.clone(), columns);
    for far in [false, true] {
        let empty = plain(&format!("empty.{far}@camelot.bt"));
        let full = filled(&plain(&format!("full.{far}@camelot.bt")), far);
        for user in [&empty, &full] {
            assert_eq!(&store.insert(user.clone()).await.unwrap(), user, "{database}");
            assert_eq!(&found(user).await, user, "{database}");
        }
        // Updates from empty to full values and back.
        let full = filled(&empty, far);
        assert_eq!(store.update(change(&full, all_fields())).await.unwrap().as_ref(), Some(&full), "{database}");
        assert_eq!(found(&full).await, full, "{database}");
        // An update of one field keeps all others.
        let mut renamed = empty.clone();
        renamed.word = "another".to_owned();
        let expected = User { word: "another".to_owned(), ..full.clone() };
        let renamed = store.update(change(&renamed, Columns::NONE.with(6))).await.unwrap();
        assert_eq!(renamed, Some(expected), "{database}");
        assert_eq!(store.update(change(&empty, all_fields())).await.unwrap().as_ref(), Some(&empty), "{database}");
        assert_eq!(found(&empty).await, empty, "{database}");
    }
}

#[tokio::test]
async fn fields_of_every_kind_round_trip_through_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    comes_back("SQLite", &format!("sqlite://{}?mode=rwc", folder.path().join("fields.db").display())).await;
}

#[tokio::test]
async fn fields_of_every_kind_round_trip_through_servers() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        comes_back(&format!("{server:?}"), &database.url()).await;
    }
}

/// A fastapi-users table with a row: every field gets its column, and the row has the struct's defaults.
#[tokio::test]
async fn fields_of_every_kind_are_added_to_existing_tables() {
    for server in Server::ALL {
        let Some(database) = server.database().await else { continue };
        // A new column of bytes has no known default, so a migration refuses to add it.
        let (table, id, bytes) = match server {
            Server::Postgres => ("\"user\"", "UUID", "BYTEA"),
            Server::Mysql => ("`user`", "CHAR(36)", "LONGBLOB"),
        };
        database
            .run(&format!(
                "CREATE TABLE {table} (id {id} NOT NULL PRIMARY KEY, email VARCHAR(320) NOT NULL, \
                 hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, \
                 is_verified BOOLEAN NOT NULL, bytes {bytes} NOT NULL); \
                 INSERT INTO {table} VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'arthur@camelot.bt', 'a hash', TRUE, \
                 FALSE, FALSE, '')"
            ))
            .await;
        comes_back(&format!("{server:?}"), &database.url()).await;
        let store = SqlStore::<User>::connect(&database.url()).await.unwrap();
        let arthur = store.find_by_email(&CanonicalEmail::of("arthur@camelot.bt")).await.unwrap().unwrap().user;
        let expected = User { id: arthur.id, ..plain("arthur@camelot.bt") };
        assert_eq!(arthur, expected, "{server:?}");
    }
}
