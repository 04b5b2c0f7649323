//! Invitations, over every combination.

use axum_users::schema::Status;
use serde_json::{Value, json};

use super::{
    Service, everywhere_as,
    magic_link::{OTHER, link, plan, races, redeem},
};
use crate::{
    security::crowd::{count, together},
    support::{PASSWORD, Response, UserCreate},
};

const BAD: &str = r#"{"detail":"INVITATION_BAD_TOKEN"}"#;
const BAD_CREDENTIALS: &str = r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#;

async fn everywhere<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Service) -> F + Send + Sync + 'static) {
    everywhere_as(plan(), scenario).await;
}

async fn invite(app: &Service, king: &str, name: &str) -> (Value, String) {
    app.hooks.clear();
    let body = json!({ "email": app.mail(name), "first_name": "Arthur" });
    let response = app.with(app.post("/auth/invitations"), king).json(body).send().await;
    assert_eq!(response.status, 201, "{response:?}");
    (response.json(), app.hooks.token("on_after_invite").await)
}

async fn accept(app: &Service, token: &str, password: &str) -> Response {
    let body = json!({ "token": token, "password": password });
    app.post("/auth/invitations/accept").json(body).send().await
}

async fn resend(app: &Service, king: &str, id: &str) -> Response {
    app.with(app.post(&format!("/auth/invitations/{id}/resend")), king).send().await
}

#[tokio::test]
async fn an_invited_user_opens_the_account_with_the_mailed_token_once() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        let (user, token) = invite(&app, &king, "arthur").await;
        assert_eq!((&user["email"], &user["is_verified"]), (&json!(app.mail("arthur")), &json!(false)));
        assert_eq!((&user["first_name"], &user["is_superuser"]), (&json!("Arthur"), &json!(false)));
        assert_eq!(app.hooks.names(), ["on_after_register", "on_after_invite"]);
        for password in ["", PASSWORD] {
            assert_ne!(app.try_login("arthur", password).await.status, 200, "{password:?}");
        }
        for wrong in ["", "x", &token[1..], &king] {
            accept(&app, wrong, OTHER).await.is(400, BAD);
        }
        let refused = accept(&app, &token, "short").await;
        assert_eq!(refused.json()["detail"]["code"], "INVITATION_INVALID_PASSWORD");
        app.hooks.clear();
        let opened = accept(&app, &token, OTHER).await;
        assert_eq!((opened.status.as_u16(), &opened.json()["is_verified"]), (200, &json!(true)));
        assert_eq!(opened.json()["id"], user["id"]);
        assert_eq!(app.hooks.names(), ["on_after_verify"]);
        accept(&app, &token, PASSWORD).await.is(400, BAD);
        app.assert_valid(&app.login("arthur", OTHER).await).await;
        resend(&app, &king, user["id"].as_str().unwrap()).await.is(400, r#"{"detail":"INVITATION_ACCEPTED"}"#);
    })
    .await;
}

#[tokio::test]
async fn only_superusers_invite() {
    everywhere(|app| async move {
        let member = app.member("kay").await;
        let id = app.stored_user("kay").await.id.to_string();
        let body = json!({ "email": app.mail("arthur") });
        assert_eq!(app.post("/auth/invitations").json(body.clone()).send().await.status, 401);
        let refused = app.with(app.post("/auth/invitations"), &member).json(body).send().await;
        refused.is(403, r#"{"detail":"Forbidden"}"#);
        refused_resend(&app, &member, &id).await;
        assert!(app.users.get_by_email(&app.mail("arthur")).await.unwrap().is_none());
        let king = app.superuser("uther").await;
        let taken = json!({ "email": app.mail("Kay") });
        let taken = app.with(app.post("/auth/invitations"), &king).json(taken).send().await;
        taken.is(400, r#"{"detail":"INVITE_USER_ALREADY_EXISTS"}"#);
        for body in [json!({}), json!({ "email": "x" }), json!({ "email": app.mail("a"), "first_name": 7 })] {
            assert_eq!(app.with(app.post("/auth/invitations"), &king).json(body).send().await.status, 422);
        }
        for id in ["x", "00000000-0000-4000-8000-000000000000"] {
            assert_eq!(resend(&app, &king, id).await.status, 404);
        }
        // A superuser's flags and password in the body have no effect.
        let body = json!({ "email": app.mail("lot"), "password": PASSWORD, "is_superuser": true, "is_verified": true });
        let made = app.with(app.post("/auth/invitations"), &king).json(body).send().await.json();
        assert_eq!((&made["is_superuser"], &made["is_verified"]), (&json!(false), &json!(false)));
        app.try_login("lot", PASSWORD).await.is(400, BAD_CREDENTIALS);
    })
    .await;
}

async fn refused_resend(app: &Service, member: &str, id: &str) {
    resend(app, member, id).await.is(403, r#"{"detail":"Forbidden"}"#);
}

#[tokio::test]
async fn an_invitation_can_be_sent_again_and_ends_after_a_week_or_with_the_account() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        let (user, first) = invite(&app, &king, "arthur").await;
        let id = user["id"].as_str().unwrap();
        app.advance(7 * 24 * 3600 - 1);
        app.hooks.clear();
        app.users.resend_invitation(&app.stored_user("arthur").await).await.unwrap();
        let second = app.hooks.token("on_after_invite").await;
        app.advance(1);
        accept(&app, &first, OTHER).await.is(400, BAD);
        assert_eq!(accept(&app, &second, OTHER).await.status, 200);
        let king = app.login("uther", PASSWORD).await;
        let deleted = invite(&app, &king, "kay").await.1;
        app.users.delete(&app.stored_user("kay").await).await.unwrap();
        accept(&app, &deleted, OTHER).await.is(400, BAD);
        assert_eq!(app.delete_user(&king, id).await.status, 204);
    })
    .await;
}

