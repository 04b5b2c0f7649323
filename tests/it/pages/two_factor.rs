//! The pages of second factors, without scripts.

use axum_users::{
    Mfa,
    env::Clock as _,
    pages::Pages,
    testing::AuthenticatorApp,
    token::{EmailCode, MagicLink},
};

use super::app::{ARTHUR, App, Visitor, complains, link_of, location, says};
use crate::support::{PASSWORD, Response};

async fn start(mfa: Mfa<super::app::Knight>) -> App {
    App::with(Pages::new("cookie"), |builder| builder.mfa(mfa)).await
}

/// Returns the texts that a page shows once.
fn shown_once(page: &Response) -> Vec<String> {
    let text = page.text();
    text.split("<code>").skip(1).map(|rest| rest.split("</code>").next().unwrap().to_owned()).collect()
}

/// Enrolls a visitor who is logged in, and returns the app and the recovery codes.
async fn enroll(app: &App, visitor: &mut Visitor<'_>) -> (AuthenticatorApp, Vec<String>) {
    let page = visitor.submit("/account/two-factor-enroll", &[]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    says(&page, "<svg xmlns=");
    let secret = shown_once(&page).remove(0).replace(' ', "");
    let authenticator = AuthenticatorApp::new(&secret).unwrap();
    let wrong = visitor.submit("/account/two-factor-confirm", &[("code", "12345")]).await;
    complains(&wrong, 400, "code", "This code is wrong, or was used already. Wait for the next one.");
    let code = authenticator.code(app.clock.now());
    let page = visitor.submit("/account/two-factor-confirm", &[("code", &code)]).await;
    says(&page, "Keep these codes in a safe place.");
    let codes = shown_once(&page);
    assert_eq!(codes.len(), 10);
    (authenticator, codes)
}

fn next_code(app: &App, authenticator: &AuthenticatorApp) -> String {
    app.clock.advance(std::time::Duration::from_secs(30));
    authenticator.code(app.clock.now())
}

#[tokio::test]
async fn a_person_enrolls_logs_in_with_a_code_and_removes_it() {
    let app = start(Mfa::optional()).await;
    let mut arthur = app.member(ARTHUR).await;
    let page = arthur.get("/account/two-factor").await;
    says(&page, "<h1>Second factor</h1>");
    says(&page, "Set up an authenticator app");
    says(&page, "aria-current=\"page\">Second factor</a>");
    let (authenticator, codes) = enroll(&app, &mut arthur).await;
    says(&arthur.get("/account/two-factor").await, "You have 10 recovery codes left.");

    let mut browser = app.visitor();
    let asked = browser.submit("/account/log-in", &[("username", ARTHUR), ("password", PASSWORD)]).await;
    let sentence = "Your account has a second factor. Please fill in the form again, with the code of your app.";
    complains(&asked, 400, "otp", sentence);
    says(&asked, "autocomplete=\"one-time-code\"");
    assert!(!asked.text().contains(PASSWORD), "the password is not in the page");
    let otp = next_code(&app, &authenticator);
    let form = [("username", ARTHUR), ("password", PASSWORD), ("otp", otp.as_str())];
    assert_eq!(location(&browser.submit("/account/log-in", &form).await), "/account/profile");
    assert!(browser.is_logged_in().await);
    let again = app.visitor().submit("/account/log-in", &form).await;
    assert_eq!(again.status, 400);
    says(&again, "This code is wrong, or was used already.");

    let page = browser.submit("/account/two-factor-codes", &[("code", &codes[0])]).await;
    let fresh = shown_once(&page);
    assert!(fresh.len() == 10 && fresh.iter().all(|code| !codes.contains(code)));
    let refused = browser.submit("/account/two-factor-disable", &[("code", &codes[1])]).await;
    assert_eq!(refused.status, 400);
    let done = browser.submit_and_follow("/account/two-factor-disable", &[("code", &fresh[0])]).await;
    says(&done, "The second factor is removed.");
    let mut plain = app.visitor();
    plain.log_in(ARTHUR, PASSWORD).await;
}

#[tokio::test]
async fn after_a_mailed_link_or_code_the_code_of_the_app_is_asked_for_and_no_password() {
    let app = App::with(Pages::new("cookie"), |builder| {
        builder.mfa(Mfa::optional()).magic_link(MagicLink::new()).email_code(EmailCode::new())
    });
    let app = app.await;
    let mut arthur = app.member(ARTHUR).await;
    let (authenticator, _) = enroll(&app, &mut arthur).await;
    app.mail(1).await;
    let sentence = "Your account has a second factor. Please fill in the form again, with the code of your app.";
    let mut browser = app.visitor();
    browser.submit("/account/send-magic-link", &[("email", ARTHUR)]).await;
    let link = link_of(&app.mail(2).await);
    let token = link.split_once("?token=").unwrap().1;
    let asked = browser.submit("/account/send-email-code", &[("email", ARTHUR)]).await.text();
    let id = asked.split_once("name=\"request_id\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let mail = app.mail(3).await;
    let code = mail.text.split_whitespace().find(|word| word.len() == 6 && word.parse::<u32>().is_ok()).unwrap();
    let of_link = [("token", token), ("otp", "")];
    let of_code = [("request_id", id.as_str()), ("code", code), ("otp", "")];
    for (path, form) in [("/account/magic-link", &of_link[..]), ("/account/email-code", &of_code[..])] {
        let asked = browser.submit(path, form).await;
        complains(&asked, 400, "otp", sentence);
        assert!(!asked.text().to_lowercase().contains("password"), "{path}");
        let wrong: Vec<_> =
            form.iter().map(|(name, value)| (*name, if *name == "otp" { "12345" } else { value })).collect();
        let wrong = browser.submit(path, &wrong).await;
        complains(
            &wrong,
            400,
            "otp",
            "This code is wrong, or was used already. Wait for the next one, and fill in the form again.",
        );
        let otp = next_code(&app, &authenticator);
        let right: Vec<_> =
            form.iter().map(|(name, value)| (*name, if *name == "otp" { &*otp } else { value })).collect();
        let mut own = app.visitor();
        own.cookies.clone_from(&browser.cookies);
        assert_eq!(location(&own.submit(path, &right).await), "/account/profile");
        assert!(own.is_logged_in().await);
    }
}

#[tokio::test]
async fn where_it_is_required_every_page_leads_to_it() {
    let app = start(Mfa::required()).await;
    let mut arthur = app.member(ARTHUR).await;
    assert_eq!(location(&arthur.get("/account/sessions").await), "/account/two-factor?notice=two-factor-first");
    let page = arthur.get("/account/two-factor?notice=two-factor-first").await;
    says(&page, "Your account needs a second factor before you can continue.");
    says(&page, "Please set it up to continue.");
    enroll(&app, &mut arthur).await;
    says(&arthur.get("/account/sessions").await, "<h1>Your sessions</h1>");
}

#[tokio::test]
async fn a_code_makes_a_session_fresh_again() {
    let app = start(Mfa::optional()).await;
    let mut arthur = app.member(ARTHUR).await;
    let (authenticator, _) = enroll(&app, &mut arthur).await;
    app.clock.advance(std::time::Duration::from_secs(301));
    let stale = arthur.submit("/account/end-other-sessions", &[]).await;
    assert_eq!(location(&stale), "/account/reauthenticate?next=sessions");
    says(&arthur.get("/account/reauthenticate?next=sessions").await, "or a code of your authenticator app");
    for (form, field) in
        [([("password", "a guess"), ("otp", "")], "password"), ([("password", ""), ("otp", "12345")], "otp")]
    {
        let wrong = arthur.submit("/account/reauthenticate", &form).await;
        complains(&wrong, 400, field, "What you entered is wrong. Please try again.");
    }
    let otp = next_code(&app, &authenticator);
    let done = arthur.submit("/account/reauthenticate", &[("password", ""), ("otp", &otp), ("next", "sessions")]).await;
    assert_eq!(location(&done), "/account/sessions?notice=reauthenticated");
    let neither = arthur.submit("/account/reauthenticate", &[("password", ""), ("otp", "")]).await;
    assert_eq!(neither.status, 422);
}

#[tokio::test]
async fn without_second_factors_there_is_no_page() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    assert_eq!(arthur.get("/account/two-factor").await.status, 404);
    assert!(!arthur.get("/account/profile").await.text().contains("Second factor"));
}

#[tokio::test]
async fn the_pages_speak_german() {
    let app = start(Mfa::optional()).await;
    app.create(ARTHUR).await;
    let mut arthur = app.visitor().speaking("de");
    arthur.log_in(ARTHUR, PASSWORD).await;
    says(&arthur.get("/account/two-factor").await, "<h1>Zweiter Faktor</h1>");
}
