//! A field of the application's own costs one line: schemas, statements, table, document and routes follow.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use axum_users::{AuthUser, Backend, Jwt, SecretKey, Users, password::HashSettings, schema::SchemaKind};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

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

        /// How the person wants to be called.
        #[auth(read, create, update, length(max = 80))]
        pub full_name: Option<String>,
    }
}

/// The same, one line later.
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

        /// How the person wants to be called.
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
        .hashing(HashSettings::default())
        .backend(Backend::bearer("jwt", Jwt::new()))
        .build()
        .await
        .unwrap();
    users.migrate().await.unwrap();
    assert!(users.check_schema().await.unwrap().is_empty());
    users
}

async fn call(
    app: &Router,
    method: Method,
    path: &str,
    token: Option<&str>,
    kind: &str,
    body: String,
) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(path).header("content-type", kind);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn json(app: &Router, method: Method, path: &str, token: Option<&str>, body: Value) -> (StatusCode, Value) {
    call(app, method, path, token, "application/json", body.to_string()).await
}

#[tokio::test]
async fn a_field_added_by_one_line_is_in_schemas_statements_table_document_and_routes() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("app.db");

    // Yesterday's program has a user in its table.
    let old = users::<before::User>(&database).await;
    let app = before::user_routes::<Users<before::User>>(&old).with_state(old.clone());
    let arthur = json!({"email": "king.arthur@camelot.bt", "password": PASSWORD, "full_name": "Arthur"});
    let (status, shown) = json(&app, Method::POST, "/auth/register", None, arthur).await;
    assert_eq!((status, shown.get("city")), (StatusCode::CREATED, None));
    drop((old, app));

    // Today's program adopts the table.
    let new = users::<after::User>(&database).await;
    let app = after::user_routes::<Users<after::User>>(&new).with_state(new.clone());
    let form = format!("username=king.arthur%40camelot.bt&password={}", PASSWORD.replace(' ', "+"));
    let (status, login) =
        call(&app, Method::POST, "/auth/jwt/login", None, "application/x-www-form-urlencoded", form).await;
    assert_eq!(status, StatusCode::OK, "{login}");
    let token = login["access_token"].as_str();

    let (_, shown) = json(&app, Method::GET, "/users/me", token, Value::Null).await;
    assert_eq!((&shown["city"], &shown["full_name"]), (&json!("Camelot"), &json!("Arthur")));
    let (status, shown) = json(&app, Method::PATCH, "/users/me", token, json!({"city": "Avalon"})).await;
    assert_eq!((status, &shown["city"]), (StatusCode::OK, &json!("Avalon")));
    let (status, problem) = json(&app, Method::PATCH, "/users/me", token, json!({"city": null})).await;
    assert_eq!((status, &problem["detail"][0]["loc"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(["body", "city"])));

    // Nothing else changed.

    for schema in SchemaKind::ALL {
        assert_eq!([fields::<before::User>(schema), vec!["city"]].concat(), fields::<after::User>(schema));
    }
    assert_eq!(before::USER_SQL.roles, after::USER_SQL.roles);
}

#[tokio::test]
async fn a_field_added_by_one_line_is_in_the_openapi_document() {
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
