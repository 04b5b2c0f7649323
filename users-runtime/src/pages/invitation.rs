//! The page on which an invited user opens the account.

use axum::response::Response;
use http::Method;
use serde_json::json;

use super::{
    page::{Block, Page, PageKind},
    visit::Visit,
};
use crate::{flows::invitations::accept_invitation, user::AuthUser};

/// Handles `GET /accept-invitation`.
pub(super) async fn accept_invitation_page<U: AuthUser>(visit: Visit<U>) -> Response {
    visit.show(&accept(&visit))
}

/// Handles `POST /accept-invitation`.
pub(super) async fn submit_accept_invitation<U: AuthUser>(visit: Visit<U>) -> Response {
    let mut body = json!({"token": visit.token()});
    if let Some(password) = visit.given("password") {
        body["password"] = password.into();
    }
    match accept_invitation(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(response) => visit.go_with("log-in?notice=invitation-accepted", response.headers()),
        Err(error) => visit.refuse(accept(&visit), error),
    }
}

fn accept<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.with_token(PageKind::AcceptInvitation, "accept-invitation-intro", "accept-invitation-button");
    for block in &mut page.blocks {
        if let Block::Form(form) = block {
            form.fields = vec![visit.fields().new_password("field-password")];
        }
    }
    page.blocks.push(Block::Links(vec![visit.link("check-mail-log-in", PageKind::LogIn.name())]));
    page
}
