//! The page of the second factor: enroll, confirm, new recovery codes, disable. And the second step of a login with a provider.

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use super::{
    custom::text_of,
    flow_response::json_of,
    next,
    page::{Block, Once, Page, PageKind, Weight},
    visit::Visit,
};
use crate::{
    flows::{
        mfa_login::mfa_login,
        totp::{confirm_totp, disable_totp, enroll_totp, replace_recovery_codes, totp_status},
    },
    http::ApiError,
    user::AuthUser,
};

/// Handles `GET /two-factor`.
pub(super) async fn two_factor_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match overview(&visit).await {
        Ok(page) => visit.show(&page),
        Err(error) => visit.refuse(visit.page(PageKind::TwoFactor), error),
    }
}

/// Handles `POST /two-factor-enroll`: shows the QR code, and asks for the first code.
pub(super) async fn submit_enroll<U: AuthUser>(visit: Visit<U>) -> Response {
    let begun = async { json_of(enroll_totp(visit.handle(), visit.bare(Method::POST)).await?).await };
    match begun.await {
        Ok(begun) => visit.show(&set_up(&visit, Some(&begun))),
        Err(error) => refuse(&visit, error).await,
    }
}

/// Handles `POST /two-factor-confirm`: shows the recovery codes. After a wrong code the page asks for another one; the
/// app has the seed already.
pub(super) async fn submit_confirm<U: AuthUser>(visit: Visit<U>) -> Response {
    let request = visit.json(Method::POST, &code(&visit));
    let confirmed = async { json_of(confirm_totp(visit.handle(), request).await?).await };
    match confirmed.await {
        Ok(codes) => visit.show(&recovery_codes(&visit, &codes)),
        Err(error @ (ApiError::Code("TOTP_BAD_CODE") | ApiError::TooManyRequests { .. } | ApiError::Validation(_))) => {
            visit.refuse(set_up(&visit, None), error)
        }
        Err(error) => refuse(&visit, error).await,
    }
}

/// Handles `POST /two-factor-codes`: shows new recovery codes.
pub(super) async fn submit_codes<U: AuthUser>(visit: Visit<U>) -> Response {
    let request = visit.json(Method::POST, &code(&visit));
    let replaced = async { json_of(replace_recovery_codes(visit.handle(), request).await?).await };
    match replaced.await {
        Ok(codes) => visit.show(&recovery_codes(&visit, &codes)),
        Err(error) => refuse(&visit, error).await,
    }
}

/// Handles `POST /two-factor-disable`.
pub(super) async fn submit_disable<U: AuthUser>(visit: Visit<U>) -> Response {
    match disable_totp(visit.handle(), visit.json(Method::POST, &code(&visit))).await {
        Ok(_) => visit.go("two-factor?notice=two-factor-disabled"),
        Err(error) => refuse(&visit, error).await,
    }
}

/// Handles `POST /second-step`: the code after a login with a provider.
pub(super) async fn submit_second_step<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({"mfa_token": visit.sent("mfa_token"), "otp": visit.sent("otp")});
    match mfa_login(visit.handle(), visit.backend(), visit.json(Method::POST, &body)).await {
        Ok(response) => {
            let next = next::same_origin(visit.sent("next")).unwrap_or(&visit.site.pages.after_log_in);
            visit.go_with(next, response.headers())
        }
        Err(ApiError::Code("LOGIN_MFA_BAD_TOKEN")) => visit.go("log-in?error=LOGIN_MFA_BAD_TOKEN"),
        Err(error) => visit.refuse(second_step(&visit, visit.sent("mfa_token")), error),
    }
}

/// Returns the page that asks for the code after a login with a provider. The token is in a hidden field: it is useless
/// without the code, and does not appear in a URL.
pub(super) fn second_step<U: AuthUser>(visit: &Visit<U>, token: &str) -> Page {
    let mut page = visit.page(PageKind::SecondStep);
    page.blocks.push(Block::Text(visit.text("second-step-intro")));
    let mut form = visit.new_form(PageKind::SecondStep.name(), "second-step-button");
    form.hidden.push(("mfa_token", token.to_owned()));
    form.fields = vec![visit.fields().code("otp", true)];
    page.blocks.push(Block::Form(form));
    page.blocks.push(Block::Text(visit.text("two-factor-lost")));
    page
}

