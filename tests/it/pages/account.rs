//! Signing up, logging in, and changing the account.

use axum_users::{Backend, Cookie, DatabaseSessions, Policy, pages::Pages, token::Refresh};

use super::app::{ARTHUR, App, OTHER, complains, link_of, location, says};
use crate::support::PASSWORD;

#[tokio::test]
async fn a_person_signs_up_verifies_logs_in_and_out_without_scripts() {
    let app = App::start().await;
    let mut arthur = app.visitor();
    says(&arthur.get("/account/sign-up").await, "<h1>Create an account</h1>");
    let form = [("email", ARTHUR), ("password", PASSWORD), ("full_name", "Arthur"), ("rank", "knight")];
    let sent = arthur.submit("/account/sign-up", &form).await;
    assert_eq!(location(&sent), "/account/check-mail?for=verify");
    says(&arthur.get("/account/check-mail?for=verify").await, "an e-mail is on its way");
    assert!(!app.stored(ARTHUR).await.is_verified);

    let link = link_of(&app.mail(1).await);
    assert!(link.starts_with("/account/verify?token="), "{link}");
    says(&arthur.get(&link).await, "<button>Confirm address</button>");
    assert!(!app.stored(ARTHUR).await.is_verified, "opening the link uses no token up");
    let token = link.split_once('=').unwrap().1;
    let page = arthur.submit_and_follow("/account/verify", &[("token", token)]).await;
    says(&page, "Your address is confirmed.");
    assert!(app.stored(ARTHUR).await.is_verified);

    arthur.log_in(ARTHUR, PASSWORD).await;
    let page = arthur.get("/account/profile").await;
    says(&page, "arthur@camelot.bt (confirmed)");
    says(&page, "aria-current=\"page\">Your account</a>");
    assert!(arthur.is_logged_in().await);
    says(&arthur.submit_and_follow("/account/log-out", &[]).await, "You are logged out.");
    assert!(!arthur.is_logged_in().await);
    assert_eq!(location(&arthur.submit("/account/log-out", &[]).await), "/account/log-in?notice=logged-out");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_page() {
    let app = App::start().await;
    app.create(ARTHUR).await;
    let mut visitor = app.visitor();
    let mut pages = Vec::new();
    for (email, password) in [(ARTHUR, OTHER), ("mordred@camelot.bt", PASSWORD)] {
        let response = visitor.submit("/account/log-in", &[("username", email), ("password", password)]).await;
        assert_eq!(response.status, 400);
        says(&response, "The address or the password is wrong.");
        says(&response, "role=\"alert\" tabindex=\"-1\" autofocus");
        assert!(!response.text().contains(password), "the password is not in the page");
        pages.push(response.text().replace(email, "ADDRESS"));
    }
    assert_eq!(pages[0], pages[1]);
    let response = visitor.submit("/account/log-in", &[("username", ""), ("password", "")]).await;
    complains(&response, 422, "username", "Please fill in this field.");
    complains(&response, 422, "password", "Please fill in this field.");
}

#[tokio::test]
async fn every_problem_of_a_registration_is_beside_its_field_and_what_was_typed_stays() {
    let app = App::start().await;
    let mut visitor = app.visitor();
    let form = [
        ("email", "no address"),
        ("password", PASSWORD),
        ("full_name", "A"),
        ("motto", "For the \"realm\""),
        ("age", "151"),
        ("left_handed", "perhaps"),
        ("rank", "king"),
    ];
    let response = visitor.submit("/account/sign-up", &form).await;
    for (field, sentence) in [
        ("email", "Enter an e-mail address like name@example.com."),
        ("full_name", "At least 2 characters are needed."),
        ("age", "The greatest possible value is 150."),
        ("left_handed", "Choose yes or no."),
        ("rank", "Choose one of the options."),
    ] {
        complains(&response, 422, field, sentence);
    }
    says(&response, "value=\"no address\"");
    says(&response, "For the &#34;realm&#34;");
    assert!(!response.text().contains(PASSWORD));
    for (name, value, sentence) in [
        ("full_name", "", "Please fill in this field."),
        ("full_name", "Arthur 1", "This does not have the expected form."),
        ("full_name", "an extraordinarily long name", "At most 20 characters are possible."),
        ("age", "seven", "Enter a whole number."),
        ("age", "1.5", "Enter a whole number."),
        ("password", "short", "This password cannot be used: it needs at least 8 characters."),
        ("password", "", "Please fill in this field."),
    ] {
        let mut form = vec![("email", ARTHUR), ("password", PASSWORD), ("full_name", "Arthur"), ("rank", "squire")];
        form.retain(|(other, _)| *other != name);
        form.push((name, value));
        let response = visitor.submit("/account/sign-up", &form).await;
        complains(&response, response.status.as_u16(), name, sentence);
        assert!(response.status == 422 || response.status == 400, "{name}");
    }
    assert!(app.users.get_by_email(ARTHUR).await.unwrap().is_none());
}

#[tokio::test]
async fn registrations_disclose_as_much_as_those_of_the_json_interface() {
    let private = Policy::recommended().require_verification(true).private_registration();
    for (policy, is_private) in [(Policy::recommended(), false), (private, true)] {
        let app = App::with_policy(policy).await;
        app.create(ARTHUR).await;
        let mut visitor = app.visitor();
        let form = |email| [("email", email), ("password", PASSWORD), ("full_name", "Arthur"), ("rank", "squire")];
        let taken = visitor.submit("/account/sign-up", &form(ARTHUR)).await;
        let free = visitor.submit("/account/sign-up", &form("kay@camelot.bt")).await;
        assert_eq!(location(&free), "/account/check-mail?for=verify");
        if is_private {
            assert_eq!((taken.status, taken.headers.get("location")), (free.status, free.headers.get("location")));
            assert_eq!(taken.body, free.body);
        } else {
            let sentence = "There is an account with this address already. You can log in, or choose a new password.";
            complains(&taken, 400, "email", sentence);
        }
    }
}

#[tokio::test]
async fn a_profile_is_changed_field_by_field() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    let page = arthur.get("/account/profile").await;
    says(&page, "Granted by the king</dt><dd>3</dd>");
    let form = [
        ("full_name", "Arthur Pendragon"),
        ("motto", "One\r\nTwo"),
        ("age", "41"),
        ("newsletter", "true"),
        ("left_handed", "false"),
        ("rank", "knight"),
        ("seats", "99"),
        ("is_superuser", "true"),
        ("email", "mordred@camelot.bt"),
        ("password", OTHER),
    ];
    says(&arthur.submit_and_follow("/account/profile", &form).await, "Your changes are saved.");
    let stored = app.stored(ARTHUR).await;
    assert_eq!(
        (stored.full_name.as_str(), stored.motto.as_deref(), stored.age, stored.newsletter, stored.left_handed),
        ("Arthur Pendragon", Some("One\nTwo"), Some(41), true, Some(false))
    );
    assert_eq!((stored.rank, stored.seats, stored.is_superuser), (super::app::Rank::Knight, 3, false));
    let page = arthur.get("/account/profile").await.text();
    for part in ["value=\"Arthur Pendragon\"", "One\nTwo</textarea>", "value=\"41\"", "value=\"true\" checked"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(page.contains("<option value=\"knight\" selected>Knight</option>"), "{page}");
    assert!(page.contains("<option value=\"false\" selected>No</option>"), "{page}");
    // Empty fields and boxes that are not checked.
    let form = [("full_name", "Arthur"), ("motto", ""), ("age", ""), ("left_handed", ""), ("rank", "squire")];
    arthur.submit_and_follow("/account/profile", &form).await;
    let stored = app.stored(ARTHUR).await;
    assert_eq!((stored.motto, stored.age, stored.newsletter, stored.left_handed), (None, None, false, None));
    let refused = arthur.submit("/account/profile", &[("full_name", "A"), ("age", "12")]).await;
    complains(&refused, 422, "full_name", "At least 2 characters are needed.");
    says(&refused, "value=\"12\"");
    assert_eq!(app.stored(ARTHUR).await.age, None, "nothing is stored");
}

#[tokio::test]
async fn a_password_is_changed_with_the_current_one_or_a_recent_login() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    let mut elsewhere = app.visitor();
    elsewhere.log_in(ARTHUR, PASSWORD).await;
    says(&arthur.get("/account/change-password").await, "Not needed if you have just logged in.");
    let wrong = [("current_password", "wrong one here"), ("password", OTHER)];
    complains(
        &arthur.submit("/account/change-password", &wrong).await,
        400,
        "current_password",
        "The current password is wrong.",
    );
    complains(
        &arthur.submit("/account/change-password", &[("password", "")]).await,
        422,
        "password",
        "Please fill in this field.",
    );
    let common = [("password", "password123")];
    let sentence = "This password cannot be used: many people use it, so it is tried first.";
    complains(&arthur.submit("/account/change-password", &common).await, 400, "password", sentence);
    app.clock.advance(std::time::Duration::from_secs(1800));
    let page = arthur.get("/account/change-password").await;
    assert!(!page.text().contains("Not needed"), "the login is too old");
    let without = [("current_password", ""), ("password", OTHER)];
    complains(
        &arthur.submit("/account/change-password", &without).await,
        400,
        "current_password",
        "Please enter your current password.",
    );
    let form = [("current_password", PASSWORD), ("password", OTHER)];
    says(&arthur.submit_and_follow("/account/change-password", &form).await, "Your new password is saved.");
    assert!(arthur.is_logged_in().await);
    assert!(!elsewhere.is_logged_in().await, "all other sessions are ended");
    app.visitor().log_in(ARTHUR, OTHER).await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_all_at_once() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    let mut phone = app.visitor();
    phone.headers.push(("user-agent", "<script>alert(1)</script> Phone".to_owned()));
    phone.log_in(ARTHUR, PASSWORD).await;
    let page = arthur.get("/account/sessions").await;
    says(&page, "<h2>This session</h2>");
    says(&page, "&#60;script&#62;alert(1)&#60;/script&#62; Phone");
    let text = page.text();
    let id = text.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(text.matches("name=\"id\"").count(), 1, "the own session has no such button");
    says(&arthur.submit_and_follow("/account/end-session", &[("id", id)]).await, "The session is ended.");
    assert!(!phone.is_logged_in().await);
    assert!(arthur.is_logged_in().await);
    phone.log_in(ARTHUR, PASSWORD).await;
    says(&arthur.submit_and_follow("/account/end-other-sessions", &[]).await, "All other sessions are ended.");
    assert!(!phone.is_logged_in().await && arthur.is_logged_in().await);
    for id in ["", "../x", "unknown"] {
        assert_eq!(
            location(&arthur.submit("/account/end-session", &[("id", id)]).await),
            "/account/sessions?notice=session-ended"
        );
    }
}

