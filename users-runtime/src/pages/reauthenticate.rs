//! The page on which a user re-authenticates.

use axum::response::Response;
use http::Method;
use serde_json::{Map, Value};

use super::{
    next,
    page::{Block, FormField, Page, PageKind},
    visit::Visit,
};
use crate::{flows::reauthenticate::reauthenticate, user::AuthUser};

/// Handles `GET /reauthenticate`.
pub(super) async fn reauthenticate_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match visit.authenticate().await {
        Ok(_) => visit.show(&page(&visit).await),
        Err(error) => visit.refuse(visit.page(PageKind::Reauthenticate), error),
    }
}

/// Handles `POST /reauthenticate`. Returns to the page that required it.
pub(super) async fn submit_reauthenticate<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = body(&visit);
    match reauthenticate(visit.handle(), visit.backend(), visit.json(Method::POST, &body)).await {
        Ok(_) => match next::same_origin(visit.sent("next")) {
            Some(path) if path.starts_with('/') => visit.go(path),
            own => visit.go(&format!("{}?notice=reauthenticated", own.unwrap_or(PageKind::Profile.name()))),
        },
        // The same code is used for the password, whose field the form of a passkey does not have.
        #[cfg(feature = "passkeys")]
        Err(crate::http::ApiError::Code(_)) if body.get("passkey").is_some() => {
            let refused = crate::http::ApiError::Code(crate::account::PASSKEY_BAD_CREDENTIAL.code);
            visit.refuse(page(&visit).await, refused)
        }
        Err(error) => visit.refuse(page(&visit).await, error),
    }
}

/// Returns the credentials that a form has sent.
fn body<U: AuthUser>(visit: &Visit<U>) -> Value {
    #[cfg(feature = "passkeys")]
    if visit.users.has_passkeys() && visit.given("credential").is_some() {
        return serde_json::json!({"passkey": visit.sent_passkey()});
    }
    // Each is sufficient; an omitted one is not sent.
    let given = ["password", "otp"].into_iter().filter_map(|name| Some((name.to_owned(), visit.given(name)?.into())));
    Value::Object(given.collect::<Map<String, Value>>())
}

async fn page<U: AuthUser>(visit: &Visit<U>) -> Page {
    let mut page = visit.own_page(PageKind::Reauthenticate);
    let has_codes = visit.users.has_second_factors();
    page.blocks.push(Block::Text(visit.text(if has_codes {
        "reauthenticate-intro-code"
    } else {
        "reauthenticate-intro"
    })));
    let mut form = visit.new_form(PageKind::Reauthenticate.name(), "reauthenticate-button");
    let next = visit.form.text("next").or_else(|| visit.query.text("next")).and_then(next::same_origin);
    form.hidden.extend(next.map(|next| ("next", next.to_owned())));
    form.fields = vec![visit.fields().password()];
    if visit.users.has_second_factors() {
        form.fields[0].required = false;
        form.fields.push(FormField { required: false, ..visit.fields().code("otp", true) });
    }
    page.blocks.push(Block::Form(form));
    #[cfg(feature = "passkeys")]
    visit.offer_passkey(&mut page, PageKind::Reauthenticate.name(), false).await;
    // An account without a password, such as one created by a login with a provider.
    page.blocks.push(Block::Links(vec![visit.link("reauthenticate-log-in", PageKind::LogIn.name())]));
    page
}
