//! The pages of the user's own account.

use axum::response::Response;
use http::Method;
use serde_json::{Map, Value, json};

use super::{
    custom::{CustomInput, text_of},
    flow_response::json_of,
    page::{Block, Link, Page, PageKind},
    sign_up::send_to_own_address,
    visit::Visit,
};
use crate::{
    domain::field::FieldKind,
    flows::me::{me, update_me},
    http::ApiError,
    user::{AuthUser, SchemaKind},
};

/// Handles `GET /profile`.
pub(super) async fn profile_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match read(&visit).await {
        Ok(user) => visit.show(&profile(&visit, &user, |input| text_of(&user[input.name()]))),
        Err(error) => visit.refuse(visit.page(PageKind::Profile), error),
    }
}

/// Handles `POST /profile`.
pub(super) async fn submit_profile<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = CustomInput::object::<U>(&visit.form, SchemaKind::Update);
    match update_me(visit.handle(), visit.json(Method::PATCH, &body.into())).await {
        Ok(_) => visit.go("profile?notice=saved"),
        Err(error) => match read(&visit).await {
            Ok(user) => visit.refuse(profile(&visit, &user, |input| visit.sent(input.name()).to_owned()), error),
            Err(_) => visit.refuse(visit.page(PageKind::Profile), error),
        },
    }
}

/// Returns the user as the JSON interface shows it.
async fn read<U: AuthUser>(visit: &Visit<U>) -> Result<Value, ApiError> {
    json_of(me(visit.handle(), visit.bare(Method::GET)).await?).await
}

fn profile<U: AuthUser>(visit: &Visit<U>, user: &Value, value: impl Fn(&CustomInput) -> String) -> Page {
    let mut page = visit.own_page(PageKind::Profile);
    let is_verified = user["is_verified"] == Value::Bool(true);
    let state = visit.text(if is_verified { "profile-verified" } else { "profile-not-verified" });
    let email = format!("{} ({state})", text_of(&user["email"]));
    let mut details = vec![(visit.text("profile-email"), email)];
    let fields = visit.fields().custom(SchemaKind::Update, value);
    // Fields that only others may change are shown next to the address.
    for field in SchemaKind::Read.fields::<U>() {
        let is_custom = matches!(field.kind, FieldKind::Custom(_));
        if is_custom && fields.iter().all(|shown| shown.name != field.name) {
            details.extend(shown(visit, &user[field.name]).map(|text| (CustomInput::label(&field, visit), text)));
        }
    }
    page.blocks.push(Block::Details(details));
    let button = |link: Link| Link { button: true, ..link };
    page.blocks.push(Block::Links(vec![
        button(visit.link("profile-change-email", PageKind::ChangeEmail.name())),
        button(visit.link("profile-change-password", PageKind::ChangePassword.name())),
    ]));
    if !is_verified {
        page.blocks.push(Block::Form(send_to_own_address(visit, &user["email"])));
    }
    if !fields.is_empty() {
        page.blocks.push(Block::Heading(visit.text("profile-form")));
        let mut form = visit.new_form(PageKind::Profile.name(), "profile-button");
        form.fields = fields;
        page.blocks.push(Block::Form(form));
    }
    page
}

