//! Bearer tokens are accepted in one header only, and the challenge of RFC 6750.

use axum_users::Policy;

use super::assert_invalid;
use crate::support::{Carrier, Setup, TestApp};

#[tokio::test]
async fn query_token_ignored() {
    let app = TestApp::start().await;
    let token = app.member(super::ARTHUR).await;
    for name in ["access_token", "token", "jwt", "bearer", "authorization", "Authorization"] {
        assert_invalid(&app.get(&format!("/users/me?{name}={token}")).send().await);
        assert_invalid(&app.get(&format!("/users/me?{name}=Bearer%20{token}")).send().await);
        assert_invalid(&app.get("/users/me").header("cookie", &format!("{name}={token}")).send().await);
        assert_invalid(&app.get("/users/me").header("x-access-token", &token).send().await);
        let call = app.post("/auth/jwt/logout").form(&[(name, &token)]);
        assert_invalid(&call.send().await);
    }
    // Only one well-formed header is accepted.
    assert_invalid(&app.get("/users/me").bearer(&token).bearer(&token).send().await);
    assert_invalid(&app.get("/users/me").header("authorization", &token).send().await);
    assert_invalid(&app.get("/users/me").header("authorization", &format!("Basic {token}")).send().await);
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
            app.get("/users/unknown").send().await,
        ];
        for response in unauthorized {
            assert_eq!(
                (response.status.as_u16(), response.header("www-authenticate")),
                (401, expected),
                "{response:?}"
            );
        }
        // Only a 401 has a challenge.
        for response in [app.me(&token).await, app.get("/users/unknown").bearer(&token).send().await] {
            assert_eq!(response.header("www-authenticate"), None, "{response:?}");
        }
    }
}

/// A service with only cookie backends does not accept bearer tokens, so it sends no challenge.
#[tokio::test]
async fn there_is_no_challenge_without_a_bearer_backend() {
    let app = TestApp::over(Carrier::Cookie).await;
    let response = app.get("/users/me").send().await;
    assert_eq!((response.status.as_u16(), response.header("www-authenticate")), (401, None));
    let backend = vec![Carrier::Cookie.backend("cookie"), Carrier::Bearer.backend("jwt")];
    let app = TestApp::with(Setup { backend, ..Setup::default() }).await;
    let response = app.post("/auth/cookie/logout").send().await;
    assert_eq!((response.status.as_u16(), response.header("www-authenticate")), (401, Some("Bearer")));
}
