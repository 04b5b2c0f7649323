//! The routes of mailed codes.

use axum::{Extension, extract::Request, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    BAD_CODE,
    logic::{EmailCodeError, RequestError, SentCode},
};
use crate::{
    account::MailedLoginError,
    domain::{AccessToken, Limit, LoginCode, LoginCodeRequest, field::Field},
    event::EventKind,
    http::{ApiError, Handle, Incoming, RouteBackend, ensure_own_page, json_response, of_mailed_login, token_response},
    port::RandomError,
    service::{ActiveBackend, Users},
    user::{AuthUser, Schema},
};

/// The length of the browser's cookie: 256 bits in base64url without padding.
const COOKIE_BYTES: usize = 32;

/// The body of `POST /email-code`.
#[derive(Deserialize)]
pub(crate) struct RequestEmailCode {}

impl Schema for RequestEmailCode {
    const FIELDS: &'static [Field] = &[Field::email().required()];
}

/// The body of `POST /email-code/redeem`.
#[derive(Deserialize)]
pub(crate) struct RedeemEmailCode {
    request_id: String,
    code: String,
    otp: Option<String>,
}

impl Schema for RedeemEmailCode {
    const FIELDS: &'static [Field] = &[
        Field::token_named("request_id").required(),
        Field::token_named("code").required(),
        Field::token_named("otp"),
    ];
}

/// The response of `POST /email-code`.
#[derive(Serialize)]
struct RequestRead<'a> {
    request_id: &'a str,
}

/// Handles `POST /email-code` with `{"email"}`. Responds with 202 and `{"request_id"}`, whether or not an account has the
/// address. At a cookie backend also sets the cookie that binds the request to the browser.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 422 for a malformed address, 429 after too
/// many requests from one address, 503 if the mail queue is full.
pub async fn request_email_code<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let held = held_cookie(&users, backend, request.headers());
    let (incoming, body) = Incoming::json(request).await?;
    let (RequestEmailCode {}, email) = body.embedded(&users.policy().stored_email())?.with_email()?;
    let _counted = users.count_by_address(Limit::MailedLogin, EventKind::RequestEmailCode, incoming.cx()).await?;
    let cookie = match held {
        Held::NoCookies => None,
        Held::Cookie(cookie) => Some(cookie),
        Held::Nothing => Some(new_cookie(&users)?),
    };
    let id = users.request_email_code(backend, email, cookie.as_deref(), incoming.cx()).await?;
    let mut response = json_response(StatusCode::ACCEPTED, &RequestRead { request_id: id.secret() });
    if let (Some(codes), Some(cookie)) = (&users.inner().by_mail.email_codes, cookie)
        && let Some(transport) = codes.cookie_of(backend)
    {
        response.headers_mut().extend(transport.grant(&AccessToken::new(cookie)).headers);
    }
    Ok(response)
}

/// Handles `POST /email-code/redeem` with `{"request_id","code"}`, and `otp` if the user has a second factor. Responds as a login. Spaces in the code are ignored.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` as for `POST /email-code`, 400 `EMAIL_CODE_BAD_CODE`, 400 `LOGIN_MFA_REQUIRED` or
/// `LOGIN_MFA_BAD_CODE` for a right code, which can be reused, 400 with the code of a gate of the application, 422 for an
/// invalid body, 429 after too many wrong codes from one address or at one account, 503 if a storage is not available.
pub async fn redeem_email_code<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let cookie = match held_cookie(&users, backend, request.headers()) {
        Held::Cookie(cookie) => Some(cookie),
        Held::NoCookies | Held::Nothing => None,
    };
    let session = backend.held_by_browser(request.headers());
    let (incoming, body) = Incoming::json(request).await?;
    let RedeemEmailCode { request_id, code, otp } = body.embedded(users.policy().new_email())?.input;
    let sent = SentCode {
        request: LoginCodeRequest::new(request_id),
        code: LoginCode::new(code.split_whitespace().collect::<String>()),
        cookie,
        otp,
    };
    let counted = users.count_by_address(Limit::Verify, EventKind::Login, incoming.cx()).await?;
    let redeemed = users.redeem_email_code(backend, &sent, session, incoming.cx()).await;
    // Only wrong codes are counted.
    if !matches!(redeemed, Err(EmailCodeError::Login(MailedLoginError::BadSecret))) {
        users.give_back(counted).await;
    }
    match redeemed {
        Ok(response) => Ok(token_response(response)),
        Err(EmailCodeError::Limited(limited)) => Err(limited.into()),
        Err(EmailCodeError::Login(error)) => Err(of_mailed_login(error, BAD_CODE.code)),
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Token(error) => error.into(),
            RequestError::AfterResponse(error) => error.into(),
        }
    }
}

/// The cookie of a browser.
enum Held {
    /// The backend has no cookies.
    NoCookies,
    Nothing,
    Cookie(String),
}

/// Returns the cookie that a browser holds from an earlier request. Several requests of one browser share it.
fn held_cookie<U: AuthUser>(users: &Users<U>, backend: &ActiveBackend, headers: &HeaderMap) -> Held {
    let codes = users.inner().by_mail.email_codes.as_ref();
    let Some(transport) = codes.and_then(|codes| codes.cookie_of(backend)) else { return Held::NoCookies };
    let is_ours = |cookie: &String| URL_SAFE_NO_PAD.decode(cookie).is_ok_and(|bytes| bytes.len() == COOKIE_BYTES);
    let held = transport.read(headers).map(|cookie| cookie.secret().to_owned()).filter(is_ours);
    held.map_or(Held::Nothing, Held::Cookie)
}

fn new_cookie<U: AuthUser>(users: &Users<U>) -> Result<String, RandomError> {
    let mut bytes = [0; COOKIE_BYTES];
    users.inner().random.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
