//! The pages of links in mails: each has a button, because mail scanners open links.

use axum::response::Response;
use http::Method;
use serde_json::json;

use super::{
    page::{Block, Page, PageKind},
    visit::Visit,
};
use crate::{
    flows::{
        email_change::{confirm_email, undo_email},
        reset_password::{forgot_password, reset_password},
    },
    user::AuthUser,
};

impl<U: AuthUser> Visit<U> {
    /// Returns the page of a link in a mail: a form with the token and a button, or the reason why there is none.
    pub(super) fn with_token(&self, kind: PageKind, intro: &str, button: &str) -> Page {
        let mut page = self.page(kind);
        if self.token().is_empty() {
            page.blocks.push(Block::Text(self.text("token-missing")));
            return page;
        }
        page.blocks.push(Block::Text(self.text(intro)));
        let mut form = self.new_form(kind.name(), button);
        form.hidden.push(("token", self.token().to_owned()));
        page.blocks.push(Block::Form(form));
        page
    }
}

/// Handles `GET /forgot-password`.
pub(super) async fn forgot_password_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&forgot(&visit))
}

/// Handles `POST /forgot-password`.
pub(super) async fn submit_forgot_password<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"email": visit.sent("email")});
    match forgot_password(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(_) => visit.go("check-mail?for=reset"),
        Err(error) => visit.refuse(forgot(&visit), error),
    }
}

fn forgot<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.page(PageKind::ForgotPassword);
    page.blocks.push(Block::Text(visit.text("forgot-password-intro")));
    let mut form = visit.new_form(PageKind::ForgotPassword.name(), "forgot-password-button");
    form.fields = vec![visit.fields().email("email", "field-email", "username")];
    page.blocks.push(Block::Form(form));
    page.blocks.push(Block::Links(vec![visit.link("forgot-password-log-in", PageKind::LogIn.name())]));
    page
}

/// Handles `GET /reset-password`.
pub(super) async fn reset_password_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&reset(&visit))
}

/// Handles `POST /reset-password`.
pub(super) async fn submit_reset_password<U: AuthUser>(visit: Visit<U>) -> Response {
    let mut body = json!({"token": visit.token()});
    if let Some(password) = visit.given("password") {
        body["password"] = password.into();
    }
    match reset_password(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(response) => visit.go_with("log-in?notice=password-reset", response.headers()),
        Err(error) => visit.refuse(reset(&visit), error),
    }
}

fn reset<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.with_token(PageKind::ResetPassword, "reset-password-intro", "reset-password-button");
    for block in &mut page.blocks {
        if let Block::Form(form) = block {
            form.fields = vec![visit.fields().new_password("field-password-new")];
        }
    }
    page.blocks.push(Block::Links(vec![visit.link("reset-password-again", PageKind::ForgotPassword.name())]));
    page
}

/// Handles `GET /confirm-email`.
pub(super) async fn confirm_email_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&visit.with_token(PageKind::ConfirmEmail, "confirm-email-intro", "confirm-email-button"))
}

/// Handles `POST /confirm-email`.
pub(super) async fn submit_confirm_email<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"token": visit.token()});
    match confirm_email(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(_) if visit.authenticate().await.is_ok() => visit.go("profile?notice=email-confirmed"),
        Ok(_) => visit.go("log-in?notice=email-confirmed"),
        Err(error) => visit.refuse(to_profile(&visit, PageKind::ConfirmEmail), error),
    }
}

/// Handles `GET /undo-email`.
pub(super) async fn undo_email_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&visit.with_token(PageKind::UndoEmail, "undo-email-intro", "undo-email-button"))
}

/// Handles `POST /undo-email`. An attacker may know the password, so the next page asks for a new one.
pub(super) async fn submit_undo_email<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"token": visit.token()});
    match undo_email(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(_) => visit.go("forgot-password?notice=email-undone"),
        Err(error) => visit.refuse(to_profile(&visit, PageKind::UndoEmail), error),
    }
}

fn to_profile<U: AuthUser>(visit: &Visit<U>, kind: PageKind) -> Page {
    let mut page = visit.page(kind);
    page.blocks.push(Block::Links(vec![visit.link("error-back", PageKind::Profile.name())]));
    page
}
