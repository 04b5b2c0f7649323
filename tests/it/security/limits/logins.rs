//! Limits on failed logins.

use std::sync::Arc;

use axum_users::{Limits, Policy, limits::MemoryCounters};
use serde_json::json;

use super::{
    super::{ARTHUR, OTHER, patch_me, reset, reset_token},
    Shared, WRONG, app, app_counting, guess, limited, login, member, reached, visible,
};
use crate::support::{PASSWORD, Setup, TestApp};

const KAY: &str = "kay@camelot.bt";

/// An address of the attacker's network.
fn address(number: usize) -> String {
    format!("198.51.{}.{}", 100 + number / 250, number % 250)
}

#[tokio::test]
async fn account_and_address() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    for spelling in [ARTHUR, "Arthur@Camelot.bt", " arthur@camelot.bt ", ARTHUR, ARTHUR] {
        assert_eq!(guess(&app, "192.0.2.1", spelling).await, None, "{spelling}");
    }
    // Each further attempt waits twice as long, whatever the spelling, the backend and the password.
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        let client = Some(("login-client".to_owned(), wait));
        for spelling in [ARTHUR, "ARTHUR@camelot.bt"] {
            assert_eq!(guess(&app, "192.0.2.1", spelling).await, client);
        }
        assert_eq!(limited(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await), client, "also with the right password");
        let form = [("username", ARTHUR), ("password", WRONG)];
        assert_eq!(limited(&app.post("/auth/other/login").from("192.0.2.1").form(&form).send().await), client);
        app.advance(wait - 1);
        assert_eq!(guess(&app, "192.0.2.1", ARTHUR).await, Some(("login-client".to_owned(), 1)));
        app.advance(1);
        assert_eq!(guess(&app, "192.0.2.1", ARTHUR).await, None);
    }
    // Other accounts and other addresses have counters of their own.
    assert_eq!(guess(&app, "192.0.2.1", KAY).await, None);
    assert_eq!(guess(&app, "192.0.2.2", ARTHUR).await, None);
    assert_eq!(login(&app, "192.0.2.2", ARTHUR, PASSWORD).await.status, 200);
    // A success ends the row of failures.
    app.advance(900);
    assert_eq!(login(&app, "192.0.2.1", ARTHUR, PASSWORD).await.status, 200);
    for _ in 0..5 {
        assert_eq!(guess(&app, "192.0.2.1", ARTHUR).await, None);
    }
    assert!(guess(&app, "192.0.2.1", ARTHUR).await.is_some());
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_count_as_one() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    for number in 0..5 {
        assert_eq!(guess(&app, &format!("2001:db8:1:2::{number}"), ARTHUR).await, None);
    }
    assert!(guess(&app, "2001:db8:1:2:ffff::1", ARTHUR).await.is_some());
    assert!(guess(&app, "2001:db8:1:3::1", ARTHUR).await.is_none());
    for _ in 0..5 {
        assert_eq!(guess(&app, "192.0.2.1", ARTHUR).await, None);
    }
    assert!(guess(&app, "::ffff:192.0.2.1", ARTHUR).await.is_some());
}

#[tokio::test]
async fn a_wrong_current_password_is_a_failure_of_the_account() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    let session = app.login(ARTHUR, PASSWORD).await;
    let change = json!({ "password": OTHER, "current_password": WRONG });
    for _ in 0..3 {
        assert_eq!(patch_me(&app, &session, change.clone()).await.status, 400);
    }
    for _ in 0..2 {
        assert_eq!(app.try_login(ARTHUR, WRONG).await.status, 400);
    }
    assert_eq!(reached(&patch_me(&app, &session, change.clone()).await), ("login-client".to_owned(), 1));
    assert_eq!(reached(&app.try_login(ARTHUR, PASSWORD).await), ("login-client".to_owned(), 1));
    app.advance(1);
    let change = json!({ "password": OTHER, "current_password": PASSWORD });
    assert_eq!(patch_me(&app, &session, change).await.status, 200);
    assert_eq!(app.try_login(ARTHUR, OTHER).await.status, 200, "the right one has ended the row");
}

