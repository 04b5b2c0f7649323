//! The OpenAPI document against contract.md section 16 and against the service that it describes.

#[cfg(feature = "docs-ui")]
mod explorer;
mod settings;
#[cfg(feature = "oauth")]
mod upstream;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use axum_users::{
    AuthUser, Backend, Cookie, DatabaseSessions, Jwt, PasswordHash, Policy, SecretKey, Users,
    openapi::{openapi, openapi_at},
    routes::{Prefixes, RouteGroup, endpoints},
};
use serde_json::{Value, json};

use crate::hashing::weak_hashing;
use crate::support::{SECRET, Setup, TestApp};

/// Method, path, operation id, tag and documented statuses, as fastapi-users 15.0.5 emits them for a bearer backend `jwt`.
const WIRE: [(&str, &str, &str, &str, &str); 12] = [
    ("post", "/auth/jwt/login", "auth_jwt_login_auth_jwt_login_post", "auth", "200 400 422"),
    ("post", "/auth/jwt/logout", "auth_jwt_logout_auth_jwt_logout_post", "auth", "200 204 401"),
    ("post", "/auth/register", "register_register_auth_register_post", "auth", "201 400 422"),
    ("post", "/auth/forgot-password", "reset_forgot_password_auth_forgot_password_post", "auth", "202 422"),
    ("post", "/auth/reset-password", "reset_reset_password_auth_reset_password_post", "auth", "200 400 422"),
    ("post", "/auth/request-verify-token", "verify_request_token_auth_request_verify_token_post", "auth", "202 422"),
    ("post", "/auth/verify", "verify_verify_auth_verify_post", "auth", "200 400 422"),
    ("get", "/users/me", "users_current_user_users_me_get", "users", "200 401"),
    ("patch", "/users/me", "users_patch_current_user_users_me_patch", "users", "200 400 401 422"),
    ("get", "/users/{id}", "users_user_users__id__get", "users", "200 401 403 404 422"),
    ("patch", "/users/{id}", "users_patch_user_users__id__patch", "users", "200 400 401 403 404 422"),
    ("delete", "/users/{id}", "users_delete_user_users__id__delete", "users", "204 401 403 404 422"),
];

fn document_of<U: AuthUser>(users: &Users<U>) -> Value {
    serde_json::to_value(openapi(users)).unwrap()
}

