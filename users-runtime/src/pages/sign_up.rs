//! The pages to create an account and to verify its address.

use axum::response::Response;
use http::Method;
use serde_json::json;

use super::{
    custom::{CustomInput, text_of},
    page::{Block, Form, Page, PageKind, Weight},
    visit::Visit,
};
use crate::{
    flows::{
        register::register,
        verify::{request_verify_token, verify},
    },
    user::{AuthUser, SchemaKind},
};

/// Handles `GET /sign-up`.
pub(super) async fn sign_up_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&sign_up(&visit))
}

/// Handles `POST /sign-up`.
pub(super) async fn submit_sign_up<U: AuthUser>(visit: Visit<U>) -> Response {
    let mut body = CustomInput::object::<U>(&visit.form, SchemaKind::Create);
    for name in ["email", "password"] {
        body.extend(visit.given(name).map(|given| (name.to_owned(), given.into())));
    }
    match register(visit.handle(), visit.json(Method::POST, &body.into())).await {
        // The same for a free and for a taken address, where registration is private.
        Ok(_) if visit.users.inner().verification_on_register || visit.users.policy().is_private() => {
            visit.go("check-mail?for=verify")
        }
        Ok(_) => visit.go("log-in?notice=registered"),
        Err(error) => visit.refuse(sign_up(&visit), error),
    }
}

fn sign_up<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.page(PageKind::SignUp);
    let fields = visit.fields();
    let mut form = visit.new_form(PageKind::SignUp.name(), "sign-up-button");
    form.fields = vec![fields.email("email", "field-email", "username"), fields.new_password("field-password")];
    form.fields.extend(fields.custom(SchemaKind::Create, |input| visit.sent(input.name()).to_owned()));
    page.blocks.push(Block::Form(form));
    page.blocks.push(Block::Links(vec![visit.link("sign-up-log-in", PageKind::LogIn.name())]));
    page
}

/// Handles `GET /check-mail`.
pub(super) async fn check_mail_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&check_mail(&visit))
}

/// Handles `POST /check-mail`: sends the verification mail again.
pub(super) async fn submit_check_mail<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"email": visit.sent("email")});
    match request_verify_token(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(_) if visit.sent("from") == "profile" => visit.go("profile?notice=verify-sent"),
        Ok(_) => visit.go("check-mail?for=verify-again"),
        Err(error) => visit.refuse(check_mail(&visit), error),
    }
}

fn check_mail<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.page(PageKind::CheckMail);
    let reason = visit.query.text("for").unwrap_or("verify-again");
    let (text, asks_again) = match reason {
        "verify" => ("check-mail-verify", true),
        "reset" => ("check-mail-reset", false),
        "change" => ("check-mail-change", false),
        "magic-link" => ("check-mail-magic-link", false),
        _ => ("check-mail-verify-again", true),
    };
    let is_sent = visit.query.text("for").is_some();
    if is_sent {
        page.blocks.push(Block::Text(visit.text(text)));
        page.blocks.push(Block::Text(visit.text("check-mail-hint")));
    }
    if asks_again {
        page.blocks.push(Block::Heading(visit.text("send-again-title")));
        page.blocks.push(Block::Form(send_again(visit)));
    }
    page.blocks.push(Block::Links(vec![match reason {
        "change" => visit.link("check-mail-profile", PageKind::Profile.name()),
        _ => visit.link("check-mail-log-in", PageKind::LogIn.name()),
    }]));
    page
}

/// Returns the form that sends the verification mail again.
fn send_again<U: AuthUser>(visit: &Visit<U>) -> Form {
    let mut form = visit.new_form(PageKind::CheckMail.name(), "send-again-button");
    form.fields = vec![visit.fields().email("email", "field-email", "username")];
    form.weight = Weight::Minor;
    form
}

/// Returns the form that sends the verification mail to the address of a user who is logged in.
pub(super) fn send_to_own_address<U: AuthUser>(visit: &Visit<U>, email: &serde_json::Value) -> Form {
    let mut form = visit.new_form(PageKind::CheckMail.name(), "profile-verify-button");
    form.hidden = vec![("email", text_of(email)), ("from", "profile".to_owned())];
    form.weight = Weight::Minor;
    form
}

/// Handles `GET /verify`. It does not use up the token, because mail scanners open links.
pub(super) async fn verify_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&verify_form(&visit))
}

/// Handles `POST /verify`.
pub(super) async fn submit_verify<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"token": visit.token()});
    match verify(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(_) if visit.authenticate().await.is_ok() => visit.go("profile?notice=verified"),
        Ok(_) => visit.go("log-in?notice=verified"),
        Err(error) => {
            let mut page = visit.page(PageKind::Verify);
            page.blocks.push(Block::Heading(visit.text("send-again-title")));
            page.blocks.push(Block::Form(send_again(&visit)));
            page.blocks.push(Block::Links(vec![visit.link("check-mail-log-in", PageKind::LogIn.name())]));
            visit.refuse(page, error)
        }
    }
}

fn verify_form<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.with_token(PageKind::Verify, "verify-intro", "verify-button");
    if visit.token().is_empty() {
        page.blocks.push(Block::Form(send_again(visit)));
    }
    page
}
