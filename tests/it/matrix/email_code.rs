//! Logins with a mailed code, over every combination.

use axum_users::Policy;
use serde_json::{Value, json};

use super::{
    Plan, Service, everywhere_as,
    magic_link::{OTHER, methods, plan, races, verified},
    run_matrix,
};
use crate::{
    security::crowd::{count, together},
    support::{Carrier, Http, PASSWORD, Response},
};

const BAD: &str = r#"{"detail":"EMAIL_CODE_BAD_CODE"}"#;
const COOKIE: &str = "__Host-axumusersemailcode";

async fn everywhere<F: Future<Output = ()> + Send + 'static>(scenario: impl Fn(Service) -> F + Send + Sync + 'static) {
    everywhere_as(plan(), scenario).await;
}

/// The data that a client holds after it requested a code.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    id: String,
    /// The cookie of the browser.
    cookie: Option<String>,
}

impl Asked {
    #[track_caller]
    fn of(response: &Response) -> Self {
        assert_eq!(response.status, 202, "{response:?}");
        let cookie = response.set_cookie().map(|(name, value)| format!("{name}={value}"));
        Self { id: response.json()["request_id"].as_str().unwrap().to_owned(), cookie }
    }

    async fn send(&self, http: &Http, code: &str) -> Response {
        self.send_with(http, json!({ "code": code })).await
    }

    /// Sends a body, to which the name of the request is added.
    pub(super) async fn send_with(&self, http: &Http, mut body: Value) -> Response {
        body["request_id"] = json!(self.id);
        let call = http.post("/auth/it/email-code/redeem").json(body);
        match &self.cookie {
            Some(cookie) => call.header("cookie", cookie).send().await,
            None => call.send().await,
        }
    }
}

async fn ask(app: &Service, name: &str) -> Asked {
    Asked::of(&app.post("/auth/it/email-code").json(json!({ "email": app.mail(name) })).send().await)
}

/// Requests a code, and returns it with the data that the client holds.
pub(super) async fn code(app: &Service, name: &str) -> (Asked, String) {
    app.hooks.clear();
    let asked = ask(app, name).await;
    (asked, app.hooks.token("on_after_request_email_code").await)
}

/// Returns another code.
fn wrong(code: &str, by: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + by) % 1_000_000)
}

#[tokio::test]
async fn a_code_logs_in_once_as_a_password_does() {
    everywhere(|app| async move {
        verified(&app, "arthur").await;
        let (asked, code) = code(&app, "Arthur").await;
        assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
        assert_eq!(asked.cookie.is_some(), app.combination.transport == Carrier::Cookie);
        app.hooks.clear();
        asked.send(&app, &wrong(&code, 1)).await.is(400, BAD);
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        let response = asked.send(&app, &spaced).await;
        let session = response.access_token();
        assert_eq!(response.header("x-hook"), Some("was here"));
        app.assert_valid(&session).await;
        if app.combination.strategy.keeps_sessions() {
            assert_eq!(methods(&app, &session).await, json!(["email"]));
        }
        let failed = app.hooks.wait_for("on_after_failed_login").await;
        assert_eq!(failed.detail, Some(format!("{} EMAIL_CODE_BAD_CODE", app.mail("Arthur"))));
        let node = app.another().await;
        asked.send(&node, &code).await.is(400, BAD);
        app.assert_valid(&app.login("arthur", PASSWORD).await).await;
    })
    .await;
}

#[tokio::test]
async fn a_request_has_five_tries_on_all_nodes_together() {
    everywhere(|app| async move {
        verified(&app, "arthur").await;
        let node = app.another().await;
        let (asked, code) = code(&app, "arthur").await;
        for by in 1..=5 {
            let node = if by % 2 == 0 { &node } else { &app };
            asked.send(node, &wrong(&code, by)).await.is(400, BAD);
        }
        asked.send(&app, &code).await.is(400, BAD);
        // Other requests have their own attempts: the fifth one may be right.
        let (asked, code) = self::code(&app, "arthur").await;
        for by in 1..=4 {
            asked.send(&app, &wrong(&code, by)).await.is(400, BAD);
        }
        app.assert_valid(&asked.send(&node, &code).await.access_token()).await;
    })
    .await;
}

