//! Changes of the address, over every combination: the new one is confirmed, and the owner of the old one can undo the change.

use axum_users::Policy;
use serde_json::{Value, json};

use super::{Plan, Service, combination::Combination, everywhere, everywhere_as, run_matrix};
use crate::{
    security::crowd::{Crowd, one_wins},
    support::{Carrier, PASSWORD, Response},
};

const OTHER: &str = "another long sword";
const CONFIRM_BAD: &str = r#"{"detail":"CONFIRM_EMAIL_BAD_TOKEN"}"#;
const UNDO_BAD: &str = r#"{"detail":"UNDO_EMAIL_BAD_TOKEN"}"#;
const EXISTS: &str = r#"{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}"#;
const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;
const MUST_CHANGE: &str = r#"{"detail":"LOGIN_PASSWORD_CHANGE_REQUIRED"}"#;

/// Returns status, address and whether it is verified.
fn seen(response: &Response) -> (u16, Value, Value) {
    let json = response.json();
    (response.status.as_u16(), json["email"].clone(), json["is_verified"].clone())
}

#[tokio::test]
async fn an_address_changes_when_the_new_one_is_confirmed_and_not_before() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let (old, new) = (app.mail("arthur"), app.mail("king"));
        app.hooks.clear();
        let change = json!({ "email": new, "first_name": "Arthur" });
        let response = app.patch_me(&session, change).await;
        assert_eq!(seen(&response), (200, json!(old), json!(false)));
        assert_eq!(response.json()["first_name"], "Arthur", "other fields are stored");
        let called = app.hooks.wait_for("on_after_request_email_change").await;
        assert_eq!(called.email.as_deref(), Some(&*old));
        assert!(called.detail.unwrap().starts_with(&format!("{new} ")));
        let update = app.hooks.wait_for("on_after_update").await;
        assert_eq!(update.detail.unwrap(), format!("first_name was {old}"));
        assert!(app.users.get_by_email(&new).await.unwrap().is_none());
        app.try_login("king", PASSWORD).await.is(400, BAD_CREDENTIALS);

        let (token, undo) = app.hooks.email_change().await;
        for wrong in ["", "x", &undo, &session] {
            app.confirm_email(wrong).await.is(400, CONFIRM_BAD);
        }
        for wrong in ["", "x", &token, &session] {
            app.undo_email(wrong).await.is(400, UNDO_BAD);
        }
        for token in [&token, &undo] {
            app.assert_invalid(token).await;
            app.reset(token, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
            app.verify(token).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
        }
        app.hooks.clear();
        assert_eq!(seen(&app.confirm_email(&token).await), (200, json!(new), json!(true)));
        assert_eq!(app.hooks.names(), ["on_after_update", "on_after_verify"]);
        app.confirm_email(&token).await.is(400, CONFIRM_BAD);
        app.assert_valid(&session).await;
        app.assert_valid(&app.login("king", PASSWORD).await).await;
        app.try_login("arthur", PASSWORD).await.is(400, BAD_CREDENTIALS);
        app.users.drain(std::time::Duration::from_secs(5)).await;
        assert!(!app.hooks.names().contains(&"on_after_credentials_change"), "no further mail");
    })
    .await;
}

