//! The routes of second factors.

use axum::{Router, extract::Request, response::Response};
use http::StatusCode;
use serde::Deserialize;

use super::{
    CONFIRM, DEVICE, DEVICES, DISABLE, ENROLL, RECOVERY_CODES, STATUS,
    logic::{FactorStatus, TotpError},
    qr,
    read::{DeviceRead, EnrollmentRead, RecoveryCodesRead, StatusRead},
};
use crate::{
    domain::{TokenId, field::Field},
    http::{
        ApiError, Handle, HasUsers, IdText, Incoming, JsonBody, Requirements, Routes, json_response, no_content,
        require_fresh, require_own_factor, unauthorized,
    },
    service::{Authenticated, Users},
    user::{AuthUser, Schema},
};

/// Returns the routes of second factors, for `Router::nest("/auth", totp_routes(&users))`: `GET /totp`, `POST /totp/enroll`,
/// `/totp/confirm`, `/totp/disable` and `/recovery-codes`, `GET /totp/devices` and `DELETE /totp/devices/{id}`. There are none if second factors are off.
pub fn totp_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    if users.mfa().is_none() {
        return Router::new();
    }
    Routes::new(users)
        .get(STATUS, totp_status::<U>)
        .post(ENROLL, enroll_totp::<U>)
        .post(CONFIRM, confirm_totp::<U>)
        .post(DISABLE, disable_totp::<U>)
        .post(RECOVERY_CODES, replace_recovery_codes::<U>)
        .get(DEVICES, list_devices::<U>)
        .delete(DEVICE, forget_device::<U>)
        .into_router()
}

/// The body of the routes that need a code.
#[derive(Deserialize)]
pub(super) struct CodeBody {
    code: String,
}

impl Schema for CodeBody {
    const FIELDS: &'static [Field] = &[Field::token_named("code").required()];
}

/// Handles `GET /totp`. Responds with 200.
pub(crate) async fn totp_status<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = owner(&users, &incoming).await?;
    match users.factor_status(&own.user).await {
        Ok(FactorStatus { enrolled, required, recovery_codes_left }) => {
            Ok(json_response(StatusCode::OK, &StatusRead { enrolled, required, recovery_codes_left }))
        }
        Err(error) => Err(of_route(&users, error)),
    }
}

/// Handles `POST /totp/enroll`. Responds with 200 and the data for the app.
///
/// # Errors
/// 401 without a valid token or if its login is not recent, 403 `MFA_REQUIRED` for a user with a passkey that was not
/// used in the session, 400 `TOTP_USER_NOT_VERIFIED`, 400 `TOTP_ALREADY_ENROLLED`.
pub(crate) async fn enroll_totp<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = owner(&users, &incoming).await?;
    require_fresh(&users, &own, users.policy().fresh_window(), || incoming.cx().clone())?;
    require_own_factor(&users, &own, true, incoming.cx()).await?;
    let begun = users.begin_enrollment(&own.user, incoming.cx()).await.map_err(|error| of_route(&users, error))?;
    let qr_svg = qr::svg(&begun.url).ok_or(ApiError::Internal)?;
    Ok(json_response(StatusCode::OK, &EnrollmentRead { secret: &begun.secret, url: &begun.url, qr_svg: &qr_svg }))
}

/// Handles `POST /totp/confirm` with `{"code"}`. Responds with 200 and the recovery codes.
///
/// # Errors
/// 400 `TOTP_BAD_CODE`, 400 `TOTP_NOT_PENDING`, 400 `TOTP_ALREADY_ENROLLED`, 422 for an invalid body, 429 after too many wrong codes.
pub(crate) async fn confirm_totp<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let own = owner(&users, &incoming).await?;
    require_own_factor(&users, &own, true, incoming.cx()).await?;
    let code = code_in(&users, body)?;
    let codes = users.confirm_enrollment(&own, &code, incoming.cx()).await.map_err(|error| of_route(&users, error))?;
    Ok(json_response(StatusCode::OK, &RecoveryCodesRead { recovery_codes: &codes }))
}

/// Handles `POST /totp/disable` with `{"code"}`, of the app or a recovery code. Responds with 204.
///
/// # Errors
/// 401 if the login is not recent, 400 `TOTP_BAD_CODE`, 400 `TOTP_NOT_ENROLLED`, 422 and 429 as for `POST /totp/confirm`.
pub(crate) async fn disable_totp<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    require_fresh(&users, &own, users.policy().fresh_window(), || incoming.cx().clone())?;
    let code = code_in(&users, body)?;
    users.disable_factor(&own, &code, incoming.cx()).await.map_err(|error| of_route(&users, error))?;
    Ok(no_content())
}

/// Handles `POST /recovery-codes` with `{"code"}`, of the app or a recovery code. Responds with 200 and ten new codes.
///
/// # Errors
/// 400 `TOTP_BAD_CODE`, 400 `TOTP_NOT_ENROLLED`, 422 and 429 as for `POST /totp/confirm`.
pub(crate) async fn replace_recovery_codes<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    let code = code_in(&users, body)?;
    let codes = users.new_codes(&own, &code, incoming.cx()).await.map_err(|error| of_route(&users, error))?;
    Ok(json_response(StatusCode::OK, &RecoveryCodesRead { recovery_codes: &codes }))
}

/// Handles `GET /totp/devices`. Responds with 200 and the remembered devices.
pub(crate) async fn list_devices<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let own = Incoming::bare(request).authenticate(&users, Requirements::usual(&users)).await?;
    let devices = users.own_devices(&own).await.map_err(|error| of_route(&users, error))?;
    let read: Vec<DeviceRead> = devices.into_iter().map(DeviceRead::from).collect();
    Ok(json_response(StatusCode::OK, &read))
}

/// Handles `DELETE /totp/devices/{id}`. Responds with 204. The id of another user's device is unknown.
pub(crate) async fn forget_device<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    let id = id.as_deref().and_then(TokenId::parse).ok_or(ApiError::NotFound)?;
    let forgotten = users.forget_own_device(&own, &id, incoming.cx()).await.map_err(|error| of_route(&users, error))?;
    if forgotten { Ok(no_content()) } else { Err(ApiError::NotFound) }
}

/// Authenticates a user who may have to enroll first.
async fn owner<U: AuthUser>(users: &Users<U>, incoming: &Incoming) -> Result<Authenticated<U>, ApiError> {
    incoming.authenticate(users, Requirements::usual(users).before_enrollment()).await
}

fn code_in<U: AuthUser>(users: &Users<U>, body: JsonBody) -> Result<String, ApiError> {
    let CodeBody { code } = body.embedded(users.policy().new_email())?.input;
    Ok(code)
}

fn of_route<U: AuthUser>(users: &Users<U>, error: TotpError) -> ApiError {
    match error {
        TotpError::Off => ApiError::NotFound,
        TotpError::Refused(code) => ApiError::Code(code),
        TotpError::Ended => unauthorized(users),
        TotpError::Limited(limited) => limited.into(),
        TotpError::Random(error) => error.into(),
        TotpError::Store(error) => error.into(),
    }
}
