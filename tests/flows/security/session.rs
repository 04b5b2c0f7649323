//! The life of a session.

use axum::{Router, routing::get};
use axum_users::{Backend, Bearer, FreshUser, JwtConfig, Policy, Relaxation, SecretKey, Users};
use serde_json::json;
use std::time::Duration;

use super::{ARTHUR, OTHER, is_dead, patch_me, reset, reset_token, verify, verify_token};
use crate::support::{PASSWORD, SECRET, Setup, TestApp, User};

/// Asserts that a token logs its user in.
macro_rules! is_alive {
    ($answer:expr) => {{
        let answer = $answer;
        assert_eq!(answer.status, 200, "{answer:?}");
    }};
}

#[tokio::test]
async fn password_change_ends_others() {
    let app = TestApp::start().await;
    let own = app.member(ARTHUR).await;
    let others = [app.login(ARTHUR, PASSWORD).await, app.login(ARTHUR, PASSWORD).await];
    let kay = app.member("kay@camelot.bt").await;
    for password in [OTHER, PASSWORD] {
        assert_eq!(patch_me(&app, &own, json!({ "password": password })).await.status, 200);
        is_alive!(app.me(&own).await);
        is_alive!(app.me(&kay).await);
        for other in &others {
            is_dead(&app.me(other).await);
        }
    }
    is_alive!(app.me(&app.login(ARTHUR, PASSWORD).await).await);

    // A superuser's change ends all.
    let king = app.superuser("uther@camelot.bt").await;
    let path = format!("/users/{}", app.stored(ARTHUR).await.id);
    assert_eq!(app.patch(&path).bearer(&king).json(json!({ "password": OTHER })).send().await.status, 200);
    is_dead(&app.me(&own).await);

    let keeping = TestApp::with_policy(Policy::recommended().keep_sessions()).await;
    let (own, other) = (keeping.member(ARTHUR).await, keeping.login(ARTHUR, PASSWORD).await);
    assert_eq!(patch_me(&keeping, &own, json!({ "password": OTHER })).await.status, 200);
    is_alive!(keeping.me(&other).await);
}

/// What a change spared can still be ended: by logout, by a reset, and by time.
#[tokio::test]
async fn a_spared_session_still_ends() {
    let app = TestApp::start().await;
    app.register(ARTHUR).await;
    let change = async |password: &str, next: &str| {
        let session = app.login(ARTHUR, password).await;
        assert_eq!(patch_me(&app, &session, json!({ "password": next })).await.status, 200);
        is_alive!(app.me(&session).await);
        session
    };
    let session = change(PASSWORD, OTHER).await;
    assert_eq!(app.post("/auth/jwt/logout").bearer(&session).send().await.status, 204);
    is_dead(&app.me(&session).await);
    let session = change(OTHER, PASSWORD).await;
    let token = reset_token(&app, ARTHUR).await;
    reset(&app, &token, OTHER).await.is(200, "null");
    is_dead(&app.me(&session).await);
    let session = change(OTHER, PASSWORD).await;
    app.advance(3600);
    is_dead(&app.me(&session).await);
}

#[tokio::test]
async fn reset_ends_all() {
    let app = TestApp::start().await;
    let sessions = [app.member(ARTHUR).await, app.login(ARTHUR, PASSWORD).await];
    let kay = app.member("kay@camelot.bt").await;
    let token = reset_token(&app, ARTHUR).await;
    for session in &sessions {
        is_alive!(app.me(session).await);
    }
    reset(&app, &token, OTHER).await.is(200, "null");
    for session in &sessions {
        is_dead(&app.me(session).await);
    }
    is_alive!(app.me(&kay).await);
}

/// The clock stands still, so login, reset and login fall into one second.
#[tokio::test]
async fn login_right_after_reset_works() {
    let app = TestApp::start().await;
    let before = app.member(ARTHUR).await;
    let token = reset_token(&app, ARTHUR).await;
    reset(&app, &token, OTHER).await.is(200, "null");
    let after = app.login(ARTHUR, OTHER).await;
    is_alive!(app.me(&after).await);
    is_dead(&app.me(&before).await);
}

