//! The page of the user's own sessions.

use axum::response::Response;
use http::Method;
use serde_json::Value;

use super::{
    custom::text_of,
    flow_response::json_of,
    page::{Block, Item, Page, PageKind, Weight},
    site::shown_time,
    visit::Visit,
};
use crate::{
    domain::Timestamp,
    flows::sessions::{end_other_sessions, end_session, sessions},
    http::{ApiError, IdText},
    user::AuthUser,
};

/// Handles `GET /sessions`.
pub(super) async fn sessions_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match list(&visit).await {
        Ok(page) => visit.show(&page),
        Err(error) => visit.refuse(visit.page(PageKind::Sessions), error),
    }
}

/// Handles `POST /end-session`.
pub(super) async fn submit_end_session<U: AuthUser>(visit: Visit<U>) -> Response {
    match end_session(visit.handle(), IdText(visit.given("id").map(str::to_owned)), visit.bare(Method::DELETE)).await {
        // A session that has already ended is not an error.
        Ok(_) | Err(ApiError::NotFound) => visit.go("sessions?notice=session-ended"),
        Err(error) => refuse(&visit, error).await,
    }
}

/// Handles `POST /end-other-sessions`.
pub(super) async fn submit_end_other_sessions<U: AuthUser>(visit: Visit<U>) -> Response {
    match end_other_sessions(visit.handle(), visit.bare(Method::DELETE)).await {
        Ok(_) => visit.go("sessions?notice=others-ended"),
        Err(error) => refuse(&visit, error).await,
    }
}

async fn refuse<U: AuthUser>(visit: &Visit<U>, error: ApiError) -> Response {
    let page = list(visit).await.unwrap_or_else(|_| visit.page(PageKind::Sessions));
    visit.refuse(page, error)
}

async fn list<U: AuthUser>(visit: &Visit<U>) -> Result<Page, ApiError> {
    let listed = json_of(sessions(visit.handle(), visit.bare(Method::GET)).await?).await?;
    let items: Vec<Item> = listed.as_array().into_iter().flatten().map(|session| item(visit, session)).collect();
    let mut page = visit.own_page(PageKind::Sessions);
    page.blocks.push(Block::Text(visit.text(if items.is_empty() { "sessions-none" } else { "sessions-intro" })));
    if !items.is_empty() {
        page.blocks.push(Block::Items(items));
    }
    let mut form = visit.new_form("end-other-sessions", "sessions-end-others");
    form.weight = Weight::Minor;
    page.blocks.push(Block::Form(form));
    Ok(page)
}

fn item<U: AuthUser>(visit: &Visit<U>, session: &Value) -> Item {
    let is_current = session["current"] == Value::Bool(true);
    let since = time(&session["created_at"]);
    let details = [
        ("sessions-device", text_of(&session["user_agent"])),
        ("sessions-address", text_of(&session["client"])),
        ("sessions-since", since.clone()),
        ("sessions-last-seen", time(&session["last_seen_at"])),
        ("sessions-expires", time(&session["expires_at"])),
    ];
    let details = details.into_iter().filter(|(_, text)| !text.is_empty());
    let form = (!is_current).then(|| {
        let mut form = visit.new_form("end-session", "sessions-end");
        form.hidden.push(("id", text_of(&session["id"])));
        form.button_detail = Some(visit.text_with("sessions-end-detail", &[("since", since.as_str().into())]));
        form.weight = Weight::Minor;
        form
    });
    Item {
        title: visit.text(if is_current { "sessions-current" } else { "sessions-other" }),
        details: details.map(|(name, text)| (visit.text(name), text)).collect(),
        form,
        more_forms: Vec::new(),
    }
}

/// Formats a time of the JSON interface.
pub(super) fn time(value: &Value) -> String {
    let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    time.map(shown_time).unwrap_or_default()
}
