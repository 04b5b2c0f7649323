//! The pages to log in with a link or a code that is mailed.

use axum::response::Response;
use http::Method;
use serde_json::json;

use super::{
    flow_response::json_of,
    log_in::{ask_for_code, needs_code},
    next,
    page::{Block, Form, Page, PageKind, Weight},
    visit::Visit,
};
use crate::{
    flows::{
        email_code::{redeem_email_code, request_email_code},
        magic_link::{redeem_magic_link, request_magic_link},
    },
    user::AuthUser,
};

/// The paths of the forms that request a mail.
pub(super) const SEND_LINK: &str = "/send-magic-link";
pub(super) const SEND_CODE: &str = "/send-email-code";

/// Handles `GET /log-in-by-mail`.
pub(super) async fn log_in_by_mail_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&ask(&visit))
}

/// Handles `POST /send-magic-link`.
pub(super) async fn submit_send_link<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"email": visit.sent("email")});
    match request_magic_link(visit.handle(), visit.backend(), visit.json(Method::POST, &body)).await {
        Ok(_) => visit.go("check-mail?for=magic-link"),
        Err(error) => visit.refuse(ask(&visit), error),
    }
}

/// Handles `POST /send-email-code`. The page for the code is the response itself: the name of the request is secret, so
/// no URL contains it.
pub(super) async fn submit_send_code<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"email": visit.sent("email")});
    let requested = request_email_code(visit.handle(), visit.backend(), visit.json(Method::POST, &body)).await;
    let response = match requested {
        Ok(response) => response,
        Err(error) => return visit.refuse(ask(&visit), error),
    };
    let cookies = response.headers().clone();
    match json_of(response).await {
        Ok(requested) => {
            let id = requested["request_id"].as_str().unwrap_or_default();
            visit.show_with(&code(&visit, id), &cookies)
        }
        Err(error) => visit.fail(error),
    }
}

/// Handles `GET /email-code`, to which only a form leads.
pub(super) async fn email_code_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.go(PageKind::LogInByMail.name())
}

/// Handles `POST /email-code`.
pub(super) async fn submit_email_code<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"request_id": visit.sent("request_id"), "code": visit.sent("code"), "otp": visit.given("otp")});
    match redeem_email_code(visit.handle(), visit.backend(), visit.json(Method::POST, &body)).await {
        Ok(response) => visit.go_with(next_of(&visit), response.headers()),
        Err(error) => {
            let mut page = code(&visit, visit.sent("request_id"));
            if needs_code(&error) {
                ask_for_code(&visit, &mut page);
            }
            visit.refuse(page, error)
        }
    }
}

/// Handles `GET /magic-link`. It does not use up the token, because mail scanners open links.
pub(super) async fn magic_link_page<U: AuthUser>(visit: Visit<U>) -> Response {
    let mut page = visit.with_token(PageKind::MagicLink, "magic-link-intro", "magic-link-button");
    page.blocks.push(again(&visit));
    visit.show(&page)
}

/// Handles `POST /magic-link`.
pub(super) async fn submit_magic_link<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"token": visit.token(), "otp": visit.given("otp")});
    match redeem_magic_link(visit.handle(), visit.backend(), visit.json(Method::POST, &body)).await {
        Ok(response) => visit.go_with(next_of(&visit), response.headers()),
        Err(error) => {
            let mut page = if needs_code(&error) {
                let mut page = visit.with_token(PageKind::MagicLink, "magic-link-intro", "magic-link-button");
                ask_for_code(&visit, &mut page);
                page
            } else {
                visit.page(PageKind::MagicLink)
            };
            page.blocks.push(again(&visit));
            visit.refuse(page, error)
        }
    }
}

/// Returns the page that asks for an address, with a form for each login method by mail that is turned on.
fn ask<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.page(PageKind::LogInByMail);
    page.blocks.push(Block::Text(visit.text("log-in-by-mail-intro")));
    let by_mail = &visit.users.inner().by_mail;
    let link = by_mail.magic_links.is_some().then(|| ask_form(visit, SEND_LINK, "log-in-by-mail-link"));
    let code = by_mail.email_codes.is_some().then(|| ask_form(visit, SEND_CODE, "log-in-by-mail-code"));
    let mut forms: Vec<_> = link.into_iter().chain(code).collect();
    // Two forms with the same field would have the same id twice.
    if let [_, second] = &mut forms[..] {
        second.weight = Weight::Minor;
        for field in &mut second.fields {
            field.id.push_str("-code");
        }
    }
    page.blocks.extend(forms.into_iter().map(Block::Form));
    page.blocks.push(Block::Links(vec![visit.link("forgot-password-log-in", PageKind::LogIn.name())]));
    page
}

fn ask_form<U: AuthUser>(visit: &Visit<U>, path: &str, button: &str) -> Form {
    let mut form = visit.new_form(path.trim_start_matches('/'), button);
    form.hidden.extend(hidden_next(visit));
    form.fields = vec![visit.fields().email("email", "field-email", "username")];
    form
}

fn code<U: AuthUser>(visit: &Visit<U>, request: &str) -> Page {
    let mut page = visit.page(PageKind::EmailCode);
    page.blocks.push(Block::Text(visit.text("email-code-intro")));
    let mut form = visit.new_form(PageKind::EmailCode.name(), "email-code-button");
    form.hidden.push(("request_id", request.to_owned()));
    form.hidden.extend(hidden_next(visit));
    form.fields = vec![visit.fields().code("code", false)];
    page.blocks.push(Block::Form(form));
    page.blocks.push(again(visit));
    page
}

fn again<U: AuthUser>(visit: &Visit<U>) -> Block {
    Block::Links(vec![visit.link("log-in-by-mail-again", PageKind::LogInByMail.name())])
}

fn hidden_next<U: AuthUser>(visit: &Visit<U>) -> Option<(&'static str, String)> {
    let next = visit.form.text("next").or_else(|| visit.query.text("next")).and_then(next::same_origin);
    next.map(|next| ("next", next.to_owned()))
}

fn next_of<U: AuthUser>(visit: &Visit<U>) -> &str {
    next::same_origin(visit.sent("next")).unwrap_or(&visit.site.pages.after_log_in)
}