#[tokio::test]
async fn a_token_of_a_new_address_dies_when_the_account_changes_or_the_hour_is_over() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        let id = app.register("arthur").await;
        let fresh = async |password: &str| app.login("arthur", password).await;
        // A change of the password, and another session of the same user that ends all.
        let (token, _) = app.change_email(&fresh(PASSWORD).await, "a1").await;
        assert_eq!(app.patch_me(&fresh(PASSWORD).await, json!({ "password": OTHER })).await.status, 200);
        app.confirm_email(&token).await.is(400, CONFIRM_BAD);
        let (token, _) = app.change_email(&fresh(OTHER).await, "a2").await;
        app.users.sessions().end_all(id.parse().unwrap()).await.unwrap();
        app.confirm_email(&token).await.is(400, CONFIRM_BAD);
        // A suspension, even if it has ended.
        let (token, _) = app.change_email(&fresh(OTHER).await, "a3").await;
        app.users.suspend(id.parse().unwrap(), None, None).await.unwrap();
        app.confirm_email(&token).await.is(400, CONFIRM_BAD);
        app.users.lift_suspension(id.parse().unwrap()).await.unwrap();
        app.confirm_email(&token).await.is(400, CONFIRM_BAD);
        // Another address: the first confirmation wins.
        let session = fresh(OTHER).await;
        let ((one, _), (two, _)) = (app.change_email(&session, "a4").await, app.change_email(&session, "a5").await);
        assert_eq!(app.confirm_email(&two).await.status, 200);
        app.confirm_email(&one).await.is(400, CONFIRM_BAD);
        let back = json!({ "email": app.mail("arthur") });
        assert_eq!(app.patch_user(&king, &id, back).await.status, 200);
        app.confirm_email(&two).await.is(400, CONFIRM_BAD);
        // Time, and a deletion.
        let (token, _) = app.change_email(&fresh(OTHER).await, "a6").await;
        app.advance(3599);
        let (late, undo) = app.change_email(&fresh(OTHER).await, "a7").await;
        app.advance(1);
        app.confirm_email(&token).await.is(400, CONFIRM_BAD);
        app.users.delete(&app.stored_user("arthur").await).await.unwrap();
        app.register("arthur").await;
        app.confirm_email(&late).await.is(400, CONFIRM_BAD);
        app.undo_email(&undo).await.is(400, UNDO_BAD);
    })
    .await;
}

#[tokio::test]
async fn a_taken_address_is_refused_when_it_is_requested_and_when_it_is_confirmed() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        app.register("kay").await;
        app.patch_me(&session, json!({ "email": app.mail("KAY") })).await.is(400, EXISTS);
        let (token, _) = app.change_email(&session, "king").await;
        app.register("king").await;
        app.confirm_email(&token).await.is(400, EXISTS);
        assert_eq!(app.me(&session).await.json()["email"], app.mail("arthur"));
        app.users.delete(&app.stored_user("king").await).await.unwrap();
        assert_eq!(app.confirm_email(&token).await.status, 200, "the token is not used up by a refusal");
    })
    .await;
}

#[tokio::test]
async fn the_old_address_undoes_a_change_before_and_after_its_confirmation() {
    everywhere(|app| async move {
        for (round, confirms) in [false, true].into_iter().enumerate() {
            let name = format!("arthur{round}");
            let session = app.member(&name).await;
            let (token, undo) = app.change_email(&session, &format!("king{round}")).await;
            if confirms {
                assert_eq!(app.confirm_email(&token).await.status, 200);
            }
            let node = app.another().await;
            app.hooks.clear();
            assert_eq!(seen(&node.undo_email(&undo).await), (200, json!(app.mail(&name)), json!(true)));
            app.assert_invalid(&session).await;
            app.confirm_email(&token).await.is(400, CONFIRM_BAD);
            app.undo_email(&undo).await.is(400, UNDO_BAD);
            app.try_login(&name, PASSWORD).await.is(400, MUST_CHANGE);
            app.try_login(&format!("king{round}"), PASSWORD).await.is(400, BAD_CREDENTIALS);
            let reset = app.reset_token(&name).await;
            app.reset(&reset, OTHER).await.is(200, "null");
            app.assert_valid(&app.login(&name, OTHER).await).await;
        }
    })
    .await;
}

