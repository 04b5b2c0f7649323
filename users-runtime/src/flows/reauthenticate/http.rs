//! The route of re-authentication.

use axum::{Extension, extract::Request, response::Response};
use serde::Deserialize;

use super::{
    BAD_CREDENTIALS,
    logic::{Given, ReauthenticateError},
};
#[cfg(feature = "passkeys")]
use crate::account::GivenPasskey;
use crate::{
    domain::{Password, field::Field},
    http::{
        ApiError, Handle, Incoming, Problem, Requirements, RouteBackend, ensure_own_page, no_content,
        reauthentication_needed,
    },
    user::{AuthUser, Schema},
};

/// The body of `POST /reauthenticate`.
#[derive(Deserialize)]
pub(crate) struct Reauthenticate {
    password: Option<Password>,
    otp: Option<String>,
    #[cfg(feature = "passkeys")]
    passkey: Option<GivenPasskey>,
}

impl Schema for Reauthenticate {
    #[cfg(not(feature = "passkeys"))]
    const FIELDS: &'static [Field] = &[Field::password(), Field::token_named("otp")];
    #[cfg(feature = "passkeys")]
    const FIELDS: &'static [Field] = &[Field::password(), Field::token_named("otp"), PASSKEY];
}

#[cfg(feature = "passkeys")]
const PASSKEY: Field = Field::custom::<Option<GivenPasskey>>("passkey")
    .doc("`state` and `credential` of a passkey, as for a login with it at this backend. Each field that is sent must be right.");

/// The fields of the body where users can have a second factor, and where they may have passkeys.
#[cfg(feature = "openapi")]
pub(crate) fn fields(has_codes: bool, has_passkeys: bool) -> &'static [Field] {
    match (has_codes, has_passkeys) {
        (false, false) => const { &[Field::password().required()] },
        (true, false) => const { &[Field::password(), Field::token_named("otp")] },
        #[cfg(feature = "passkeys")]
        (false, true) => const { &[Field::password(), PASSKEY] },
        (_, true) => Reauthenticate::FIELDS,
    }
}

/// Handles `POST /reauthenticate` with `{"password"}`, `{"otp"}` of a user who has a second factor, or
/// `{"passkey": {"state","credential"}}` where there are passkeys. If several are sent, each must be right. Responds
/// with 204: the session of the request is fresh again.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 401 without a valid token, 401
/// `REAUTHENTICATION_REQUIRED` for a token without an id, which fastapi-users or another service issued (only a new
/// login helps), 400 `REAUTHENTICATE_BAD_CREDENTIALS`, 422 for an invalid body, 429 with `Retry-After` after too many
/// failed logins, 503 with `Retry-After` if too many passwords wait to be hashed or attempts cannot be counted.
pub async fn reauthenticate<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let (incoming, body) = Incoming::json(ensure_own_page(&users, backend, request)?).await?;
    let own = incoming.authenticate(&users, Requirements::usual(&users).before_enrollment()).await?;
    let Reauthenticate {
        password,
        otp,
        #[cfg(feature = "passkeys")]
        passkey,
    } = body.embedded(users.policy().new_email())?.input;
    let given = Given {
        password,
        otp,
        #[cfg(feature = "passkeys")]
        passkey: passkey.filter(|_| users.has_passkeys()),
    };
    if given.is_empty() {
        return Err(Problem::missing("password").into());
    }
    match users.reauthenticate(&own, backend, &given, incoming.cx()).await {
        Ok(()) => Ok(no_content()),
        Err(ReauthenticateError::BadCredentials) => Err(ApiError::Code(BAD_CREDENTIALS.code)),
        Err(ReauthenticateError::NotPossible) => Err(reauthentication_needed(&users)),
        Err(ReauthenticateError::Limited(error)) => Err(error.into()),
        Err(ReauthenticateError::Hash(error)) => Err(error.into()),
        Err(ReauthenticateError::Store(error)) => Err(error.into()),
    }
}
