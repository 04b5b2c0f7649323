//! The mails of the flows: their recipients, their links, and the effect of a hanging mail server.

use std::{sync::Arc, time::Duration};

use axum_users::{
    Mailer,
    env::BoxFuture,
    mail::{Mail, MailError, MailTransport, MemoryMails},
};
use serde_json::json;

use crate::support::{PASSWORD, Setup, TestApp};

/// Starts a service with an in-memory mailbox.
async fn with_mails() -> (TestApp, MemoryMails) {
    let mails = MemoryMails::new();
    let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.bt/castle").unwrap();
    let setup = Setup { builder: Box::new(|builder| builder.mailer(mailer)), ..Setup::default() };
    (TestApp::with(setup).await, mails)
}

/// Waits for the `count`th mail.
async fn mail(mails: &MemoryMails, count: usize) -> Mail {
    let all = tokio::time::timeout(Duration::from_secs(10), mails.wait_for(count)).await;
    all.unwrap_or_else(|_| panic!("no mail number {count}"))[count - 1].clone()
}

async fn forgot(app: &TestApp, email: &str) -> u16 {
    app.post("/auth/forgot-password").json(json!({ "email": email })).send().await.status.as_u16()
}

mod hooks {
    use super::*;

    #[tokio::test]
    async fn email_change_tells_old_address() {
        let (app, mails) = with_mails().await;
        let session = app.member("arthur@camelot.bt").await;
        mail(&mails, 1).await;
        let change = json!({ "email": "attacker@cornwall.bt", "current_password": PASSWORD });
        let changed = app.patch("/users/me").bearer(&session).json(change).send().await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let notice = mail(&mails, 2).await;
        assert_eq!(notice.to.as_str(), "arthur@camelot.bt");
        assert!(notice.text.contains("attacker@cornwall.bt"), "{}", notice.text);

        let session = app.login("attacker@cornwall.bt", PASSWORD).await;
        app.patch("/users/me").bearer(&session).json(json!({ "first_name": "Mordred" })).send().await;
        assert_eq!(mails.all().len(), 2, "changes of other fields send no mail");
    }
}

mod email {
    use super::*;

    #[tokio::test]
    async fn mail_goes_to_stored_address() {
        let (app, mails) = with_mails().await;
        app.register("King.Arthur@camelot.bt").await;
        assert_eq!(forgot(&app, "kING.ARTHUR@CAMELOT.bt").await, 202);
        assert_eq!(mail(&mails, 2).await.to.as_str(), "King.Arthur@camelot.bt");
    }
}

mod url {
    use super::*;

    #[tokio::test]
    async fn host_header_never_used() {
        let (app, mails) = with_mails().await;
        app.register("arthur@camelot.bt").await;
        let call = app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" }));
        let call = call.header("host", "evil.example").header("x-forwarded-host", "evil.example");
        let response =
            call.header("forwarded", "host=evil.example").header("origin", "https://evil.example").send().await;
        assert_eq!(response.status, 202);
        let sent = mail(&mails, 2).await;
        assert!(sent.text.contains("https://camelot.bt/castle/reset-password#token="), "{}", sent.text);
        for text in [&sent.subject, &sent.text, &sent.html, &format!("{response:?}")] {
            assert!(!text.contains("evil"), "{text}");
        }
    }
}

mod reset {
    use super::*;

    /// A mail server that never responds.
    struct Stuck;

    impl MailTransport for Stuck {
        fn send<'a>(&'a self, _: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn queue_full_is_uniform() {
        let mailer = Mailer::new(Arc::new(Stuck), "https://camelot.bt").unwrap();
        let builder =
            |builder: axum_users::UsersBuilder<_>| builder.mailer(mailer).verification_on_register(false).mail_queue(2);
        let app = TestApp::with(Setup { builder: Box::new(builder), ..Setup::default() }).await;
        app.register("arthur@camelot.bt").await;
        // Fills the running jobs and the queue.
        let mut taken = 0;
        while forgot(&app, "arthur@camelot.bt").await == 202 {
            taken += 1;
            assert!(taken < 100, "the queue is unbounded");
        }
        for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
            let known = app.post(path).json(json!({ "email": "arthur@camelot.bt" })).send().await;
            let unknown = app.post(path).json(json!({ "email": "nobody@camelot.bt" })).send().await;
            known.is(503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#);
            assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
            assert!(known.header("retry-after").is_some() && unknown.header("retry-after").is_some());
        }
    }
}
