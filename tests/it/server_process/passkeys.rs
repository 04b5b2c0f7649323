//! `PASSKEYS=on`.

use serde_json::json;

use super::{PASSWORD, Running, free_port, start::this_binary};
use crate::{authenticator::Key, http::Http};

fn with(variables: &[(&str, &str)]) -> (Running, u16) {
    let port = free_port();
    (Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, "sqlite::memory:", variables), port)
}

#[tokio::test]
async fn the_switch_turns_passkeys_on_for_pages_of_localhost() {
    let (running, port) = with(&[("PASSKEYS", "on")]);
    let (http, origin) = (Http::at(running.address), format!("http://localhost:{port}"));
    let body = json!({ "email": "arthur@camelot.bt", "password": PASSWORD });
    assert_eq!(http.post("/auth/register").json(body).send().await.status, 201);
    let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
    let token = http.post("/auth/db/login").form(&form).send().await.access_token();
    let begun = http.post("/auth/passkeys/register").bearer(&token).send().await.json();
    assert_eq!(begun["options"]["rp"]["id"], "localhost");
    let mut key = Key::new(&begun["options"], 1);
    let body = json!({ "state": begun["state"], "credential": key.register(&begun["options"], &origin) });
    assert_eq!(http.post("/auth/passkeys").bearer(&token).json(body).send().await.status, 201);
    for backend in ["jwt", "db"] {
        let begun = http.post(&format!("/auth/{backend}/passkey/options")).send().await.json();
        let credential = key.log_in(&begun["options"], &origin);
        let body = json!({ "state": begun["state"], "credential": credential });
        // A state is for one backend.
        let other = if backend == "jwt" { "db" } else { "jwt" };
        let refused = http.post(&format!("/auth/{other}/passkey")).json(body.clone()).send().await;
        refused.is(400, r#"{"detail":"PASSKEY_BAD_CREDENTIAL"}"#);
        let login = http.post(&format!("/auth/{backend}/passkey")).json(body).send().await;
        let me = http.get("/users/me").bearer(&login.access_token()).send().await;
        assert_eq!(me.json()["email"], "arthur@camelot.bt");
    }
    let document = http.get("/openapi.json").send().await.json();
    for path in ["/auth/cookie/passkey", "/auth/jwt/passkey/options", "/auth/register/passkey", "/auth/passkeys/{id}"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let proof = &document["components"]["schemas"]["Body_auth_jwt_reauthenticate_auth_jwt_reauthenticate_post"];
    assert!(proof["properties"]["passkey"].is_object(), "{proof}");
}

#[tokio::test]
async fn without_the_switch_and_under_fastapi_users_the_wire_has_none() {
    for variables in [&[][..], &[("PASSKEYS", "off")], &[("PASSKEYS", "on"), ("POLICY", "fastapi_users")]] {
        let (running, _) = with(variables);
        let http = Http::at(running.address);
        for path in ["/auth/jwt/passkey/options", "/auth/passkeys/register", "/auth/register/passkey/options"] {
            http.post(path).send().await.is(404, r#"{"detail":"Not Found"}"#);
        }
        assert!(!http.get("/openapi.json").send().await.text().contains("passkey"));
    }
}