/// Returns a value for display; `None` for an absent one, and for lists and objects.
fn shown<U: AuthUser>(visit: &Visit<U>, value: &Value) -> Option<String> {
    match value {
        Value::Bool(truth) => Some(visit.text(if *truth { "yes" } else { "no" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        other => Some(text_of(other)),
    }
}

/// Handles `GET /change-password`.
pub(super) async fn change_password_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match needs_password(&visit).await {
        Ok(needed) => visit.show(&change_password(&visit, needed)),
        Err(error) => visit.refuse(visit.page(PageKind::ChangePassword), error),
    }
}

/// Handles `POST /change-password`.
pub(super) async fn submit_change_password<U: AuthUser>(visit: Visit<U>) -> Response {
    let Some(password) = visit.given("password") else {
        let missing = ApiError::from(crate::http::Problem::missing("password"));
        return refuse_change(&visit, PageKind::ChangePassword, missing).await;
    };
    match change(&visit, json!({"password": password})).await {
        Ok(response) => visit.go_with("profile?notice=password-changed", response.headers()),
        Err(error) => refuse_change(&visit, PageKind::ChangePassword, error).await,
    }
}

fn change_password<U: AuthUser>(visit: &Visit<U>, needs_password: bool) -> Page {
    let mut page = visit.own_page(PageKind::ChangePassword);
    page.blocks.push(Block::Text(visit.text("change-password-intro")));
    let mut form = visit.new_form(PageKind::ChangePassword.name(), "change-password-button");
    let fields = visit.fields();
    form.fields = vec![fields.current_password(needs_password), fields.new_password("field-password-new")];
    page.blocks.push(Block::Form(form));
    page
}

/// Handles `GET /change-email`.
pub(super) async fn change_email_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match change_email(&visit).await {
        Ok(page) => visit.show(&page),
        Err(error) => visit.refuse(visit.page(PageKind::ChangeEmail), error),
    }
}

/// Handles `POST /change-email`.
pub(super) async fn submit_change_email<U: AuthUser>(visit: Visit<U>) -> Response {
    let changed = async {
        let before = read(&visit).await?;
        let after = json_of(change(&visit, json!({"email": visit.sent("email")})).await?).await?;
        let is_same = |user: &Value| user["email"].as_str().is_some_and(|email| email == visit.sent("email").trim());
        Ok(before["email"] != after["email"] || is_same(&before))
    };
    match changed.await {
        Ok(true) => visit.go("profile?notice=saved"),
        // The change waits for the new address to be confirmed.
        Ok(false) => visit.go("check-mail?for=change"),
        Err(error) => refuse_change(&visit, PageKind::ChangeEmail, error).await,
    }
}

async fn change_email<U: AuthUser>(visit: &Visit<U>) -> Result<Page, ApiError> {
    let needed = needs_password(visit).await?;
    let user = read(visit).await?;
    let mut page = visit.own_page(PageKind::ChangeEmail);
    let email = text_of(&user["email"]);
    page.blocks.push(Block::Text(visit.text_with("change-email-present", &[("email", email.as_str().into())])));
    let mut form = visit.new_form(PageKind::ChangeEmail.name(), "change-email-button");
    let fields = visit.fields();
    form.fields = vec![fields.email("email", "field-email-new", "email"), fields.current_password(needed)];
    page.blocks.push(Block::Form(form));
    Ok(page)
}

/// Sends a change of the account with the current password, if the user gave one.
async fn change<U: AuthUser>(visit: &Visit<U>, change: Value) -> Result<Response, ApiError> {
    let mut body: Map<String, Value> = change.as_object().cloned().unwrap_or_default();
    body.extend(visit.given("current_password").map(|current| ("current_password".to_owned(), current.into())));
    update_me(visit.handle(), visit.json(Method::PATCH, &body.into())).await
}

async fn refuse_change<U: AuthUser>(visit: &Visit<U>, kind: PageKind, error: ApiError) -> Response {
    let page = match kind {
        PageKind::ChangeEmail => change_email(visit).await,
        _ => needs_password(visit).await.map(|needed| change_password(visit, needed)),
    };
    match page {
        Ok(page) => visit.refuse(page, error),
        Err(unauthorized @ ApiError::Unauthorized { .. }) => visit.refuse(visit.page(kind), unauthorized),
        Err(_) => visit.refuse(visit.page(kind), error),
    }
}

/// Returns whether the flows require the current password for a change of the password or the address.
async fn needs_password<U: AuthUser>(visit: &Visit<U>) -> Result<bool, ApiError> {
    let own = visit.authenticate().await?;
    let policy = visit.users.policy();
    let is_fresh = visit.users.is_fresh(&own.session, policy.fresh_window());
    let is_free = policy.allows(crate::domain::Relaxation::PasswordChangeWithoutCurrent);
    Ok(!is_free && (policy.requires_current_password() || !is_fresh))
}
