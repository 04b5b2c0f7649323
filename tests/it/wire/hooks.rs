//! Hooks: their order, their arguments, and the responses that their errors cause (contract.md section 12).

use axum_users::schema::Status;
use serde_json::json;

use super::{
    app::{GUINEVERE, KnightAdminUpdate, KnightCreate, Rules, WireApp, WireSetup},
    journal::Called,
};
use crate::support::{Failure, Response};

impl WireApp {
    /// Takes the recorded calls: name, address of the user, and detail.
    fn journal(&self) -> Vec<(&'static str, Option<String>, String)> {
        let written = |called: Called| (called.hook, called.user.map(|user| user.email), called.detail);
        self.journal.take().into_iter().map(written).collect()
    }

    async fn by(&self, token: &str, body: serde_json::Value) -> Response {
        self.patch("/users/me").bearer(token).json(body).send().await
    }
}

fn call(hook: &'static str, email: &str, detail: &str) -> (&'static str, Option<String>, String) {
    (hook, (!email.is_empty()).then(|| email.to_owned()), detail.to_owned())
}

const ARTHUR: &str = "arthur@camelot.bt";

#[tokio::test]
async fn each_flow_calls_its_hooks_in_order_with_their_arguments() {
    for rules in Rules::BOTH {
        let app = WireApp::start(rules).await;
        app.try_register(ARTHUR, GUINEVERE).await;
        let detail = format!("{GUINEVERE} for new {ARTHUR}");
        assert_eq!(app.journal(), [call("validate_password", "", &detail), call("on_after_register", ARTHUR, "")]);

        app.try_login(ARTHUR, GUINEVERE).await;
        assert_eq!(app.journal(), [call("on_after_login", ARTHUR, "")]);
        let token = app.login(ARTHUR).await;

        let verify = app.verify_token(ARTHUR).await;
        assert_eq!(app.journal(), [call("on_after_request_verify", ARTHUR, "")]);
        app.verify(&verify).await;
        assert_eq!(app.journal(), [call("on_after_verify", ARTHUR, "")]);

        app.by(&token, json!({ "is_active": false, "email": "king@camelot.bt", "password": "excalibur" })).await;
        assert_eq!(
            app.journal(),
            [
                call("validate_password", ARTHUR, &format!("excalibur for stored {ARTHUR}")),
                call("on_after_update", "king@camelot.bt", "password,email"),
            ]
        );
        app.sql("UPDATE user SET email = 'arthur@camelot.bt'").await;

        let reset = app.reset_token(ARTHUR).await;
        assert_eq!(app.journal(), [call("on_after_forgot_password", ARTHUR, "")]);
        app.reset(&reset, GUINEVERE).await;
        let detail = format!("{GUINEVERE} for stored {ARTHUR}");
        assert_eq!(
            app.journal(),
            [call("validate_password", ARTHUR, &detail), call("on_after_reset_password", ARTHUR, "")]
        );

        let token = app.login(ARTHUR).await;
        app.post("/auth/jwt/logout").bearer(&token).send().await;
        assert_eq!(app.journal(), [call("on_after_logout", ARTHUR, "")]);

        let superuser = app.superuser("mordred@camelot.bt").await;
        let path = format!("/users/{}", app.stored(ARTHUR).await.id);
        app.patch(&path).bearer(&superuser).json(json!({ "is_verified": false })).send().await;
        assert_eq!(app.journal(), [call("on_after_update", ARTHUR, "is_verified")]);
        app.delete(&path).bearer(&superuser).send().await;
        assert_eq!(app.journal(), [call("on_before_delete", ARTHUR, ""), call("on_after_delete", ARTHUR, "")]);
    }
}

