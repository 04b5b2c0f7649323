//! Columns of other programs whose types change values: what is stored is what was sent, or nothing is stored.

use axum_users::{AuthUser, PasswordHash};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Database, change, login, me, register, serve, users};

#[derive(AuthUser, Debug, Clone)]
struct User {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update)]
    rating: Option<f64>,
    #[auth(read, create, update)]
    price: Option<f64>,
    #[auth(read, create, update)]
    visits: Option<i64>,
    #[auth(read, create, update)]
    small: Option<i16>,
    #[auth(read, create, update)]
    flag: Option<bool>,
    #[auth(read, create, update, json)]
    settings: Option<Value>,
    #[auth(read, create, update, json)]
    limit: Option<u64>,
}

/// As Django, SQLAlchemy and Rails declare them on SQLite.
const NUMBERS: &str =
    "rating INTEGER, price DECIMAL(10,2), visits REAL, small DOUBLE, flag FLOAT, settings JSON, \"limit\" JSON";

#[tokio::test]
async fn numbers_over_another_numeric_type_of_sqlite_are_stored_and_read_exactly() {
    let database = Database::Sqlite(tempfile::tempdir().unwrap());
    database.create_users(NUMBERS).await;
    let (_, http) = serve::<User>(&database, user_routes).await;
    let (status, shown) = register(&http, "arthur@camelot.bt", json!({})).await;
    assert_eq!(status, 201, "{shown}");
    let token = login(&http, "arthur@camelot.bt").await;
    for fields in [
        json!({ "rating": 7.0, "price": 12.0, "visits": 7, "small": -3, "flag": true, "settings": 7, "limit": 7 }),
        json!({ "rating": 0.30000000000000004, "price": 12.55, "flag": false, "settings": 0.30000000000000004 }),
        json!({ "rating": 1e300, "price": -1e18, "visits": 9007199254740992_i64, "small": 32767, "limit": 9007199254740993_u64 }),
        json!({ "settings": { "a": [1, 2.5, "x"] }, "limit": 9223372036854775807_u64 }),
        json!({ "settings": "7" }),
        json!({ "rating": null, "visits": null, "flag": null, "settings": null, "limit": null }),
    ] {
        let (status, shown) = change(&http, &token, fields.clone()).await;
        assert_eq!(status, 200, "{fields}: {shown}");
        for (field, value) in fields.as_object().unwrap() {
            assert_eq!(shown[field], *value, "{field}");
        }
        assert_eq!(me(&http, &token).await, shown);
    }
    // What a column of floating-point numbers cannot hold is refused, and nothing else is stored either.
    let before = me(&http, &token).await;
    for (field, value) in [
        ("visits", json!(9007199254740993_i64)),
        ("visits", json!(i64::MAX)),
        ("limit", json!(u64::MAX)),
        ("settings", json!(18446744073709551615_u64)),
    ] {
        let (status, refused) = change(&http, &token, json!({ field: value, "small": 1 })).await;
        assert_eq!((status, &refused["detail"][0]["loc"]), (422, &json!(["body", field])), "{value}: {refused}");
        assert_eq!(me(&http, &token).await, before, "{value}");
        let (status, refused) = register(&http, "kay@camelot.bt", json!({ field: value })).await;
        assert_eq!((status, &refused["detail"][0]["loc"]), (422, &json!(["body", field])), "{value}: {refused}");
    }
    // Nothing of the refused registrations is stored.
    assert_eq!(register(&http, "kay@camelot.bt", json!({})).await.0, 201);
}

/// Rows of other programs: `t` and `f` of old versions of Rails, and numbers in the class that their column gives them.
#[tokio::test]
async fn rows_with_flags_and_numbers_of_other_programs_are_read() {
    let database = Database::Sqlite(tempfile::tempdir().unwrap());
    database.create_users(NUMBERS).await;
    let (users, _) = serve::<User>(&database, user_routes).await;
    database.add_user("arthur@camelot.bt").await;
    for (set, rating, visits, flag) in [
        ("rating = 7, price = '12.50', visits = 7, flag = 1", Some(7.0), Some(7), Some(true)),
        ("rating = 7.5, visits = -2.0, flag = 't'", Some(7.5), Some(-2), Some(true)),
        ("flag = 'f', is_active = 't', is_verified = 'f'", Some(7.5), Some(-2), Some(false)),
    ] {
        database.run(&format!("UPDATE user SET {set}")).await;
        let arthur = users.get_by_email("arthur@camelot.bt").await.unwrap().unwrap();
        assert_eq!((arthur.rating, arthur.visits, arthur.flag), (rating, visits, flag), "{set}");
        assert_eq!((arthur.price, arthur.is_active, arthur.is_verified), (Some(12.5), true, false), "{set}");
    }
    // Another value is none of the field: it is not rounded.
    for set in ["visits = 7.5", "visits = 1e300", "rating = 9007199254740993", "flag = 0.5", "flag = 'maybe'"] {
        database.run(&format!("UPDATE user SET rating = 1, visits = 1, flag = 1; UPDATE user SET {set}")).await;
        assert!(users.get_by_email("arthur@camelot.bt").await.is_err(), "{set}");
    }
}

