//! The settings of an application: names of operations, tags, servers; and examples, which follow its struct.

use axum::{Router, http::StatusCode};
use axum_users::{
    Backend, Error, Jwt,
    openapi::{Document, DocumentedOperation, openapi_routes, openapi_routes_of},
    routes::{Prefixes, RouteGroup},
};
use serde_json::{Value, json};

use super::{document_of, keys, operations};
use crate::{
    http::Http,
    support::{PASSWORD, Setup, TestApp, User, user_routes},
};

fn value(document: Document<'_, User>) -> Value {
    serde_json::to_value(document.build().unwrap()).unwrap()
}

#[tokio::test]
async fn operation_ids_and_tags_are_those_that_a_function_returns() {
    let app = TestApp::start().await;
    let document = value(Document::of(&app.users).operation_ids(DocumentedOperation::camel_case).tags(|operation| {
        [if operation.path().starts_with("/users") { "Accounts" } else { "Sign-in" }, operation.usual_tag()]
    }));
    let login = &document["paths"]["/auth/jwt/login"]["post"];
    assert_eq!((&login["operationId"], &login["tags"]), (&json!("authJwtLogin"), &json!(["Sign-in", "auth"])));
    let me = &document["paths"]["/users/me"]["patch"];
    assert_eq!((&me["operationId"], &me["tags"]), (&json!("usersPatchCurrentUser"), &json!(["Accounts", "users"])));
    // As in FastAPI, the schema of a body has the id of its operation.
    let body = &login["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["$ref"];
    assert_eq!(body, "#/components/schemas/Body_authJwtLogin");
    assert!(document["components"]["schemas"].get("Body_authJwtLogin").is_some());
    // The function in FastAPI's documentation, whose ids have characters that names of schemas cannot have.
    let tagged = value(Document::of(&app.users).operation_ids(|one| format!("{}-{}", one.usual_tag(), one.name())));
    assert_eq!(tagged["paths"]["/auth/jwt/login"]["post"]["operationId"], "auth-auth:jwt.login");
    assert!(tagged["components"]["schemas"].get("Body_auth-auth_jwt.login").is_some());
}

#[tokio::test]
async fn an_id_that_two_operations_would_have_is_refused() {
    let app = TestApp::start().await;
    for (id, named) in [("same", "have the same operation id `same`"), ("", "is empty")] {
        let built = Document::of(&app.users).operation_ids(|_| id.to_owned()).build();
        let Err(error @ Error::Config(_)) = built else { panic!("{id:?}") };
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn servers_are_those_of_the_application_and_the_login_is_under_the_first() {
    let app = TestApp::start().await;
    let servers = ["https://api.camelot.bt/v1/", "/v2"];
    let document = value(Document::of(&app.users).servers(servers));
    assert_eq!(document["servers"], json!([{"url": "https://api.camelot.bt/v1/"}, {"url": "/v2"}]));
    let flow = &document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"];
    assert_eq!(flow["tokenUrl"], "https://api.camelot.bt/v1/auth/jwt/login");
    assert_eq!(document_of(&app.users).get("servers"), None);
}

#[tokio::test]
async fn a_nested_document_names_the_path_under_which_its_routes_respond() {
    let app = TestApp::start().await;
    let api = Router::new().merge(user_routes(&app.users)).merge(openapi_routes(&app.users));
    let http = Http::serve(Router::new().nest("/api/v1", api).with_state(app.users.clone())).await;
    let document = http.get("/api/v1/openapi.json").send().await.json();
    let server = document["servers"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(server, "/api/v1");
    assert_eq!(http.get(&format!("{server}/users/me")).send().await.status, StatusCode::UNAUTHORIZED);
    let login = &document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]["tokenUrl"];
    assert_eq!(http.post(login.as_str().unwrap()).form(&[]).send().await.status, StatusCode::UNPROCESSABLE_ENTITY);

    // A document that names its servers is served as it is, wherever it is.
    let named = Document::of(&app.users).servers(["https://api.camelot.bt"]).build().unwrap();
    let elsewhere = Router::new().nest("/internal", openapi_routes_of(&app.users, &named));
    let http = Http::serve(elsewhere.with_state(app.users.clone())).await;
    let served = http.get("/internal/openapi.json").send().await.json();
    assert_eq!(served["servers"], json!([{"url": "https://api.camelot.bt"}]));
}

/// Every request with a body has an example, and the service reads it: what it refuses is a token or an address, not the form.
#[tokio::test]
async fn the_example_of_each_request_is_one_that_the_service_reads() {
    let backend = vec![Backend::bearer("jwt", Jwt::new())];
    let app = TestApp::with(Setup { backend, ..Setup::default() }).await;
    let king = app.superuser("king.arthur@camelot.bt").await;
    let prefixes = Prefixes::usual().with(RouteGroup::Sessions).with(RouteGroup::AccountStatus);
    let document = value(Document::of(&app.users).prefixes(prefixes));
    let id = app.register("kay@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let mut sent = 0;
    for (method, path, operation) in operations(&document) {
        let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
        let (kind, media) = content.iter().next().unwrap();
        let example = media.get("example").unwrap_or_else(|| panic!("{method} {path} has no example"));
        let call = app.request(method.to_uppercase().parse().unwrap(), &path.replace("{id}", &id)).bearer(&king);
        let response = match kind.as_str() {
            "application/json" => call.json(example.clone()).send().await,
            _ => {
                let fields: Vec<_> = example.as_object().unwrap().iter().collect();
                let fields: Vec<_> =
                    fields.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
                call.form(&fields).send().await
            }
        };
        assert!(keys(&operation["responses"]).contains(&response.status.as_str()), "{method} {path}: {response:?}");
        assert_ne!(response.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path}: {example}");
        sent += 1;
    }
    assert_eq!(
        sent, 12,
        "login, register, two for passwords, two for verification, two for addresses, two updates, suspension, re-authentication"
    );
    let me = document["paths"]["/users/me"]["patch"]["requestBody"]["content"]["application/json"]["example"].clone();
    assert_eq!(me, json!({"first_name": "Arthur"}), "trying it out changes neither the password nor the address");
    let create = &document["paths"]["/auth/register"]["post"]["requestBody"]["content"]["application/json"]["example"];
    assert_eq!(*create, json!({"email": "king.arthur@camelot.bt", "password": PASSWORD, "first_name": "Arthur"}));
}
