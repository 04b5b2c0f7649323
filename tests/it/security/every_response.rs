//! One response of each kind that the service can send.

use axum::http::Method;
use serde_json::json;

use crate::support::{Failure, PASSWORD, Response, TestApp, mounted, path_of};

/// Returns labelled responses of every route: success, validation error, rejection, wrong method, unknown path.
pub async fn every_response(app: &TestApp) -> Vec<(String, Response)> {
    let king = app.superuser("every-king@camelot.bt").await;
    let token = app.member("every@camelot.bt").await;
    let id = app.stored("every@camelot.bt").await.id;
    let victim = app.register("every-victim@camelot.bt").await["id"].as_str().unwrap().to_owned();
    let mut all = Vec::new();
    let mut note = |what: &str, response: Response| all.push((format!("{what}: {}", response.status), response));

    note(
        "register",
        app.post("/auth/register").json(json!({ "email": "new@camelot.bt", "password": PASSWORD })).send().await,
    );
    note(
        "register taken",
        app.post("/auth/register").json(json!({ "email": "new@camelot.bt", "password": PASSWORD })).send().await,
    );
    note(
        "register short",
        app.post("/auth/register").json(json!({ "email": "x@camelot.bt", "password": "a" })).send().await,
    );
    note("login", app.try_login("every@camelot.bt", PASSWORD).await);
    note("login failed", app.try_login("every@camelot.bt", "wrong").await);
    note("login without fields", app.post("/auth/jwt/login").form(&[]).send().await);
    note("me", app.me(&token).await);
    note("me anonymous", app.get("/users/me").send().await);
    note("me with garbage", app.me("garbage").await);
    note("update", app.patch("/users/me").token(app.carrier, &token).json(json!({ "first_name": "Kay" })).send().await);
    note("update bad", app.patch("/users/me").token(app.carrier, &token).json(json!({ "first_name": 1 })).send().await);
    note("forbidden", app.get(&format!("/users/{id}")).token(app.carrier, &token).send().await);
    note("by id", app.get(&format!("/users/{id}")).token(app.carrier, &king).send().await);
    note("by unknown id", app.get("/users/unknown").token(app.carrier, &king).send().await);
    note(
        "update by id",
        app.patch(&format!("/users/{id}")).token(app.carrier, &king).json(json!({ "quota": 1 })).send().await,
    );
    for failure in [Failure::Error, Failure::Response(409), Failure::Response(429), Failure::Response(503)] {
        app.hooks.fail("on_before_delete", failure);
        let refused = app.delete(&format!("/users/{victim}")).token(app.carrier, &king).send().await;
        note("delete refused by a hook", refused);
    }
    app.hooks.set_failure("on_before_delete", None);
    note(
        "from another site",
        app.post("/auth/jwt/login").header("sec-fetch-site", "cross-site").form(&[("username", "x")]).send().await,
    );
    note("delete", app.delete(&format!("/users/{victim}")).token(app.carrier, &king).send().await);
    note("forgot", app.post("/auth/forgot-password").json(json!({ "email": "every@camelot.bt" })).send().await);
    note(
        "request verify",
        app.post("/auth/request-verify-token").json(json!({ "email": "every@camelot.bt" })).send().await,
    );
    note("verify bad", app.post("/auth/verify").json(json!({ "token": "garbage" })).send().await);
    let verify = app.hooks.token("on_after_request_verify").await;
    note("verify", app.post("/auth/verify").json(json!({ "token": verify })).send().await);
    let body = json!({ "token": "garbage", "password": PASSWORD });
    note("reset bad", app.post("/auth/reset-password").json(body).send().await);
    let reset = app.hooks.token("on_after_forgot_password").await;
    note("logout", app.post("/auth/jwt/logout").token(app.carrier, &token).send().await);
    let body = json!({ "token": reset, "password": "another long sword" });
    note("reset", app.post("/auth/reset-password").json(body).send().await);
    note("no JSON", app.post("/auth/register").raw("application/json", "{").send().await);
    note("not UTF-8", app.post("/auth/register").raw("application/json", vec![0xff, 0xfe]).send().await);
    note("too large", app.post("/auth/register").raw("application/json", vec![b' '; 17 * 1024]).send().await);
    note("unknown path", app.get("/nothing").send().await);
    for route in mounted() {
        let path = path_of(route).replace("{id}", "some-id");
        for method in [Method::PUT, Method::TRACE, Method::HEAD, Method::OPTIONS] {
            note(&format!("{method} {path}"), app.request(method, &path).send().await);
        }
    }
    all
}
