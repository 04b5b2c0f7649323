//! The error type of all routes and its response.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::Value;

use super::{Problem, response::time_text};
use crate::{
    account::SignInError,
    domain::{LimitReached, MfaToken, Suspension},
    event::{self, EventKind, failed},
    port::{HashError, HookError, MailTokenError, RandomError, StoreError, StrategyError},
    service::{BAD_CREDENTIALS, LOGIN_MFA_REQUIRED, SUSPENDED},
};

/// `Retry-After` in seconds when a database or Redis is down: the longest value in use, since an outage rarely ends
/// immediately.
pub(super) const OUTAGE_RETRY_AFTER: u32 = 5;

/// The code of a user who cannot be read, in the routes of superusers on a store that cannot repair it.
const UNREADABLE: &str = "USER_UNREADABLE";

/// The code of a request that must contain the solution of a challenge.
pub(crate) const CHALLENGE_REQUIRED: &str = "CHALLENGE_REQUIRED";

/// The text for a session that is valid but not fresh: the client prompts for the password and calls
/// `POST /auth/{backend}/reauthenticate`, or logs in again.
pub(crate) const REAUTHENTICATION_REQUIRED: &str = "REAUTHENTICATION_REQUIRED";

/// The text for a refresh token that cannot be exchanged. The client has to log in.
const REFRESH_BAD_TOKEN: &str = "REFRESH_BAD_TOKEN";

/// The text for a session whose user must enroll a second factor: `POST /auth/totp/enroll`.
pub(crate) const MFA_ENROLLMENT_REQUIRED: &str = "MFA_ENROLLMENT_REQUIRED";

/// The text for a session in which the user's second factor was not verified: the client prompts for a code and calls
/// `POST /auth/{backend}/reauthenticate`, or logs in again.
#[cfg_attr(not(feature = "totp"), allow(dead_code, reason = "no user has a second factor"))]
pub(crate) const MFA_REQUIRED: &str = "MFA_REQUIRED";

/// The limits of a route and the one that is reached, as structured fields (RFC 9651).
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The reason why a request is refused. Each variant has one response, which never contains the cause of a failure.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ApiError {
    /// 401: the request is not authenticated.
    Unauthorized {
        /// The value of `WWW-Authenticate` (RFC 6750), if a backend has a challenge and the policy sends it.
        challenge: Option<HeaderValue>,
    },
    /// 401 `REAUTHENTICATION_REQUIRED`: the session is valid, but its login is too old for this operation.
    Reauthenticate {
        /// As for [`ApiError::Unauthorized`].
        challenge: Option<HeaderValue>,
    },
    /// 401 `REFRESH_BAD_TOKEN`: the refresh token is invalid, expired or used, or its login has ended.
    BadRefreshToken {
        /// As for [`ApiError::Unauthorized`].
        challenge: Option<HeaderValue>,
    },
    /// 403: the user lacks the permission.
    Forbidden,
    /// 403 with a stable code, such as `CSRF_ORIGIN_REFUSED`.
    Refused(&'static str),
    /// 403 with a challenge that the client must solve: `{"detail":{"code":"CHALLENGE_REQUIRED","challenge":…}}`.
    ChallengeRequired(Value),
    /// 404.
    NotFound,
    /// 405. Its `Allow` header is added by the router.
    MethodNotAllowed,
    /// 400 with a stable code: `{"detail":"CODE"}`.
    Code(&'static str),
    /// 400 with a stable code and a reason to show to the user: `{"detail":{"code":"CODE","reason":…}}`.
    Reason {
        /// The code, such as `REGISTER_INVALID_PASSWORD`.
        code: &'static str,
        /// The reason: a string, or any JSON from the application.
        reason: Value,
    },
    /// 400 for a login of a suspended user with the right password, if the policy permits disclosing it:
    /// `{"detail":{"code":"LOGIN_USER_SUSPENDED","until":…,"reason":…}}`.
    Suspended(Suspension),
    /// 400 for a login whose first factor can be used only once and whose user has a second factor:
    /// `{"detail":{"code":"LOGIN_MFA_REQUIRED","mfa_token":…}}`.
    SecondFactorRequired(MfaToken),
    /// 422: every problem of a body, in the order of the schema.
    Validation(Vec<Problem>),
    /// 400 with a message, for a body that cannot be read at all.
    BadRequest(&'static str),
    /// 413: the body is larger than the limit.
    PayloadTooLarge,
    /// 429: too many attempts. With a limit, its fields `RateLimit-Policy` and `RateLimit`
    /// ([draft-ietf-httpapi-ratelimit-headers](https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/))
    /// are sent as well.
    TooManyRequests {
        /// `Retry-After` in seconds.
        retry_after: u32,
        /// The limit that is reached, if it is one of [`Limits`](crate::Limits).
        limit: Option<LimitReached>,
    },
    /// 503: a service that the operation needs is overloaded or down.
    Unavailable {
        /// `Retry-After` in seconds.
        retry_after: u32,
    },
    /// The response of an application's hook: this status with `{"detail": …}`.
    Hook(StatusCode, Value),
    /// 500. The cause is logged and not sent.
    Internal,
}

/// The body of every error.
#[derive(Serialize)]
struct Detail<T> {
    detail: T,
}

#[derive(Serialize)]
struct CodeAndReason<'a> {
    code: &'static str,
    reason: &'a Value,
}

#[derive(Serialize)]
struct CodeAndChallenge<'a> {
    code: &'static str,
    challenge: &'a Value,
}

#[derive(Serialize)]
struct CodeAndToken<'a> {
    code: &'static str,
    mfa_token: &'a str,
}

