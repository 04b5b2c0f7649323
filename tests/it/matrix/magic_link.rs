//! Logins with a mailed link, over every combination.

use serde_json::{Value, json};

use super::{Plan, Service, combination::Combination, everywhere_as, run_matrix};
use crate::{
    security::crowd::{count, together},
    support::{Carrier, PASSWORD, Response},
};

pub(super) const OTHER: &str = "another long sword";
const BAD: &str = r#"{"detail":"MAGIC_LINK_BAD_TOKEN"}"#;
const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

/// The settings of a service with logins by mail and invitations.
pub(super) fn plan() -> Plan {
    Plan { by_mail: true, ..Plan::default() }
}

async fn everywhere<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Service) -> F + Send + Sync + 'static) {
    everywhere_as(plan(), scenario).await;
}

/// Runs a race once for each database and strategy.
pub(super) async fn races<F: Future<Output = ()> + Send + 'static>(
    scenario: impl Fn(Service) -> F + Send + Sync + 'static,
) {
    let bearer = |combination: &Combination| combination.transport == Carrier::Bearer;
    run_matrix(bearer, plan(), scenario).await;
}

/// Requests a link and returns its token.
pub(super) async fn link(app: &Service, name: &str) -> String {
    app.hooks.clear();
    app.post("/auth/it/magic-link").json(json!({ "email": app.mail(name) })).send().await.is(202, "null");
    app.hooks.token("on_after_request_magic_link").await
}

pub(super) async fn redeem(app: &Service, token: &str) -> Response {
    app.post("/auth/it/magic-link/redeem").json(json!({ "token": token })).send().await
}

/// Registers a user and verifies the address.
pub(super) async fn verified(app: &Service, name: &str) {
    app.register(name).await;
    let token = app.verify_token(name).await;
    assert_eq!(app.verify(&token).await.status, 200);
}

/// Returns the methods of the only session in a list.
pub(super) async fn methods(app: &Service, session: &str) -> Value {
    app.see("/auth/sessions", session).await.json()[0]["amr"].clone()
}

#[tokio::test]
async fn a_link_logs_in_once_as_a_password_does() {
    everywhere(|app| async move {
        verified(&app, "arthur").await;
        let token = link(&app, "Arthur").await;
        let called = app.hooks.wait_for("on_after_request_magic_link").await;
        assert_eq!(called.email, Some(app.mail("arthur")));
        app.hooks.clear();
        let response = redeem(&app, &token).await;
        let session = response.access_token();
        assert_eq!(response.header("x-hook"), Some("was here"));
        assert_eq!(app.hooks.names(), ["on_after_login"]);
        app.assert_valid(&session).await;
        if app.combination.strategy.keeps_sessions() {
            assert_eq!(methods(&app, &session).await, json!(["email"]));
        }
        for wrong in [&token, "", "x", &session, &token[1..]] {
            redeem(&app, wrong).await.is(400, BAD);
        }
        // The password still works, and an earlier link as well until it is used.
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;
        let (one, two) = (link(&app, "arthur").await, link(&app, "arthur").await);
        for token in [&two, &one] {
            app.assert_valid(&redeem(&app, token).await.access_token()).await;
            redeem(&app.another().await, token).await.is(400, BAD);
        }
    })
    .await;
}

#[tokio::test]
async fn a_link_is_worth_nothing_for_another_purpose_and_others_are_no_links() {
    everywhere(|app| async move {
        verified(&app, "arthur").await;
        let token = link(&app, "arthur").await;
        app.assert_invalid(&token).await;
        app.reset(&token, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
        app.verify(&token).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
        app.confirm_email(&token).await.is(400, r#"{"detail":"CONFIRM_EMAIL_BAD_TOKEN"}"#);
        let accept = json!({ "token": token, "password": OTHER });
        let accepted = app.post("/auth/invitations/accept").json(accept).send().await;
        accepted.is(400, r#"{"detail":"INVITATION_BAD_TOKEN"}"#);
        let reset = app.reset_token("arthur").await;
        let (confirm, undo) = app.change_email(&app.login("arthur", PASSWORD).await, "king").await;
        for other in [&reset, &confirm, &undo] {
            redeem(&app, other).await.is(400, BAD);
        }
        app.assert_valid(&redeem(&app, &token).await.access_token()).await;
    })
    .await;
}

#[tokio::test]
async fn every_address_gets_the_same_answer_and_only_usable_accounts_a_mail() {
    everywhere(|app| async move {
        app.register("arthur").await;
        let id = app.stored_user("arthur").await.id;
        let request = |name: &str| app.post("/auth/it/magic-link").json(json!({ "email": app.mail(name) })).send();
        app.hooks.clear();
        let unknown = request("nobody").await;
        unknown.is(202, "null");
        app.users.suspend(id, None, None).await.unwrap();
        let suspended = request("arthur").await;
        suspended.is(202, "null");
        app.users.drain(std::time::Duration::from_secs(5)).await;
        assert!(!app.hooks.names().contains(&"on_after_request_magic_link"));
        for body in [json!({}), json!({ "email": "x" }), json!({ "email": null }), json!({ "token": 7 })] {
            assert_eq!(app.post("/auth/it/magic-link").json(body.clone()).send().await.status, 422);
            assert_eq!(app.post("/auth/it/magic-link/redeem").json(body).send().await.status, 422);
        }
    })
    .await;
}

#[tokio::test]
async fn a_link_dies_when_the_account_changes_or_a_quarter_of_an_hour_is_over() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        verified(&app, "arthur").await;
        let user = app.stored_user("arthur").await;
        let id = user.id;
        let token = link(&app, "arthur").await;
        let reset = app.reset_token("arthur").await;
        app.reset(&reset, OTHER).await.is(200, "null");
        redeem(&app, &token).await.is(400, BAD);
        let token = link(&app, "arthur").await;
        app.users.sessions().end_all(id).await.unwrap();
        redeem(&app, &token).await.is(400, BAD);
        let token = link(&app, "arthur").await;
        app.users.suspend(id, None, None).await.unwrap();
        redeem(&app, &token).await.is(400, BAD);
        app.users.lift_suspension(id).await.unwrap();
        redeem(&app, &token).await.is(400, BAD);
        let token = link(&app, "arthur").await;
        let id = id.to_string();
        assert_eq!(app.patch_user(&king, &id, json!({ "is_active": false })).await.status, 200);
        redeem(&app, &token).await.is(400, BAD);
        assert_eq!(app.patch_user(&king, &id, json!({ "is_active": true })).await.status, 200);
        redeem(&app, &token).await.is(400, BAD);
        let token = link(&app, "arthur").await;
        let change = json!({ "email": app.mail("pendragon"), "is_verified": true });
        assert_eq!(app.patch_user(&king, &id, change).await.status, 200);
        redeem(&app, &token).await.is(400, BAD);
        let token = link(&app, "pendragon").await;
        app.advance(15 * 60 - 1);
        let last = link(&app, "pendragon").await;
        app.advance(1);
        redeem(&app, &token).await.is(400, BAD);
        app.assert_valid(&redeem(&app, &last).await.access_token()).await;
        let gone = link(&app, "pendragon").await;
        app.users.delete(&app.stored_user("pendragon").await).await.unwrap();
        redeem(&app, &gone).await.is(400, BAD);
    })
    .await;
}