/// Returns (method, path, operation) in the document's order.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((method.clone(), path.clone(), operation));
        }
    }
    found
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[tokio::test]
async fn document_matches_the_wire() {
    // Routes that fastapi-users does not have. Two are documented where addresses do not change at once.
    let recommended = document_of(&TestApp::start().await.users);
    for path in ["/auth/confirm-email", "/auth/undo-email"] {
        assert_eq!(keys(&recommended["paths"][path]["post"]["responses"]), ["200", "400", "422", "429"]);
    }
    assert_eq!(
        keys(&recommended["paths"]["/auth/jwt/reauthenticate"]["post"]["responses"]),
        ["204", "400", "401", "422", "429"]
    );
    let app = TestApp::changing_emails_at_once().await;
    let mut document = document_of(&app.users);
    document["paths"].as_object_mut().unwrap().remove("/auth/jwt/reauthenticate");
    document["components"]["schemas"]
        .as_object_mut()
        .unwrap()
        .remove("Body_auth_jwt_reauthenticate_auth_jwt_reauthenticate_post");
    assert_eq!(document["openapi"], "3.1.0");
    let mut expected = BTreeMap::new();
    for (method, path, id, tag, statuses) in WIRE {
        expected.insert((method.to_owned(), path.to_owned()), (id.to_owned(), vec![tag], statuses.to_owned()));
    }
    let (mut found, mut limited) = (BTreeMap::new(), Vec::new());
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let tags = operation["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        let statuses = keys(&operation["responses"]).join(" ");
        // fastapi-users has no limits.
        limited.extend(statuses.contains(" 429").then(|| id.clone()));
        found.insert((method, path), (id, tags, statuses.replace(" 429", "")));
    }
    assert_eq!(found, expected);
    let wire = |(method, path, id, ..): (&str, &str, &'static str, &str, &str)| {
        let is_limited = method == "post" && !path.ends_with("/logout") || path == "/users/me" && method == "patch";
        is_limited.then_some(id)
    };
    limited.sort_unstable();
    let mut documented: Vec<_> = WIRE.into_iter().filter_map(wire).collect();
    documented.sort_unstable();
    assert_eq!(limited, documented);
    let responses = &document["paths"]["/auth/jwt/login"]["post"]["responses"]["429"];
    assert_eq!(keys(&responses["headers"]), ["RateLimit", "RateLimit-Policy", "Retry-After"]);
    let example = &responses["content"]["application/json"]["examples"]["TOO_MANY_REQUESTS"]["value"];
    assert_eq!(*example, json!({ "detail": "TOO_MANY_REQUESTS" }));
    let without =
        Box::new(|builder: axum_users::UsersBuilder<crate::support::User>| builder.limits(axum_users::Limits::off()));
    let without = TestApp::with(Setup { builder: without, ..Setup::default() }).await;
    assert!(!document_of(&without.users).to_string().contains("\"429\""));
    let schemas: BTreeSet<_> = keys(&document["components"]["schemas"]).into_iter().collect();
    let of_the_wire = [
        "BearerResponse",
        "Body_auth_jwt_login_auth_jwt_login_post",
        "Body_reset_forgot_password_auth_forgot_password_post",
        "Body_reset_reset_password_auth_reset_password_post",
        "Body_verify_request_token_auth_request_verify_token_post",
        "Body_verify_verify_auth_verify_post",
        "ErrorModel",
        "HTTPValidationError",
        "UserCreate",
        "UserRead",
        "UserUpdate",
        "ValidationError",
    ];
    assert_eq!(schemas, of_the_wire.into_iter().chain(["UserAdminUpdate"]).collect());
    assert_eq!(
        document["components"]["securitySchemes"],
        json!({"OAuth2PasswordBearer": {"type": "oauth2", "flows": {"password": {"tokenUrl": "auth/jwt/login", "scopes": {}}}}})
    );
}

#[tokio::test]
async fn the_bodies_match_the_wire_and_flags_that_clients_cannot_set_are_marked_as_ignored() {
    let app = TestApp::start().await;
    let document = document_of(&app.users);
    let schemas = &document["components"]["schemas"];
    let name = json!({"title": "First Name", "description": "The first name.",
        "anyOf": [{"type": "string", "maxLength": 80}, {"type": "null"}]});
    let email = json!({"title": "Email", "type": "string", "format": "email"});
    let flag = |title: &str| json!({"title": title, "type": "boolean"});
    let quota = json!({"title": "Quota", "type": "integer", "description": "A limit granted by a superuser."});
    assert_eq!(
        schemas["UserRead"],
        json!({
            "type": "object", "title": "UserRead",
            "required": ["id", "email", "is_active", "is_superuser", "is_verified", "first_name", "quota"],
            "properties": {
                "id": {"title": "Id", "type": "string", "format": "uuid"}, "email": email,
                "is_active": flag("Is Active"), "is_superuser": flag("Is Superuser"), "is_verified": flag("Is Verified"),
                "first_name": {"title": "First Name", "description": "The first name.",
                    "anyOf": [{"type": "string"}, {"type": "null"}]},
                "quota": quota,
            },
        })
    );
    assert_eq!(schemas["UserCreate"]["required"], json!(["email", "password"]));
    assert_eq!(schemas["UserCreate"]["properties"]["first_name"], name);
    let flags = ["is_active", "is_superuser", "is_verified"];
    let with_flags = |fields: &[&'static str]| {
        let mut all: Vec<_> = fields.iter().copied().chain(flags).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(keys(&schemas["UserCreate"]["properties"]), with_flags(&["email", "first_name", "password"]));
    assert_eq!(
        keys(&schemas["UserUpdate"]["properties"]),
        with_flags(&["current_password", "email", "first_name", "password"])
    );
    // Programs for fastapi-users set them, so generated types have them. The requests ignore them.
    for (schema, flag) in ["UserCreate", "UserUpdate"].iter().flat_map(|schema| flags.map(|flag| (schema, flag))) {
        let property = &schemas[schema]["properties"][flag];
        assert_eq!(property["deprecated"], true, "{schema}.{flag}");
        assert_eq!(property["anyOf"], json!([{"type": "boolean"}, {"type": "null"}]), "{schema}.{flag}");
        assert!(property["description"].as_str().unwrap().starts_with("Ignored"), "{schema}.{flag}");
    }
    assert_eq!(
        keys(&schemas["UserAdminUpdate"]["properties"]),
        ["email", "first_name", "is_active", "is_superuser", "is_verified", "password", "quota"]
    );
    assert_eq!(schemas["UserUpdate"].get("required"), None);
    let reset = &schemas["Body_reset_reset_password_auth_reset_password_post"];
    assert_eq!(reset["required"], json!(["token", "password"]));
    let login = &schemas["Body_auth_jwt_login_auth_jwt_login_post"];
    assert_eq!(login["required"], json!(["username", "password"]));
    assert_eq!(login["properties"]["grant_type"]["anyOf"][0]["pattern"], "^password$");
}

#[tokio::test]
async fn passwords_masked() {
    let app = TestApp::start().await;
    let document = document_of(&app.users);
    let mut masked = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for field in ["password", "current_password", "client_secret"] {
            let Some(property) = schema["properties"].get(field) else { continue };
            assert_eq!(property["format"], "password", "{name}.{field}");
            masked += 1;
        }
    }
    assert_eq!(masked, 8, "create, update twice, superuser's update, reset, re-authentication, login twice");
    // Generators split a schema with one of these in two, and lose properties.
    for word in ["writeOnly", "readOnly"] {
        assert!(!document.to_string().contains(word), "{word}");
    }
}