#[tokio::test]
async fn logout_kills_token() {
    let app = TestApp::start().await;
    let (session, other) = (app.member(ARTHUR).await, app.login(ARTHUR, PASSWORD).await);
    app.post("/auth/jwt/logout").bearer(&session).send().await.is(204, "");
    is_dead(&app.me(&session).await);
    is_dead(&app.post("/auth/jwt/logout").bearer(&session).send().await);
    is_alive!(app.me(&other).await);
    // The note outlives a purge for as long as the token would have lived.
    app.advance(3599);
    app.users.purge_expired().await.unwrap();
    is_dead(&app.me(&session).await);
}

#[tokio::test]
async fn logout_fails_loud() {
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    let no_note = "CREATE TRIGGER stop BEFORE INSERT ON user_token_state BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(no_note).execute(&app.sqlite().await).await.unwrap();
    let answer = app.post("/auth/jwt/logout").bearer(&session).send().await;
    answer.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert!(!app.hooks.names().contains(&"on_after_logout"), "nobody is told of a logout that was none");
    is_alive!(app.me(&session).await);
    sqlx::query("DROP TRIGGER stop").execute(&app.sqlite().await).await.unwrap();
    app.post("/auth/jwt/logout").bearer(&session).send().await.is(204, "");
    is_dead(&app.me(&session).await);
}

#[tokio::test]
async fn disabled_user_next_request() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    let path = format!("/users/{}", app.stored(ARTHUR).await.id);
    is_alive!(app.me(&session).await);
    is_alive!(app.patch(&path).bearer(&king).json(json!({ "is_active": false })).send().await);
    is_dead(&app.me(&session).await);
    is_dead(&patch_me(&app, &session, json!({ "first_name": "Arthur" })).await);
    is_dead(&app.post("/auth/jwt/logout").bearer(&session).send().await);
    app.try_login(ARTHUR, PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
}

#[tokio::test]
async fn reenabled_user_old_tokens_dead() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    let path = format!("/users/{}", app.stored(ARTHUR).await.id);
    for active in [false, true] {
        is_alive!(app.patch(&path).bearer(&king).json(json!({ "is_active": active })).send().await);
    }
    is_dead(&app.me(&session).await);
    is_alive!(app.me(&app.login(ARTHUR, PASSWORD).await).await);
}

