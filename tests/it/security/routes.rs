//! The set of routes, their methods and their inputs (OWASP ASVS 3.5.3, 4.1.4, 13.4).

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use axum_users::routes::{Endpoint, RouteGroup, endpoints};
use serde_json::{Value, json};

use super::{ARTHUR, OTHER, reset, reset_token, verify, verify_token};
use crate::support::{Carrier, PASSWORD, TestApp, User, mounted, path_of};

const METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

/// Returns every path with its methods.
fn inventory() -> BTreeMap<String, BTreeSet<String>> {
    let mut paths = BTreeMap::<String, BTreeSet<String>>::new();
    for route in mounted() {
        let path = path_of(route);
        paths.entry(path).or_default().insert(route.method().to_string());
    }
    paths
}

#[tokio::test]
async fn inventory_matches_docs() {
    // The documentation of routes is generated from the inventory in the code; this checks that the router has exactly those routes.
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let prefixes = ["", "/auth", "/auth/jwt", "/auth/sessions", "/users", "/auth/users", "/auth/jwt/users"];
    let mut ends: Vec<_> =
        endpoints().filter(|route| route.group() != RouteGroup::Invitations).map(Endpoint::path).collect();
    ends.extend([
        "",
        "/",
        "/token",
        "/refresh",
        "/list",
        "/admin",
        "/callback",
        "/authorize",
        "/associate",
        "/debug",
        "/health",
        "/sessions",
    ]);
    ends.sort_unstable();
    ends.dedup();
    for prefix in prefixes {
        for end in &ends {
            // Below /users and /auth/sessions any path segment is an id.
            let is_id = match prefix {
                "/users" => !["", "/", "/me", "/{id}"].contains(end) && !end.starts_with("/{id}/"),
                "/auth/sessions" => !["", "/", "/{id}"].contains(end),
                _ => false,
            };
            let template = format!("{prefix}{end}");
            // Second factors are off in this service.
            let is_off = template == "/users/{id}/second-factor";
            if template.is_empty() || is_id || is_off {
                continue;
            }
            let path = template.replace("{id}", "00000000-0000-4000-8000-000000000000");
            for method in METHODS {
                let response = app.request(method.clone(), &path).bearer(&king).json(json!({})).send().await;
                let takes_an_id = ["/users/me", "/auth/sessions/{id}"].contains(&template.as_str())
                    || template.starts_with("/users/{id}");
                if response.status != 405 && (response.status != 404 || takes_an_id) {
                    found.entry(template.clone()).or_default().insert(method.to_string());
                }
            }
        }
    }
    // For DELETE, `me` is an unknown id, as on the wire.
    let mut expected = inventory();
    expected.entry("/users/me".to_owned()).or_default().insert("DELETE".to_owned());
    assert_eq!(found, expected);
}

#[tokio::test]
async fn other_methods_405() {
    for carrier in Carrier::BOTH {
        let app = TestApp::over(carrier).await;
        let king = app.superuser("uther@camelot.bt").await;
        let id = app.stored("uther@camelot.bt").await.id.to_string();
        for (path, methods) in inventory() {
            for method in METHODS {
                // On the wire, DELETE parses `me` as an id.
                if methods.contains(method.as_str()) || (path == "/users/me" && method == Method::DELETE) {
                    continue;
                }
                let response = app
                    .request(method.clone(), &path.replace("{id}", &id))
                    .token(carrier, &king)
                    .json(json!({}))
                    .send()
                    .await;
                assert_eq!(response.status, 405, "{method} {path}");
                let allow = response.header("allow").unwrap_or_default();
                for allowed in allow.split(", ") {
                    assert!(
                        methods.contains(allowed) || (path == "/users/me" && allowed == "DELETE"),
                        "{method} {path}: {allow}"
                    );
                }
                assert!(!allow.is_empty(), "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn safe_methods_change_nothing() {
    for carrier in Carrier::BOTH {
        let app = TestApp::over(carrier).await;
        let king = app.superuser("uther@camelot.bt").await;
        let token = app.member("arthur@camelot.bt").await;
        let id = app.stored("arthur@camelot.bt").await.id.to_string();
        app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
        let reset = app.hooks.token("on_after_forgot_password").await;
        let pool = app.sqlite().await;
        let dump = async || -> Vec<String> {
            let users: Vec<String> = sqlx::query_scalar(
            "SELECT json_array(hex(id), email, hashed_password, is_active, is_superuser, is_verified, first_name, quota, note, auth_epoch) \
             FROM user ORDER BY email",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
            let marks: i64 =
                sqlx::query_scalar("SELECT count(*) FROM user_token_state").fetch_one(&pool).await.unwrap();
            users.into_iter().chain([marks.to_string()]).collect()
        };
        let before = dump().await;
        let calls = app.hooks.names().len();
        for (path, _) in inventory() {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
                for bearer in [&king, &token] {
                    let path = path.replace("{id}", &id);
                    let query = format!(
                        "{path}?token={reset}&password=another+long+sword&email=new@camelot.bt&is_superuser=true&_method=DELETE"
                    );
                    let body = json!({ "token": reset, "password": "another long sword", "email": "new@camelot.bt", "quota": 7 });
                    app.request(method.clone(), &query).token(carrier, bearer).json(body).send().await;
                }
            }
        }
        assert_eq!(dump().await, before);
        assert_eq!(app.hooks.names().len(), calls);
        assert_eq!(app.me(&token).await.status, 200);
        app.login("arthur@camelot.bt", PASSWORD).await;
    }
}

#[tokio::test]
async fn no_secret_in_query() {
    let app = TestApp::start().await;
    app.superuser(ARTHUR).await;
    app.register("kay@camelot.bt").await;
    let session = app.login(ARTHUR, PASSWORD).await;
    let (to_reset, to_verify) = (reset_token(&app, ARTHUR).await, verify_token(&app, "kay@camelot.bt").await);
    let id = app.stored(ARTHUR).await.id.to_string();
    let before = app.stored(ARTHUR).await.hashed_password;

    // Every secret of every route is sent only in the URL, under the names that the bodies use.
    for (token, password) in [(&to_reset, OTHER), (&to_verify, OTHER), (&session, PASSWORD)] {
        let query = format!(
            "?token={token}&access_token={token}&username={ARTHUR}&email={ARTHUR}&password={}&current_password={}",
            password.replace(' ', "+"),
            PASSWORD.replace(' ', "+")
        );
        for route in mounted() {
            let path = route.group().usual_prefix().replace("{backend}", "jwt") + &route.path().replace("{id}", &id);
            for content_type in ["application/json", "application/x-www-form-urlencoded", ""] {
                let call = app.request(route.method().clone(), &format!("{path}{query}"));
                let response = match content_type {
                    "application/json" => call.json(json!({})).send().await,
                    other => call.raw(other, "").send().await,
                };
                assert!(matches!(response.status.as_u16(), 401 | 422), "{route:?} {content_type} {response:?}");
            }
        }
    }
    assert!(app.stored(ARTHUR).await.hashed_password == before);
    reset(&app, &to_reset, OTHER).await.is(200, "null");
    assert_eq!(verify(&app, &to_verify).await.status, 200, "the tokens are valid in the body");

    let document = serde_json::to_value(axum_users::openapi::openapi::<User>(&app.users)).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let parameters: Vec<&Value> =
        operations.filter_map(|operation| operation["parameters"].as_array()).flatten().collect();
    assert!(!parameters.is_empty(), "the ids of paths were found");
    assert!(parameters.iter().all(|parameter| parameter["in"] == "path"), "{parameters:?}");
}