#[tokio::test]
async fn account_wide_100_failures() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    member(&app, KAY).await;
    for number in 0..100 {
        assert_eq!(guess(&app, &address(number), ARTHUR).await, None, "{number}");
    }
    let account = |wait| Some(("login-account".to_owned(), wait));
    assert_eq!(guess(&app, "192.0.2.1", ARTHUR).await, account(900));
    assert_eq!(limited(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await), account(900), "not known");
    assert_eq!(login(&app, "192.0.2.1", KAY, PASSWORD).await.status, 200, "another account");
    for _ in 0..3 {
        app.advance(900);
        assert_eq!(guess(&app, "192.0.2.1", ARTHUR).await, None, "one in 15 minutes");
        assert_eq!(guess(&app, "192.0.2.2", ARTHUR).await, account(900));
    }
    // A mailed reset opens the account again.
    let token = reset_token(&app, ARTHUR).await;
    assert_eq!(reset(&app, &token, OTHER).await.status, 200);
    assert_eq!(login(&app, "192.0.2.3", ARTHUR, OTHER).await.status, 200);
    assert_eq!(guess(&app, "192.0.2.4", ARTHUR).await, None);
}

#[tokio::test]
async fn under_nists_rule_the_password_is_off_until_a_mailed_reset() {
    let app = app(Limits::nist()).await;
    member(&app, ARTHUR).await;
    let known = login(&app, "192.0.2.1", ARTHUR, PASSWORD).await;
    assert!(!known.headers.contains_key("set-cookie"), "nobody is known");
    for round in 0..2 {
        for number in 0..99 {
            assert_eq!(guess(&app, &address(number), ARTHUR).await, None, "{round} {number}");
        }
        // A success ends the row.
        assert_eq!(login(&app, "192.0.2.1", ARTHUR, PASSWORD).await.status, 200);
        app.advance(7 * 3600);
    }
    for number in 0..100 {
        assert_eq!(guess(&app, &address(number), ARTHUR).await, None, "{number}");
    }
    for _ in 0..3 {
        let refused = limited(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await);
        assert_eq!(refused, Some(("login-account".to_owned(), 86_400)));
        app.advance(365 * 24 * 3600);
    }
    let token = reset_token(&app, ARTHUR).await;
    assert_eq!(reset(&app, &token, OTHER).await.status, 200);
    assert_eq!(login(&app, "192.0.2.1", ARTHUR, OTHER).await.status, 200);
}

#[tokio::test]
async fn password_spray_hits_address_limit() {
    let app = app(Limits::default()).await;
    for number in 0..50 {
        assert_eq!(guess(&app, "192.0.2.1", &format!("knight{number}@camelot.bt")).await, None, "{number}");
    }
    let address = |wait| Some(("login-address".to_owned(), wait));
    assert_eq!(guess(&app, "192.0.2.1", "knight50@camelot.bt").await, address(18));
    assert_eq!(guess(&app, "192.0.2.1", ARTHUR).await, address(18));
    assert_eq!(guess(&app, "192.0.2.2", ARTHUR).await, None, "another address");
    app.advance(18);
    assert_eq!(guess(&app, "192.0.2.1", "knight51@camelot.bt").await, None);
    assert_eq!(guess(&app, "192.0.2.1", "knight52@camelot.bt").await, address(18));
}

#[tokio::test]
async fn clean_address_passes_while_attacker_throttled() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    for _ in 0..30 {
        let _ = guess(&app, "192.0.2.1", ARTHUR).await;
        app.advance(1);
        assert_eq!(login(&app, "192.0.2.2", ARTHUR, PASSWORD).await.status, 200);
    }
    assert!(guess(&app, "192.0.2.1", ARTHUR).await.is_some());
}

