//! Where a bearer token may stand, and the challenge of RFC 6750.

use axum_users::Policy;

use super::is_dead;
use crate::support::{Carrier, Setup, TestApp};

#[tokio::test]
async fn query_token_ignored() {
    let app = TestApp::start().await;
    let token = app.member(super::ARTHUR).await;
    for name in ["access_token", "token", "jwt", "bearer", "authorization", "Authorization"] {
        is_dead(&app.get(&format!("/users/me?{name}={token}")).send().await);
        is_dead(&app.get(&format!("/users/me?{name}=Bearer%20{token}")).send().await);
        is_dead(&app.get("/users/me").header("cookie", &format!("{name}={token}")).send().await);
        is_dead(&app.get("/users/me").header("x-access-token", &token).send().await);
        let call = app.post("/auth/jwt/logout").form(&[(name, &token)]);
        is_dead(&call.send().await);
    }
    // One header with one reading.
    is_dead(&app.get("/users/me").bearer(&token).bearer(&token).send().await);
    is_dead(&app.get("/users/me").header("authorization", &token).send().await);
    is_dead(&app.get("/users/me").header("authorization", &format!("Basic {token}")).send().await);
    assert_eq!(app.me(&token).await.status, 200);
}

#[tokio::test]
async fn challenge_present() {
    for (policy, expected) in
        [(Policy::recommended(), Some("Bearer")), (Policy::recommended().without_challenge(), None)]
    {
        let app = TestApp::with_policy(policy).await;
        let token = app.member("arthur@camelot.bt").await;
        let unauthorized = [
            app.get("/users/me").send().await,
            app.me("garbage").await,
            app.get("/users/me").header("authorization", "Basic YTpi").send().await,
            app.post("/auth/jwt/logout").send().await,
            app.get("/users/nobody").send().await,
        ];
        for answer in unauthorized {
            assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, expected), "{answer:?}");
        }
        // Only 401 asks for other credentials.
        for answer in [app.me(&token).await, app.get("/users/nobody").bearer(&token).send().await] {
            assert_eq!(answer.header("www-authenticate"), None, "{answer:?}");
        }
    }
}

/// A browser does not ask for a bearer token, and a service of cookies alone has no use for one.
#[tokio::test]
async fn there_is_none_without_a_bearer_backend() {
    let app = TestApp::over(Carrier::Cookie).await;
    let answer = app.get("/users/me").send().await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, None));
    let backend = vec![Carrier::Cookie.backend("cookie"), Carrier::Bearer.backend("jwt")];
    let app = TestApp::with(Setup { backend, ..Setup::default() }).await;
    let answer = app.post("/auth/cookie/logout").send().await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, Some("Bearer")));
}