#[tokio::test]
async fn deleted_user_tokens_gone() {
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let session = app.member(ARTHUR).await;
    let (to_reset, to_verify) = (reset_token(&app, ARTHUR).await, verify_token(&app, ARTHUR).await);
    let path = format!("/users/{}", app.stored(ARTHUR).await.id);
    assert_eq!(app.delete(&path).bearer(&king).send().await.status, 204);
    // Nothing comes back with a new account of the same address either.
    for registered_again in [false, true] {
        if registered_again {
            app.register(ARTHUR).await;
        }
        is_dead(&app.me(&session).await);
        reset(&app, &to_reset, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
        verify(&app, &to_verify).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
    }
}

#[tokio::test]
async fn admin_ends_one_and_all() {
    let app = TestApp::start().await;
    let (arthur, kay) = (app.member(ARTHUR).await, app.member("kay@camelot.bt").await);
    app.users.sessions().end_all(app.stored(ARTHUR).await.id).await.unwrap();
    is_dead(&app.me(&arthur).await);
    is_alive!(app.me(&kay).await);
    let arthur = app.login(ARTHUR, PASSWORD).await;
    app.users.sessions().end_everyone().await.unwrap();
    for session in [&arthur, &kay] {
        is_dead(&app.me(session).await);
    }
    is_alive!(app.me(&app.login(ARTHUR, PASSWORD).await).await);
}

async fn fresh(FreshUser(user): FreshUser<User>) -> String {
    user.email
}

async fn fresh_for_a_minute(FreshUser(user): FreshUser<User, 60>) -> String {
    user.email
}

#[tokio::test]
async fn fresh_user_extractor() {
    let routes = |router: Router<Users<User>>| router.route("/5", get(fresh)).route("/1", get(fresh_for_a_minute));
    let app = TestApp::with(Setup { routes, ..Setup::default() }).await;
    let session = app.member(ARTHUR).await;
    let ask = async |path: &str| app.get(path).bearer(&session).send().await;
    for (seconds, path) in [(60, "/1"), (240, "/5")] {
        app.advance(seconds);
        ask(path).await.is(200, ARTHUR);
    }
    app.advance(1);
    for path in ["/1", "/5"] {
        let answer = ask(path).await;
        answer.is(401, r#"{"detail":"Reauthentication required"}"#);
        assert!(answer.header("www-authenticate").is_some(), "{answer:?}");
    }
    is_alive!(app.me(&session).await);
    is_dead(&app.get("/5").send().await);
    is_alive!(app.get("/1").bearer(&app.login(ARTHUR, PASSWORD).await).send().await);
}

/// Texts at random, and a good token damaged at random, from a generator that always starts alike.
#[tokio::test]
async fn garbage_is_401() {
    let app = TestApp::start().await;
    let token = app.member(ARTHUR).await;
    let mut state = 0x9E37_79B9_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    const VISIBLE: std::ops::Range<u8> = b'!'..b'~';
    let mut garbage = vec!["null".to_owned(), "0".to_owned(), ".".to_owned(), "..".to_owned(), "a.b.c".to_owned()];
    garbage.extend([format!("{token}{token}"), format!("{token}."), format!(".{token}"), "x".repeat(4097)]);
    for _ in 0..300 {
        let sign =
            |random: &mut dyn FnMut(usize) -> usize| char::from(VISIBLE.start + u8::try_from(random(93)).unwrap());
        garbage.push((0..=random(80)).map(|_| sign(&mut random)).collect());
        let (at, mut damaged) = (random(token.len()), token.clone());
        match random(3) {
            0 => damaged.truncate(at),
            1 => damaged.insert(at, sign(&mut random)),
            _ => drop(damaged.remove(at)),
        }
        garbage.push(damaged);
    }
    for garbage in garbage.iter().filter(|garbage| **garbage != token) {
        is_dead(&app.me(garbage).await);
    }
    is_dead(&app.get("/users/me").header("authorization", "Bearer").send().await);
    is_alive!(app.me(&token).await);
}

#[tokio::test]
async fn two_logins_two_tokens() {
    let app = TestApp::start().await;
    let tokens = [app.member(ARTHUR).await, app.login(ARTHUR, PASSWORD).await, app.login(ARTHUR, PASSWORD).await];
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && tokens[0] != tokens[2], "in one second");
    for token in &tokens {
        is_alive!(app.me(token).await);
    }
}

#[tokio::test]
async fn absolute_timeout() {
    let app = TestApp::start().await;
    let session = app.member(ARTHUR).await;
    // Use does not prolong it.
    for _ in 0..3 {
        app.advance(1199);
        is_alive!(app.me(&session).await);
    }
    app.advance(2);
    is_alive!(app.me(&session).await);
    app.advance(1);
    is_dead(&app.me(&session).await);
}

#[tokio::test]
async fn zero_lifetime_refused_at_build() {
    let build = async |config: JwtConfig| {
        Users::<User>::builder(SecretKey::new(SECRET).unwrap())
            .database("sqlite::memory:")
            .backend(Backend::jwt("jwt", Bearer, config))
            .build()
            .await
    };
    for lifetime in [Duration::ZERO, Duration::from_millis(999), Duration::MAX] {
        let refused = build(JwtConfig::new().lifetime(lifetime)).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("never_expires()")), "{lifetime:?}");
    }
    let eternal = build(JwtConfig::new().never_expires()).await.unwrap();
    assert!(eternal.policy().allows(Relaxation::NeverExpires), "by name, and listed");
}
