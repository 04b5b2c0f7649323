//! Links in mails lead to pages, and opening one changes nothing.

use axum_users::Policy;

use super::app::{ARTHUR, App, OTHER, Visitor, complains, link_of, location, says};
use crate::support::PASSWORD;

fn token_of(link: &str) -> &str {
    link.split_once("?token=").unwrap().1
}

/// Opens a link as mail scanners do: several times, also by `HEAD`.
async fn scan(visitor: &mut Visitor<'_>, link: &str) {
    for _ in 0..3 {
        assert_eq!(visitor.get(link).await.status, 200);
    }
    let head = visitor.http.request(axum::http::Method::HEAD, link);
    assert_eq!(visitor.send(head).await.status, 405);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once() {
    let app = App::start().await;
    let mut thief = app.member(ARTHUR).await;
    let mut arthur = app.visitor();
    says(&arthur.get("/account/forgot-password").await, "<h1>Forgot your password?</h1>");
    let sent = arthur.submit("/account/forgot-password", &[("email", ARTHUR)]).await;
    let unknown = arthur.submit("/account/forgot-password", &[("email", "mordred@camelot.bt")]).await;
    assert_eq!((location(&sent), &sent.body), (location(&unknown), &unknown.body));
    says(&arthur.get(&location(&sent)).await, "If there is an account with this address");
    let malformed = arthur.submit("/account/forgot-password", &[("email", "arthur")]).await;
    complains(&malformed, 422, "email", "Enter an e-mail address like name@example.com.");

    let link = link_of(&app.mail(1).await);
    assert!(link.starts_with("/account/reset-password?token="), "{link}");
    scan(&mut arthur, &link).await;
    let token = token_of(&link);
    let weak = arthur.submit("/account/reset-password", &[("token", token), ("password", "short")]).await;
    complains(&weak, 400, "password", "This password cannot be used: it needs at least 8 characters.");
    says(&weak, &format!("name=\"token\" value=\"{token}\""));
    let missing = arthur.submit("/account/reset-password", &[("token", token), ("password", "")]).await;
    complains(&missing, 422, "password", "Please fill in this field.");
    let form = [("token", token), ("password", OTHER)];
    says(&arthur.submit_and_follow("/account/reset-password", &form).await, "Your new password is saved.");
    assert!(!thief.is_logged_in().await, "all sessions are ended");
    let again = arthur.submit("/account/reset-password", &form).await;
    assert_eq!(again.status, 400);
    says(&again, "This link is not valid any more. It works once and for a short time.");
    arthur.log_in(ARTHUR, OTHER).await;
}

#[tokio::test]
async fn a_new_address_is_confirmed_by_its_owner_and_undone_by_the_old_one() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    says(&arthur.get("/account/change-email").await, "Your present address is arthur@camelot.bt.");
    let malformed = arthur.submit("/account/change-email", &[("email", "arthur"), ("current_password", "")]).await;
    complains(&malformed, 422, "email", "Enter an e-mail address like name@example.com.");
    let sent = arthur.submit("/account/change-email", &[("email", "king@camelot.bt"), ("current_password", "")]).await;
    assert_eq!(location(&sent), "/account/check-mail?for=change");
    let mails = [app.mail(1).await, app.mail(2).await];
    let [undo, confirm] = mails.map(|mail| link_of(&mail));
    assert!(undo.starts_with("/account/undo-email?token="), "{undo}");
    assert!(confirm.starts_with("/account/confirm-email?token="), "{confirm}");
    let mut visitor = app.visitor();
    scan(&mut visitor, &confirm).await;
    scan(&mut visitor, &undo).await;
    assert_eq!(app.stored(ARTHUR).await.email, ARTHUR);

    let page = arthur.submit_and_follow("/account/confirm-email", &[("token", token_of(&confirm))]).await;
    says(&page, "Your address is changed.");
    says(&page, "king@camelot.bt");
    let again = visitor.submit("/account/confirm-email", &[("token", token_of(&confirm))]).await;
    assert_eq!(again.status, 400);
    says(&again, "This link is not valid any more. Please request the change again.");

    let undone = visitor.submit("/account/undo-email", &[("token", token_of(&undo))]).await;
    assert_eq!(location(&undone), "/account/forgot-password?notice=email-undone");
    says(&visitor.get(&location(&undone)).await, "Your account has its old address, and all sessions are ended.");
    assert_eq!(app.stored(ARTHUR).await.email, ARTHUR);
    assert!(!arthur.is_logged_in().await);
    let refused = visitor.submit("/account/log-in", &[("username", ARTHUR), ("password", PASSWORD)]).await;
    says(&refused, "This password can no longer be used.");
    let again = visitor.submit("/account/undo-email", &[("token", token_of(&undo))]).await;
    says(&again, "This link is not valid any more, or it was used already.");
}

#[tokio::test]
async fn an_address_that_changes_at_once_is_shown_at_once() {
    let app = App::with_policy(Policy::recommended().change_email_at_once()).await;
    let mut arthur = app.member(ARTHUR).await;
    app.create("kay@camelot.bt").await;
    let taken = arthur.submit("/account/change-email", &[("email", "kay@camelot.bt")]).await;
    complains(&taken, 400, "email", "There is an account with this address already.");
    let page = arthur.submit_and_follow("/account/change-email", &[("email", "king@camelot.bt")]).await;
    says(&page, "Your changes are saved.");
    says(&page, "king@camelot.bt (not confirmed yet)");
}

#[tokio::test]
async fn a_page_without_a_token_says_what_it_needs() {
    let app = App::start().await;
    let mut visitor = app.visitor();
    for page in ["verify", "reset-password", "confirm-email", "undo-email"] {
        for query in ["", "?token="] {
            says(&visitor.get(&format!("/account/{page}{query}")).await, "This page needs the link from an e-mail.");
        }
        let wrong = visitor.submit(&format!("/account/{page}"), &[("token", "wrong"), ("password", OTHER)]).await;
        assert_eq!(wrong.status, 400, "{page}");
        says(&wrong, "This link is not valid any more");
    }
}

#[tokio::test]
async fn notices_lead_to_the_login() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    arthur.submit("/account/change-password", &[("password", OTHER)]).await;
    assert_eq!(link_of(&app.mail(1).await), "/account/log-in");
}