#[tokio::test]
async fn a_code_belongs_to_its_request_its_browser_and_its_account() {
    everywhere(|app| async move {
        verified(&app, "arthur").await;
        verified(&app, "kay").await;
        let (asked, code) = code(&app, "arthur").await;
        let (of_kay, code_of_kay) = self::code(&app, "kay").await;
        of_kay.send(&app, &code).await.is(400, BAD);
        asked.send(&app, &code_of_kay).await.is(400, BAD);
        for id in ["", "x", &asked.id[1..], &format!("{}A", asked.id), &code] {
            Asked { id: id.to_owned(), ..asked.clone() }.send(&app, &code).await.is(400, BAD);
        }
        if app.combination.transport == Carrier::Cookie {
            let foreign = format!("{COOKIE}={}", "A".repeat(43));
            for cookie in [None, Some(foreign), of_kay.cookie.clone(), Some(format!("{COOKIE}=x"))] {
                Asked { cookie, ..asked.clone() }.send(&app, &code).await.is(400, BAD);
            }
            // A browser keeps its cookie, so that two tabs can request codes.
            let call = app.post("/auth/it/email-code").json(json!({ "email": app.mail("kay") }));
            let again = call.header("cookie", asked.cookie.as_deref().unwrap()).send().await;
            assert_eq!(Asked::of(&again).cookie, asked.cookie);
        }
        // Another backend of the same service does not accept it.
        app.assert_valid(&asked.send(&app, &code).await.access_token()).await;
        app.assert_valid(&of_kay.send(&app, &code_of_kay).await.access_token()).await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_address_has_requests_like_any_other_and_no_code() {
    everywhere(|app| async move {
        verified(&app, "arthur").await;
        app.hooks.clear();
        let unknown = ask(&app, "nobody-at-all-with-a-long-name").await;
        let known = ask(&app, "arthur").await;
        assert_eq!(unknown.id.len(), known.id.len());
        assert_eq!(unknown.cookie.is_some(), known.cookie.is_some());
        let code = app.hooks.token("on_after_request_email_code").await;
        for by in 0..6 {
            unknown.send(&app, &wrong(&code, by)).await.is(400, BAD);
        }
        // The account is created meanwhile: the request is not that of its owner.
        app.register("nobody-at-all-with-a-long-name").await;
        unknown.send(&app, &code).await.is(400, BAD);
        for body in [json!({}), json!({ "request_id": known.id }), json!({ "request_id": known.id, "code": 123_456 })] {
            assert_eq!(app.post("/auth/it/email-code/redeem").json(body).send().await.status, 422);
        }
        assert_eq!(app.post("/auth/it/email-code").json(json!({ "email": "x" })).send().await.status, 422);
    })
    .await;
}

#[tokio::test]
async fn a_code_dies_when_the_account_changes_or_ten_minutes_are_over() {
    everywhere(|app| async move {
        verified(&app, "arthur").await;
        let id = app.stored_user("arthur").await.id;
        let (asked, code) = code(&app, "arthur").await;
        let reset = app.reset_token("arthur").await;
        app.reset(&reset, OTHER).await.is(200, "null");
        asked.send(&app, &code).await.is(400, BAD);
        let (asked, code) = self::code(&app, "arthur").await;
        app.users.sessions().end_all(id).await.unwrap();
        asked.send(&app, &code).await.is(400, BAD);
        let (asked, code) = self::code(&app, "arthur").await;
        app.users.suspend(id, None, None).await.unwrap();
        asked.send(&app, &code).await.is(400, BAD);
        app.users.lift_suspension(id).await.unwrap();
        let (asked, code) = self::code(&app, "arthur").await;
        app.advance(10 * 60 - 1);
        let (last, last_code) = self::code(&app, "arthur").await;
        app.advance(1);
        asked.send(&app, &code).await.is(400, BAD);
        app.assert_valid(&last.send(&app, &last_code).await.access_token()).await;
    })
    .await;
}

#[tokio::test]
async fn a_squatter_of_an_unproved_address_loses_everything_to_the_first_code() {
    let policy = Policy::recommended().require_verification(true);
    everywhere_as(Plan { policy, ..plan() }, |app| async move {
        app.register("victim").await;
        let (asked, code) = code(&app, "victim").await;
        app.hooks.clear();
        let owner = asked.send(&app, &code).await.access_token();
        assert_eq!(app.me(&owner).await.json()["is_verified"], true);
        app.try_login("victim", PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        app.hooks.wait_for("on_after_credentials_change").await;
    })
    .await;
}

#[tokio::test]
async fn nothing_stored_tells_a_code() {
    run_matrix(
        |combination| combination.transport == Carrier::Bearer,
        plan(),
        |app| async move {
            verified(&app, "arthur").await;
            let (asked, code) = code(&app, "arthur").await;
            asked.send(&app, &wrong(&code, 1)).await.is(400, BAD);
            for text in app.dump().await {
                assert!(!text.contains(&asked.id) && text != code, "{text}");
                let id = Asked { id: text, ..asked.clone() };
                id.send(&app, &code).await.is(400, BAD);
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_uses_of_a_code_at_once_are_one_login() {
    races(|app| async move {
        for (name, is_verified) in [("arthur", true), ("kay", false)] {
            match is_verified {
                true => verified(&app, name).await,
                false => drop(app.register(name).await),
            }
            let (asked, code) = code(&app, name).await;
            let responses = together(50, |_| {
                let (client, asked, code) = (app.another_client(), asked.clone(), code.clone());
                async move { asked.send(&client, &code).await }
            })
            .await;
            let counts = count(&responses);
            assert_eq!((counts["200 "], counts["400 \"EMAIL_CODE_BAD_CODE\""]), (1, 49), "{counts:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_codes_at_once_are_five_tries() {
    races(|app| async move {
        verified(&app, "arthur").await;
        let (asked, code) = code(&app, "arthur").await;
        app.hooks.clear();
        let responses = together(50, |number| {
            let (client, asked) = (app.another_client(), asked.clone());
            let code = wrong(&code, u32::try_from(number).unwrap() + 1);
            async move { asked.send(&client, &code).await }
        })
        .await;
        assert!(responses.iter().all(|response| response.status == 400), "{:?}", count(&responses));
        app.users.drain(std::time::Duration::from_secs(10)).await;
        let compared = app.hooks.names().iter().filter(|name| **name == "on_after_failed_login").count();
        assert_eq!(compared, 5, "each try that was compared is reported");
        asked.send(&app, &code).await.is(400, BAD);
    })
    .await;
}