#[tokio::test]
async fn hooks_receive_the_request_context_if_there_is_a_request() {
    let app = WireApp::start(Rules::Recommended).await;
    app.try_register(ARTHUR, GUINEVERE).await;
    let cx = app.journal.wait_for("on_after_register").await.cx;
    assert_eq!(cx.method().unwrap(), "POST");
    assert_eq!(cx.uri().unwrap().path(), "/auth/register");
    assert_eq!(cx.header("content-type"), Some("application/json"));
    assert_eq!(cx.client(), Some("127.0.0.1".parse().unwrap()));

    // A mail hook runs after the response and still receives the request context.
    app.reset_token(ARTHUR).await;
    assert_eq!(
        app.journal.wait_for("on_after_forgot_password").await.cx.uri().unwrap().path(),
        "/auth/forgot-password"
    );

    let arthur = app.stored(ARTHUR).await;
    app.users.update(arthur, KnightAdminUpdate::default()).await.unwrap();
    let cx = app.journal.wait_for("on_after_update").await.cx;
    assert!(cx.method().is_none() && cx.uri().is_none() && cx.client().is_none() && cx.header("host").is_none());
}

#[tokio::test]
async fn the_update_hook_receives_the_user_before_and_after() {
    let app = WireApp::start(Rules::Recommended).await;
    let token = app.member(ARTHUR).await;
    app.by(&token, json!({ "email": "king@camelot.bt" })).await;
    let called = app.journal.wait_for("on_after_update").await;
    assert_eq!((&*called.before.unwrap().email, &*called.user.unwrap().email), (ARTHUR, "king@camelot.bt"));
}

#[tokio::test]
async fn the_failed_login_hook_receives_the_username_and_the_user_if_known() {
    for rules in Rules::BOTH {
        let app = WireSetup::of(rules).policy(|policy| policy.require_verification(true)).start().await;
        app.knight(ARTHUR, Status::NEW).await;
        app.knight("mordred@camelot.bt", Status { is_active: false, ..Status::NEW }).await;
        for (username, password, user, code) in [
            ("nobody", GUINEVERE, None, "LOGIN_BAD_CREDENTIALS"),
            ("Arthur@camelot.bt", "wrong", Some(ARTHUR), "LOGIN_BAD_CREDENTIALS"),
            ("arthur@camelot.bt", GUINEVERE, Some(ARTHUR), "LOGIN_USER_NOT_VERIFIED"),
            ("mordred@camelot.bt", GUINEVERE, Some("mordred@camelot.bt"), "LOGIN_BAD_CREDENTIALS"),
        ] {
            app.journal.take();
            assert_eq!(app.try_login(username, password).await.status, 400);
            let called = app.journal.wait_for("on_after_failed_login").await;
            assert_eq!(called.detail, format!("{username} {code}"));
            assert_eq!(called.user.map(|user| user.email).as_deref(), user);
            assert_eq!(called.cx.uri().unwrap().path(), "/auth/jwt/login");
        }
    }
}

#[tokio::test]
async fn a_wrong_current_password_counts_as_a_failed_login() {
    let app = WireApp::start(Rules::Recommended).await;
    let token = app.member(ARTHUR).await;
    let body = json!({ "password": "excalibur", "current_password": "wrong" });
    assert_eq!(app.by(&token, body).await.status, 400);
    let called = app.journal.wait_for("on_after_failed_login").await;
    assert_eq!(called.detail, format!("{ARTHUR} UPDATE_USER_INVALID_PASSWORD"));
}

/// Asserts the response of a change whose hook failed after it was stored: a response that the hook chose is sent; an error or
/// a panic is 500 for clients of fastapi-users, and otherwise the response of the success.
#[track_caller]
fn after_hook(rules: Rules, failure: Failure, response: &Response, success: u16, status: u16, body: &str) {
    match (rules, failure) {
        (Rules::Recommended, Failure::Error | Failure::Panic) => {
            assert_eq!(response.status, success, "{failure:?}: {response:?}");
        }
        _ => response.is(status, body),
    }
}

