//! Events without a change: bounded, and written before the service ends.

use std::time::Duration;

use axum_users::limits::{Limit, Quota};
use serde_json::json;

use super::{Audited, databases};
use crate::{
    matrix::DatabaseKind,
    security::logs::{Line, Recording},
    support::{PASSWORD, roomy},
};

#[tokio::test]
async fn a_flood_of_refusals_adds_a_bounded_number_of_rows() {
    let limits = roomy().set(Limit::ForgotPassword, Quota::new(1, Duration::from_secs(3600)));
    let app = Audited::with(DatabaseKind::Sqlite, limits, axum_users::UsersBuilder::audit_log).await;
    let recording = Recording::start();
    let mut refused = 0;
    for _ in 0..30 {
        let calls = (0..100).map(|_| app.post("/auth/forgot-password").json(json!({ "email": "a@camelot.bt" })).send());
        let done = futures_util::future::join_all(calls).await;
        refused += done.iter().filter(|response| response.status == 429).count();
    }
    assert!(refused > 2_900, "{refused}");
    // The clock stands still: the budget is not filled again.
    assert_eq!(app.count("forgot_password", "refused").await, 1_000);
    let rows = app.database.count("user_audit", "limit_name = 'forgot-password'").await;
    assert_eq!(rows, 1_000);
    let lines = recording.lines();
    let told = |line: &&Line| line.field("event") == Some("audit_dropped") && line.field("reason") == Some("too many");
    assert_eq!(lines.iter().filter(told).count(), 1, "one line");
    // A success is not displaced.
    let id = app.register("arthur@camelot.bt").await;
    app.login("jwt", "arthur@camelot.bt").await;
    assert_eq!(app.about(&id).await, ["register success", "login success"]);
}

#[tokio::test]
async fn what_waits_is_written_before_the_service_ends() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        app.register("arthur@camelot.bt").await;
        for _ in 0..5 {
            app.try_login("jwt", "arthur@camelot.bt", "a wrong guess").await;
        }
        app.users.drain(Duration::from_secs(30)).await;
        assert_eq!(app.database.count("user_audit", "event = 'login'").await, 5, "{kind:?}");
    }
}

#[tokio::test]
async fn an_outage_delays_entries_and_stops_no_login_without_a_change() {
    let app = Audited::on(DatabaseKind::Sqlite).await;
    let id = app.register("arthur@camelot.bt").await;
    app.written().await;
    app.database.run("ALTER TABLE user_audit RENAME TO elsewhere").await;
    // Not an outage: a missing table does not come back, so these entries are lost and counted.
    let recording = Recording::start();
    app.try_login("jwt", "arthur@camelot.bt", "a wrong guess").await;
    assert_eq!(app.try_login("jwt", "arthur@camelot.bt", PASSWORD).await.status, 200);
    app.written().await;
    let lines = recording.lines();
    assert!(lines.iter().any(|line| line.field("event") == Some("audit_refused")), "operators learn of it");
    app.database.run("ALTER TABLE elsewhere RENAME TO user_audit").await;
    app.login("jwt", "arthur@camelot.bt").await;
    assert_eq!(app.about(&id).await, ["register success", "login success"]);
}

/// No row contains a secret that a client sends or receives, or an address.
#[tokio::test]
async fn nothing_secret_is_in_the_log() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        let (first, second, wrong) =
            ("Zq canary sword one 8f2e", "Xw canary sword two 41bb", "Jp canary guess 6c6c wrong");
        let email = "canary.bird@camelot.bt";
        app.post("/auth/register").json(json!({ "email": email, "password": first })).send().await;
        app.try_login("jwt", email, wrong).await;
        app.try_login("jwt", wrong, wrong).await;
        let jwt = app.try_login("jwt", email, first).await.access_token();
        let session = app.try_login("db", email, first).await.access_token();
        app.post("/auth/request-verify-token").json(json!({ "email": email })).send().await;
        let verify = app.hooks.token("on_after_request_verify").await;
        app.post("/auth/verify").json(json!({ "token": jwt })).send().await;
        app.post("/auth/verify").json(json!({ "token": verify })).send().await;
        let change = json!({ "email": "canary.two@camelot.bt", "current_password": first });
        app.patch("/users/me").bearer(&jwt).json(change).send().await;
        let (confirm, undo) = app.hooks.email_change().await;
        app.post("/auth/undo-email").json(json!({ "token": confirm })).send().await;
        assert_eq!(app.post("/auth/confirm-email").json(json!({ "token": confirm })).send().await.status, 200);
        app.post("/auth/forgot-password").json(json!({ "email": "canary.two@camelot.bt" })).send().await;
        let reset = app.hooks.token("on_after_forgot_password").await;
        app.post("/auth/reset-password")
            .json(json!({ "token": reset, "password": second }))
            .send()
            .await
            .is(200, "null");
        app.get("/users/me").bearer(&jwt).send().await;
        app.post("/auth/db/logout").bearer(&session).send().await;
        let log = format!("{:?}", app.log().await);
        assert!(log.contains("reset_password") && log.contains("update"), "{kind:?}");
        let hash = app.users.get_by_email("canary.two@camelot.bt").await.unwrap().unwrap().hashed_password;
        let salt = hash.as_stored().rsplit('$').next().unwrap().to_owned();
        let signatures =
            [&jwt, &verify, &confirm, &undo, &reset].map(|token| token.rsplit('.').next().unwrap().to_owned());
        let secrets = [first, second, wrong, "canary", "camelot", "@", &session, &salt];
        for secret in secrets.into_iter().chain(signatures.iter().map(String::as_str)) {
            assert!(!log.contains(secret), "{kind:?}: {secret} in {log}");
        }
    }
}
