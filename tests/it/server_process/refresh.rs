//! `REFRESH=on` and the related variables.

use serde_json::json;

use super::{PASSWORD, Running, free_port, start::this_binary};
use crate::http::Http;

fn with(variables: &[(&str, &str)]) -> Running {
    let port = free_port();
    Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, "sqlite::memory:", variables)
}

async fn member(http: &Http) -> serde_json::Value {
    let body = json!({ "email": "arthur@camelot.bt", "password": PASSWORD });
    assert_eq!(http.post("/auth/register").json(body).send().await.status, 201);
    http.post("/auth/jwt/login").form(&[("username", "arthur@camelot.bt"), ("password", PASSWORD)]).send().await.json()
}

#[tokio::test]
async fn the_switch_turns_refresh_tokens_on_with_its_times() {
    let running = with(&[
        ("REFRESH", "on"),
        ("ACCESS_SECONDS", "60"),
        ("REFRESH_SECONDS", "3600"),
        ("REFRESH_GRACE_SECONDS", "0"),
    ]);
    let http = Http::at(running.address);
    let login = member(&http).await;
    assert_eq!(login["expires_in"], 60);
    let refresh = async |token: &serde_json::Value| {
        http.post("/auth/jwt/refresh").json(json!({ "refresh_token": token })).send().await
    };
    let next = refresh(&login["refresh_token"]).await.json();
    let me = http.get("/users/me").bearer(next["access_token"].as_str().unwrap()).send().await;
    assert_eq!(me.json()["email"], "arthur@camelot.bt");
    // Every backend has the route, and the document lists it.
    let document = http.get("/openapi.json").send().await.json();
    for backend in ["jwt", "db", "cookie"] {
        let route = &document["paths"][format!("/auth/{backend}/refresh")]["post"];
        assert_eq!(route["requestBody"].is_object(), backend != "cookie", "{route}");
        assert!(route["responses"]["401"].is_object(), "{route}");
        // A client whose access token has expired logs out with the other one.
        let logout = &document["paths"][format!("/auth/{backend}/logout")]["post"];
        let in_body = if backend == "cookie" { json!(null) } else { json!(false) };
        assert_eq!(logout["requestBody"]["required"], in_body, "{logout}");
        assert_eq!(logout["responses"]["422"].is_object(), backend != "cookie", "{logout}");
        assert_eq!(logout["security"].as_array().unwrap().contains(&json!({})), backend != "cookie", "{logout}");
    }
    let fields = document["components"]["schemas"]["BearerResponse"]["properties"].as_object().unwrap();
    assert!(fields.contains_key("refresh_token") && fields.contains_key("expires_in"));
}

#[tokio::test]
async fn without_the_switch_and_under_fastapi_users_the_wire_has_none() {
    for variables in [&[][..], &[("REFRESH", "off")], &[("REFRESH", "on"), ("POLICY", "fastapi_users")]] {
        let running = with(variables);
        let http = Http::at(running.address);
        let login = member(&http).await;
        let keys: Vec<_> = login.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["access_token", "token_type"]);
        let refused = http.post("/auth/jwt/refresh").json(json!({ "refresh_token": "x" })).send().await;
        refused.is(404, r#"{"detail":"Not Found"}"#);
        let document = http.get("/openapi.json").send().await.text();
        assert!(!document.contains("/refresh\"") && !document.contains("expires_in"));
        assert!(!document.contains("refresh_token"), "the logout has no body");
    }
}

#[test]
fn times_that_cannot_be_are_refused_at_the_start() {
    for (name, value, said) in [
        ("ACCESS_SECONDS", "soon", "it takes a number"),
        ("ACCESS_SECONDS", "3601", "live longer than its refresh tokens"),
        ("REFRESH_SECONDS", "0", "at least a second"),
        ("REFRESH_GRACE_SECONDS", "61", "at most a minute"),
    ] {
        let variables = [
            ("BIND", "127.0.0.1:0"),
            ("DATABASE_URL", "sqlite::memory:"),
            ("REFRESH", "on"),
            ("REFRESH_SECONDS", "3600"),
            (name, value),
        ];
        let (code, complaint) = super::start::run(&variables);
        assert!(code == 1 && complaint.contains(said), "{name}={value}: {complaint}");
    }
}