#[tokio::test]
async fn an_account_that_was_opened_in_another_way_has_no_invitation() {
    everywhere(|app| async move {
        let king = app.superuser("uther").await;
        // By a link, by a verification, by a reset, by another address, and by a suspension.
        let (_, token) = invite(&app, &king, "arthur").await;
        redeem(&app, &link(&app, "arthur").await).await.access_token();
        accept(&app, &token, OTHER).await.is(400, BAD);
        let (_, token) = invite(&app, &king, "kay").await;
        let verify = app.verify_token("kay").await;
        assert_eq!(app.verify(&verify).await.status, 200);
        accept(&app, &token, OTHER).await.is(400, BAD);
        let (_, token) = invite(&app, &king, "bors").await;
        let reset = app.reset_token("bors").await;
        app.reset(&reset, OTHER).await.is(200, "null");
        accept(&app, &token, PASSWORD).await.is(400, BAD);
        let (user, token) = invite(&app, &king, "gareth").await;
        let change = json!({ "email": app.mail("beaumains") });
        assert_eq!(app.patch_user(&king, user["id"].as_str().unwrap(), change).await.status, 200);
        accept(&app, &token, OTHER).await.is(400, BAD);
        let (_, token) = invite(&app, &king, "lot").await;
        app.users.suspend(app.stored_user("lot").await.id, None, None).await.unwrap();
        accept(&app, &token, OTHER).await.is(400, BAD);
        redeem(&app, &token).await.is(400, r#"{"detail":"MAGIC_LINK_BAD_TOKEN"}"#);
        app.reset(&token, OTHER).await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
    })
    .await;
}

#[tokio::test]
async fn code_invites_and_learns_what_fails() {
    everywhere(|app| async move {
        let create = || UserCreate { email: app.mail("arthur"), password: "".into(), first_name: None };
        let status = Status { is_active: true, is_superuser: true, is_verified: true };
        let user = app.users.invite(create(), status).await.unwrap();
        assert_eq!((user.is_superuser, user.is_verified), (true, false));
        let token = app.hooks.token("on_after_invite").await;
        let taken = app.users.invite(create(), status).await.unwrap_err();
        assert_eq!(taken.to_string(), "another user has this e-mail address");
        assert_eq!(accept(&app, &token, OTHER).await.json()["is_superuser"], true);
        let user = app.stored_user("arthur").await;
        assert_eq!(app.users.resend_invitation(&user).await.unwrap_err().to_string(), "the account is open");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_uses_of_an_invitation_at_once_open_the_account_once() {
    races(|app| async move {
        let king = app.superuser("uther").await;
        let (_, token) = invite(&app, &king, "arthur").await;
        let password = |number: usize| format!("the long sword of knight {number}");
        let responses = together(50, |number| {
            let client = app.another_client();
            let body = json!({ "token": token, "password": password(number) });
            async move { client.post("/auth/invitations/accept").json(body).send().await }
        })
        .await;
        let counts = count(&responses);
        assert_eq!((counts["200 "], counts["400 \"INVITATION_BAD_TOKEN\""]), (1, 49), "{counts:?}");
        let winner = responses.iter().position(|response| response.status == 200).unwrap();
        app.assert_valid(&app.login("arthur", &password(winner)).await).await;
    })
    .await;
}
