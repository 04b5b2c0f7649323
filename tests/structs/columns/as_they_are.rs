//! Fields that are stored as JSON or text, in columns of the database's own types.

use std::net::IpAddr;

use axum_users::{AuthUser, PasswordHash};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Database, change, login, me, register, serve, users};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Address {
    city: String,
    number: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mood {
    Happy,
    VerySad,
}

#[derive(AuthUser, Debug, Clone)]
struct User {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update, json)]
    address: Address,
    #[auth(read, create, update, json)]
    tags: Option<Vec<String>>,
    #[auth(read, create, update, json)]
    limit: Option<u64>,
    #[auth(read, create, update, text)]
    mood: Mood,
    #[auth(read, create, update, text)]
    former_mood: Option<Mood>,
    #[auth(read, create, update, text)]
    ip: IpAddr,
    #[auth(read, create, update, text)]
    price: String,
    #[auth(read, create, update, text)]
    other: Uuid,
    #[auth(read, create, update, text)]
    day: NaiveDate,
    #[auth(read, create, update, text, length(max = 5))]
    zip: String,
    #[auth(read, create, update)]
    motto: Option<String>,
}

/// Columns of other types than those that a migration makes.
const COLUMNS: [&str; 3] = [
    "address JSON NOT NULL, tags JSON, \"limit\" JSON, mood VARCHAR(20) NOT NULL, former_mood TEXT, ip TEXT NOT NULL, \
     price TEXT NOT NULL, other CHAR(36) NOT NULL, day TEXT NOT NULL, zip TEXT NOT NULL, motto TEXT",
    "address JSONB NOT NULL, tags JSON, \"limit\" JSONB, mood \"Mood\" NOT NULL, former_mood \"Mood\", ip INET NOT NULL, \
     price NUMERIC(10, 2) NOT NULL, other UUID NOT NULL, day DATE NOT NULL, zip zip NOT NULL, motto TEXT",
    "address JSON NOT NULL, tags JSON, `limit` JSON, mood ENUM('happy', 'very-sad') NOT NULL, \
     former_mood SET('happy', 'very-sad'), ip INET6 NOT NULL, price DECIMAL(10, 2) NOT NULL, other UUID NOT NULL, \
     day DATE NOT NULL, zip CHAR(5) NOT NULL, motto LONGTEXT",
];

/// The types that these columns have on PostgreSQL.
const TYPES: &str = "CREATE TYPE \"Mood\" AS ENUM ('happy', 'very-sad'); \
                     CREATE DOMAIN zip AS VARCHAR(5) CHECK (VALUE ~ '^[0-9]+$')";

#[tokio::test]
async fn json_and_text_are_bound_and_read_as_what_the_column_is() {
    for database in Database::all().await {
        let name = database.name();
        if name == "PostgreSQL" {
            database.run(TYPES).await;
        }
        database.create_users(database.choose(COLUMNS)).await;
        let (_, http) = serve::<User>(&database, user_routes).await;

        let fields = json!({
            "address": {"city": "Camelot \"1\" \\ 漢", "number": 7}, "tags": ["brave", ""], "limit": 7,
            "mood": "very-sad", "former_mood": "happy", "ip": "2001:db8::1", "price": "12.50",
            "other": "bdfc2b97-4876-4210-9dba-158745062fcd", "day": "2026-11-28", "zip": "01234", "motto": "courage",
        });
        let (status, shown) = register(&http, "arthur@camelot.bt", fields.clone()).await;
        assert_eq!(status, 201, "{name}: {shown}");
        for (field, value) in fields.as_object().unwrap() {
            assert_eq!(shown[field], *value, "{name}: {field}");
        }
        let token = login(&http, "arthur@camelot.bt").await;
        assert_eq!(me(&http, &token).await, shown, "{name}");

        let changes = json!({
            "address": {"city": "Avalon", "number": null}, "tags": null, "limit": null, "mood": "happy",
            "former_mood": null, "ip": "2001:db8::2", "price": "0.99", "day": "1999-12-31", "zip": "99999",
        });
        let (status, shown) = change(&http, &token, changes.clone()).await;
        assert_eq!(status, 200, "{name}: {shown}");
        for (field, value) in changes.as_object().unwrap() {
            assert_eq!(shown[field], *value, "{name}: {field}");
        }
        assert_eq!(shown["motto"], "courage", "{name}");
        assert_eq!(me(&http, &token).await, shown, "{name}");
    }
}

#[tokio::test]
async fn new_tables_store_json_and_text_as_text() {
    for database in Database::all().await {
        let (_, http) = serve::<User>(&database, user_routes).await;
        let fields = json!({
            "address": {"city": "Camelot", "number": 7}, "mood": "happy", "ip": "192.0.2.1", "price": "12.50",
            "other": "bdfc2b97-4876-4210-9dba-158745062fcd", "day": "2026-11-28", "zip": "01234",
        });
        let (status, shown) = register(&http, "arthur@camelot.bt", fields).await;
        assert_eq!((status, &shown["ip"]), (201, &json!("192.0.2.1")), "{}: {shown}", database.name());
    }
}

