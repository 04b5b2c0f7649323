//! The mails of the flows: their recipients, their links, and the effect of a hanging mail server.

use std::{sync::Arc, time::Duration};

use axum_users::{
    Mailer, Policy,
    env::BoxFuture,
    mail::{Mail, MailError, MailTransport, MemoryMails},
};
use serde_json::json;

use crate::support::{PASSWORD, Setup, TestApp};

/// Starts a service with an in-memory mailbox.
async fn with_mails() -> (TestApp, MemoryMails) {
    with_mails_under(Policy::recommended()).await
}

async fn with_mails_under(policy: Policy) -> (TestApp, MemoryMails) {
    let mails = MemoryMails::new();
    let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.bt/castle").unwrap();
    let setup = Setup { policy, builder: Box::new(|builder| builder.mailer(mailer)), ..Setup::default() };
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
        let (app, mails) = with_mails_under(Policy::recommended().change_email_at_once()).await;
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

    #[tokio::test]
    async fn a_change_of_the_address_is_mailed_to_both_and_the_links_work() {
        let (app, mails) = with_mails().await;
        let session = app.member("arthur@camelot.bt").await;
        mail(&mails, 1).await;
        let change = json!({ "email": "king@cornwall.bt" });
        assert_eq!(app.patch("/users/me").bearer(&session).json(change).send().await.status, 200);
        let (undo, confirm) = (mail(&mails, 2).await, mail(&mails, 3).await);
        assert_eq!((undo.to.as_str(), confirm.to.as_str()), ("arthur@camelot.bt", "king@cornwall.bt"));
        assert!(undo.text.contains("king@cornwall.bt"), "{}", undo.text);
        assert!(!confirm.text.contains("arthur@camelot.bt"), "{}", confirm.text);
        assert!(undo.text.contains("https://camelot.bt/castle/undo-email#token="), "{}", undo.text);
        assert!(confirm.text.contains("https://camelot.bt/castle/confirm-email#token="), "{}", confirm.text);
        for (mail, path, email) in
            [(confirm, "confirm-email", "king@cornwall.bt"), (undo, "undo-email", "arthur@camelot.bt")]
        {
            let body = json!({ "token": MemoryMails::token(&mail).unwrap() });
            let response = app.post(&format!("/auth/{path}")).json(body).send().await;
            assert_eq!((response.status.as_u16(), &response.json()["email"]), (200, &json!(email)), "{path}");
        }
        assert_eq!(mails.all().len(), 3, "nothing more is sent");
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
        mail(&mails, 1).await;
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

mod refusals {
    use std::sync::Mutex;

    use axum_users::Limits;

    use super::*;
    use crate::log::Log;

    /// A mail server that refuses every mail until the test changes this.
    #[derive(Clone)]
    struct Refusing {
        error: Arc<Mutex<Option<MailError>>>,
        tried: Arc<tokio::sync::Semaphore>,
        sent: MemoryMails,
    }

    impl Refusing {
        fn with(error: MailError) -> Self {
            let tried = Arc::new(tokio::sync::Semaphore::new(0));
            Self { error: Arc::new(Mutex::new(Some(error))), tried, sent: MemoryMails::new() }
        }

        fn accepts(&self) {
            *self.error.lock().unwrap() = None;
        }

        /// Waits for the next attempts.
        async fn tried(&self, times: u32) {
            let tried = tokio::time::timeout(Duration::from_secs(10), self.tried.acquire_many(times)).await;
            tried.expect("the mail was tried").unwrap().forget();
        }
    }

    impl MailTransport for Refusing {
        fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
            self.tried.add_permits(1);
            let error = self.error.lock().unwrap().clone();
            Box::pin(async move {
                match error {
                    Some(error) => Err(error),
                    None => self.sent.send(mail).await,
                }
            })
        }
    }

    async fn app(server: &Refusing) -> TestApp {
        let mailer = Mailer::new(Arc::new(server.clone()), "https://camelot.bt/castle").unwrap();
        let builder = |builder: axum_users::UsersBuilder<_>| {
            builder.mailer(mailer).verification_on_register(false).limits(Limits::default())
        };
        let app = TestApp::with(Setup { builder: Box::new(builder), ..Setup::default() }).await;
        app.register("arthur@camelot.bt").await;
        app
    }

    /// Lets the jobs of this single-threaded test run.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_temporary_refusal_is_tried_again_after_growing_pauses_and_then_given_up() {
        let (log, _guard) = Log::filtered("axum_users=info");
        let server = Refusing::with(MailError::temporary("the mail server replied with status 451"));
        let app = app(&server).await;
        assert_eq!(forgot(&app, "arthur@camelot.bt").await, 202);
        server.tried(1).await;
        for (pause, attempts) in [(59, 0), (1, 1), (299, 0), (1, 1), (899, 0), (1, 1), (100_000, 0)] {
            settle().await;
            app.advance(pause);
            settle().await;
            server.tried(attempts).await;
            assert_eq!(server.tried.available_permits(), 0, "after {pause} s");
        }
        assert_eq!(log.lines("mail_delayed").len(), 3);
        let given_up = log.lines("event=\"hook_failed\"");
        assert!(given_up.len() == 1 && given_up[0].contains("status 451"), "{given_up:?}");
    }

    #[tokio::test]
    async fn a_mail_that_is_tried_again_arrives_once_with_a_valid_token() {
        let server = Refusing::with(MailError::temporary("no connection"));
        let app = app(&server).await;
        assert_eq!(forgot(&app, "arthur@camelot.bt").await, 202);
        server.tried(1).await;
        settle().await;
        server.accepts();
        // Longer than the lifetime of a reset token: each attempt has a new one.
        app.advance(3_600);
        let mail = mail(&server.sent, 1).await;
        let token = MemoryMails::token(&mail).unwrap();
        let body = json!({ "token": token, "password": "a long sword of iron" });
        assert_eq!(app.post("/auth/reset-password").json(body).send().await.status, 200);
        app.advance(100_000);
        settle().await;
        assert_eq!(server.sent.all().iter().filter(|mail| mail.text.contains("reset-password#")).count(), 1);
    }

    #[tokio::test]
    async fn a_permanent_refusal_is_not_tried_again() {
        let server = Refusing::with(MailError::permanent("the mail server replied with status 550"));
        let app = app(&server).await;
        assert_eq!(forgot(&app, "arthur@camelot.bt").await, 202);
        server.tried(1).await;
        settle().await;
        app.advance(100_000);
        settle().await;
        assert_eq!(server.tried.available_permits(), 0);
    }

    #[tokio::test]
    async fn the_limit_gets_its_share_back_when_nothing_was_sent() {
        let server = Refusing::with(MailError::permanent("the mail server replied with status 550"));
        let app = app(&server).await;
        for path in ["/auth/forgot-password", "/auth/request-verify-token"] {
            for _ in 0..10 {
                assert_eq!(app.post(path).json(json!({ "email": "arthur@camelot.bt" })).send().await.status, 202);
                server.tried(1).await;
                settle().await;
            }
        }
        server.accepts();
        for number in 1..=4 {
            assert_eq!(forgot(&app, "arthur@camelot.bt").await, 202);
            settle().await;
            assert_eq!(mail(&server.sent, number.min(3)).await.to.as_str(), "arthur@camelot.bt");
        }
        settle().await;
        assert_eq!(server.sent.all().len(), 3, "what was sent counts");
    }

    #[tokio::test]
    async fn a_mail_that_waits_to_be_tried_again_counts_once_against_the_limit() {
        let server = Refusing::with(MailError::temporary("greylisted"));
        let app = app(&server).await;
        for _ in 0..10 {
            assert_eq!(forgot(&app, "arthur@camelot.bt").await, 202);
            settle().await;
        }
        server.tried(3).await;
        assert_eq!(server.tried.available_permits(), 0, "the limit holds while mails wait");
        server.accepts();
        settle().await;
        app.advance(60);
        mail(&server.sent, 3).await;
        settle().await;
        assert_eq!(server.sent.all().len(), 3);
    }

    #[tokio::test]
    async fn a_mail_that_waits_is_tried_once_more_at_the_shutdown() {
        let server = Refusing::with(MailError::temporary("greylisted"));
        let app = app(&server).await;
        assert_eq!(forgot(&app, "arthur@camelot.bt").await, 202);
        server.tried(1).await;
        settle().await;
        server.accepts();
        app.users.drain(Duration::from_secs(10)).await;
        assert_eq!(server.sent.all().len(), 1);
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
