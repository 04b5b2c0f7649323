//! The routes of the standing of accounts.

use axum::{Router, extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::{OWN_ACCOUNT, REQUIRE, SUSPENSION, read::StandingRead};
use crate::{
    account::StandingError,
    domain::{
        Standing, Suspension, Timestamp, UserId,
        field::{Field, Rule},
    },
    http::{ApiError, Handle, HasUsers, IdText, Incoming, Problem, Requirements, Routes, json_response, no_content},
    service::Users,
    user::{AuthUser, Parsed, Schema},
};

/// Returns the routes of the standing of accounts, for `Router::nest("/users", account_status_routes(&users))`: `GET`, `PUT` and
/// `DELETE /{id}/suspension`, `POST /{id}/require-password-change`, and with second factors `DELETE /{id}/second-factor`. They are for superusers only.
pub fn account_status_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    let routes = Routes::new(users)
        .get(SUSPENSION, suspension::<U>)
        .put(SUSPENSION, suspend::<U>)
        .delete(SUSPENSION, lift_suspension::<U>)
        .post(REQUIRE, require_password_change::<U>);
    #[cfg(feature = "totp")]
    let routes = routes.delete_second_factor(super::SECOND_FACTOR, revoke_factor::<U>);
    routes.into_router()
}

/// The body of `PUT /{id}/suspension`.
#[derive(Deserialize)]
pub(super) struct Suspend {
    until: Option<Timestamp>,
    #[serde(default)]
    reason: Option<String>,
}

/// The rules for a reason.
const REASON: &[Rule] = &[Rule::Length { min: None, max: Some(Suspension::MAX_REASON as u64) }];

impl Schema for Suspend {
    // The end is a required field, even if there is none: otherwise a misspelled key would suspend the account indefinitely.
    const FIELDS: &'static [Field] = &[
        Field::custom::<Option<Timestamp>>("until").required(),
        Field::custom::<Option<String>>("reason").rules(REASON),
    ];
}

/// Handles `GET /{id}/suspension`. Responds with 200 and the standing.
async fn suspension<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    Incoming::bare(request).authenticate(&users, Requirements::usual_superuser(&users)).await?;
    let standing = users.standing(parsed::<U>(id)?).await?.ok_or(ApiError::NotFound)?;
    Ok(shown(&users, standing))
}

/// Handles `PUT /{id}/suspension` with `{"until","reason"}`. Responds with 200 and the standing.
async fn suspend<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let caller = incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?.user.id();
    let id = parsed::<U>(id)?;
    // As for a change of an account, an unknown account gets 404 with any body.
    users.standing(id.clone()).await?.ok_or(ApiError::NotFound)?;
    let Parsed { input, .. } = body.schema::<Suspend>(Suspend::FIELDS.iter().copied(), users.policy().new_email())?;
    if id == caller {
        return Err(ApiError::Code(OWN_ACCOUNT.code));
    }
    let suspension = Suspension::new(input.until, input.reason);
    Ok(shown(&users, users.suspend_in(id, suspension, incoming.cx()).await?))
}

/// Handles `DELETE /{id}/suspension`. Responds with 204, even if the account is not suspended.
async fn lift_suspension<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?;
    users.lift_suspension_in(parsed::<U>(id)?, incoming.cx()).await?;
    Ok(no_content())
}

/// Handles `POST /{id}/require-password-change`. Responds with 204.
async fn require_password_change<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?;
    users.require_password_change_in(parsed::<U>(id)?, incoming.cx()).await?;
    Ok(no_content())
}

/// Handles `DELETE /{id}/second-factor`. Responds with 204, even if the account has none.
#[cfg(feature = "totp")]
async fn revoke_factor<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    use crate::account::FactorError;
    let incoming = Incoming::bare(request);
    let caller = incoming.authenticate(&users, Requirements::usual_superuser(&users)).await?.user.id();
    let id = parsed::<U>(id)?;
    if id == caller {
        return Err(ApiError::Code(super::OWN_FACTOR.code));
    }
    match users.revoke_factor_in(id, incoming.cx()).await {
        Ok(()) | Err(FactorError::NotEnrolled) => Ok(no_content()),
        Err(FactorError::NotFound) => Err(ApiError::NotFound),
        Err(FactorError::Store(error)) => Err(error.into()),
    }
}

/// Returns the id in a path. An id that does not parse is treated as unknown.
fn parsed<U: AuthUser>(id: Option<String>) -> Result<U::Id, ApiError> {
    id.as_deref().and_then(U::Id::parse).ok_or(ApiError::NotFound)
}

fn shown<U: AuthUser>(users: &Users<U>, standing: Standing) -> Response {
    json_response(StatusCode::OK, &StandingRead::of(standing, users.now()))
}

impl From<StandingError> for ApiError {
    fn from(error: StandingError) -> Self {
        match error {
            StandingError::NotFound => Self::NotFound,
            StandingError::EndInPast => Problem::value_error("until", "the end must be in the future").into(),
            StandingError::InvalidReason => Problem::value_error("reason", error.to_string()).into(),
            StandingError::Store(error) => error.into(),
        }
    }
}