#[derive(Serialize)]
struct ToldSuspension<'a> {
    code: &'static str,
    until: Option<String>,
    reason: Option<&'a str>,
}

impl ApiError {
    /// Returns the status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized { .. } | Self::Reauthenticate { .. } | Self::BadRefreshToken { .. } => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden | Self::Refused(_) | Self::ChallengeRequired(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Code(_)
            | Self::Reason { .. }
            | Self::Suspended(_)
            | Self::SecondFactorRequired(_)
            | Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Validation(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Hook(status, _) => *status,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the stable text of a refusal, for the query of a page. `None` for one without such a text, and for failures.
    #[cfg(feature = "oauth")]
    pub(crate) fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Code(code) | Self::Refused(code) | Self::BadRequest(code) | Self::Reason { code, .. } => code,
            Self::Unauthorized { .. } => "UNAUTHORIZED",
            Self::Reauthenticate { .. } => REAUTHENTICATION_REQUIRED,
            Self::BadRefreshToken { .. } => REFRESH_BAD_TOKEN,
            Self::SecondFactorRequired(_) => LOGIN_MFA_REQUIRED.code,
            Self::Forbidden => "FORBIDDEN",
            Self::ChallengeRequired(_) => CHALLENGE_REQUIRED,
            Self::TooManyRequests { .. } => "TOO_MANY_REQUESTS",
            Self::Unavailable { .. } => "SERVICE_UNAVAILABLE",
            _ => return None,
        })
    }

    fn body(&self) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Unauthorized { .. } => detail("Unauthorized"),
            Self::Reauthenticate { .. } => detail(REAUTHENTICATION_REQUIRED),
            Self::BadRefreshToken { .. } => detail(REFRESH_BAD_TOKEN),
            Self::Forbidden => detail("Forbidden"),
            Self::NotFound => detail("Not Found"),
            Self::MethodNotAllowed => detail("Method Not Allowed"),
            Self::Code(text) | Self::Refused(text) | Self::BadRequest(text) => detail(text),
            Self::Reason { code, reason } => detail(CodeAndReason { code, reason }),
            Self::ChallengeRequired(challenge) => detail(CodeAndChallenge { code: CHALLENGE_REQUIRED, challenge }),
            Self::Suspended(Suspension { until, reason }) => {
                detail(ToldSuspension { code: SUSPENDED.code, until: until.map(time_text), reason: reason.as_deref() })
            }
            Self::SecondFactorRequired(token) => {
                detail(CodeAndToken { code: LOGIN_MFA_REQUIRED.code, mfa_token: token.secret() })
            }
            Self::Validation(problems) => detail(problems),
            Self::PayloadTooLarge => detail("Content Too Large"),
            Self::TooManyRequests { .. } => detail("TOO_MANY_REQUESTS"),
            Self::Unavailable { .. } => detail("SERVICE_UNAVAILABLE"),
            Self::Hook(_, value) => detail(value),
            Self::Internal => detail("Internal Server Error"),
        }
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooManyRequests { retry_after, .. } | Self::Unavailable { retry_after } => Some(*retry_after),
            _ => None,
        }
    }
}

