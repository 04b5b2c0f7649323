//! The routes of the user's own sessions.

use axum::{Router, extract::Request, response::Response};
use http::StatusCode;

use super::{END, read::SessionRead};
use crate::{
    account::SessionsError,
    domain::TokenId,
    http::{
        ApiError, Handle, HasUsers, IdText, Incoming, Requirements, Routes, json_response, no_content, require_fresh,
        unauthorized,
    },
    service::{Authenticated, Users},
    user::AuthUser,
};

/// Returns the routes of the user's own sessions, for `Router::nest("/auth/sessions", session_routes(&users))`: `GET`
/// lists them, `DELETE` ends all others, `DELETE /{id}` ends one.
pub fn session_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    Routes::new(users)
        .get("/", sessions::<U>)
        .delete("/", end_other_sessions::<U>)
        .delete(END.path, end_session::<U>)
        .into_router()
}

/// Handles `GET`. Responds with 200 and the valid stored sessions.
pub(crate) async fn sessions<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let own = Incoming::bare(request).authenticate(&users, Requirements::usual(&users)).await?;
    let listed = users.sessions().list(own.user.id()).await?;
    let read: Vec<_> = listed.into_iter().filter_map(|listed| SessionRead::of(&users, listed, &own.session)).collect();
    Ok(json_response(StatusCode::OK, &read))
}

/// Handles `DELETE /{id}`. Responds with 204. The id of another user's session is treated as unknown.
pub(crate) async fn end_session<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = fresh(&users, &incoming).await?;
    let id = id.as_deref().and_then(TokenId::parse).ok_or(ApiError::NotFound)?;
    if users.sessions().end_in(own.user.id(), &id, incoming.cx()).await? {
        Ok(no_content())
    } else {
        Err(ApiError::NotFound)
    }
}

/// Handles `DELETE`. Responds with 204. Ends all sessions except the current one and revokes all other JWTs.
pub(crate) async fn end_other_sessions<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = fresh(&users, &incoming).await?;
    match users.sessions().end_others_in(&own.user, &own.session, incoming.cx()).await {
        Err(SessionsError::Ended) => Err(unauthorized(&users)),
        ended => Ok(ended.map(|()| no_content())?),
    }
}

/// Authenticates a request and requires a recent login: a stolen session must not lock out its owner.
async fn fresh<U: AuthUser>(users: &Users<U>, incoming: &Incoming) -> Result<Authenticated<U>, ApiError> {
    let own = incoming.authenticate(users, Requirements::usual(users)).await?;
    require_fresh(users, &own, users.policy().fresh_window(), || incoming.cx().clone())?;
    Ok(own)
}

impl From<SessionsError> for ApiError {
    fn from(error: SessionsError) -> Self {
        match error {
            SessionsError::Store(error) => error.into(),
            SessionsError::Strategy(error) => error.into(),
            SessionsError::Ended => Self::NotFound,
        }
    }
}
