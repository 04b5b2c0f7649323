//! Passwords on every path that sets one. The tests of the rules themselves are in the runtime crate.

use std::time::Duration;

use axum_users::{
    Password, PasswordPolicy, Policy,
    env::BoxFuture,
    error::{CreateError, PasswordError, UpdateError},
    password::{Argon2Params, BreachCheck, BreachSourceDown, BreachedPasswords, WhenSourceDown},
    schema::Status,
};
use serde_json::json;

use super::{ARTHUR, OTHER, assert_invalid, patch_me, refused_password, reset, reset_token};
use crate::hashing::patient_hashing;
use crate::support::{PASSWORD, Setup, TestApp, UserAdminUpdate, UserCreate};

fn create(email: &str, password: &str) -> UserCreate {
    UserCreate { email: email.into(), password: password.into(), first_name: None }
}

/// Asserts that every path that sets a password rejects `password` with `reason` and keeps the old one.
async fn refused_on_every_path(app: &TestApp, password: &str, reason: &str) {
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    let id = app.stored(ARTHUR).await.id;

    let registration = json!({ "email": "kay@camelot.bt", "password": password });
    let registered = app.post("/auth/register").json(registration).send().await;
    refused_password(&registered, "REGISTER_INVALID_PASSWORD", reason);
    let own = patch_me(app, &session, json!({ "password": password })).await;
    refused_password(&own, "UPDATE_USER_INVALID_PASSWORD", reason);
    let change = json!({ "password": password });
    let by_superuser = app.patch(&format!("/users/{id}")).bearer(&king).json(change).send().await;
    refused_password(&by_superuser, "UPDATE_USER_INVALID_PASSWORD", reason);
    let token = reset_token(app, ARTHUR).await;
    refused_password(&reset(app, &token, password).await, "RESET_PASSWORD_INVALID_PASSWORD", reason);

    let has_reason = |error: &PasswordError| error.to_string().contains(reason);
    let created = app.users.create(create("kay@camelot.bt", password), Status::NEW).await;
    assert!(matches!(&created, Err(CreateError::Password(error)) if has_reason(error)), "{created:?}");
    let update = UserAdminUpdate { password: Some(password.into()), ..UserAdminUpdate::default() };
    let updated = app.users.update(app.stored(ARTHUR).await, update).await;
    assert!(matches!(&updated, Err(UpdateError::Password(error)) if has_reason(error)), "{updated:?}");

    assert!(app.users.get_by_email("kay@camelot.bt").await.unwrap().is_none(), "no user was stored");
    app.login(ARTHUR, PASSWORD).await;
    reset(app, &token, OTHER).await.is(200, "null");
}

#[tokio::test]
async fn short_refused_on_every_path() {
    refused_on_every_path(&TestApp::start().await, "1aB-xyz", "at least 8 characters").await;
    let nist = Policy::recommended().passwords(PasswordPolicy::nist());
    refused_on_every_path(&TestApp::with_policy(nist).await, "fourteen chars", "at least 15 characters").await;
}

#[tokio::test]
async fn length_counts_code_points() {
    let app = TestApp::start().await;
    let register = async |email: &str, password: &str| {
        app.post("/auth/register").json(json!({ "email": email, "password": password })).send().await
    };
    // Seven and eight code points in 28 and 32 bytes; a family emoji of seven code points is one grapheme.
    refused_password(&register(ARTHUR, &"\u{1F600}".repeat(7)).await, "REGISTER_INVALID_PASSWORD", "at least 8");
    let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}";
    refused_password(&register(ARTHUR, family).await, "REGISTER_INVALID_PASSWORD", "at least 8");
    assert_eq!(register(ARTHUR, &"\u{1F600}".repeat(8)).await.status, 201);
}

#[tokio::test]
async fn accepts_64_128_256() {
    let app = TestApp::start().await;
    for (length, unit) in [(64, "é"), (128, "a b "), (256, "\u{1F5DD}")] {
        let password: String = unit.chars().cycle().take(length).collect();
        let email = format!("knight{length}@camelot.bt");
        let body = json!({ "email": email, "password": password });
        assert_eq!(app.post("/auth/register").json(body).send().await.status, 201, "{length}");
        app.login(&email, &password).await;
        let (last, _) = password.char_indices().last().unwrap();
        assert_eq!(
            app.try_login(&email, &password[..last]).await.status,
            400,
            "{length}: the last character is significant"
        );
    }
}

/// A hash takes longer than the test waits, so a response within that time was made without one.
#[tokio::test]
async fn too_long_never_hashed() {
    let params = Argon2Params::new(128 * 1024, 19, 1).unwrap();
    let app = TestApp::with(Setup { hashing: patient_hashing().params(params), ..Setup::default() }).await;
    let register = async |password: &str| {
        let call = app.post("/auth/register").json(json!({ "email": ARTHUR, "password": password })).send();
        tokio::time::timeout(Duration::from_millis(500), call).await
    };
    for password in ["a b".repeat(86), "\u{1F600}".repeat(257)] {
        refused_password(&register(&password).await.unwrap(), "REGISTER_INVALID_PASSWORD", "at most");
    }
    assert!(register(PASSWORD).await.is_err(), "a hash takes longer");
}

