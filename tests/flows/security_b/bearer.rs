//! The challenge of RFC 6750.

use axum_users::Policy;

use crate::support::{Carrier, Setup, TestApp};

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
