//! JWTs over HTTP. The tests of the tokens themselves are in the runtime crate.

use axum_users::{
    Backend, Bearer, Jwt, SecretKey, Users,
    token::{HmacKey, KeyRing, MailTokenSettings, RotatingKeys},
};

use super::{ARTHUR, OTHER, assert_invalid, patch_me, reset, reset_token, verify, verify_token};
use crate::support::{SECRET, Setup, TestApp, User};

#[tokio::test]
async fn any_flipped_byte_refused() {
    let app = TestApp::start().await;
    let token = app.member(ARTHUR).await;
    for at in 0..token.len() {
        let mut flipped = token.clone().into_bytes();
        // Changes the highest bit of a base64 digit, so that the decoded bytes differ.
        flipped[at] = match flipped[at] {
            b'A'..=b'Z' => b'w',
            _ => b'B',
        };
        assert_invalid(&app.me(std::str::from_utf8(&flipped).unwrap()).await);
    }
    assert_eq!(app.me(&token).await.status, 200);
}

#[tokio::test]
async fn alg_none_refused() {
    let app = TestApp::start().await;
    let token = app.member(ARTHUR).await;
    let mut parts = token.split('.').skip(1);
    let (payload, signature) = (parts.next().unwrap(), parts.next().unwrap());
    // {"alg":"none","typ":"JWT"}, {"alg":"None"}, {"alg":"NONE","typ":"JWT"}
    for header in ["eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJOb25lIn0", "eyJhbGciOiJOT05FIiwidHlwIjoiSldUIn0"]
    {
        for signature in ["", signature] {
            assert_invalid(&app.me(&format!("{header}.{payload}.{signature}")).await);
        }
    }
    assert_invalid(&app.me(&format!("{}.{payload}.", token.split('.').next().unwrap())).await);
}

#[tokio::test]
async fn purpose_matrix_all_pairs() {
    // With one key for all purposes only the audience separates them.
    for policy in [axum_users::Policy::recommended(), axum_users::Policy::fastapi_users().confirm_email_changes()] {
        let app = TestApp::with_policy(policy).await;
        let access = app.member(ARTHUR).await;
        let (to_reset, to_verify) = (reset_token(&app, ARTHUR).await, verify_token(&app, ARTHUR).await);
        app.hooks.clear();
        let change = serde_json::json!({ "email": "king@camelot.bt" });
        assert_eq!(patch_me(&app, &access, change).await.status, 200);
        let (to_confirm, to_undo) = app.hooks.email_change().await;
        let post =
            async |path: &str, token: &str| app.post(path).json(serde_json::json!({ "token": token })).send().await;
        for token in [&to_reset, &to_verify, &to_confirm, &to_undo] {
            assert_invalid(&app.me(token).await);
        }
        for token in [&access, &to_reset, &to_verify, &to_undo] {
            post("/auth/confirm-email", token).await.is(400, r#"{"detail":"CONFIRM_EMAIL_BAD_TOKEN"}"#);
        }
        for token in [&access, &to_reset, &to_verify, &to_confirm] {
            post("/auth/undo-email", token).await.is(400, r#"{"detail":"UNDO_EMAIL_BAD_TOKEN"}"#);
        }
        for token in [&access, &to_verify, &to_confirm, &to_undo] {
            reset(&app, token, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
        }
        for token in [&access, &to_reset, &to_confirm, &to_undo] {
            verify(&app, token).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
        }
        assert_eq!(app.me(&access).await.status, 200);
        assert_eq!(verify(&app, &to_verify).await.status, 200);
        reset(&app, &to_reset, OTHER).await.is(200, "null");
        post("/auth/confirm-email", &to_confirm).await.is(400, r#"{"detail":"CONFIRM_EMAIL_BAD_TOKEN"}"#);
        assert_eq!(post("/auth/undo-email", &to_undo).await.json()["email"], ARTHUR);
    }
}

/// Two services share a secret and a database and differ only in their audience.
#[tokio::test]
async fn foreign_audience() {
    let backends = vec![
        Backend::new("shop", Bearer, Jwt::new().audience(["shop"])),
        Backend::new("jwt", Bearer, Jwt::new().audience(["forum"])),
    ];
    let both = TestApp::with(Setup { backend: backends, ..Setup::default() }).await;
    let forum = both.member(ARTHUR).await;
    assert_eq!(both.me(&forum).await.status, 200);

    let only_shop = Users::<User>::builder(SecretKey::new(SECRET).unwrap())
        .database(both.database_url())
        .clock(both.shared_clock())
        .backend(Backend::new("shop", Bearer, Jwt::new().audience(["shop"])))
        .build()
        .await
        .unwrap();
    let shop = crate::support::Http::serve(
        axum::Router::new().merge(crate::support::user_routes(&only_shop)).with_state(only_shop),
    )
    .await;
    assert_invalid(&shop.get("/users/me").bearer(&forum).send().await);
    let form = [("username", ARTHUR), ("password", crate::support::PASSWORD)];
    let login = shop.post("/auth/shop/login").form(&form).send().await;
    let token = login.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(shop.get("/users/me").bearer(&token).send().await.status, 200);
}

#[tokio::test]
async fn rotation_old_key_verifies_then_retired() {
    let key = |text: &str, kid: &str| HmacKey::hs256(&SecretKey::new(text).unwrap()).unwrap().kid(kid);
    let (old, new) = (key(SECRET, "old"), key("u1mJb6hGt4dNw8rLs2XpPf9qy3Vc7kZ0", "new"));
    let keys = RotatingKeys::new(KeyRing::hmac(old.clone()));
    let config = Jwt::new().keys(keys.clone());
    let app = TestApp::with(Setup { backend: vec![Backend::new("jwt", Bearer, config)], ..Setup::default() }).await;
    let before = app.member(ARTHUR).await;
    keys.replace(KeyRing::hmac(new.clone()).and_hmac(old).unwrap());
    assert_eq!(app.me(&before).await.status, 200);
    let after = app.login(ARTHUR, crate::support::PASSWORD).await;
    keys.replace(KeyRing::hmac(new));
    assert_invalid(&app.me(&before).await);
    assert_eq!(app.me(&after).await.status, 200);
}

/// Strategies and mail tokens are configured separately, so the builder compares all audiences.
#[tokio::test]
async fn duplicate_audience_refused() {
    let build = async |access: [&'static str; 2], mail: MailTokenSettings| {
        let [first, second] = access.map(|audience| Jwt::new().audience([audience]));
        Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .database("sqlite::memory:")
            .backend(Backend::new("first", Bearer, first))
            .backend(Backend::new("second", Bearer, second))
            .mail_tokens(mail)
            .build()
            .await
    };
    let refused =
        |built: axum_users::Result<Users<User>>| built.is_err_and(|error| error.to_string().contains("`shop`"));
    assert!(refused(build(["forum", "shop"], MailTokenSettings::new().reset_audience("shop")).await));
    assert!(refused(build(["shop", "forum"], MailTokenSettings::new().verify_audience("shop")).await));
    assert!(build(["shop", "shop"], MailTokenSettings::new()).await.is_ok(), "backends may share an audience");
}