#[tokio::test]
async fn a_column_gets_another_type_beside_the_running_service() {
    for database in Database::all().await {
        if database.name() != "PostgreSQL" {
            continue;
        }
        let (_, http) = serve::<User>(&database, user_routes).await;
        let fields = json!({
            "address": {"city": "Camelot", "number": 7}, "mood": "happy", "ip": "192.0.2.1", "price": "12.50",
            "other": "bdfc2b97-4876-4210-9dba-158745062fcd", "day": "2026-11-28", "zip": "01234",
        });
        assert_eq!(register(&http, "arthur@camelot.bt", fields.clone()).await.0, 201);
        let token = login(&http, "arthur@camelot.bt").await;
        let before = me(&http, &token).await;
        assert_eq!(change(&http, &token, json!({"motto": null})).await.0, 200);

        database.run(TYPES).await;
        for (number, change_of_type) in [
            "address TYPE JSONB USING address::jsonb",
            "mood TYPE \"Mood\" USING mood::\"Mood\"",
            "ip TYPE INET USING ip::inet",
            "price TYPE NUMERIC(10, 2) USING price::numeric",
            "mood TYPE TEXT USING mood::text",
        ]
        .into_iter()
        .enumerate()
        {
            database.run(&format!("ALTER TABLE \"user\" ALTER COLUMN {change_of_type}")).await;
            let (status, registered) = register(&http, &format!("knight{number}@camelot.bt"), fields.clone()).await;
            assert_eq!(status, 201, "{change_of_type}: {registered}");
            let (status, changed) = change(&http, &token, json!({"ip": "192.0.2.1", "mood": "happy"})).await;
            assert_eq!((status, &changed), (200, &before), "{change_of_type}");
            assert_eq!(me(&http, &token).await, before, "{change_of_type}");
        }
    }
}

#[tokio::test]
async fn an_address_without_a_network_is_read_without_one() {
    for database in Database::all().await {
        if database.name() != "PostgreSQL" {
            continue;
        }
        database.run(TYPES).await;
        database.create_users(database.choose(COLUMNS)).await;
        let (_, http) = serve::<User>(&database, user_routes).await;
        let fields = json!({
            "address": {"city": "Camelot", "number": 7}, "mood": "happy", "ip": "192.0.2.1", "price": "1.00",
            "other": "bdfc2b97-4876-4210-9dba-158745062fcd", "day": "2026-11-28", "zip": "01234",
        });
        let (status, shown) = register(&http, "arthur@camelot.bt", fields).await;
        assert_eq!((status, &shown["ip"]), (201, &json!("192.0.2.1")), "{shown}");
    }
}

#[derive(AuthUser, Debug, Clone)]
#[auth(read = UnfitRead, create = UnfitCreate, update = UnfitUpdate, admin_update = UnfitAdminUpdate, sql = UNFIT_SQL)]
#[auth(routes = unfit)]
struct Unfit {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, json, default)]
    tags: Vec<String>,
    #[auth(read, text, default)]
    word: String,
}

#[tokio::test]
async fn a_column_that_cannot_hold_json_or_text_is_reported_with_the_remedy() {
    for database in Database::all().await {
        let columns = ["tags INTEGER NOT NULL, word INTEGER NOT NULL", "tags BYTEA NOT NULL, word JSONB NOT NULL"];
        let [integers, bytes] = columns;
        database.create_users(database.choose([integers, bytes, "tags INT NOT NULL, word BLOB NOT NULL"])).await;
        let users = users::<Unfit>(&database).await.unwrap();
        users.migrate().await.unwrap();
        let drift = users.check_schema().await.unwrap();
        let advice = database.choose([
            ["the field wants TEXT"; 2],
            ["a column of the type jsonb, json or text", "mark the field `json` instead of `text`"],
            ["a column of the type JSON or LONGTEXT", "change the type of the column to LONGTEXT"],
        ]);
        for (column, advice) in ["tags", "word"].into_iter().zip(advice) {
            let found = drift.iter().find(|drift| drift.column.as_deref() == Some(column)).map(|drift| &*drift.problem);
            assert!(found.is_some_and(|problem| problem.contains(advice)), "{}: {drift:?}", database.name());
        }
    }
}

#[derive(AuthUser, Debug, Clone)]
#[auth(read = PlainRead, create = PlainCreate, update = PlainUpdate, admin_update = PlainAdminUpdate, sql = PLAIN_SQL)]
#[auth(routes = plain)]
struct Plain {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create)]
    mood: String,
    #[auth(read, create)]
    address: String,
    #[auth(read, create, length(max = 5))]
    zip: String,
}

#[tokio::test]
async fn a_string_over_another_type_is_reported_with_the_mark_that_it_needs() {
    for database in Database::all().await {
        if database.name() != "PostgreSQL" {
            continue;
        }
        database.run(TYPES).await;
        // A domain over text holds any string that it accepts.
        database.create_users("mood \"Mood\" NOT NULL, address JSONB NOT NULL, zip zip NOT NULL").await;
        let users = users::<Plain>(&database).await.unwrap();
        users.migrate().await.unwrap();
        let drift = users.check_schema().await.unwrap();
        let problems: Vec<&str> = drift.iter().map(|drift| &*drift.problem).collect();
        let expected = [
            "the type is \"Mood\", the field wants TEXT: mark the field `text`",
            "the type is jsonb, the field wants TEXT: mark the field `json`",
        ];
        assert_eq!(problems, expected);
    }
}
