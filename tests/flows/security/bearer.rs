//! Where a bearer token may stand.

use super::is_dead;
use crate::support::TestApp;

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