/// Whatever an attacker with a session and the password does within the week, the holder of the old mailbox recovers
/// the account, and the attacker retains no access.
#[tokio::test]
async fn a_thief_who_changes_everything_loses_it_to_the_old_address() {
    everywhere(|app| async move {
        app.register("victim").await;
        let thief = app.login("victim", PASSWORD).await;
        let (token, undo) = app.change_email(&thief, "thief").await;
        assert_eq!(app.confirm_email(&token).await.status, 200);
        let thief_again = app.login("thief", PASSWORD).await;
        assert_eq!(app.patch_me(&thief_again, json!({ "password": OTHER })).await.status, 200);
        // A squatter at the old address, and a second change whose mails go to the attacker's own addresses.
        app.register("victim").await;
        let squatter = app.login("victim", PASSWORD).await;
        let thief_reset = app.reset_token("thief").await;
        let (second, second_undo) = app.change_email(&thief_again, "thief2").await;
        assert_eq!(app.confirm_email(&second).await.status, 200);
        let (third, third_undo) = app.change_email(&thief_again, "thief3").await;
        app.advance(6 * 24 * 3600);
        let last = app.login("thief2", OTHER).await;

        assert_eq!(seen(&app.undo_email(&undo).await), (200, json!(app.mail("victim")), json!(true)));
        for session in [&thief, &thief_again, &last, &squatter] {
            app.assert_invalid(session).await;
        }
        for name in ["victim", "thief", "thief2", "thief3"] {
            for password in [PASSWORD, OTHER] {
                assert_eq!(app.try_login(name, password).await.status, 400, "{name}");
            }
        }
        app.reset(&thief_reset, PASSWORD).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
        for token in [&second, &third] {
            app.confirm_email(token).await.is(400, CONFIRM_BAD);
        }
        for token in [&second_undo, &third_undo, &undo] {
            app.undo_email(token).await.is(400, UNDO_BAD);
        }
        let reset = app.reset_token("victim").await;
        app.reset(&reset, "the owner's own sword").await.is(200, "null");
        let owner = app.login("victim", "the owner's own sword").await;
        assert_eq!(app.me(&owner).await.json()["email"], app.mail("victim"));
        assert_eq!(app.database().orphans().await, 0);
    })
    .await;
}

/// An attacker uses a token of their own address before the owner acts: the owner's token still takes precedence.
#[tokio::test]
async fn a_thief_cannot_undo_first_to_disarm_the_owner() {
    everywhere(|app| async move {
        app.register("victim").await;
        let thief = app.login("victim", PASSWORD).await;
        let (token, undo) = app.change_email(&thief, "thief").await;
        assert_eq!(app.confirm_email(&token).await.status, 200);
        let (second, second_undo) = app.change_email(&thief, "thief2").await;
        assert_eq!(app.confirm_email(&second).await.status, 200);
        assert_eq!(seen(&app.undo_email(&second_undo).await).1, json!(app.mail("thief")));
        assert_eq!(seen(&app.undo_email(&undo).await), (200, json!(app.mail("victim")), json!(true)));
        app.undo_email(&second_undo).await.is(400, UNDO_BAD);
        app.try_login("thief", PASSWORD).await.is(400, BAD_CREDENTIALS);
        app.try_login("victim", PASSWORD).await.is(400, MUST_CHANGE);
    })
    .await;
}

#[tokio::test]
async fn an_undone_change_ends_after_a_week_and_yields_to_a_proved_account() {
    everywhere(|app| async move {
        let session = app.member("arthur").await;
        let (token, undo) = app.change_email(&session, "king").await;
        assert_eq!(app.confirm_email(&token).await.status, 200);
        app.register("arthur").await;
        let verify = app.verify_token("arthur").await;
        assert_eq!(app.verify(&verify).await.status, 200);
        app.undo_email(&undo).await.is(400, r#"{"detail":"UNDO_EMAIL_ADDRESS_TAKEN"}"#);
        assert_eq!(app.stored_user("king").await.email, app.mail("king"));
        app.assert_valid(&session).await;
        app.users.delete(&app.stored_user("arthur").await).await.unwrap();
        app.advance(7 * 24 * 3600);
        app.undo_email(&undo).await.is(400, UNDO_BAD);
    })
    .await;
}

#[tokio::test]
async fn a_private_service_does_not_tell_whether_a_new_address_is_taken() {
    let policy = Policy::recommended().require_verification(true).private_registration();
    everywhere_as(Plan { policy, ..Plan::default() }, |app| async move {
        let session = app.superuser("arthur").await;
        app.superuser("kay").await;
        let (name, kay) = (app.mail("arthur"), app.mail("kay"));
        app.hooks.clear();
        let taken = app.patch_me(&session, json!({ "email": app.mail("Kay") })).await;
        assert_eq!(seen(&taken), (200, json!(name), json!(true)));
        let told = app.hooks.wait_for("on_after_duplicate_register").await;
        assert_eq!(told.email, Some(kay));
        assert!(!app.hooks.names().contains(&"on_after_request_email_change"));
        app.hooks.clear();
        let free = app.patch_me(&session, json!({ "email": app.mail("king") })).await;
        assert_eq!((taken.status, taken.text()), (free.status, free.text()));
        let (token, _) = app.hooks.email_change().await;
        assert!(!app.hooks.names().contains(&"on_after_duplicate_register"));
        assert_eq!(app.confirm_email(&token).await.status, 200);
        app.assert_valid(&session).await;
    })
    .await;
}

#[tokio::test]
async fn a_superuser_and_code_change_addresses_at_once_and_the_old_one_is_told() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        let id = app.register("arthur").await;
        app.hooks.clear();
        let change = json!({ "email": app.mail("pendragon") });
        assert_eq!(seen(&app.patch_user(&king, &id, change).await), (200, json!(app.mail("pendragon")), json!(false)));
        let told = app.hooks.wait_for("on_after_credentials_change").await;
        assert_eq!(told.detail, Some(app.mail("arthur")));
        assert!(!app.hooks.names().contains(&"on_after_request_email_change"));
    })
    .await;
}