#[tokio::test]
async fn common_refused() {
    refused_on_every_path(&TestApp::start().await, "ExCaLiBuR", "most common").await;
}

#[tokio::test]
async fn context_words_refused() {
    let policy = Policy::recommended().passwords(PasswordPolicy::recommended().context_words(["Camelot"]));
    let app = TestApp::with_policy(policy).await;
    refused_on_every_path(&app, "Camelot-2026!", "too close").await;
    let own = json!({ "email": "guinevere.queen@camelot.bt", "password": "Guinevere_Queen1" });
    let registered = app.post("/auth/register").json(own).send().await;
    refused_password(&registered, "REGISTER_INVALID_PASSWORD", "too close");
    // So is the address that the same request sets.
    let session = app.member("gwen@camelot.bt").await;
    let own = json!({ "email": "guinevere.queen@camelot.bt", "password": "Guinevere_Queen1" });
    refused_password(&patch_me(&app, &session, own).await, "UPDATE_USER_INVALID_PASSWORD", "too close");
    assert!(app.users.get_by_email("guinevere.queen@camelot.bt").await.unwrap().is_none());
}

#[tokio::test]
async fn any_composition_accepted() {
    let app = TestApp::start().await;
    for (at, password) in ["qwfpgjluy", "QWFPGJLUY", "90317746285", "!?!?!;;(=)", "пароль-длинный", "        x       "]
        .into_iter()
        .enumerate()
    {
        let email = format!("knight{at}@camelot.bt");
        let body = json!({ "email": email, "password": password });
        let response = app.post("/auth/register").json(body).send().await;
        assert_eq!(response.status, 201, "{password}: {response:?}");
        app.login(&email, password).await;
    }
}

/// A breach source that knows one password or is unavailable.
struct Breaches(Result<&'static str, ()>);

impl BreachedPasswords for Breaches {
    fn knows<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, BreachSourceDown>> {
        let known = self.0.map(|known| known == password.secret()).map_err(|()| BreachSourceDown("down".into()));
        Box::pin(std::future::ready(known))
    }
}

async fn with_breaches(breaches: Breaches, when_down: WhenSourceDown) -> TestApp {
    let check = BreachCheck::new(breaches).when_down(when_down);
    TestApp::with(Setup { builder: Box::new(|builder| builder.breached_passwords(check)), ..Setup::default() }).await
}

#[tokio::test]
async fn breached_refused() {
    let app = with_breaches(Breaches(Ok("the lady of the lake")), WhenSourceDown::AcceptAndLog).await;
    app.hooks.refuse_password("the lady of the lake");
    refused_on_every_path(&app, "the lady of the lake", "data breach").await;
}

#[tokio::test]
async fn breach_source_down_follows_setting() {
    let app = with_breaches(Breaches(Err(())), WhenSourceDown::AcceptAndLog).await;
    app.member(ARTHUR).await;
    let app = with_breaches(Breaches(Err(())), WhenSourceDown::Refuse).await;
    let body = json!({ "email": ARTHUR, "password": PASSWORD });
    let response = app.post("/auth/register").json(body).send().await;
    refused_password(&response, "REGISTER_INVALID_PASSWORD", "try again later");
}

#[tokio::test]
async fn the_application_hook_is_called_last_on_every_path() {
    let app = TestApp::start().await;
    app.hooks.refuse_password("grail, holy and wide");
    refused_on_every_path(&app, "grail, holy and wide", "refused by the application").await;
}

#[tokio::test]
async fn no_expiry_after_ten_years() {
    let app = TestApp::start().await;
    app.register(ARTHUR).await;
    app.advance(10 * 366 * 24 * 3600);
    let session = app.login(ARTHUR, PASSWORD).await;
    let me = app.me(&session).await;
    assert_eq!(me.status, 200, "{me:?}");
    assert!(!me.text().contains("change") && !me.text().contains("expire"), "{me:?}");
}

#[tokio::test]
async fn change_replaces_old() {
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, 200);
    app.try_login(ARTHUR, PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
    app.login(ARTHUR, OTHER).await;
}

#[tokio::test]
async fn stale_session_needs_current() {
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    app.advance(300);
    assert_eq!(patch_me(&app, &session, json!({ "password": OTHER })).await.status, 200, "a login 300 s ago is fresh");
    app.advance(1);
    let change = json!({ "password": PASSWORD });
    let refused = patch_me(&app, &session, change).await;
    refused_password(&refused, "UPDATE_USER_INVALID_PASSWORD", "current_password");
    app.login(ARTHUR, OTHER).await;

    let wrong = json!({ "password": PASSWORD, "current_password": PASSWORD });
    refused_password(&patch_me(&app, &session, wrong).await, "UPDATE_USER_INVALID_PASSWORD", "wrong");
    let right = json!({ "password": PASSWORD, "current_password": OTHER });
    assert_eq!(patch_me(&app, &session, right).await.status, 200);
    app.login(ARTHUR, PASSWORD).await;
    assert_eq!(
        patch_me(&app, &session, json!({ "first_name": "Arthur" })).await.status,
        200,
        "other fields need no current password"
    );
}

#[tokio::test]
async fn required_setting_always_needs_current() {
    let app = TestApp::with_policy(Policy::recommended().require_current_password()).await;
    let session = app.member(ARTHUR).await;
    for change in [json!({ "password": OTHER }), json!({ "email": "pendragon@camelot.bt" })] {
        let refused = patch_me(&app, &session, change).await;
        refused_password(&refused, "UPDATE_USER_INVALID_PASSWORD", "current_password");
    }
    app.login(ARTHUR, PASSWORD).await;
    let change = json!({ "password": OTHER, "current_password": PASSWORD });
    assert_eq!(patch_me(&app, &session, change).await.status, 200);
}

#[tokio::test]
async fn wrong_current_counts_as_failure() {
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    // A wrong current password is rejected even after a fresh login.
    let wrong = json!({ "password": OTHER, "current_password": "a guess at it" });
    refused_password(&patch_me(&app, &session, wrong).await, "UPDATE_USER_INVALID_PASSWORD", "wrong");
    let failed = app.hooks.wait_for("on_after_failed_login").await;
    assert_eq!(failed.user_id, Some(app.stored(ARTHUR).await.id));
    assert_eq!(failed.detail.unwrap(), format!("{ARTHUR} UPDATE_USER_INVALID_PASSWORD"));
    app.login(ARTHUR, PASSWORD).await;
}

#[tokio::test]
async fn wrong_password_at_reauthentication_counts_as_failure() {
    let app = TestApp::with(Setup {
        builder: Box::new(|builder| builder.limits(axum_users::Limits::default())),
        ..Setup::default()
    })
    .await;
    let session = app.member(ARTHUR).await;
    let prove =
        async |body: serde_json::Value| app.post("/auth/jwt/reauthenticate").bearer(&session).json(body).send().await;
    let wrong = json!({ "password": "a guess at it" });
    for _ in 0..5 {
        prove(wrong.clone()).await.is(400, r#"{"detail":"REAUTHENTICATE_BAD_CREDENTIALS"}"#);
    }
    let failed = app.hooks.wait_for("on_after_failed_login").await;
    assert_eq!(failed.user_id, Some(app.stored(ARTHUR).await.id));
    // Guesses at the login and here share a limit: beyond it both are refused, even with the right password.
    let limited = prove(json!({ "password": PASSWORD })).await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, Some("1")));
    assert_eq!(app.try_login(ARTHUR, PASSWORD).await.status, 429);
    app.advance(2);
    prove(json!({ "password": PASSWORD })).await.is(204, "");
    app.login(ARTHUR, PASSWORD).await;
    for bad in [json!({}), json!({ "password": null }), json!({ "password": 7 }), json!([])] {
        assert_eq!(prove(bad).await.status, 422);
    }
}