#[derive(AuthUser, Debug, Clone)]
#[auth(read = TextRead, create = TextCreate, update = TextUpdate, admin_update = TextAdminUpdate, sql = TEXT_SQL)]
#[auth(routes = texts)]
struct Texts {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update, text)]
    price: Option<String>,
    #[auth(read, create, update, text)]
    day: Option<String>,
    #[auth(read, create, update, text)]
    birthday: Option<NaiveDate>,
    #[auth(read, create, update, text)]
    other: Option<String>,
    #[auth(read, create, update, text, length(max = 20))]
    mood: Option<String>,
    #[auth(read, create, update, length(max = 20))]
    short: Option<String>,
    #[auth(read, create, update)]
    motto: Option<String>,
}

const TEXTS: [&str; 3] = [
    "price TEXT, day TEXT, birthday TEXT, other TEXT, mood TEXT, short CHAR(20), motto TEXT",
    "price NUMERIC(10,2), day DATE, birthday DATE, other INET, mood TEXT, short VARCHAR(20), motto TEXT",
    "price DECIMAL(10,2), day DATE, birthday DATE, other LONGTEXT, mood ENUM('free', 'paid'), short CHAR(20), motto LONGTEXT",
];

/// Texts over numbers, dates, addresses, `CHAR` and `ENUM`.
#[tokio::test]
async fn a_text_that_a_column_would_change_is_refused_and_nothing_is_stored() {
    for database in Database::all().await {
        let name = database.name();
        database.create_users(database.choose(TEXTS)).await;
        let (_, http) = serve::<Texts>(&database, texts_routes).await;
        let (status, shown) = register(&http, "arthur@camelot.bt", json!({ "mood": "paid" })).await;
        assert_eq!(status, 201, "{name}: {shown}");
        let token = login(&http, "arthur@camelot.bt").await;
        let kept = [
            ("price", json!("12.50")),
            ("price", json!("-0.01")),
            ("day", json!("2026-11-28")),
            ("birthday", json!("1999-12-31")),
            ("other", json!("2001:db8::1")),
            ("mood", json!("free")),
            ("short", json!(" Lancelot")),
            ("motto", json!("courage ")),
        ];
        for (field, value) in kept {
            let (status, shown) = change(&http, &token, json!({ field: value })).await;
            assert_eq!((status, &shown[field]), (200, &value), "{name}: {shown}");
        }
        // The same number, in the digits of the column.
        let (status, shown) = change(&http, &token, json!({ "price": "12.5" })).await;
        let expected = database.choose(["12.5", "12.50", "12.50"]);
        assert_eq!((status, &shown["price"]), (200, &json!(expected)), "{name}: {shown}");

        let all = [
            ("price", "12.555"),
            ("day", "tomorrow"),
            ("day", "2026-1-5"),
            ("other", "192.0.2.1/32"),
            ("other", "2001:DB8::1"),
        ];
        let changed: Vec<(&str, &str)> = match name {
            "SQLite" => Vec::new(), // TEXT keeps every text
            "PostgreSQL" => all.to_vec(),
            _ => {
                let of_texts = all.into_iter().filter(|(field, _)| *field != "other");
                of_texts.chain([("mood", "FREE"), ("mood", "paid "), ("short", "Lancelot ")]).collect()
            }
        };
        let before = me(&http, &token).await;
        for (field, value) in changed {
            let (status, refused) = change(&http, &token, json!({ field: value, "motto": "none" })).await;
            assert_eq!(status, 422, "{name}: {field} {value:?}: {refused}");
            assert_eq!(me(&http, &token).await, before, "{name}: {field} {value:?}");
            let (status, refused) = register(&http, "kay@camelot.bt", json!({ field: value })).await;
            assert_eq!(status, 422, "{name}: {field} {value:?}: {refused}");
        }
        // Nothing of the refused registrations is stored, and other columns are not looked at.
        assert_eq!(register(&http, "kay@camelot.bt", json!({ "motto": "x" })).await.0, 201, "{name}");
        database.run(&format!("UPDATE {} SET short = 'x'", database.choose(["user", "\"user\"", "`user`"]))).await;
        assert_eq!(change(&http, &token, json!({ "motto": "y" })).await.0, 200, "{name}");
    }
}

/// The schema of such a table is as the struct wants it: nothing is lost silently.
#[tokio::test]
async fn such_columns_are_no_drift() {
    for database in Database::all().await {
        database.create_users(database.choose(TEXTS)).await;
        let users = users::<Texts>(&database).await.unwrap();
        users.migrate().await.unwrap();
        assert_eq!(users.check_schema().await.unwrap(), [], "{}", database.name());
    }
}
