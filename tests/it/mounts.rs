//! `user_routes` adds routes at their whole path (decision 201). They respond as the same routes nested by axum, wherever an
//! application mounts them.

use axum::{
    Router,
    extract::{MatchedPath, OriginalUri, Request},
    http::{Method, StatusCode},
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use axum_users::{Backend, Jwt, Policy, Users};
use serde_json::json;

use crate::{
    http::Http,
    support::{
        PASSWORD, Setup, TestApp, User, user_account_routes, user_auth_routes, user_register_routes, user_reset_routes,
        user_routes, user_verify_routes,
    },
};

type Routes = Router<Users<User>>;

/// A way in which an application mounts routes, with the prefixes that it gives them.
type Mount = (&'static [&'static str], fn(Routes) -> Routes);

const BACKENDS: [&str; 2] = ["jwt", "a_b"];

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"];

const PATHS: [&str; 43] = [
    "",
    "/",
    "/own",
    "/users",
    "/users/",
    "/users/me",
    "/users/me/",
    "/users/me//",
    "//users/me",
    "/users//me",
    "/users/%6de",
    "/%75sers/me",
    "/users/me%2f",
    "/users/me?a=b",
    "/users/me/?a=b",
    "/users/me/own",
    "/users/{id}",
    "/users/ID",
    "/users/ID/",
    "/users/nobody",
    "/users/%2e%2e/auth",
    "/users/me;a",
    "/users/me/../me",
    "/users/caf%C3%A9",
    "/users/%ff",
    "/auth",
    "/auth/",
    "/auth/jwt",
    "/auth/jwt/",
    "/auth/jwt/login",
    "/auth/jwt/login/",
    "/auth/a_b/login",
    "/auth/a%5fb/login",
    "/auth/JWT/login",
    "/auth/jwt/logout",
    "/auth/jwt/nothing",
    "/auth/jwt/own",
    "/auth/none/login",
    "/auth/register",
    "/auth/register/",
    "/auth/verify",
    "/auth/forgot-password/x",
    "/AUTH/register",
];

fn nested_by_axum(users: &Users<User>) -> Routes {
    let backends = BACKENDS.iter().fold(Router::new(), |router, backend| {
        router.nest(&format!("/auth/{backend}"), user_auth_routes(users, backend))
    });
    backends
        .nest("/auth", user_register_routes(users))
        .nest("/auth", user_reset_routes(users))
        .nest("/auth", user_verify_routes(users))
        .nest("/users", user_account_routes(users))
}

/// Adds to the response what middleware knows of the request.
async fn observe(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let original = request.extensions().get::<OriginalUri>().map(|uri| uri.0.to_string());
    let seen = format!("{matched:?} {original:?} {}", request.uri());
    let mut response = next.run(request).await;
    response.headers_mut().append("x-seen", seen.parse().unwrap());
    response
}

async fn own() -> &'static str {
    "own"
}

async fn fallback(request: Request) -> (StatusCode, String) {
    (StatusCode::IM_A_TEAPOT, request.uri().to_string())
}

fn mounts() -> Vec<Mount> {
    vec![
        (&[""], |routes| routes.layer(from_fn(observe))),
        (&[""], |routes| routes.route_layer(from_fn(observe))),
        (&[""], |routes| routes.route("/own", get(own)).method_not_allowed_fallback(fallback).fallback(fallback)),
        (&[""], |routes| {
            let others = Router::new().route("/own", get(own)).route("/", get(own)).fallback(fallback);
            others.merge(routes).layer(from_fn(observe))
        }),
        (&[""], |routes| {
            let others = Router::new().route("/users/me/own", get(own)).route("/auth/jwt/own", get(own));
            routes.merge(others.fallback(fallback)).layer(from_fn(observe))
        }),
        (&["/api/v1"], |routes| Router::new().nest("/api/v1", routes.layer(from_fn(observe))).layer(from_fn(observe))),
        (&["/api/v1"], |routes| {
            Router::new().nest("/api/v1", routes.fallback(fallback)).fallback(own).layer(from_fn(observe))
        }),
        (&["/camelot/api", "/%2e/api"], |routes| Router::new().nest("/{org}/api", routes).layer(from_fn(observe))),
        (&["/a/b", "/a"], |routes| {
            let outer = Router::new().nest("/b", routes).route("/own", get(own));
            Router::new().nest("/a", outer).layer(from_fn(observe))
        }),
        (&["/one", "/two"], |routes| {
            Router::new().nest("/one", routes.clone()).nest("/two", routes).layer(from_fn(observe))
        }),
    ]
}

/// Sends a request and describes the response.
async fn response(http: &Http, method: &str, path: &str, token: &str) -> String {
    let request = http.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
    // A logout would end the session of the next request.
    let request = if path.contains("logout") { request } else { request.bearer(token) };
    let response = match method {
        "POST" | "PUT" => request.json(json!({ "email": "x", "password": PASSWORD })).send().await,
        "PATCH" => request.json(json!({ "first_name": "A" })).send().await,
        _ => request.send().await,
    };
    let headers = response.headers.iter().filter(|(name, _)| *name != "date");
    let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    format!("{} {headers:?} {}", response.status, response.text())
}

#[tokio::test]
async fn user_routes_respond_as_if_axum_nested_them() {
    for policy in [Policy::recommended(), Policy::recommended().slash_redirect(), Policy::fastapi_users()] {
        let backend = BACKENDS.map(|name| Backend::bearer(name, Jwt::new().audience([name]))).into();
        let app = TestApp::with(Setup { policy, backend, ..Setup::default() }).await;
        let token = app.superuser("arthur@camelot.bt").await;
        let id = app.stored("arthur@camelot.bt").await.id.to_string();
        for (prefixes, mount) in mounts() {
            let serve = |routes: Routes| Http::serve(mount(routes).with_state(app.users.clone()));
            let (whole, nested) = (serve(user_routes(&app.users)).await, serve(nested_by_axum(&app.users)).await);
            for path in prefixes.iter().flat_map(|prefix| PATHS.map(|path| format!("{prefix}{path}"))) {
                let path = path.replace("ID", &id);
                for method in METHODS {
                    if path.is_empty() || method == "DELETE" && path.contains(&id) {
                        continue;
                    }
                    let expected = response(&nested, method, &path, &token).await;
                    assert_eq!(response(&whole, method, &path, &token).await, expected, "{method} {path}");
                }
            }
        }
    }
}