fn detail(detail: impl Serialize) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Detail { detail })
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Ok(body) = self.body() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = (self.status(), body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Self::Unauthorized { challenge: Some(challenge) }
        | Self::Reauthenticate { challenge: Some(challenge) }
        | Self::BadRefreshToken { challenge: Some(challenge) } = &self
        {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge.clone());
        }
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Self::TooManyRequests { limit: Some(reached), .. } = &self {
            let (name, (quota, window)) = (reached.limit.name(), reached.rule.advertised(reached.wait));
            let fields = [
                (RATE_LIMIT_POLICY, format!(r#""{name}";q={quota};w={window}"#)),
                (RATE_LIMIT, format!(r#""{name}";r=0;t={}"#, reached.seconds())),
            ];
            for (field, value) in fields {
                response.headers_mut().extend(HeaderValue::try_from(value).ok().map(|value| (field, value)));
            }
        }
        response
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Validation(vec![problem])
    }
}

impl From<StoreError> for ApiError {
    /// Operations that may find an address taken map [`StoreError::EmailTaken`] to their own code before this
    /// conversion.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                failed(EventKind::Dependency, "the user store is not available", &error);
                Self::Unavailable { retry_after: OUTAGE_RETRY_AFTER }
            }
            StoreError::InvalidValue { field, cause } => {
                event::refused_value(cause.as_ref());
                const TEXT: &str = "the database does not accept this value";
                field
                    .map_or_else(
                        || Problem::of_body("value_error", format!("Value error, {TEXT}")).ctx("error", TEXT),
                        |field| Problem::value_error(field, TEXT),
                    )
                    .into()
            }
            StoreError::Unreadable { id, column } => {
                event::unreadable_user(&id, &column);
                Self::Reason { code: UNREADABLE, reason: column.into() }
            }
            // The conflict is in a custom column, whose meaning only the application knows.
            StoreError::Conflict => Self::Code("CONFLICT"),
            _ => {
                failed(EventKind::Dependency, "the user store failed", &error);
                Self::Internal
            }
        }
    }
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused(code) => Self::Code(code),
            SignInError::UnknownBackend | SignInError::NotFound => Self::Code(BAD_CREDENTIALS.code),
            SignInError::Store(error) => error.into(),
            SignInError::Strategy(error) => error.into(),
            SignInError::Hook(error) => error.into(),
        }
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { retry_after } => {
                event::overloaded("too many passwords wait");
                Self::Unavailable { retry_after }
            }
            HashError::Failed => {
                failed(EventKind::Dependency, "a password could not be hashed", &error);
                Self::Internal
            }
        }
    }
}

impl From<StrategyError> for ApiError {
    fn from(error: StrategyError) -> Self {
        failed(EventKind::Dependency, "a token strategy is not available", &error);
        Self::Unavailable { retry_after: OUTAGE_RETRY_AFTER }
    }
}

impl From<HookError> for ApiError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Response(status, detail) => Self::Hook(status, detail),
            HookError::Failed(error) => {
                failed(EventKind::Hook, "a hook of the application failed", error.as_ref());
                Self::Internal
            }
        }
    }
}

impl From<MailTokenError> for ApiError {
    fn from(error: MailTokenError) -> Self {
        match error {
            MailTokenError::Hash(error) => error.into(),
            MailTokenError::Failed => {
                failed(EventKind::Dependency, "a token for a mail could not be made", &error);
                Self::Internal
            }
        }
    }
}