/// The responses for the three kinds of failure, where a hook's error determines the response.
const RESPONSES: [(Failure, u16, &str); 3] = [
    (Failure::Response(418), 418, r#"{"detail":"set by the hook"}"#),
    (Failure::Error, 500, r#"{"detail":"Internal Server Error"}"#),
    (Failure::Panic, 500, r#"{"detail":"Internal Server Error"}"#),
];

#[tokio::test]
async fn a_hook_that_fails_after_a_change_does_not_undo_it_and_no_client_is_told_that_it_failed() {
    for (failure, status, body) in RESPONSES {
        for rules in Rules::BOTH {
            let app = WireApp::start(rules).await;
            let token = app.member(ARTHUR).await;
            let (verify, reset) = (app.verify_token(ARTHUR).await, app.reset_token(ARTHUR).await);
            for hook in
                ["on_after_register", "on_after_login", "on_after_verify", "on_after_update", "on_after_reset_password"]
            {
                app.journal.fail(hook, failure);
            }
            let check = |response: Response, success| after_hook(rules, failure, &response, success, status, body);
            check(app.try_register("mordred@camelot.bt", GUINEVERE).await, 201);
            assert!(app.users.get_by_email("mordred@camelot.bt").await.unwrap().is_some());
            check(app.verify(&verify).await, 200);
            assert!(app.stored(ARTHUR).await.is_verified);
            check(app.try_login(ARTHUR, GUINEVERE).await, 200);
            check(app.reset(&reset, "excalibur").await, 200);
            if rules == Rules::Recommended {
                app.me(&token).await.is(401, r#"{"detail":"Unauthorized"}"#);
            }
        }
    }
}

#[tokio::test]
async fn a_failing_update_hook_does_not_undo_the_update() {
    for (failure, status, body) in RESPONSES {
        for rules in Rules::BOTH {
            let app = WireApp::start(rules).await;
            let token = app.member(ARTHUR).await;
            app.journal.fail("on_after_update", failure);
            let response = app.by(&token, json!({ "email": "king@camelot.bt" })).await;
            after_hook(rules, failure, &response, 200, status, body);
            assert_eq!(app.me(&token).await.json()["email"], "king@camelot.bt");
        }
    }
}

#[tokio::test]
async fn the_before_hook_can_prevent_a_deletion_and_the_after_hook_cannot_undo_it() {
    for (failure, status, body) in RESPONSES {
        for rules in Rules::BOTH {
            let app = WireApp::start(rules).await;
            let superuser = app.superuser("mordred@camelot.bt").await;
            let path = format!("/users/{}", app.knight(ARTHUR, Status::NEW).await.id);
            let delete = || app.delete(&path).bearer(&superuser).send();
            app.journal.fail("on_before_delete", failure);
            delete().await.is(status, body);
            assert_eq!(app.journal(), [call("on_before_delete", ARTHUR, "")]);
            assert!(app.users.get_by_email(ARTHUR).await.unwrap().is_some());

            app.journal.heal();
            app.journal.fail("on_after_delete", failure);
            after_hook(rules, failure, &delete().await, 204, status, body);
            assert!(app.users.get_by_email(ARTHUR).await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn a_failing_logout_hook_does_not_undo_the_logout() {
    for (failure, status, body) in RESPONSES {
        for rules in Rules::BOTH {
            let app = WireApp::start(rules).await;
            let token = app.member(ARTHUR).await;
            app.journal.fail("on_after_logout", failure);
            let response = app.post("/auth/jwt/logout").bearer(&token).send().await;
            after_hook(rules, failure, &response, 204, status, body);
            if rules == Rules::Recommended {
                app.me(&token).await.is(401, r#"{"detail":"Unauthorized"}"#);
            }
        }
    }
}

#[tokio::test]
async fn mail_hooks_affect_the_response_only_under_the_upstream_policy() {
    for (failure, status, body) in RESPONSES {
        for rules in Rules::BOTH {
            let app = WireApp::start(rules).await;
            app.knight(ARTHUR, Status::NEW).await;
            for (hook, path) in
                [("on_after_forgot_password", "forgot-password"), ("on_after_request_verify", "request-verify-token")]
            {
                app.journal.fail(hook, failure);
                let path = format!("/auth/{path}");
                let response = app.post(&path).json(json!({ "email": ARTHUR })).send().await;
                match rules {
                    Rules::FastapiUsers => response.is(status, body),
                    Rules::Recommended => response.is(202, "null"), // C5
                }
                assert_eq!(app.journal.wait_for(hook).await.hook, hook);
                let unknown = app.post(&path).json(json!({ "email": "nobody@camelot.bt" })).send().await;
                unknown.is(202, "null");
            }
        }
    }
}

#[tokio::test]
async fn a_failing_hook_does_not_change_the_response_to_a_failed_login() {
    for (failure, ..) in RESPONSES {
        let app = WireApp::start(Rules::Recommended).await;
        app.journal.fail("on_after_failed_login", failure);
        app.try_login(ARTHUR, GUINEVERE).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        app.journal.wait_for("on_after_failed_login").await;
    }
}

#[tokio::test]
async fn a_hook_can_reject_a_password_with_any_json_as_the_reason() {
    let app = WireApp::start(Rules::Recommended).await;
    let superuser = app.superuser("mordred@camelot.bt").await;
    let token = app.member(ARTHUR).await;
    let reset = app.reset_token(ARTHUR).await;
    app.journal.refuse_passwords_with(json!({ "need": ["a rune", "a number"], "score": 0.5 }));
    let path = format!("/users/{}", app.stored(ARTHUR).await.id);
    for (response, code) in [
        (app.try_register("a@camelot.bt", "g").await, "REGISTER_INVALID_PASSWORD"),
        (app.by(&token, json!({ "password": "g" })).await, "UPDATE_USER_INVALID_PASSWORD"),
        (
            app.patch(&path).bearer(&superuser).json(json!({ "password": "g" })).send().await,
            "UPDATE_USER_INVALID_PASSWORD",
        ),
        (app.reset(&reset, "g").await, "RESET_PASSWORD_INVALID_PASSWORD"),
    ] {
        let reason = r#"{"need":["a rune","a number"],"score":0.5}"#;
        response.is(400, &format!(r#"{{"detail":{{"code":"{code}","reason":{reason}}}}}"#));
    }
}

#[tokio::test]
async fn private_registration_notifies_the_owner_and_not_the_client() {
    let private = |policy: axum_users::Policy| policy.require_verification(true).private_registration();
    let app = WireSetup::of(Rules::Recommended).policy(private).start().await;
    let arthur = app.knight(ARTHUR, Status::NEW).await;
    let response = app.try_register("ARTHUR@camelot.bt", "excalibur").await;
    assert_eq!(response.status, 201, "{response:?}");
    assert_ne!(response.json()["id"], json!(arthur.id));
    assert_eq!(app.journal.wait_for("on_after_duplicate_register").await.user.unwrap().email, ARTHUR);
    assert_eq!(
        app.users.get(response.json()["id"].as_str().unwrap().parse().unwrap()).await.unwrap().map(|_| ()),
        None
    );
}

#[tokio::test]
async fn programmatic_calls_run_the_same_hooks() {
    let app = WireApp::start(Rules::Recommended).await;
    let create = KnightCreate { email: ARTHUR.into(), password: GUINEVERE.into() };
    let arthur = app.users.create(create, Status::NEW).await.unwrap();
    let update = KnightAdminUpdate { password: Some("excalibur".into()), ..KnightAdminUpdate::default() };
    let arthur = app.users.update(arthur, update).await.unwrap();
    app.users.start_verification(&arthur).await.unwrap();
    app.users.start_reset(&arthur).await.unwrap();
    app.users.delete(&arthur).await.unwrap();
    let hooks: Vec<_> = app.journal().into_iter().map(|(hook, ..)| hook).collect();
    assert_eq!(
        hooks,
        [
            "validate_password",
            "on_after_register",
            "validate_password",
            "on_after_update",
            "on_after_request_verify",
            "on_after_forgot_password",
            "on_before_delete",
            "on_after_delete",
        ]
    );
}