#[tokio::test]
async fn every_response_has_a_description_and_every_reference_a_target() {
    let app = TestApp::start().await;
    let document = document_of(&app.users);
    for (method, path, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap_or_default().is_empty(), "{method} {path} {status}");
        }
    }
    let text = document.to_string();
    let mut references = 0;
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
        references += 1;
    }
    assert!(references > 20);
}

#[tokio::test]
async fn every_documented_route_responds_as_documented() {
    let app = TestApp::start().await;
    let superuser = app.superuser("root@camelot.bt").await;
    let document = document_of(&app.users);
    let documented = operations(&document);
    for (method, path, operation) in &documented {
        // A logout would end the session that the other calls need.
        let token = if path.ends_with("/logout") { "dead" } else { &superuser };
        let concrete = path.replace("{id}", "d35d213e-f3d8-4f08-954a-7e0d1bea286f");
        let method: Method = method.to_uppercase().parse().unwrap();
        let response = app.request(method.clone(), &concrete).bearer(token).json(json!({})).send().await;
        let statuses = keys(&operation["responses"]);
        assert!(
            statuses.contains(&response.status.as_str()),
            "{method} {path}: {} is not in {statuses:?}",
            response.status
        );
        let stranger = app.request(method.clone(), &concrete).json(json!({})).send().await;
        assert!(statuses.contains(&stranger.status.as_str()), "{method} {path}: {}", stranger.status);
        let needs_a_token = operation.get("security").is_some();
        assert_eq!(stranger.status == StatusCode::UNAUTHORIZED, needs_a_token, "{method} {path}");
    }
    // Undocumented methods are 405, except `DELETE /users/me`, which has an id of `me`.
    for (_, path, _) in &documented {
        for method in ["get", "post", "put", "patch", "delete"] {
            let known = documented.iter().any(|(other, place, _)| (other.as_str(), place) == (method, path));
            if known || (method, path.as_str()) == ("delete", "/users/me") {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let response = app.request(method.clone(), &path.replace("{id}", "x")).bearer(&superuser).send().await;
            assert_eq!(response.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
}

#[test]
fn the_derived_routes_match_the_inventory() {
    let expansion = include_str!("../../users-macros/tests/golden/smallest.expanded.rs");
    let method_and_path = |line: &str| {
        let line = line.trim().trim_start_matches("rt::Routes::new(users)");
        let (method, rest) = line.strip_prefix('.')?.split_once("(\"/")?;
        let (path, _) = rest.split_once('"')?;
        // These add it under a condition.
        let conditional = ["own_post", "refresh", "second_factor", "magic_link", "email_code"];
        let method = if conditional.contains(&method) { "post" } else { method };
        ["get", "post", "patch", "delete"].contains(&method).then(|| format!("{} /{path}", method.to_uppercase()))
    };
    let written: BTreeSet<String> = expansion.lines().filter_map(method_and_path).collect();
    let of_the_derive = endpoints().filter(|route| RouteGroup::OF_USER_ROUTES.contains(&route.group()));
    let inventory: BTreeSet<String> =
        of_the_derive.map(|endpoint| format!("{} {}", endpoint.method(), endpoint.path())).collect();
    assert_eq!(written, inventory);
}

#[tokio::test]
async fn route_groups_are_documented_under_their_mount_prefix() {
    let app = TestApp::start().await;
    let prefixes = Prefixes::usual()
        .at(RouteGroup::Auth, "/api/{backend}")
        .at(RouteGroup::Users, "/api/people")
        .without(RouteGroup::Verify);
    let document = serde_json::to_value(openapi_at(&app.users, &prefixes)).unwrap();
    let paths: BTreeSet<_> = keys(&document["paths"]).into_iter().collect();
    let expected = [
        "/api/jwt/login",
        "/api/jwt/logout",
        "/api/jwt/reauthenticate",
        "/api/people/me",
        "/api/people/{id}",
        "/auth/forgot-password",
        "/auth/register",
        "/auth/reset-password",
    ];
    assert_eq!(paths, expected.into_iter().collect());
    let login = &document["paths"]["/api/jwt/login"]["post"];
    assert_eq!(login["operationId"], "auth_jwt_login_api_jwt_login_post");
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["OAuth2PasswordBearer"]["flows"]["password"]["tokenUrl"], "api/jwt/login");
}

#[tokio::test]
async fn session_routes_are_documented_only_if_mounted() {
    let backend = Backend::bearer("db", DatabaseSessions::new());
    let app =
        TestApp::with(Setup { backend: vec![Backend::bearer("jwt", Jwt::new()), backend], ..Setup::default() }).await;
    app.register("arthur@camelot.bt").await;
    let form = [("username", "arthur@camelot.bt"), ("password", crate::support::PASSWORD)];
    let login = app.post("/auth/db/login").form(&form).send().await.json();
    let response = app.get("/auth/sessions").bearer(login["access_token"].as_str().unwrap()).send().await.json();
    let sent: BTreeSet<_> = keys(&response[0]).into_iter().collect();

    let prefixes = Prefixes::usual().with(RouteGroup::Sessions);
    let document = serde_json::to_value(openapi_at(&app.users, &prefixes)).unwrap();
    let schema = &document["components"]["schemas"]["SessionRead"];
    assert_eq!(sent, keys(&schema["properties"]).into_iter().collect());
    assert_eq!(sent, schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect());
    let (all, one) = (&document["paths"]["/auth/sessions"], &document["paths"]["/auth/sessions/{id}"]);
    let listed = &all["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(*listed, json!({"type": "array", "items": {"$ref": "#/components/schemas/SessionRead"}}));
    assert_eq!(all["get"]["operationId"], "sessions_list_auth_sessions_get");
    assert_eq!(all["get"]["security"], json!([{"OAuth2PasswordBearer": []}]));
    assert_eq!(keys(&all["get"]["responses"]), ["200", "401"]);
    assert_eq!(keys(&all["delete"]["responses"]), ["204", "401"]);
    assert_eq!(keys(&one["delete"]["responses"]), ["204", "401", "404"]);
    assert_eq!(one["delete"]["parameters"][0]["name"], "id");

    let without = document_of(&app.users);
    assert_eq!(without["components"]["schemas"].get("SessionRead"), None, "the session routes are not mounted");
    assert_eq!(without["paths"].get("/auth/sessions"), None);
}

#[tokio::test]
async fn required_verification_is_documented_as_403() {
    let app = TestApp::with_policy(Policy::recommended().require_verification(true)).await;
    let document = document_of(&app.users);
    assert_eq!(keys(&document["paths"]["/users/me"]["get"]["responses"]), ["200", "401", "403"]);
    assert_eq!(keys(&document["paths"]["/auth/jwt/logout"]["post"]["responses"]), ["200", "204", "401", "403"]);
}

#[tokio::test]
async fn every_backend_has_its_routes_and_each_transport_has_one_security_scheme() {
    let backend = vec![
        Backend::new("first", Cookie::new().cookie_name("__Host-first"), Jwt::default()),
        Backend::bearer("jwt", Jwt::new()),
        Backend::cookie("last", Jwt::new()),
    ];
    let app = TestApp::with(Setup { backend, ..Setup::default() }).await;
    let document = document_of(&app.users);
    let login = &document["paths"]["/auth/last/login"]["post"];
    assert_eq!(login["operationId"], "auth_last_login_auth_last_login_post");
    assert_eq!(keys(&login["responses"]), ["200", "204", "400", "422", "429"]);
    // The last cookie is documented, as in fastapi-users; the order is that of the backends.
    assert_eq!(
        document["components"]["securitySchemes"]["APIKeyCookie"],
        json!({"type": "apiKey", "in": "cookie", "name": "__Host-fastapiusersauth"})
    );
    assert_eq!(
        document["paths"]["/users/me"]["get"]["security"],
        json!([{"APIKeyCookie": []}, {"OAuth2PasswordBearer": []}])
    );
    let logout = &document["paths"]["/auth/last/logout"]["post"];
    assert_eq!(keys(&logout["responses"]), ["200", "204", "401"]);
    // As fastapi-users 15.0.5 emits it for a cookie backend.
    let backend = vec![Backend::cookie("cookie", Jwt::new())];
    let app = TestApp::with(Setup { policy: Policy::fastapi_users(), backend, ..Setup::default() }).await;
    let schemes = &document_of(&app.users)["components"]["securitySchemes"];
    assert_eq!(*schemes, json!({"APIKeyCookie": {"type": "apiKey", "in": "cookie", "name": "fastapiusersauth"}}));
}

/// A user with every kind of field.
#[derive(AuthUser, Debug, Clone)]
pub struct Member {
    pub id: i64,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The name to display.
    #[auth(read, create, update, length(min = 1, max = 80), pattern("^\\S"))]
    pub nick: String,
    #[auth(read, create, update, range(min = 0, max = 150.5))]
    pub age: Option<i32>,
    #[auth(read, create, admin, text, default = Plan::Free)]
    pub plan: Plan,
    #[auth(read, create, update, json, default, length(max = 3))]
    pub tags: Vec<String>,
    #[deprecated = "use `plan`"]
    #[auth(read, create, default)]
    pub tier: i32,
    #[auth(private, default)]
    pub note: String,
}

/// The subscription of a member.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    Free,
    Paid,
}

#[tokio::test]
async fn a_custom_field_is_documented_with_its_type_and_rules() {
    let users = Users::<Member>::builder(SecretKey::new(SECRET).unwrap())
        .database("sqlite::memory:")
        .backend(Backend::bearer("jwt", Jwt::new()))
        .hashing(weak_hashing())
        .build()
        .await
        .unwrap();
    let document = document_of(&users);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["MemberRead"]["properties"]["id"], json!({"title": "Id", "type": "integer"}));
    let create = &schemas["MemberCreate"];
    assert_eq!(create["required"], json!(["email", "password", "nick"]));
    let fields = &create["properties"];
    for (field, schema) in [
        (
            "nick",
            json!({"title": "Nick", "type": "string", "description": "The name to display.",
                "minLength": 1, "maxLength": 80, "pattern": "^\\S"}),
        ),
        (
            "age",
            json!({"title": "Age", "anyOf": [{"type": "integer", "minimum": 0, "maximum": 150.5}, {"type": "null"}]}),
        ),
        ("plan", json!({"title": "Plan", "type": "string", "enum": ["free", "paid"]})),
        ("tags", json!({"title": "Tags", "type": "array", "items": {}, "maxItems": 3})),
        ("tier", json!({"title": "Tier", "type": "integer", "deprecated": true})),
    ] {
        assert_eq!(fields[field], schema, "{field}");
    }
    assert!(!document.to_string().contains("note"), "a private field is not documented");
}

mod routes {
    use super::*;

    #[tokio::test]
    async fn no_docs_route_by_default() {
        let app = TestApp::start().await;
        for path in ["/openapi.json", "/docs", "/docs/page.js", "/redoc", "/swagger-ui"] {
            assert_eq!(app.get(path).send().await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
