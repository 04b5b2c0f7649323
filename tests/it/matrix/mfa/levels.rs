//! The authentication methods of a session, and their times.

use axum::{Router, routing::get};
use axum_users::{
    Guarded, Users,
    extract::{FreshSecondFactor, SecondFactor},
};
use serde_json::{Value, json};

use super::{Plan, enrolled, login_with, optional, post, verified};
use crate::{
    matrix::{app::Service, everywhere_as},
    support::{PASSWORD, User},
};

const STALE: &str = r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#;
const ENROLL: &str = r#"{"detail":"MFA_ENROLLMENT_REQUIRED"}"#;
const PROVE: &str = r#"{"detail":"MFA_REQUIRED"}"#;

fn with_routes() -> Plan {
    async fn proved(user: Guarded<User, SecondFactor>) -> String {
        user.email.clone()
    }
    async fn recent(FreshSecondFactor(user): FreshSecondFactor<User>) -> String {
        user.email
    }
    fn routes(router: Router<Users<User>>) -> Router<Users<User>> {
        router.route("/proved", get(proved)).route("/recent", get(recent))
    }
    Plan { routes, ..optional() }
}

/// Returns the authentication methods of the session, if the strategy lists sessions.
async fn amr(app: &Service, token: &str) -> Option<Value> {
    let listed = app.see("/auth/sessions", token).await.json().as_array().unwrap().clone();
    listed.into_iter().find(|session| session["current"] == true).map(|own| own["amr"].clone())
}

#[tokio::test]
async fn a_session_knows_its_factors_and_how_fresh_each_is() {
    everywhere_as(with_routes(), |app| async move {
        let (user, mail) = (enrolled(&app, "arthur").await, app.mail("arthur"));
        let is_listed = app.combination.strategy.keeps_sessions();
        // In the session of the confirmation, the second factor counts as verified.
        for path in ["/proved", "/recent"] {
            app.see(path, &user.session).await.is(200, &mail);
        }
        assert_eq!(amr(&app, &user.session).await, is_listed.then(|| json!(["pwd", "otp"])));
        let otp = user.next_code(&app);
        let session = login_with(&app, user.name, PASSWORD, &otp).await.access_token();
        assert_eq!(amr(&app, &session).await, is_listed.then(|| json!(["pwd", "otp"])));
        app.advance(301);
        app.see("/proved", &session).await.is(200, &mail);
        app.see("/recent", &session).await.is(401, STALE);
        // The password verification is recent, that of the second factor is not.
        post(&app, "/auth/it/reauthenticate", &session, json!({ "password": PASSWORD })).await.is(204, "");
        app.see("/recent", &session).await.is(401, STALE);
        app.see("/proved", &session).await.is(200, &mail);
        post(&app, "/auth/it/reauthenticate", &session, json!({ "otp": user.code(&app) })).await.is(204, "");
        app.see("/recent", &session).await.is(200, &mail);
        // The level is kept when a later re-authentication replaces the record.
        post(&app, "/auth/it/reauthenticate", &user.session, json!({ "password": PASSWORD })).await.is(204, "");
        app.see("/proved", &user.session).await.is(200, &mail);
        app.see("/recent", &user.session).await.is(401, STALE);
    })
    .await;
}

#[tokio::test]
async fn a_session_with_one_factor_is_refused_where_two_are_needed() {
    everywhere_as(with_routes(), |app| async move {
        verified(&app, "kay").await;
        let one = app.login("kay", PASSWORD).await;
        app.see("/proved", &one).await.is(403, ENROLL);
        app.see("/recent", &one).await.is(403, ENROLL);
        let user = enrolled(&app, "arthur").await;
        let signed_in = app.users.sign_in(&app.stored_user("arthur").await, "it").await.unwrap();
        app.see("/proved", signed_in.token.secret()).await.is(403, PROVE);
        let both = json!({ "password": "not the password", "otp": user.next_code(&app) });
        post(&app, "/auth/it/reauthenticate", signed_in.token.secret(), both)
            .await
            .is(400, r#"{"detail":"REAUTHENTICATE_BAD_CREDENTIALS"}"#);
        app.see("/proved", signed_in.token.secret()).await.is(403, PROVE);
        let other = json!({ "otp": "123456" });
        post(&app, "/auth/it/reauthenticate", &one, other)
            .await
            .is(400, r#"{"detail":"REAUTHENTICATE_BAD_CREDENTIALS"}"#);
        app.see("/proved", "not a token").await.is(401, r#"{"detail":"Unauthorized"}"#);
    })
    .await;
}