fn code<U: AuthUser>(visit: &Visit<U>) -> Value {
    json!({"code": visit.sent("code")})
}

async fn refuse<U: AuthUser>(visit: &Visit<U>, error: ApiError) -> Response {
    match overview(visit).await {
        Ok(page) => visit.refuse(page, error),
        Err(_) => visit.refuse(visit.page(PageKind::TwoFactor), error),
    }
}

/// Returns the page of a user who has a second factor, or could have one.
async fn overview<U: AuthUser>(visit: &Visit<U>) -> Result<Page, ApiError> {
    let status = json_of(totp_status(visit.handle(), visit.bare(Method::GET)).await?).await?;
    let is = |name: &str| status[name] == Value::Bool(true);
    let mut page = visit.own_page(PageKind::TwoFactor);
    if !is("enrolled") {
        let intro = if is("required") { "two-factor-required" } else { "two-factor-intro" };
        page.blocks.push(Block::Text(visit.text(intro)));
        page.blocks.push(Block::Form(visit.new_form("two-factor-enroll", "two-factor-enroll-button")));
        return Ok(page);
    }
    page.blocks.push(Block::Text(visit.text("two-factor-enrolled")));
    let left = status["recovery_codes_left"].as_u64().unwrap_or_default();
    page.blocks.push(Block::Heading(visit.text("two-factor-codes-title")));
    page.blocks.push(Block::Text(visit.text_with("two-factor-codes-left", &[("left", left.into())])));
    page.blocks.push(Block::Form(with_code(visit, "two-factor-codes", "two-factor-codes-button", "codes")));
    page.blocks.push(Block::Heading(visit.text("two-factor-disable-title")));
    let mut disable = with_code(visit, "two-factor-disable", "two-factor-disable-button", "disable");
    disable.weight = Weight::Minor;
    page.blocks.push(Block::Form(disable));
    Ok(page)
}

/// Returns a form with a code. Two of them are on one page, so the ids of their fields differ.
fn with_code<U: AuthUser>(visit: &Visit<U>, action: &str, button: &str, id: &str) -> super::page::Form {
    let mut form = visit.new_form(action, button);
    let mut field = visit.fields().code("code", true);
    field.id = format!("{}-{id}", field.id);
    form.fields = vec![field];
    form
}

/// Returns the page that shows a seed, if there is one, and asks for a code of it.
fn set_up<U: AuthUser>(visit: &Visit<U>, begun: Option<&Value>) -> Page {
    let mut page = visit.own_page(PageKind::TwoFactor);
    if let Some(begun) = begun {
        page.blocks.push(Block::Text(visit.text("two-factor-scan")));
        let svg = Once::new([text_of(&begun["qr_svg"])]);
        page.blocks.push(Block::Picture { svg, label: visit.text("two-factor-qr") });
        page.blocks.push(Block::Text(visit.text("two-factor-secret")));
        page.blocks.push(Block::Once(Once::new([in_groups(&text_of(&begun["secret"]))])));
    }
    page.blocks.push(Block::Text(visit.text("two-factor-confirm-intro")));
    let mut form = visit.new_form("two-factor-confirm", "two-factor-confirm-button");
    form.fields = vec![visit.fields().code("code", false)];
    page.blocks.push(Block::Form(form));
    let mut again = visit.new_form("two-factor-enroll", "two-factor-again-button");
    again.weight = Weight::Minor;
    page.blocks.push(Block::Form(again));
    page
}

fn recovery_codes<U: AuthUser>(visit: &Visit<U>, shown: &Value) -> Page {
    let codes = shown["recovery_codes"].as_array().into_iter().flatten().map(text_of);
    let mut page = visit.own_page(PageKind::TwoFactor);
    page.blocks.push(Block::Heading(visit.text("two-factor-codes-title")));
    page.blocks.push(Block::Text(visit.text("two-factor-codes-intro")));
    page.blocks.push(Block::Once(Once::new(codes)));
    page.blocks.push(Block::Links(vec![visit.link("back-to-profile", PageKind::Profile.name())]));
    page
}

/// Returns a seed as people type it: in groups of four letters.
fn in_groups(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