#[tokio::test]
async fn an_old_login_leads_to_a_new_proof_and_back() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    app.clock.advance(std::time::Duration::from_secs(1800));
    let refused = arthur.submit("/account/end-other-sessions", &[]).await;
    assert_eq!(location(&refused), "/account/reauthenticate?next=sessions");
    let page = arthur.get("/account/reauthenticate?next=sessions").await;
    says(&page, "enter your password");
    says(&page, "name=\"next\" value=\"sessions\"");
    let wrong = arthur.submit("/account/reauthenticate", &[("password", "a guess"), ("next", "sessions")]).await;
    assert_eq!(wrong.status, 400);
    complains(&wrong, 400, "password", "What you entered is wrong. Please try again.");
    says(&wrong, "name=\"next\" value=\"sessions\"");
    let form = [("password", PASSWORD), ("next", "sessions")];
    let proved = arthur.submit("/account/reauthenticate", &form).await;
    assert_eq!(location(&proved), "/account/sessions?notice=reauthenticated");
    says(&arthur.get("/account/sessions?notice=reauthenticated").await, "You can continue now.");
    let elsewhere = [("password", PASSWORD), ("next", "//evil.example")];
    let proved = arthur.submit("/account/reauthenticate", &elsewhere).await;
    assert_eq!(location(&proved), "/account/profile?notice=reauthenticated");
    assert_eq!(
        location(&arthur.submit("/account/end-other-sessions", &[]).await),
        "/account/sessions?notice=others-ended"
    );
}

