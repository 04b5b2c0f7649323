//! The entry of a change is stored with the change, or neither is.

use axum_users::audit::AuditEntry;
use serde_json::json;

use super::{Audited, databases, marked};
use crate::{matrix::DatabaseKind, support::PASSWORD};

const OTHER: &str = "another long sword";
const ARTHUR: &str = "arthur@camelot.bt";

fn only<'a>(entries: &'a [AuditEntry], request: &str) -> &'a AuditEntry {
    let found: Vec<_> = entries.iter().filter(|entry| entry.request_id.as_deref() == Some(request)).collect();
    let [entry] = found[..] else { panic!("{request}: {found:?}") };
    entry
}

#[tokio::test]
async fn every_event_of_a_user_is_in_the_log_in_order() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        let id = app.register(ARTHUR).await;
        let jwt = app.login("jwt", ARTHUR).await;
        let session = app.login("db", ARTHUR).await;
        app.try_login("jwt", ARTHUR, "a wrong guess").await;
        app.post("/auth/request-verify-token").json(json!({ "email": ARTHUR })).send().await;
        let token = app.hooks.token("on_after_request_verify").await;
        app.post("/auth/verify").json(json!({ "token": token })).send().await;
        app.patch("/users/me").bearer(&jwt).json(json!({ "first_name": "Arthur" })).send().await;
        app.get("/users/me").bearer("garbage").send().await;
        app.get("/audit").bearer(&jwt).send().await;
        app.post("/auth/db/logout").bearer(&session).send().await;
        app.post("/auth/jwt/logout").bearer(&jwt).send().await;
        app.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await;
        let token = app.hooks.token("on_after_forgot_password").await;
        let body = json!({ "token": token, "password": OTHER });
        app.post("/auth/reset-password").json(body.clone()).send().await.is(200, "null");
        assert_eq!(app.post("/auth/reset-password").json(body).send().await.status, 400);
        app.users.sessions().end_all(id.parse().unwrap()).await.unwrap();
        app.users.delete(&app.users.get_by_email(ARTHUR).await.unwrap().unwrap()).await.unwrap();
        let expected = [
            "register success",
            "login success",
            "login success",
            "login refused",
            "request_verify success",
            "verify success",
            "update success",
            "denied refused",
            "logout success",
            "logout success",
            "forgot_password success",
            "reset_password success",
            "reset_password refused",
            "end_sessions success",
            "delete success",
        ];
        // The rows are kept when the user is deleted.
        assert_eq!(app.about(&id).await, expected, "{kind:?}");
        assert_eq!(app.count("bad_token", "refused").await, 1, "{kind:?}");
        let log = app.log().await;
        assert!(log.is_sorted_by(|one, other| one.id < other.id));
    }
}