/// The story of a squatter: registers the victim's address, stays logged in, and waits for the owner to arrive by mail.
#[tokio::test]
async fn a_squatter_of_an_unproved_address_loses_everything_to_the_first_link() {
    everywhere(|app| async move {
        let squatter = app.member("victim").await;
        let reset = app.reset_token("victim").await;
        let token = link(&app, "victim").await;
        app.hooks.clear();
        let owner = redeem(&app, &token).await.access_token();
        assert_eq!(app.me(&owner).await.json()["is_verified"], true);
        app.assert_invalid(&squatter).await;
        app.try_login("victim", PASSWORD).await.is(400, BAD_CREDENTIALS);
        app.reset(&reset, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
        let told = app.hooks.wait_for("on_after_credentials_change").await;
        assert_eq!(told.email, Some(app.mail("victim")));
        let names = app.hooks.names();
        assert!(names.contains(&"on_after_verify") && names.contains(&"on_after_login"), "{names:?}");
        // A verified account keeps its password and its sessions.
        let again = redeem(&app, &link(&app, "victim").await).await.access_token();
        app.assert_valid(&owner).await;
        app.assert_valid(&again).await;
        assert_eq!(app.database().orphans().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_service_that_requires_verification_lets_links_in() {
    let policy = axum_users::Policy::recommended().require_verification(true);
    everywhere_as(Plan { policy, ..plan() }, |app| async move {
        app.register("arthur").await;
        app.try_login("arthur", PASSWORD).await.is(400, r#"{"detail":"LOGIN_USER_NOT_VERIFIED"}"#);
        app.assert_valid(&redeem(&app, &link(&app, "arthur").await).await.access_token()).await;
    })
    .await;
}

#[tokio::test]
async fn a_browser_gives_up_its_former_session_and_other_sites_are_refused() {
    run_matrix(
        |combination| combination.transport == Carrier::Cookie,
        plan(),
        |app| async move {
            verified(&app, "arthur").await;
            let former = app.login("arthur", PASSWORD).await;
            let token = link(&app, "arthur").await;
            let body = json!({ "token": token });
            let foreign = |path: &str, body: Value| {
                let call = app.post(path).json(body);
                call.header("origin", "https://evil.example").header("sec-fetch-site", "cross-site").send()
            };
            let refused = r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#;
            foreign("/auth/it/magic-link/redeem", body.clone()).await.is(403, refused);
            foreign("/auth/it/magic-link", json!({ "email": app.mail("arthur") })).await.is(403, refused);
            let call = app.with(app.post("/auth/it/magic-link/redeem"), &former).json(body);
            let session = call.send().await.access_token();
            app.assert_invalid(&former).await;
            app.assert_valid(&session).await;
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_uses_of_a_link_at_once_are_one_login() {
    races(|app| async move {
        for (name, is_verified) in [("arthur", true), ("kay", false)] {
            match is_verified {
                true => verified(&app, name).await,
                false => drop(app.register(name).await),
            }
            let token = link(&app, name).await;
            let responses = together(50, |_| {
                let client = app.another_client();
                let body = json!({ "token": token });
                async move { client.post("/auth/it/magic-link/redeem").json(body).send().await }
            })
            .await;
            let counts = count(&responses);
            assert_eq!((counts["200 "], counts["400 \"MAGIC_LINK_BAD_TOKEN\""]), (1, 49), "{counts:?}");
            let winner = responses.iter().find(|response| response.status == 200).unwrap();
            app.assert_valid(&winner.access_token()).await;
            assert_eq!(app.database().orphans().await, 0);
        }
    })
    .await;
}
