//! Adding a custom field takes one line: schemas, statements, table, OpenAPI document and routes follow.

use axum_users::{AuthUser, Backend, Jwt, SecretKey, Users, schema::SchemaKind};
use serde_json::json;

use crate::hashing::patient_hashing;
use crate::http::Http;

/// The struct of the README.
mod before {
    use axum_users::{AuthUser, PasswordHash};
    use uuid::Uuid;

    #[derive(AuthUser, Debug, Clone)]
    pub struct User {
        pub id: Uuid,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,

        /// The name to display.
        #[auth(read, create, update, length(max = 80))]
        pub full_name: Option<String>,
    }
}

/// The same struct with one more line.
mod after {
    use axum_users::{AuthUser, PasswordHash};
    use uuid::Uuid;

    #[derive(AuthUser, Debug, Clone)]
    pub struct User {
        pub id: Uuid,
        pub email: String,
        pub hashed_password: PasswordHash,
        pub is_active: bool,
        pub is_superuser: bool,
        pub is_verified: bool,

        /// The name to display.
        #[auth(read, create, update, length(max = 80))]
        pub full_name: Option<String>,
        #[rustfmt::skip]
        #[auth(read, create, update, default = "Camelot".to_owned())] pub city: String,
    }
}

const PASSWORD: &str = "a long sword of steel";

async fn users<U: AuthUser + axum_users::store::StoredUser>(database: &std::path::Path) -> Users<U> {
    let users = Users::<U>::builder(SecretKey::generate().unwrap())
        .database(format!("sqlite://{}?mode=rwc", database.display()))
        .hashing(patient_hashing())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    assert!(users.check_schema().await.unwrap().is_empty());
    users
}

#[tokio::test]
async fn a_field_added_by_one_line_appears_in_schemas_statements_table_and_routes() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("app.db");

    // The earlier version has stored a user.
    let old = users::<before::User>(&database).await;
    let http = Http::serve(before::user_routes::<Users<before::User>>(&old).with_state(old)).await;
    let arthur = json!({"email": "king.arthur@camelot.bt", "password": PASSWORD, "full_name": "Arthur"});
    let registered = http.post("/auth/register").json(arthur).send().await;
    assert_eq!((registered.status.as_u16(), registered.json().get("city")), (201, None));

    // The new version migrates the table.
    let new = users::<after::User>(&database).await;
    let http = Http::serve(after::user_routes::<Users<after::User>>(&new).with_state(new)).await;
    let form = [("username", "king.arthur@camelot.bt"), ("password", PASSWORD)];
    let token = http.post("/auth/jwt/login").form(&form).send().await.access_token();

    let shown = http.get("/users/me").bearer(&token).send().await.json();
    assert_eq!((&shown["city"], &shown["full_name"]), (&json!("Camelot"), &json!("Arthur")));
    let changed = http.patch("/users/me").bearer(&token).json(json!({"city": "Avalon"})).send().await;
    assert_eq!((changed.status.as_u16(), &changed.json()["city"]), (200, &json!("Avalon")));
    let refused = http.patch("/users/me").bearer(&token).json(json!({"city": null})).send().await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"][0]["loc"]), (422, &json!(["body", "city"])));

    // Nothing else has changed.
    for schema in SchemaKind::ALL {
        assert_eq!([fields::<before::User>(schema), vec!["city"]].concat(), fields::<after::User>(schema));
    }
    assert_eq!(before::USER_SQL.roles, after::USER_SQL.roles);
}

#[tokio::test]
async fn a_field_added_by_one_line_appears_in_the_openapi_document() {
    let folder = tempfile::tempdir().unwrap();
    let users = users::<after::User>(&folder.path().join("app.db")).await;
    let document = serde_json::to_value(axum_users::openapi::openapi(&users)).unwrap();
    for schema in ["UserRead", "UserCreate", "UserUpdate", "UserAdminUpdate"] {
        let city = &document["components"]["schemas"][schema]["properties"]["city"];
        assert!(city.is_object(), "{schema}: {city}");
    }
}

fn fields<U: AuthUser>(schema: SchemaKind) -> Vec<&'static str> {
    schema.fields::<U>().map(|field| field.name).collect()
}
