//! The route of the audit log.

use axum::{Router, extract::Request, response::Response};
use chrono::DateTime;
use http::StatusCode;

use super::{BEFORE, EVENT, LIMIT, SINCE, UNTIL, USER, read::AuditRead};
use crate::{
    account::Audit,
    domain::{Timestamp, UserId},
    event::EventKind,
    http::{ApiError, Handle, HasUsers, Incoming, Parameters, Problem, Repeated, Requirements, Routes, json_response},
    service::Users,
    user::AuthUser,
};

/// Returns the route of the audit log for superusers, for `Router::nest("/audit", audit_routes(&users))`: `GET` returns the newest
/// entries. The query narrows them: `user_id`, `event`, `since` and `until` (RFC 3339), `before` (an id) and `limit` (1 to 200).
///
/// # Panics
/// If the service keeps no audit log. This is an error in the application that is found at startup.
#[expect(clippy::panic, reason = "like axum's own router: a route that cannot be built stops the start")]
pub fn audit_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    if users.inner().audit.is_none() {
        panic!("the service keeps no audit log: call .audit_log() of its builder");
    }
    Routes::new(users).get("/", read_log::<U>).into_router()
}

/// Handles `GET`. Responds with 200 and the entries.
async fn read_log<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?;
    let parameters = Parameters::of_query(incoming.uri(), Repeated::Refused)?;
    let Some(wanted) = wanted(&users, &parameters)? else {
        return Ok(json_response(StatusCode::OK, &Vec::<AuditRead>::new()));
    };
    let read: Vec<_> = wanted.page().await?.entries.into_iter().map(AuditRead::from).collect();
    Ok(json_response(StatusCode::OK, &read))
}

/// Returns the view that a query requests; `None` for the log of a user who cannot exist.
fn wanted<'a, U: AuthUser>(users: &'a Users<U>, parameters: &Parameters) -> Result<Option<Audit<'a, U>>, ApiError> {
    let mut wanted = users.audit();
    if let Some(limit) = parameters.one(LIMIT)? {
        let limit = limit.parse().ok().filter(|limit| (1..=Audit::<U>::LARGEST_PAGE).contains(limit));
        wanted = wanted.limit(limit.ok_or_else(|| Problem::in_query(LIMIT, "it must be a number from 1 to 200"))?);
    }
    if let Some(event) = parameters.one(EVENT)? {
        let kind = EventKind::ALL.into_iter().find(|kind| kind.name() == event);
        wanted = wanted.event(kind.ok_or_else(|| Problem::in_query(EVENT, "there is no such event"))?);
    }
    if let Some(since) = time(parameters, SINCE)? {
        wanted = wanted.since(since);
    }
    if let Some(until) = time(parameters, UNTIL)? {
        wanted = wanted.until(until);
    }
    if let Some(before) = parameters.one(BEFORE)? {
        if before.len() != 32 || !before.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Err(Problem::in_query(BEFORE, "it is no id of an entry").into());
        }
        wanted = wanted.before(before);
    }
    match parameters.one(USER)? {
        Some(id) => Ok(U::Id::parse(id).map(|id| wanted.of(&id))),
        None => Ok(Some(wanted)),
    }
}

fn time(parameters: &Parameters, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = parameters.one(name)? else { return Ok(None) };
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(Some(time.to_utc())),
        Err(_) => Err(Problem::in_query(name, "it must be a time as in RFC 3339, such as 2026-11-29T12:00:00Z").into()),
    }
}
