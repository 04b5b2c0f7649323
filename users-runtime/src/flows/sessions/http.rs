//! The routes of one's own sessions.

use axum::{Router, extract::Request, response::Response};
use http::StatusCode;
use serde::Serialize;

use crate::{
    account::SessionsError,
    domain::{ListedSession, Session, Timestamp, TokenId},
    http::{
        ApiError, Handle, HasUsers, IdText, Incoming, Requirements, Routes, answer, delete, get, no_content,
        require_fresh,
    },
    service::{Authenticated, Users},
    user::AuthUser,
};

/// The routes of one's own sessions, for `Router::nest("/auth/sessions", session_routes(&users))`: `GET` lists them,
/// `DELETE` ends all others, `DELETE /{id}` ends one.
pub fn session_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    Routes::new(users)
        .route("/", get(sessions::<U>).delete(end_other_sessions::<U>))
        .route("/{id}", delete(end_session::<U>))
        .into_router()
}

/// A session as its owner sees it.
#[derive(Debug, Serialize)]
struct SessionRead {
    /// Its name, by which it can be ended.
    id: String,
    /// When its owner logged in.
    created_at: Option<String>,
    /// When it was last used, to the minute; null if never since the login.
    last_seen_at: Option<String>,
    /// When it ends however much it is used; null for never.
    expires_at: Option<String>,
    /// The address that the login came from.
    client: Option<String>,
    /// What the client called itself.
    user_agent: Option<String>,
    /// Whether it is the one of this request.
    current: bool,
}

impl SessionRead {
    fn of(listed: ListedSession, own: &Session) -> Option<Self> {
        let ListedSession { session, last_seen_at, device } = listed;
        let current = session.token_id == own.token_id;
        Some(Self {
            id: session.token_id?.0,
            created_at: session.logged_in_at.map(text),
            last_seen_at: last_seen_at.map(text),
            expires_at: session.expires_at.map(text),
            client: device.client.map(|client| client.to_string()),
            user_agent: device.user_agent,
            current,
        })
    }
}

/// RFC 3339 in UTC, to the second.
fn text(time: Timestamp) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// `GET`: 200 with the live sessions that are kept.
async fn sessions<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let own = Incoming::bare(request).authenticate(&users, Requirements::usual(&users)).await?;
    let listed = users.sessions().list(own.user.id()).await?;
    let read: Vec<_> = listed.into_iter().filter_map(|listed| SessionRead::of(listed, &own.session)).collect();
    Ok(answer(StatusCode::OK, &read))
}

/// `DELETE /{id}`: 204. Another user's session is as unknown as one that never was.
async fn end_session<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = fresh(&users, &incoming).await?;
    let id = TokenId(id.ok_or(ApiError::NotFound)?);
    if users.sessions().end_in(own.user.id(), &id, incoming.cx()).await? {
        Ok(no_content())
    } else {
        Err(ApiError::NotFound)
    }
}

/// `DELETE`: 204, all sessions but this one are ended, JWTs as well.
async fn end_other_sessions<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = fresh(&users, &incoming).await?;
    users.sessions().end_others_in(&own.user, &own.session, incoming.cx()).await?;
    Ok(no_content())
}

/// Who the request comes from, if the login is fresh: a stolen session must not throw its owner out.
async fn fresh<U: AuthUser>(users: &Users<U>, incoming: &Incoming) -> Result<Authenticated<U>, ApiError> {
    let own = incoming.authenticate(users, Requirements::usual(users)).await?;
    require_fresh(users, &own, users.policy().fresh_window())?;
    Ok(own)
}

impl From<SessionsError> for ApiError {
    fn from(error: SessionsError) -> Self {
        match error {
            SessionsError::Store(error) => error.into(),
            SessionsError::Strategy(error) => error.into(),
        }
    }
}
