//! What is forgotten about sessions, and what is not (OWASP ASVS 14.2.7).

use std::time::Duration;

use axum_users::{Backend, Bearer, JwtConfig};
use serde_json::json;

use crate::support::{PASSWORD, Setup, TestApp};

/// Two backends, so that a short and a long token of one user are in the table together.
#[tokio::test]
async fn purge_removes_only_expired() {
    let short = Backend::jwt("short", Bearer, JwtConfig::default().lifetime(Duration::from_secs(60)));
    let app = TestApp::with(Setup { backend: vec![Backend::bearer_jwt("jwt"), short], ..Setup::default() }).await;
    app.register("arthur@camelot.bt").await;
    let form = [("username", "arthur@camelot.bt"), ("password", PASSWORD)];
    let short =
        app.post("/auth/short/login").form(&form).send().await.json()["access_token"].as_str().unwrap().to_owned();
    let long = app.login("arthur@camelot.bt", PASSWORD).await;
    for token in [&short, &long] {
        app.post("/auth/jwt/logout").bearer(token).send().await.is(204, "");
    }
    let kept = app.login("arthur@camelot.bt", PASSWORD).await;
    let change = json!({ "password": "another long sword", "current_password": PASSWORD });
    assert_eq!(app.patch("/users/me").bearer(&kept).json(change).send().await.status, 200);

    assert_eq!(app.users.purge_expired().await.unwrap(), 0, "nothing has ended by itself");
    app.advance(61);
    assert_eq!(app.users.purge_expired().await.unwrap(), 1, "the short one");
    // A token that was logged out stays dead, and one that was spared stays alive.
    assert_eq!(app.me(&long).await.status, 401);
    assert_eq!(app.me(&kept).await.status, 200);
    app.advance(3600);
    assert_eq!(app.users.purge_expired().await.unwrap(), 2);
    for token in [&short, &long, &kept] {
        assert_eq!(app.me(token).await.status, 401);
    }
    assert!(app.users.get_by_email("arthur@camelot.bt").await.unwrap().is_some());
}