#[tokio::test]
async fn an_entry_names_session_client_request_actor_and_fields() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        let id = app.register(ARTHUR).await;
        let form = [("username", ARTHUR), ("password", PASSWORD)];
        let session = marked(app.post("/auth/db/login"), "login-1").form(&form).send().await.access_token();
        let listed = app.get("/auth/sessions").bearer(&session).send().await.json();
        let session_id = listed[0]["id"].as_str().unwrap();
        let jwt = marked(app.post("/auth/jwt/login"), "login-2").form(&form).send().await.access_token();
        let (king, token) = app.superuser("uther@camelot.bt").await;
        let change = json!({ "first_name": "Wart", "is_verified": true, "quota": 7 });
        marked(app.patch(&format!("/users/{id}")), "by-king").bearer(&token).json(change).send().await;
        marked(app.patch("/users/me"), "by-self").bearer(&session).json(json!({ "first_name": "A" })).send().await;
        let end = format!("/auth/sessions/{session_id}");
        assert_eq!(marked(app.delete(&end), "ended").bearer(&jwt).send().await.status, 204);
        marked(app.post("/auth/jwt/logout"), "out").bearer(&jwt).send().await;
        let log = app.log().await;
        let login = only(&log, "login-1");
        assert_eq!((login.session_id.as_deref(), login.backend.as_deref()), (Some(session_id), Some("db")), "{kind:?}");
        assert_eq!((login.client.as_deref(), login.actor_id.as_deref()), (Some("127.0.0.1"), None));
        assert_eq!(login.at.to_rfc3339(), "2026-11-29T12:00:00+00:00");
        let by_jwt = only(&log, "login-2").session_id.clone();
        assert!(by_jwt.is_some());
        assert_eq!(only(&log, "out").session_id, by_jwt, "a JWT has an id as well");
        let by_king = only(&log, "by-king");
        assert_eq!((by_king.user_id.as_deref(), by_king.actor_id.as_deref()), (Some(&*id), Some(&*king)));
        assert_eq!(by_king.changed.as_deref(), Some("is_verified first_name quota"));
        let by_self = only(&log, "by-self");
        assert_eq!((by_self.actor_id.as_deref(), by_self.session_id.as_deref()), (None, Some(session_id)));
        let ended = only(&log, "ended");
        assert_eq!((ended.event.as_str(), ended.session_id.as_deref()), ("end_sessions", Some(session_id)));
    }
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_not_made() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        let id = app.register(ARTHUR).await;
        let (session, jwt) = (app.login("db", ARTHUR).await, app.login("jwt", ARTHUR).await);
        let (_, king) = app.superuser("uther@camelot.bt").await;
        let sessions = app.get("/auth/sessions").bearer(&jwt).send().await.json();
        let listed = sessions[0]["id"].as_str().unwrap();
        app.post("/auth/request-verify-token").json(json!({ "email": ARTHUR })).send().await;
        let verify = app.hooks.token("on_after_request_verify").await;
        app.post("/auth/forgot-password").json(json!({ "email": ARTHUR })).send().await;
        let reset = app.hooks.token("on_after_forgot_password").await;
        app.written().await;
        let before = app.users.get_by_email(ARTHUR).await.unwrap().unwrap();
        let rows = app.database.count("user_audit", "1 = 1").await;

        app.database.fail("INSERT", "user_audit").await;
        let register = json!({ "email": "kay@camelot.bt", "password": PASSWORD });
        let form = [("username", ARTHUR), ("password", PASSWORD)];
        let path = format!("/users/{id}");
        for (what, call) in [
            ("register", app.post("/auth/register").json(register)),
            ("login", app.post("/auth/db/login").form(&form)),
            ("update", app.patch("/users/me").bearer(&jwt).json(json!({ "first_name": "Arthur" }))),
            ("admin update", app.patch(&path).bearer(&king).json(json!({ "is_active": false }))),
            ("verify", app.post("/auth/verify").json(json!({ "token": verify }))),
            ("reset", app.post("/auth/reset-password").json(json!({ "token": reset, "password": OTHER }))),
            ("logout", app.post("/auth/db/logout").bearer(&session)),
            ("logout of a JWT", app.post("/auth/jwt/logout").bearer(&jwt)),
            ("end", app.delete(&format!("/auth/sessions/{listed}")).bearer(&jwt)),
            ("end others", app.delete("/auth/sessions").bearer(&jwt)),
            ("delete", app.delete(&path).bearer(&king)),
        ] {
            let response = call.send().await;
            assert!(response.status.is_server_error(), "{kind:?} {what}: {response:?}");
            assert!(!response.text().contains("disk full"), "{kind:?} {what}: {response:?}");
        }
        assert!(app.users.sessions().end_all(id.parse().unwrap()).await.is_err());
        assert!(app.users.sessions().end_everyone().await.is_err());
        let after = app.users.get_by_email(ARTHUR).await.unwrap().unwrap();
        let facts = |user: &crate::support::User| {
            (user.first_name.clone(), user.is_active, user.is_verified, user.hashed_password.as_stored().to_owned())
        };
        assert_eq!(facts(&after), facts(&before), "{kind:?}");
        assert!(app.users.get_by_email("kay@camelot.bt").await.unwrap().is_none(), "{kind:?}");
        for token in [&session, &jwt, &king] {
            assert_eq!(app.get("/users/me").bearer(token).send().await.status, 200, "{kind:?}");
        }
        assert_eq!(app.database.count("accesstoken", "1 = 1").await, 1, "{kind:?}: no session was added or removed");
        assert_eq!(app.database.count("user_audit", "1 = 1").await, rows, "{kind:?}");

        // A login that stores nothing does not depend on the log.
        assert_eq!(app.try_login("jwt", ARTHUR, PASSWORD).await.status, 200);
        app.database.heal("user_audit").await;
        app.patch("/users/me").bearer(&jwt).json(json!({ "first_name": "Arthur" })).send().await;
        assert_eq!(app.count("update", "success").await, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_entry() {
    for kind in databases().await {
        let app = Audited::on(kind).await;
        app.register(ARTHUR).await;
        app.register("kay@camelot.bt").await;
        let (session, jwt) = (app.login("db", ARTHUR).await, app.login("jwt", ARTHUR).await);
        app.post("/auth/request-verify-token").json(json!({ "email": ARTHUR })).send().await;
        let verify = app.hooks.token("on_after_request_verify").await;
        // The address is taken.
        let taken = json!({ "email": "kay@camelot.bt", "current_password": PASSWORD });
        assert_eq!(app.patch("/users/me").bearer(&jwt).json(taken).send().await.status, 400);
        let again = json!({ "email": "kay@camelot.bt", "password": PASSWORD });
        assert_eq!(app.post("/auth/register").json(again).send().await.status, 400);
        assert_eq!((app.count("register", "success").await, app.count("register", "refused").await), (2, 1));
        // The database refuses the change after it was made.
        app.database.fail("UPDATE", "user").await;
        app.patch("/users/me").bearer(&jwt).json(json!({ "first_name": "Arthur" })).send().await;
        app.post("/auth/verify").json(json!({ "token": verify })).send().await;
        assert!(app.users.sessions().end_everyone().await.is_err());
        app.database.heal("user").await;
        app.database.fail("DELETE", "accesstoken").await;
        assert_eq!(app.post("/auth/db/logout").bearer(&session).send().await.status, 503);
        app.database.heal("accesstoken").await;
        for event in ["update", "verify", "end_sessions", "logout"] {
            assert_eq!(app.count(event, "success").await, 0, "{kind:?} {event}");
        }
        // The same token twice: one session is removed, one entry is written.
        let one = app.post("/auth/db/logout").bearer(&session);
        let (one, other) = (one.send(), app.post("/auth/db/logout").bearer(&session).send());
        let _both = tokio::join!(one, other);
        assert_eq!(app.count("logout", "success").await, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_privately_is_recorded_with_the_write_that_hides_it() {
    for kind in databases().await {
        let private = |builder: axum_users::UsersBuilder<crate::support::User>| {
            let policy = axum_users::Policy::recommended().private_registration().require_verification(true);
            builder.audit_log().policy(policy)
        };
        let app = Audited::with(kind, crate::support::roomy(), private).await;
        let body = json!({ "email": ARTHUR, "password": PASSWORD });
        for _ in 0..2 {
            assert_eq!(app.post("/auth/register").json(body.clone()).send().await.status, 201, "{kind:?}");
        }
        assert_eq!(
            (app.count("register", "success").await, app.count("register", "refused").await),
            (1, 1),
            "{kind:?}"
        );
        // A free and a taken address fail in the same way. The first service has ended its jobs.
        let app = Audited::with(kind, crate::support::roomy(), private).await;
        assert_eq!(app.post("/auth/register").json(body.clone()).send().await.status, 201, "{kind:?}");
        app.database.fail("INSERT", "user_audit").await;
        let free = json!({ "email": "kay@camelot.bt", "password": PASSWORD });
        for body in [body, free] {
            assert_eq!(app.post("/auth/register").json(body).send().await.status, 500, "{kind:?}");
        }
    }
}

#[tokio::test]
#[should_panic(expected = "the service keeps no audit log")]
async fn without_the_setting_the_route_cannot_be_built() {
    let app = Audited::with(DatabaseKind::Sqlite, crate::support::roomy(), |builder| builder).await;
    drop(axum_users::audit::audit_routes::<_, axum_users::Users<crate::support::User>>(&app.users));
}

#[tokio::test]
async fn without_the_setting_there_is_no_table_and_nothing_to_read() {
    for kind in databases().await {
        let app = Audited::with(kind, crate::support::roomy(), |builder| builder).await;
        app.register(ARTHUR).await;
        app.written().await;
        assert!(app.users.audit().page().await.is_err());
        let url = app.database.url();
        let tables = if url.starts_with("sqlite") {
            app.database.texts("SELECT name FROM sqlite_schema WHERE name LIKE '%audit%'").await
        } else {
            let sql =
                "SELECT CAST(table_name AS CHAR(64)) FROM information_schema.tables WHERE table_name = 'user_audit'";
            app.database.texts(&format!("{sql} AND table_schema IN (SELECT {})", schema(&url))).await
        };
        assert_eq!(tables, [""; 0], "{kind:?}");
    }
}

fn schema(url: &str) -> &'static str {
    if url.starts_with("mysql") { "DATABASE()" } else { "current_schema()" }
}