#[tokio::test]
async fn unknown_account_limited_alike() {
    let counters = [Arc::new(MemoryCounters::new()), Arc::new(MemoryCounters::new())];
    let known = app_counting(Limits::default(), Shared(Arc::clone(&counters[0]))).await;
    let unknown = app_counting(Limits::default(), Shared(Arc::clone(&counters[1]))).await;
    known
        .users
        .create(
            crate::support::UserCreate { email: ARTHUR.into(), password: PASSWORD.into(), first_name: None },
            axum_users::schema::Status::NEW,
        )
        .await
        .unwrap();
    for step in 0..140 {
        let from = if step < 20 { "192.0.2.1".to_owned() } else { address(step) };
        let answers = [login(&known, &from, ARTHUR, WRONG).await, login(&unknown, &from, ARTHUR, WRONG).await];
        assert_eq!(visible(&answers[0]), visible(&answers[1]), "step {step}");
        assert_eq!(counters[0].sizes(), counters[1].sizes(), "step {step}: the same memory");
        for app in [&known, &unknown] {
            app.advance(u64::from(step % 3 == 0));
        }
    }
    assert!(
        limited(&login(&known, "192.0.2.99", ARTHUR, WRONG).await).is_some(),
        "the limit of the account is reached"
    );
}

/// The counters must not distinguish a right password with a closed gate from a wrong one.
#[tokio::test]
async fn a_right_password_of_an_inactive_user_counts_as_a_failure() {
    let app = app(Limits::default()).await;
    member(&app, ARTHUR).await;
    let pool = app.sqlite().await;
    sqlx::query("UPDATE user SET is_active = FALSE").execute(&pool).await.unwrap();
    for _ in 0..5 {
        assert_eq!(limited(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await), None);
    }
    assert_eq!(limited(&login(&app, "192.0.2.1", ARTHUR, PASSWORD).await), Some(("login-client".to_owned(), 1)));
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_allowed() {
    let app = app_counting(Limits::default(), super::Down).await;
    let input = crate::support::UserCreate { email: ARTHUR.into(), password: PASSWORD.into(), first_name: None };
    let arthur = app.users.create(input, axum_users::schema::Status::NEW).await.unwrap();
    let session = app.users.sign_in(&arthur, "jwt").await.unwrap().token;
    let down = |response: crate::support::Response| {
        response.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
        assert_eq!(response.headers["retry-after"], "5");
    };
    down(app.try_login(ARTHUR, PASSWORD).await);
    down(app.try_login("nobody@camelot.bt", PASSWORD).await);
    down(patch_me(&app, session.secret(), json!({ "password": OTHER, "current_password": PASSWORD })).await);
    down(patch_me(&app, session.secret(), json!({ "email": "other@camelot.bt" })).await);
    let body = json!({ "email": KAY, "password": PASSWORD, "token": "x" });
    for path in [
        "/auth/register",
        "/auth/forgot-password",
        "/auth/request-verify-token",
        "/auth/reset-password",
        "/auth/verify",
    ] {
        down(app.post(path).json(body.clone()).send().await);
    }
    assert!(app.users.get_by_email(KAY).await.unwrap().is_none());
    assert_eq!(app.me(session.secret()).await.status, 200, "other routes work");
}

#[tokio::test]
async fn under_the_policy_of_fastapi_users_nothing_is_noticed() {
    let setup = |limits: fn(axum_users::UsersBuilder<crate::support::User>) -> _| Setup {
        policy: Policy::fastapi_users(),
        builder: Box::new(limits),
        ..Setup::default()
    };
    let app = TestApp::with(setup(|builder| builder.limits(Limits::off()))).await;
    member(&app, ARTHUR).await;
    for _ in 0..60 {
        assert_eq!(app.try_login(ARTHUR, WRONG).await.status, 400);
    }
    let response = app.try_login(ARTHUR, PASSWORD).await;
    assert_eq!(response.status, 200);
    assert!(!response.headers.contains_key("set-cookie"));
    // Limits that the application sets hold under every policy.
    let app = TestApp::with(setup(|builder| builder.limits(Limits::default()))).await;
    for _ in 0..5 {
        assert_eq!(app.try_login(ARTHUR, WRONG).await.status, 400);
    }
    assert_eq!(app.try_login(ARTHUR, WRONG).await.status, 429);
}