impl From<RandomError> for ApiError {
    fn from(error: RandomError) -> Self {
        failed(EventKind::Dependency, "no random bytes", &error);
        Self::Internal
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{
        domain::{Backoff, Limit, Quota},
        service::Limited,
    };

    async fn response(error: impl Into<ApiError>) -> (u16, String) {
        let response = error.into().into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_error_has_its_status_and_body() {
        let reason = ApiError::Reason { code: "REGISTER_INVALID_PASSWORD", reason: json!("Too short") };
        for (error, status, body) in [
            (ApiError::Unauthorized { challenge: None }, 401, r#"{"detail":"Unauthorized"}"#),
            (ApiError::Reauthenticate { challenge: None }, 401, r#"{"detail":"REAUTHENTICATION_REQUIRED"}"#),
            (ApiError::BadRefreshToken { challenge: None }, 401, r#"{"detail":"REFRESH_BAD_TOKEN"}"#),
            (ApiError::Forbidden, 403, r#"{"detail":"Forbidden"}"#),
            (
                ApiError::ChallengeRequired(json!({"a": 1})),
                403,
                r#"{"detail":{"code":"CHALLENGE_REQUIRED","challenge":{"a":1}}}"#,
            ),
            (ApiError::Refused("CSRF_ORIGIN_REFUSED"), 403, r#"{"detail":"CSRF_ORIGIN_REFUSED"}"#),
            (ApiError::NotFound, 404, r#"{"detail":"Not Found"}"#),
            (ApiError::MethodNotAllowed, 405, r#"{"detail":"Method Not Allowed"}"#),
            (ApiError::Code("LOGIN_BAD_CREDENTIALS"), 400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#),
            (reason, 400, r#"{"detail":{"code":"REGISTER_INVALID_PASSWORD","reason":"Too short"}}"#),
            (
                Problem::missing("email").into(),
                422,
                r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":null}]}"#,
            ),
            (ApiError::BadRequest("no"), 400, r#"{"detail":"no"}"#),
            (ApiError::PayloadTooLarge, 413, r#"{"detail":"Content Too Large"}"#),
            (ApiError::TooManyRequests { retry_after: 9, limit: None }, 429, r#"{"detail":"TOO_MANY_REQUESTS"}"#),
            (ApiError::Unavailable { retry_after: 2 }, 503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#),
            (ApiError::Hook(StatusCode::IM_A_TEAPOT, json!({"tea": true})), 418, r#"{"detail":{"tea":true}}"#),
            (ApiError::Internal, 500, r#"{"detail":"Internal Server Error"}"#),
        ] {
            assert_eq!(response(error).await, (status, body.to_owned()));
        }
    }

    #[test]
    fn retry_after_is_in_seconds() {
        for error in
            [ApiError::TooManyRequests { retry_after: 3, limit: None }, ApiError::Unavailable { retry_after: 3 }]
        {
            assert_eq!(error.into_response().headers()[RETRY_AFTER], "3");
        }
        assert!(!ApiError::Internal.into_response().headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn a_reached_limit_is_sent_as_structured_fields() {
        let quarter = std::time::Duration::from_secs(900);
        let quota = LimitReached {
            limit: Limit::LoginAddress,
            rule: Quota::new(50, quarter).into(),
            wait: std::time::Duration::from_millis(17_001),
        };
        let delay = LimitReached {
            limit: Limit::LoginClient,
            rule: Backoff::new(5, quarter).into(),
            wait: std::time::Duration::from_secs(64),
        };
        for (reached, policy, state) in [
            (quota, r#""login-address";q=50;w=900"#, r#""login-address";r=0;t=18"#),
            (delay, r#""login-client";q=1;w=64"#, r#""login-client";r=0;t=64"#),
        ] {
            let response = ApiError::from(Limited::Reached(reached)).into_response();
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(response.headers()[RETRY_AFTER], reached.seconds().to_string());
            assert_eq!(response.headers()[RATE_LIMIT_POLICY], policy);
            assert_eq!(response.headers()[RATE_LIMIT], state);
        }
    }

    #[tokio::test]
    async fn causes_are_not_sent() {
        let cause = || Arc::new(std::io::Error::other("table user, king@camelot.bt"));
        let down = (503, r#"{"detail":"SERVICE_UNAVAILABLE"}"#.to_owned());
        let failed = (500, r#"{"detail":"Internal Server Error"}"#.to_owned());
        assert_eq!(response(StoreError::Conflict).await, (400, r#"{"detail":"CONFLICT"}"#.to_owned()));
        assert_eq!(response(StoreError::Unavailable(cause())).await, down);
        assert_eq!(response(StoreError::Failed(cause())).await, failed);
        assert_eq!(response(StrategyError::unavailable(std::io::Error::other("redis, king@camelot.bt"))).await, down);
        assert_eq!(response(HookError::from(std::io::Error::other("smtp, king@camelot.bt"))).await, failed);
        assert_eq!(response(HashError::Failed).await, failed);
        assert_eq!(response(MailTokenError::Hash(HashError::Overloaded { retry_after: 1 })).await, down);
        assert_eq!(response(MailTokenError::Failed).await, failed);
        assert_eq!(response(RandomError).await, failed);
    }
}
