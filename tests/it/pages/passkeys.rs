//! The pages of passkeys. The script is tested in a browser (`tests/browser/ready_pages.py`); here its part is done by hand.

use axum_users::{pages::Pages, passkeys::Passkeys};
use serde_json::Value;

use super::app::{ARTHUR, App, OWN, Visitor, control, location, says};
use crate::{
    authenticator::Key,
    support::{PASSWORD, Response},
};

async fn start() -> App {
    App::with(Pages::new("cookie"), |builder| builder.passkeys(Passkeys::new())).await
}

/// The form for a passkey on a page: its state, and the call of the authenticator that the script makes.
struct Asked {
    state: String,
    call: Value,
}

impl Asked {
    #[track_caller]
    fn on(page: &Response) -> Self {
        let text = page.text();
        let form = text.split("<form ").find(|form| form.contains("data-passkey=")).unwrap_or_else(|| panic!("{text}"));
        let between = |start: &str| {
            let value = form.split(start).nth(1).unwrap().split('"').next().unwrap();
            value.replace("&#34;", "\"").replace("&#38;", "&")
        };
        assert!(
            form.split('>').next().unwrap().contains(" hidden"),
            "without the script the form is not shown: {form}"
        );
        Self {
            state: between("name=\"state\" value=\""),
            call: serde_json::from_str(&between("data-passkey=\"")).unwrap(),
        }
    }
}

async fn add(arthur: &mut Visitor<'_>, name: &str) -> Key {
    let Asked { state, call } = Asked::on(&arthur.get("/account/passkeys").await);
    assert_eq!(call["kind"], "create");
    let key = Key::new(&call["options"], u8::try_from(name.len()).unwrap());
    let credential = key.register(&call["options"], OWN).to_string();
    let form = [("state", state.as_str()), ("credential", credential.as_str()), ("name", name)];
    says(&arthur.submit_and_follow("/account/passkeys", &form).await, "The passkey is added.");
    key
}

#[tokio::test]
async fn a_passkey_is_added_used_renamed_and_removed_on_pages() {
    let app = start().await;
    let mut arthur = app.member(ARTHUR).await;
    says(&arthur.get("/account/passkeys").await, "You have none yet.");
    let mut key = add(&mut arthur, "Phone").await;
    let page = arthur.get("/account/passkeys").await;
    says(&page, "<h2>Phone</h2>");
    assert!(app.mail(1).await.text.contains("A passkey was added to your account"));

    // Logged out, the login offers it: with a button, and in the field of the address.
    let mut visitor = app.visitor();
    let page = visitor.get("/account/log-in?next=%2Forders").await;
    assert!(control(&page.text(), "field-username").contains("autocomplete=\"username webauthn\""));
    says(&page, " data-autofill hidden>");
    let Asked { state, call } = Asked::on(&page);
    assert_eq!(call["kind"], "get");
    let credential = key.log_in(&call["options"], OWN).to_string();
    let form = [("state", state.as_str()), ("credential", credential.as_str()), ("next", "/orders")];
    let response = visitor.submit("/account/log-in-with-passkey", &form).await;
    assert_eq!(location(&response), "/orders");
    assert!(visitor.is_logged_in().await);
    // The same response a second time, and texts that are not a response.
    for credential in [credential.as_str(), "", "{", "null", "[]"] {
        let form = [("state", state.as_str()), ("credential", credential)];
        let refused = app.visitor().submit("/account/log-in-with-passkey", &form).await;
        assert_eq!(refused.status, 400);
        says(&refused, "This passkey was not accepted");
        Asked::on(&refused);
    }

    let text = arthur.get("/account/passkeys").await.text();
    let id = text.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let renamed = [("id", id.as_str()), ("name", "Old <phone>")];
    says(&arthur.submit_and_follow("/account/rename-passkey", &renamed).await, "<h2>Old &#60;phone&#62;</h2>");
    let refused = arthur.submit("/account/rename-passkey", &[("id", &id), ("name", "")]).await;
    assert_eq!(refused.status, 422);
    says(&arthur.submit_and_follow("/account/remove-passkey", &[("id", &id)]).await, "The passkey is removed.");
    says(&arthur.submit_and_follow("/account/remove-passkey", &[("id", &id)]).await, "You have none yet.");
}

#[tokio::test]
async fn a_passkey_proves_again_who_one_is() {
    let app = start().await;
    let mut arthur = app.member(ARTHUR).await;
    let mut key = add(&mut arthur, "Phone").await;
    app.clock.advance(std::time::Duration::from_secs(600));
    // The list is available, but adding a passkey needs re-authentication.
    let page = arthur.get("/account/passkeys").await;
    says(&page, "reauthenticate?next=passkeys");
    assert!(!page.text().contains("data-passkey"), "{}", page.text());
    let Asked { state, call } = Asked::on(&arthur.get("/account/reauthenticate?next=passkeys").await);
    let credential = key.log_in(&call["options"], OWN).to_string();
    let form = [("state", state.as_str()), ("credential", credential.as_str()), ("next", "passkeys")];
    let refused = arthur.submit("/account/reauthenticate", &[("state", "x"), ("credential", &credential)]).await;
    says(&refused, "This passkey was not accepted");
    let proved = arthur.submit_and_follow("/account/reauthenticate", &form).await;
    assert_eq!(Asked::on(&proved).call["kind"], "create");
    let password = [("password", PASSWORD), ("next", "passkeys")];
    assert_eq!(
        location(&arthur.submit("/account/reauthenticate", &password).await),
        "/account/passkeys?notice=reauthenticated"
    );
}

#[tokio::test]
async fn without_passkeys_the_pages_have_none() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    for page in ["log-in", "profile", "sessions", "reauthenticate"] {
        let text = arthur.get(&format!("/account/{page}")).await.text();
        assert!(!text.contains("passkey") && !text.contains("webauthn") && !text.contains("<script"), "{page}\n{text}");
    }
    for path in ["passkeys", "passkeys.js"] {
        assert_eq!(arthur.get(&format!("/account/{path}")).await.status, 404, "{path}");
    }
    let submitted = arthur.submit("/account/log-in-with-passkey", &[]).await;
    assert!([404, 405].contains(&submitted.status.as_u16()), "{submitted:?}");
}

#[tokio::test]
async fn the_script_is_a_file_of_this_origin() {
    let app = start().await;
    let mut visitor = app.visitor();
    let page = visitor.get("/account/log-in").await;
    says(&page, "<script src=\"passkeys.js\" defer></script>");
    assert_eq!(page.text().matches("<script").count(), 1);
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    let script = visitor.get("/account/passkeys.js").await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
}
