//! The pages to log in and out.

use axum::response::Response;
use http::Method;

use super::{
    next,
    page::{Block, Page, PageKind},
    visit::Visit,
};
use crate::{
    flows::{login::login, logout::logout},
    http::ApiError,
    user::AuthUser,
};

/// Handles `GET /log-in`.
pub(super) async fn log_in_page<U: AuthUser>(visit: Visit<U>) -> Response {
    let mut page = page(&visit).await;
    page.errors.extend(visit.error_of_query());
    visit.show(&page)
}

/// Handles `POST /log-in`.
pub(super) async fn submit_log_in<U: AuthUser>(visit: Visit<U>) -> Response {
    let mut sent = vec![("username", visit.sent("username")), ("password", visit.sent("password"))];
    for name in ["otp", "remember_device"] {
        sent.extend(visit.given(name).map(|value| (name, value)));
    }
    let request = visit.url_encoded(&sent);
    match login(visit.handle(), visit.backend(), request).await {
        Ok(response) => {
            let next = next::same_origin(visit.sent("next")).unwrap_or(&visit.site.pages.after_log_in);
            visit.go_with(next, response.headers())
        }
        Err(error) => {
            let mut page = page(&visit).await;
            // The user must enter the password again: a code is accepted only in a request that also contains the password.
            if needs_code(&error) {
                ask_for_code(&visit, &mut page);
                #[cfg(feature = "totp")]
                if visit.users.mfa().is_some_and(|mfa| mfa.remembering.is_some())
                    && let Some(form) = page.form()
                {
                    form.fields.push(visit.fields().remember_device());
                }
            }
            visit.refuse(page, error)
        }
    }
}

/// Returns whether a login was refused because of its second factor.
pub(super) fn needs_code(error: &ApiError) -> bool {
    matches!(error, ApiError::Code("LOGIN_MFA_REQUIRED" | "LOGIN_MFA_BAD_CODE"))
}

/// Adds the field of the second factor to the form of a login.
pub(super) fn ask_for_code<U: AuthUser>(visit: &Visit<U>, page: &mut Page) {
    if let Some(form) = page.form() {
        form.fields.push(visit.fields().code("otp", true));
    }
    page.blocks.push(Block::Text(visit.text("two-factor-lost")));
}

/// Handles `POST /log-out`. A session that has already ended is not an error.
pub(super) async fn log_out<U: AuthUser>(visit: Visit<U>) -> Response {
    match logout(visit.handle(), visit.backend(), visit.bare(Method::POST)).await {
        Ok(response) => visit.go_with("log-in?notice=logged-out", response.headers()),
        Err(ApiError::Unauthorized { .. }) => visit.go("log-in?notice=logged-out"),
        Err(error) => visit.fail(error),
    }
}

/// Returns the page to log in.
pub(super) async fn page<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.page(PageKind::LogIn);
    let fields = visit.fields();
    // Browsers then offer passkeys in the field.
    let autocomplete = if visit.users.has_passkeys() { "username webauthn" } else { "username" };
    let mut form = visit.new_form(PageKind::LogIn.name(), "log-in-button");
    let next = visit.form.text("next").or_else(|| visit.query.text("next")).and_then(next::same_origin);
    form.hidden.extend(next.map(|next| ("next", next.to_owned())));
    let label = if U::HAS_LOGIN_NAME { "field-login" } else { "field-username" };
    form.fields = vec![fields.email("username", label, autocomplete), fields.password()];
    page.blocks.push(Block::Form(form));
    #[cfg(feature = "passkeys")]
    visit.offer_passkey(&mut page, "log-in-with-passkey", true).await;
    let sign_up = visit.site.pages.has_sign_up.then(|| visit.link("log-in-sign-up", PageKind::SignUp.name()));
    let forgot = visit.link("log-in-forgot", PageKind::ForgotPassword.name());
    let by_mail = &visit.users.inner().by_mail;
    let has_mails = by_mail.magic_links.is_some() || by_mail.email_codes.is_some();
    let by_mail = has_mails.then(|| visit.link("log-in-by-mail", PageKind::LogInByMail.name()));
    page.blocks.push(Block::Links(by_mail.into_iter().chain([forgot]).chain(sign_up).collect()));
    #[cfg(feature = "oauth")]
    page.blocks.extend(super::oauth::log_in_links(visit));
    page
}