#[tokio::test]
async fn empty_or_blank_never_logs_in() {
    let app = TestApp::start().await;
    app.users.create_without_password(create(ARTHUR, ""), Status::NEW).await.unwrap();
    app.register("kay@camelot.bt").await;
    let pool = app.sqlite().await;
    let hash = app.stored(ARTHUR).await.hashed_password;
    assert!(hash.as_stored().starts_with("$argon2id$"), "it costs the same as any other hash");
    for stored in [hash.as_stored(), "", " ", "!", "$argon2id$"] {
        sqlx::query("UPDATE user SET hashed_password = ? WHERE email = ?")
            .bind(stored)
            .bind(ARTHUR)
            .execute(&pool)
            .await
            .unwrap();
        for password in ["", " ", "\u{0}", "\t", "null", "None", "password", stored] {
            let response = app.try_login(ARTHUR, password).await;
            assert!(matches!(response.status.as_u16(), 400 | 422), "{stored:?} {password:?} {response:?}");
        }
    }
    for password in ["", " "] {
        assert!(matches!(app.try_login("kay@camelot.bt", password).await.status.as_u16(), 400 | 422));
    }
}

/// An account created programmatically, such as by an invitation, can be opened only by a mailed token.
#[tokio::test]
async fn account_by_code_has_no_usable_password() {
    let app = TestApp::start().await;
    let user = app.users.create_without_password(create(ARTHUR, PASSWORD), Status::NEW).await.unwrap();
    let other = app.users.create_without_password(create("kay@camelot.bt", PASSWORD), Status::NEW).await.unwrap();
    assert_ne!(user.hashed_password, other.hashed_password);
    app.try_login(ARTHUR, PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
    let taken = app.users.create_without_password(create("Arthur@Camelot.bt", ""), Status::NEW).await;
    assert!(matches!(taken, Err(CreateError::EmailTaken)), "{taken:?}");

    app.users.start_reset(&user).await.unwrap();
    let token = app.hooks.token("on_after_forgot_password").await;
    reset(&app, &token, PASSWORD).await.is(200, "null");
    let session = app.login(ARTHUR, PASSWORD).await;
    assert_eq!(app.me(&session).await.status, 200);
    app.users.sessions().end_all(user.id).await.unwrap();
    assert_invalid(&app.me(&session).await);
}
