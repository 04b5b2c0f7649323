//! The built-in hooks that send the mails of the flows.

use std::{sync::Arc, time::Duration};

use axum_users::{
    Mailer,
    mail::{Mail, MemoryMails},
};
use serde_json::json;

use super::app::{GUINEVERE, Rules, WireApp, WireSetup};

const ARTHUR: &str = "arthur@camelot.bt";

/// A service that sends mails, and its mailbox.
struct Mailing {
    app: WireApp,
    mails: MemoryMails,
    read: usize,
}

impl Mailing {
    async fn service(setup: WireSetup) -> Self {
        let mails = MemoryMails::new();
        let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.example/app").unwrap();
        Self { app: setup.builder(|builder| builder.mailer(mailer)).start().await, mails, read: 0 }
    }

    /// Waits for the next mail.
    async fn next(&mut self) -> Mail {
        let wait = self.mails.wait_for(self.read + 1);
        let mails = tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap();
        self.read += 1;
        mails[self.read - 1].clone()
    }

    /// Returns the token of the next mail, which must go to `to` with a link to `page`.
    async fn token(&mut self, to: &str, page: &str) -> String {
        let mail = self.next().await;
        assert_eq!(mail.to.as_str(), to);
        let link = format!("https://camelot.example/app/{page}#token=");
        assert!(mail.text.contains(&link) && mail.html.contains(&link), "{}", mail.text);
        MemoryMails::token(&mail).unwrap()
    }

    /// Asserts that every queued mail was sent and read.
    async fn no_more(&self) {
        self.app.users.drain(Duration::from_secs(10)).await;
        assert_eq!(self.mails.all().len(), self.read);
    }
}

#[tokio::test]
async fn a_registration_sends_a_mail_that_verifies_the_address() {
    for rules in Rules::BOTH {
        let mut mailing = Mailing::service(WireSetup::of(rules)).await;
        assert_eq!(mailing.app.try_register("Arthur@Camelot.bt", GUINEVERE).await.status, 201);
        let token = mailing.token("Arthur@camelot.bt", "verify").await;
        assert_eq!(mailing.app.verify(&token).await.json()["is_verified"], true);
        assert_eq!(mailing.app.try_register(ARTHUR, GUINEVERE).await.status, 400);
        mailing.no_more().await;
    }
}

#[tokio::test]
async fn a_password_reset_by_mail_notifies_the_owner() {
    for rules in Rules::BOTH {
        let mut mailing = Mailing::service(WireSetup::of(rules)).await;
        mailing.app.try_register(ARTHUR, GUINEVERE).await;
        mailing.next().await;
        // Mail goes to the stored address, not to the one in the request.
        mailing
            .app
            .post("/auth/forgot-password")
            .json(json!({ "email": "ARTHUR@camelot.bt" }))
            .send()
            .await
            .is(202, "null");
        let token = mailing.token(ARTHUR, "reset-password").await;
        mailing.app.reset(&token, "excalibur").await.is(200, "null");
        assert_eq!(mailing.app.try_login(ARTHUR, "excalibur").await.status, 200);
        let notice = mailing.next().await;
        assert_eq!((notice.to.as_str(), MemoryMails::token(&notice)), (ARTHUR, None));
        assert!(notice.subject.contains("password"), "{}", notice.subject);
        mailing
            .app
            .post("/auth/forgot-password")
            .json(json!({ "email": "nobody@camelot.bt" }))
            .send()
            .await
            .is(202, "null");
        mailing.no_more().await;
    }
}

#[tokio::test]
async fn a_verification_mail_can_be_requested_again() {
    let mut mailing = Mailing::service(WireSetup::of(Rules::Recommended)).await;
    mailing.app.try_register(ARTHUR, GUINEVERE).await;
    let first = mailing.token(ARTHUR, "verify").await;
    mailing.app.post("/auth/request-verify-token").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
    let second = mailing.token(ARTHUR, "verify").await;
    assert_ne!(first, second);
    assert_eq!(mailing.app.verify(&second).await.status, 200);
    mailing.app.verify(&first).await.is(400, r#"{"detail":"VERIFY_USER_ALREADY_VERIFIED"}"#);
    mailing.app.post("/auth/request-verify-token").json(json!({ "email": ARTHUR })).send().await.is(202, "null");
    mailing.no_more().await;
}

#[tokio::test]
async fn changes_of_credentials_notify_the_previous_address() {
    let mut mailing = Mailing::service(WireSetup::of(Rules::Recommended)).await;
    mailing.app.try_register(ARTHUR, GUINEVERE).await;
    mailing.next().await;
    let token = mailing.app.login(ARTHUR).await;
    let body = json!({ "email": "king@camelot.bt", "password": "excalibur" });
    assert_eq!(mailing.app.patch("/users/me").bearer(&token).json(body).send().await.status, 200);
    for _ in 0..2 {
        let notice = mailing.next().await;
        assert_eq!((notice.to.as_str(), MemoryMails::token(&notice)), (ARTHUR, None), "{}", notice.subject);
        assert!(!notice.text.contains("excalibur"));
    }
    // Changes of other fields send no mail.
    mailing.app.patch("/users/me").bearer(&token).json(json!({})).send().await;
    mailing.no_more().await;
}

#[tokio::test]
async fn private_registration_mails_the_owner_and_not_the_client() {
    let private = |policy: axum_users::Policy| policy.require_verification(true).private_registration();
    let mut mailing = Mailing::service(WireSetup::of(Rules::Recommended).policy(private)).await;
    assert_eq!(mailing.app.try_register(ARTHUR, GUINEVERE).await.status, 201);
    let token = mailing.token(ARTHUR, "verify").await;
    assert_eq!(mailing.app.try_register("Arthur@camelot.bt", "excalibur").await.status, 201);
    let note = mailing.next().await;
    assert_eq!((note.to.as_str(), MemoryMails::token(&note)), (ARTHUR, None));
    assert_eq!(mailing.app.verify(&token).await.status, 200);
    assert_eq!(mailing.app.try_login(ARTHUR, GUINEVERE).await.status, 200);
    mailing.no_more().await;
}
