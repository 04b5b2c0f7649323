//! Whether a column may be NULL is asked of the type, not of its name.

use axum_users::{AuthUser, PasswordHash};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Database, change, login, me, register, serve};
use crate::newtype::{encoded_as, typed_as};

type Nickname = Option<String>;
type Deep = Option<Option<i64>>;
type Tags = Option<Vec<String>>;

/// A type that wraps an `Option`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Note(Option<String>);

typed_as!(Note, String);
encoded_as!(Note, Option<String>);

#[derive(AuthUser, Debug, Clone)]
struct User {
    id: Uuid,
    email: String,
    hashed_password: PasswordHash,
    is_active: bool,
    is_superuser: bool,
    is_verified: bool,
    #[auth(read, create, update)]
    nick: Nickname,
    #[auth(read, create, update)]
    deep: Deep,
    #[auth(read, create, update, json)]
    tags: Tags,
    #[auth(read, create, update, text)]
    code: Nickname,
    #[auth(read, update)]
    note: Note,
    #[auth(read, update, text)]
    remark: Note,
    #[auth(private)]
    secret: Note,
    #[auth(read, create, update)]
    city: String,
}

/// The fields that may be null.
const NULLABLE: [&str; 6] = ["nick", "deep", "tags", "code", "note", "remark"];

#[tokio::test]
async fn an_alias_of_an_option_may_be_absent_null_or_a_value_on_every_database() {
    for database in Database::all().await {
        let (_, http) = serve::<User>(&database, user_routes).await;
        let name = database.name();
        let (status, absent) = register(&http, "arthur@camelot.bt", json!({"city": "Camelot"})).await;
        assert_eq!(status, 201, "{name}: {absent}");
        let all_null = |shown: &Value| NULLABLE.iter().all(|field| shown[*field].is_null());
        assert!(all_null(&absent), "{name}: {absent}");

        let null = json!({"city": "Camelot", "nick": null, "deep": null, "tags": null, "code": null});
        let (status, null) = register(&http, "gawain@camelot.bt", null).await;
        assert_eq!((status, all_null(&null)), (201, true), "{name}: {null}");

        let values = json!({"city": "Camelot", "nick": "Lance", "deep": 7, "tags": ["brave"], "code": "L"});
        let (status, shown) = register(&http, "lancelot@camelot.bt", values.clone()).await;
        assert_eq!(status, 201, "{name}: {shown}");
        assert!(values.as_object().unwrap().iter().all(|(field, value)| shown[field] == *value), "{name}: {shown}");

        let token = login(&http, "lancelot@camelot.bt").await;
        let changes = json!({"nick": "Du Lac", "note": "found", "remark": "seen"});
        let (status, shown) = change(&http, &token, changes.clone()).await;
        assert_eq!(status, 200, "{name}: {shown}");
        assert!(changes.as_object().unwrap().iter().all(|(field, value)| shown[field] == *value), "{name}: {shown}");
        assert_eq!(shown["deep"], 7, "an absent key changes nothing");
        let nulls: Value =
            NULLABLE.iter().map(|field| ((*field).to_owned(), Value::Null)).collect::<serde_json::Map<_, _>>().into();
        let (status, shown) = change(&http, &token, nulls).await;
        assert_eq!((status, all_null(&shown)), (200, true), "{name}: {shown}");
        assert_eq!(me(&http, &token).await, shown);

        // A field whose type is no `Option` is neither absent nor null.
        let (status, refused) = register(&http, "mordred@camelot.bt", json!({})).await;
        assert_eq!((status, &refused["detail"][0]["loc"]), (422, &json!(["body", "city"])), "{name}: {refused}");
        let (status, _) = change(&http, &token, json!({"city": null})).await;
        assert_eq!(status, 422, "{name}");
    }
}

#[tokio::test]
async fn the_openapi_document_shows_what_may_be_absent_or_null() {
    let database = Database::Sqlite(tempfile::tempdir().unwrap());
    let (users, _) = serve::<User>(&database, user_routes).await;
    let document = serde_json::to_value(axum_users::openapi::openapi(&users)).unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["UserCreate"]["required"], json!(["email", "password", "city"]));
    for schema in ["UserRead", "UserUpdate", "UserAdminUpdate"] {
        for field in NULLABLE {
            let either = &schemas[schema]["properties"][field]["anyOf"];
            let has_null = either.as_array().is_some_and(|either| either.contains(&json!({"type": "null"})));
            assert!(has_null, "{schema}.{field}: {either}");
        }
    }
}
