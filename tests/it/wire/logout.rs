//! `POST /auth/jwt/logout` (contract.md 6.1).

use axum_users::schema::Status;

use super::{
    app::{Rules, WireApp, WireSetup},
    recorded::{Step, call, expected, get, post, recommended},
};

pub const RECORDED: &[Step] = &[
    call("R23", post("/auth/jwt/logout").bearer("<JWT>"), expected(204, "")).step(),
    call(
        "the token after R23",
        get("/users/me").bearer("<JWT>"),
        expected(
            200,
            r#"{"id":"<ARTHUR>","email":"King.Arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}"#,
        ),
    )
    .differs(&[recommended("C1", expected(401, r#"{"detail":"Unauthorized"}"#))]),
];

#[tokio::test]
async fn logout_is_401_for_anonymous_and_inactive_users() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let token = app.member("arthur@camelot.bt").await;
        for call in [app.post("/auth/jwt/logout"), app.post("/auth/jwt/logout").bearer("nonsense")] {
            call.send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        }
        app.sql("UPDATE user SET is_active = 0").await;
        app.post("/auth/jwt/logout").bearer(&token).send().await.is(401, r#"{"detail":"Unauthorized"}"#);
        app.sql("UPDATE user SET is_active = 1").await;
        assert_eq!(app.me(&token).await.status, 200, "a rejected logout revokes nothing");
    }
}

#[tokio::test]
async fn an_unverified_user_cannot_log_out_if_verification_is_required() {
    for rules in Rules::BOTH {
        let app = WireSetup::of(rules).policy(|policy| policy.require_verification(true)).start().await;
        app.knight("arthur@camelot.bt", Status { is_verified: true, ..Status::NEW }).await;
        let token = app.login("arthur@camelot.bt").await;
        app.sql("UPDATE user SET is_verified = 0").await;
        app.post("/auth/jwt/logout").bearer(&token).send().await.is(403, r#"{"detail":"Forbidden"}"#);
        app.sql("UPDATE user SET is_verified = 1").await;
        app.post("/auth/jwt/logout").bearer(&token).send().await.is(204, "");
    }
}

#[tokio::test]
async fn a_logout_revokes_only_the_presented_token() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        let (first, other) = (app.member("arthur@camelot.bt").await, app.login("arthur@camelot.bt").await);
        app.post("/auth/jwt/logout").bearer(&first).send().await.is(204, "");
        assert_eq!(app.me(&other).await.status, 200);
        let again = app.post("/auth/jwt/logout").bearer(&first).send().await;
        assert_eq!(again.status, if rules == Rules::FastapiUsers { 204 } else { 401 }); // C1
    }
}