#[tokio::test]
async fn an_unverified_user_requests_another_mail() {
    let app = App::with_policy(Policy::recommended().require_verification(true)).await;
    let mut kay = app.visitor();
    let form = [("email", "kay@camelot.bt"), ("password", PASSWORD), ("full_name", "Kay"), ("rank", "squire")];
    kay.submit("/account/sign-up", &form).await;
    app.mail(1).await;
    let refused = kay.submit("/account/log-in", &[("username", "kay@camelot.bt"), ("password", PASSWORD)]).await;
    assert_eq!(refused.status, 400);
    says(&refused, "Your address is not confirmed yet.");
    let sent = kay.submit("/account/check-mail", &[("email", "kay@camelot.bt")]).await;
    let unknown = kay.submit("/account/check-mail", &[("email", "mordred@camelot.bt")]).await;
    assert_eq!((location(&sent), sent.body), (location(&unknown), unknown.body));
    let link = link_of(&app.mail(2).await);
    let token = link.split_once('=').unwrap().1;
    assert_eq!(location(&kay.submit("/account/verify", &[("token", token)]).await), "/account/log-in?notice=verified");
    kay.log_in("kay@camelot.bt", PASSWORD).await;
}

/// The pages need the cookie of a backend whose access tokens are valid for minutes, and a front end with a script
/// refreshes them.
#[tokio::test]
async fn a_login_on_a_page_can_be_refreshed_and_ends_with_its_cookies() {
    let app = App::with(Pages::new("web"), |builder| {
        let cookie = Cookie::new().cookie_name("__Host-web");
        let sessions = DatabaseSessions::new().lifetime(std::time::Duration::from_secs(600));
        builder.backend(Backend::new("web", cookie, sessions).refresh(Refresh::new()))
    });
    let app = app.await;
    let mut arthur = app.member(ARTHUR).await;
    let is_of_refresh = |name: &String| name.ends_with("-refresh");
    assert!(arthur.cookies.keys().any(is_of_refresh), "{:?}", arthur.cookies);
    app.clock.advance(std::time::Duration::from_secs(600));
    assert!(!arthur.is_logged_in().await);
    let refreshed = arthur.send(app.http.post("/auth/web/refresh")).await;
    assert_eq!(refreshed.status, 204, "{refreshed:?}");
    assert!(arthur.is_logged_in().await);
    let copy = arthur.cookies.clone();
    assert_eq!(location(&arthur.submit("/account/log-out", &[]).await), "/account/log-in?notice=logged-out");
    assert!(!arthur.cookies.keys().any(is_of_refresh), "{:?}", arthur.cookies);
    arthur.cookies = copy;
    assert_eq!(arthur.send(app.http.post("/auth/web/refresh")).await.status, 401);
}
