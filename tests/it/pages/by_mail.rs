//! Logins by mail and invitations on pages, without scripts.

use axum_users::{
    pages::Pages,
    schema::Status,
    token::{EmailCode, Invitations, MagicLink},
};

use super::app::{ARTHUR, App, KnightCreate, OTHER, Rank, complains, control, link_of, location, says};
use crate::support::PASSWORD;

async fn app() -> App {
    App::with(Pages::new("cookie"), |builder| {
        builder.magic_link(MagicLink::new()).email_code(EmailCode::new()).invitations(Invitations::new())
    })
    .await
}

#[tokio::test]
async fn a_mailed_link_logs_in_when_the_button_is_pressed() {
    let app = app().await;
    app.create(ARTHUR).await;
    let mut arthur = app.visitor();
    says(&arthur.get("/account/log-in").await, "href=\"log-in-by-mail\"");
    says(&arthur.get("/account/log-in-by-mail").await, "Send me a link");
    let sent = arthur.submit("/account/send-magic-link", &[("email", ARTHUR)]).await;
    let unknown = arthur.submit("/account/send-magic-link", &[("email", "mordred@camelot.bt")]).await;
    assert_eq!((location(&sent), &sent.body), (location(&unknown), &unknown.body));
    says(&arthur.get(&location(&sent)).await, "an e-mail with a link to log in is on its way");
    let malformed = arthur.submit("/account/send-magic-link", &[("email", "arthur")]).await;
    complains(&malformed, 422, "email", "Enter an e-mail address like name@example.com.");
    let link = link_of(&app.mail(1).await);
    assert!(link.starts_with("/account/magic-link?token="), "{link}");
    // Mail scanners open the link.
    for _ in 0..3 {
        says(&app.visitor().get(&link).await, "Press the button to log in.");
    }
    let token = link.split_once("?token=").unwrap().1;
    let done = arthur.submit("/account/magic-link", &[("token", token)]).await;
    assert_eq!(location(&done), "/account/profile");
    assert!(arthur.is_logged_in().await);
    let again = app.visitor().submit("/account/magic-link", &[("token", token)]).await;
    assert_eq!(again.status, 400);
    says(&again, "This link is not valid any more. It works once and for a short time.");
    says(&app.visitor().get("/account/magic-link").await, "This page needs the link from an e-mail.");
}

#[tokio::test]
async fn a_mailed_code_logs_in_in_the_browser_that_asked() {
    let app = app().await;
    app.create(ARTHUR).await;
    let (mut arthur, mut thief) = (app.visitor(), app.visitor());
    let asked = arthur.submit("/account/send-email-code", &[("email", ARTHUR)]).await;
    assert_eq!(asked.status, 200);
    says(&asked, "<h1>Enter the code</h1>");
    assert!(control(&asked.text(), "field-code").contains("autocomplete=\"one-time-code\""));
    let page = asked.text();
    let id = page.split_once("name=\"request_id\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let mail = app.mail(1).await;
    let code = mail.text.split_whitespace().find(|word| word.len() == 6 && word.parse::<u32>().is_ok()).unwrap();
    assert!(!mail.subject.contains(code), "{}", mail.subject);
    let stolen = thief.submit("/account/email-code", &[("request_id", &id), ("code", code)]).await;
    assert_eq!(stolen.status, 400);
    let missing = arthur.submit("/account/email-code", &[("request_id", &id), ("code", "")]).await;
    complains(
        &missing,
        400,
        "code",
        "This code is wrong or not valid any more. After five tries you have to request another one.",
    );
    says(&missing, &format!("name=\"request_id\" value=\"{id}\""));
    let done = arthur.submit("/account/email-code", &[("request_id", &id), ("code", code)]).await;
    assert_eq!(location(&done), "/account/profile");
    assert!(arthur.is_logged_in().await);
    assert!(!thief.is_logged_in().await);
    assert_eq!(location(&thief.get("/account/email-code").await), "/account/log-in-by-mail");
}

#[tokio::test]
async fn an_invited_user_chooses_a_password() {
    let app = app().await;
    let input = KnightCreate {
        email: ARTHUR.into(),
        password: "".into(),
        full_name: "Arthur".into(),
        motto: None,
        age: None,
        newsletter: false,
        left_handed: None,
        rank: Rank::Squire,
    };
    app.users.invite(input, Status::NEW).await.unwrap();
    let link = link_of(&app.mail(1).await);
    assert!(link.starts_with("/account/accept-invitation?token="), "{link}");
    let token = link.split_once("?token=").unwrap().1;
    let mut arthur = app.visitor();
    says(&arthur.get(&link).await, "<h1>Open your account</h1>");
    let weak = arthur.submit("/account/accept-invitation", &[("token", token), ("password", "short")]).await;
    complains(&weak, 400, "password", "This password cannot be used: it needs at least 8 characters.");
    let form = [("token", token), ("password", OTHER)];
    says(&arthur.submit_and_follow("/account/accept-invitation", &form).await, "Your account is open.");
    let again = arthur.submit("/account/accept-invitation", &form).await;
    assert_eq!(again.status, 400);
    says(&again, "This invitation is not valid any more.");
    arthur.log_in(ARTHUR, OTHER).await;
}

#[tokio::test]
async fn without_the_settings_there_are_no_such_pages() {
    let app = App::start().await;
    let mut visitor = app.member(ARTHUR).await;
    for page in ["log-in-by-mail", "magic-link", "email-code", "accept-invitation"] {
        assert_eq!(visitor.get(&format!("/account/{page}")).await.status, 404, "{page}");
    }
    assert!(!app.visitor().get("/account/log-in").await.text().contains("log-in-by-mail"));
    visitor.log_in(ARTHUR, PASSWORD).await;
}
