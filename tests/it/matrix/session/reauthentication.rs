//! Re-authentication: a session is fresh again.

use axum::{Router, routing::get};
use axum_users::{FreshUser, Policy, Users};
use serde_json::{Value, json};

use super::{
    super::{Combination, DatabaseKind, Plan, app::Service, everywhere_as, run_matrix},
    OTHER,
};
use crate::support::{PASSWORD, Response, User};

const STALE: &str = r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#;
const WRONG: &str = r#"{"detail":"REAUTHENTICATE_BAD_CREDENTIALS"}"#;

fn with_fresh_route() -> Plan {
    async fn fresh(FreshUser(user): FreshUser<User>) -> String {
        user.email
    }
    fn routes(router: Router<Users<User>>) -> Router<Users<User>> {
        router.route("/fresh", get(fresh))
    }
    Plan { routes, ..Plan::default() }
}

async fn prove(app: &Service, token: &str, password: &str) -> Response {
    app.with(app.post("/auth/it/reauthenticate"), token).json(json!({ "password": password })).send().await
}

/// Returns whether the session is fresh and its authentication methods, if the strategy lists sessions.
async fn shown(app: &Service, token: &str) -> Option<Value> {
    let listed = app.see("/auth/sessions", token).await.json().as_array().unwrap().clone();
    listed.into_iter().find(|session| session["current"] == true).map(|own| json!([own["fresh"], own["amr"]]))
}

#[tokio::test]
async fn reauthentication_makes_the_session_fresh() {
    everywhere_as(with_fresh_route(), |app| async move {
        let (session, other) = (app.member("arthur").await, app.login("arthur", PASSWORD).await);
        let is_listed = app.combination.strategy.keeps_sessions();
        assert_eq!(shown(&app, &session).await, is_listed.then(|| json!([true, ["pwd"]])));
        app.advance(301);
        app.see("/fresh", &session).await.is(401, STALE);
        assert_eq!(shown(&app, &session).await, is_listed.then(|| json!([false, ["pwd"]])));

        prove(&app, &session, OTHER).await.is(400, WRONG);
        app.see("/fresh", &session).await.is(401, STALE);
        prove(&app, &session, PASSWORD).await.is(204, "");
        app.see("/fresh", &session).await.is(200, &app.mail("arthur"));
        assert_eq!(shown(&app, &session).await, is_listed.then(|| json!([true, ["pwd"]])));
        // No other session is fresh, at no node.
        app.see("/fresh", &other).await.is(401, STALE);
        let node = app.another().await;
        node.see("/fresh", &session).await.is(200, &app.mail("arthur"));

        // It lasts as long as after a login, and can be repeated.
        app.advance(300);
        app.see("/fresh", &session).await.is(200, &app.mail("arthur"));
        app.advance(1);
        app.see("/fresh", &session).await.is(401, STALE);
        prove(&app, &session, PASSWORD).await.is(204, "");
        // A re-authentication replaces the current password.
        assert_eq!(app.patch_me(&session, json!({ "password": OTHER })).await.status, 200);
        app.see("/fresh", &session).await.is(200, &app.mail("arthur"));
        app.assert_invalid(&other).await;
    })
    .await;
}

#[tokio::test]
async fn reauthentication_revives_no_session() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let session = app.member("arthur").await;
        prove(&app, &session, PASSWORD).await.is(204, "");
        let id = app.stored_user("arthur").await.id;
        app.users.sessions().end_all(id).await.unwrap();
        prove(&app, &session, PASSWORD).await.is(401, r#"{"detail":"Unauthorized"}"#);
        app.assert_invalid(&session).await;

        let session = app.login("arthur", PASSWORD).await;
        prove(&app, &session, PASSWORD).await.is(204, "");
        app.logout(&session).await.is(204, "");
        prove(&app, &session, PASSWORD).await.is(401, r#"{"detail":"Unauthorized"}"#);
        app.purge_expired().await;
        app.assert_invalid(&session).await;
        let anonymous = app.post("/auth/it/reauthenticate").json(json!({ "password": PASSWORD })).send().await;
        anonymous.is(401, r#"{"detail":"Unauthorized"}"#);
    })
    .await;
}

#[tokio::test]
async fn a_proof_lasts_as_long_as_its_session() {
    everywhere_as(Plan { alone: true, ..Plan::default() }, |app| async move {
        let session = app.member("arthur").await;
        prove(&app, &session, PASSWORD).await.is(204, "");
        app.purge_expired().await;
        assert_eq!(shown(&app, &session).await.is_some(), app.combination.strategy.keeps_sessions());
        app.advance(200);
        prove(&app, &session, PASSWORD).await.is(204, "");
        app.advance(200);
        app.purge_expired().await;
        let ended = app.with(app.delete("/auth/sessions"), &session).send().await;
        ended.is(204, "");
        app.assert_valid(&session).await;
    })
    .await;
}

/// On one database only: this policy hashes at upstream's cost, a third of a second each.
#[tokio::test]
async fn fastapi_users_has_no_reauthentication() {
    let plan = Plan { policy: Policy::fastapi_users(), ..Plan::default() };
    let one = |combination: &Combination| combination.database == DatabaseKind::Sqlite;
    run_matrix(one, plan, |app| async move {
        let session = app.member("arthur").await;
        prove(&app, &session, PASSWORD).await.is(404, r#"{"detail":"Not Found"}"#);
    })
    .await;
}