/// Runs a race once for each database and strategy.
async fn races<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Service) -> F + Send + Sync + 'static) {
    let bearer = |combination: &Combination| combination.transport == Carrier::Bearer;
    run_matrix(bearer, Plan::default(), scenario).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_that_undoes_a_change_has_one_success() {
    races(|app| async move {
        let crowd = Crowd::of(&app).await;
        for round in 0..3 {
            let name = format!("arthur{round}");
            let session = app.member(&name).await;
            let (token, undo) = app.change_email(&session, &format!("king{round}")).await;
            assert_eq!(app.confirm_email(&token).await.status, 200);
            app.register(&name).await;
            let responses = crowd
                .at_once(|_, client| {
                    let body = json!({ "token": undo });
                    async move { client.post("/auth/undo-email").json(body).send().await }
                })
                .await;
            one_wins(&responses, "200", "UNDO_EMAIL_BAD_TOKEN");
            assert_eq!(app.stored_user(&name).await.email, app.mail(&name));
            assert_eq!(app.database().orphans().await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_of_a_new_address_has_one_success() {
    races(|app| async move {
        let crowd = Crowd::of(&app).await;
        for round in 0..3 {
            let session = app.member(&format!("arthur{round}")).await;
            let (token, _) = app.change_email(&session, &format!("king{round}")).await;
            let responses = crowd
                .at_once(|_, client| {
                    let body = json!({ "token": token });
                    async move { client.post("/auth/confirm-email").json(body).send().await }
                })
                .await;
            let won = responses.iter().filter(|response| response.status == 200).count();
            assert_eq!(won, 1, "{responses:?}");
            assert!(responses.iter().all(|response| [200, 400].contains(&response.status.as_u16())), "{responses:?}");
        }
    })
    .await;
}

/// Several users confirm one address while others register it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_has_one_owner_after_confirmations_and_registrations() {
    races(|app| async move {
        let crowd = Crowd::of(&app).await;
        for round in 0..3 {
            let grail = format!("grail{round}");
            let mut tokens = Vec::new();
            for number in 0..2 {
                let session = app.member(&format!("knight{round}x{number}")).await;
                tokens.push(app.change_email(&session, &grail).await.0);
            }
            let responses = crowd
                .at_once(|number, client| {
                    let token = tokens.get(number % 3).cloned();
                    let registration = json!({ "email": app.mail(&grail), "password": PASSWORD });
                    async move {
                        match token {
                            Some(token) => {
                                client.post("/auth/confirm-email").json(json!({ "token": token })).send().await
                            }
                            None => client.post("/auth/register").json(registration).send().await,
                        }
                    }
                })
                .await;
            let won = responses.iter().filter(|response| response.status.is_success()).count();
            assert_eq!(won, 1, "{responses:?}");
            let one = format!("lower(email) = '{}'", app.mail(&grail));
            assert_eq!(app.database().count("user", &one).await, 1);
        }
    })
    .await;
}
