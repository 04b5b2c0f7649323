//! The routes of OAuth providers.

use axum::{Extension, Router, extract::Request, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    LAST_WAY_IN, LIST, PROVIDER_ERROR, UNDECODABLE_STATE, UNLINK,
    callback::{Authenticated as ByProvider, Callback},
    error::OAuthError,
    read::{AccountRead, AuthorizationUrl},
    start::Start,
};
use crate::{
    domain::{Limit, Relaxation, field::Field},
    event::{EventKind, SecurityEvent},
    http::{
        ApiError, Handle, HasUsers, IdText, Incoming, Parameters, Problem, Repeated, Requirements, RouteBackend,
        RouteProvider, Routes, ensure_own_page, identity_login, json_response, no_content, of_creation, require_fresh,
        see_other, token_response,
    },
    port::{AuthorizationCode, TokenResponse, Unlinked},
    service::{Authenticated, OAuthProvider, Users},
    user::{AuthUser, Schema},
};

/// The length of a flow's cookie: 256 bits in base64url without padding.
const COOKIE_BYTES: usize = 32;

/// The errors of an authorization endpoint that are passed on (RFC 6749 section 4.1.2.1, OpenID Connect Core section
/// 3.1.2.6). Every other text of the provider is replaced.
const KNOWN_ERRORS: [&str; 11] = [
    "access_denied",
    "invalid_request",
    "unauthorized_client",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
];

/// Returns the routes of the user's own accounts at providers, for
/// `Router::nest("/users/me/oauth-accounts", oauth_account_routes(&users))`: `GET` lists them, `DELETE /{id}` removes
/// one, unless it is the last login method.
pub fn oauth_account_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    debug_assert!(LIST.path.is_empty());
    Routes::new(users).get("/", list_accounts::<U>).delete(UNLINK.path, unlink_account::<U>).into_router()
}

/// Handles `GET /authorize`. Responds with 200 and the URL of the provider's page, and sets the cookie of the flow.
///
/// # Errors
/// 422 for a scope or a page to return to that is not allowed, 429 after too many flows from one address, 400
/// `OAUTH_PROVIDER_ERROR` if the provider's endpoints cannot be discovered.
pub async fn oauth_authorize<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteProvider(provider)): Extension<RouteProvider>,
    request: Request,
) -> Result<Response, ApiError> {
    start(&users, &provider, &Incoming::bare(request), None).await
}

/// Handles `GET /callback`. Responds as a login does, or returns to the front
/// end with 303.
///
/// # Errors
/// 400 with a code, 422 for a parameter with two values, 429 after too many callbacks from one address that failed.
pub async fn oauth_callback<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    Extension(RouteProvider(provider)): Extension<RouteProvider>,
    request: Request,
) -> Result<Response, ApiError> {
    let done = async {
        let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
        let (incoming, parameters) = read(&users, request)?;
        let held = backend.held_by_browser(incoming.headers());
        let counted = users.count_by_address(Limit::OAuthCallback, EventKind::OAuth, incoming.cx()).await?;
        let ByProvider { identity, return_to } = finish(&users, &provider, &incoming, &parameters, None).await?;
        let login = identity_login(&users, provider.rules(), identity, incoming.cx());
        let done = users.log_in_with_provider(&provider, login, backend, held).await;
        if !has_failed(&done) {
            users.flow_succeeded(counted, incoming.cx()).await;
        }
        let response = done?;
        Ok(match provider.returns().and_then(|pages| pages.success(return_to.as_deref())) {
            Some(page) => returned(page, response)?,
            None => token_response(response),
        })
    };
    let done = done.await;
    or_failure_page(&provider, done)
}

/// The body of `POST /token`.
#[derive(Deserialize)]
pub(super) struct IdTokenLogin {
    id_token: String,
    nonce: String,
}

impl Schema for IdTokenLogin {
    const FIELDS: &'static [Field] =
        &[Field::token_named("id_token").required(), Field::token_named("nonce").required()];
}

/// Handles `POST /token` with `{"id_token","nonce"}`, for an application on a device that has the token from the provider's
/// library. Responds as a login does.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 400 with a code, 422 for an invalid body,
/// 429 after too many attempts from one address that failed.
pub async fn oauth_id_token<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteBackend(index)): Extension<RouteBackend>,
    Extension(RouteProvider(provider)): Extension<RouteProvider>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = users.inner().backends.get(index).ok_or(ApiError::Internal)?;
    let request = ensure_own_page(&users, backend, request)?;
    let held = backend.held_by_browser(request.headers());
    let (incoming, body) = Incoming::json(request).await?;
    let IdTokenLogin { id_token, nonce } = body.embedded(users.policy().new_email())?.input;
    let counted = users.count_by_address(Limit::OAuthCallback, EventKind::OAuth, incoming.cx()).await?;
    let identity = users.identity_of_id_token(&provider, &id_token, &nonce, incoming.cx()).await?;
    let login = identity_login(&users, provider.rules(), identity, incoming.cx());
    let done = users.log_in_with_provider(&provider, login, backend, held).await;
    if !has_failed(&done) {
        users.give_back(counted).await;
    }
    Ok(token_response(done?))
}

/// Handles `GET /authorize` for the account of a signed-in user, whose login must be recent.
///
/// # Errors
/// 401 without a valid token or if its login is not recent, and those of [`oauth_authorize`].
pub async fn oauth_associate_authorize<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteProvider(provider)): Extension<RouteProvider>,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    require_recent_login(&users, &own, &incoming)?;
    start(&users, &provider, &incoming, Some(own.user.id().to_string())).await
}

/// Handles `GET /callback` for the account of a signed-in user. Responds with 200 and the read schema, or returns to the
/// front end with 303.
///
/// # Errors
/// 401 without a valid token, and those of [`oauth_callback`].
pub async fn oauth_associate_callback<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(RouteProvider(provider)): Extension<RouteProvider>,
    request: Request,
) -> Result<Response, ApiError> {
    let done = async {
        let (incoming, parameters) = read(&users, request)?;
        let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
        let user = Some(own.user.id().to_string());
        let counted = users.count_by_address(Limit::OAuthCallback, EventKind::OAuth, incoming.cx()).await?;
        let ByProvider { identity, return_to } = finish(&users, &provider, &incoming, &parameters, user).await?;
        users.associate(&own, &provider, &identity, incoming.cx()).await?;
        users.flow_succeeded(counted, incoming.cx()).await;
        Ok(match provider.returns().and_then(|pages| pages.success(return_to.as_deref())) {
            Some(page) => returned(page, TokenResponse::new(StatusCode::NO_CONTENT))?,
            None => json_response(StatusCode::OK, &users.read(&own.user).await?),
        })
    };
    let done = done.await;
    or_failure_page(&provider, done)
}

/// Handles `GET`. Responds with 200 and the accounts.
pub(crate) async fn list_accounts<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let own = Incoming::bare(request).authenticate(&users, Requirements::usual(&users)).await?;
    let accounts = users.own_oauth_accounts(&own.user).await?;
    let read: Vec<_> = accounts.into_iter().map(AccountRead::from).collect();
    Ok(json_response(StatusCode::OK, &read))
}

/// Handles `DELETE /{id}`. Responds with 204. The id of another user's account is unknown.
pub(crate) async fn unlink_account<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    require_recent_login(&users, &own, &incoming)?;
    let id = id.ok_or(ApiError::NotFound)?;
    match users.unlink_own(&own.user, &id, incoming.cx()).await? {
        Unlinked::Removed => Ok(no_content()),
        Unlinked::NotFound => Err(ApiError::NotFound),
        Unlinked::LastWayIn => Err(ApiError::Code(LAST_WAY_IN.code)),
    }
}

/// Requires a recent login to change the login methods of an account (OWASP ASVS 7.5.1), unless the policy also lets a
/// session of any age change the password.
fn require_recent_login<U: AuthUser>(
    users: &Users<U>,
    own: &Authenticated<U>,
    incoming: &Incoming,
) -> Result<(), ApiError> {
    if users.policy().allows(Relaxation::PasswordChangeWithoutCurrent) {
        return Ok(());
    }
    require_fresh(users, own, users.policy().fresh_window(), || incoming.cx().clone())
}

async fn start<U: AuthUser>(
    users: &Users<U>,
    provider: &OAuthProvider,
    incoming: &Incoming,
    user: Option<String>,
) -> Result<Response, ApiError> {
    let parameters = Parameters::of_query(incoming.uri(), repeated(users))?;
    let scopes = provider
        .scopes_for(parameters.all("scopes"))
        .ok_or_else(|| Problem::in_query("scopes", "the scope is not allowed"))?;
    let return_to = parameters.one("return_to")?.map(str::to_owned);
    if let Some(page) = &return_to
        && !provider.returns().is_some_and(|pages| pages.allows(page))
    {
        return Err(Problem::in_query("return_to", "the page is not allowed").into());
    }
    let _counted = users.count_by_address(Limit::OAuthStart, EventKind::OAuth, incoming.cx()).await?;
    let parts = &users.inner().oauth;
    let transport = &parts.cookie;
    let held = transport.read(incoming.headers()).map(|cookie| cookie.secret().to_owned());
    let is_ours = |cookie: &String| URL_SAFE_NO_PAD.decode(cookie).is_ok_and(|bytes| bytes.len() == COOKIE_BYTES);
    let start = Start {
        cookie: held.filter(is_ours),
        redirect_uri: callback_url(users, provider, incoming)?,
        scopes: &scopes,
        return_to,
        user: user.clone(),
    };
    let started = users.start_oauth(provider, start).await?;
    let event = SecurityEvent::new(EventKind::OAuth, incoming.cx());
    users.record(&user.iter().fold(event, SecurityEvent::of));
    let body = AuthorizationUrl { authorization_url: started.authorization_url };
    let mut response = json_response(StatusCode::OK, &body);
    response.headers_mut().extend(transport.grant(&crate::domain::AccessToken::new(started.cookie)).headers);
    Ok(response)
}

/// Reads the parameters of a callback.
fn read<U: AuthUser>(users: &Users<U>, request: Request) -> Result<(Incoming, Parameters), ApiError> {
    let incoming = Incoming::bare(request);
    let parameters = Parameters::of_query(incoming.uri(), repeated(users))?;
    Ok((incoming, parameters))
}

async fn finish<U: AuthUser>(
    users: &Users<U>,
    provider: &OAuthProvider,
    incoming: &Incoming,
    parameters: &Parameters,
    user: Option<String>,
) -> Result<ByProvider, ApiError> {
    if let Some(error) = parameters.one("error")? {
        let event = SecurityEvent::new(EventKind::OAuth, incoming.cx()).refused("provider");
        users.record(&user.iter().fold(event, SecurityEvent::of));
        let known = KNOWN_ERRORS.into_iter().find(|known| *known == error);
        return Err(ApiError::Code(known.unwrap_or(PROVIDER_ERROR.code)));
    }
    let code = parameters.one("code")?.ok_or(ApiError::BadRequest("Bad Request"))?.to_owned();
    let state = parameters.one("state")?.ok_or(ApiError::Code(UNDECODABLE_STATE.code))?;
    let parts = &users.inner().oauth;
    let cookie = parts.cookie.read(incoming.headers());
    let redirect_uri = callback_url(users, provider, incoming)?;
    let callback = Callback {
        code: AuthorizationCode::new(code),
        state,
        issuer: parameters.one("iss")?,
        cookie: cookie.as_ref().map(|cookie| cookie.secret()),
        redirect_uri: &redirect_uri,
        user,
    };
    Ok(users.finish_oauth(provider, callback, incoming.cx()).await?)
}

/// Returns the URL of the callback that belongs to the route of a request: the one that is configured, or the public
/// URL with the path at which the request arrived.
fn callback_url<U: AuthUser>(
    users: &Users<U>,
    provider: &OAuthProvider,
    incoming: &Incoming,
) -> Result<String, ApiError> {
    if let Some(url) = provider.given_redirect_uri() {
        return Ok(url.to_owned());
    }
    let path = incoming.original_path();
    let (mount, _) = path.trim_end_matches('/').rsplit_once('/').ok_or(ApiError::NotFound)?;
    let parts = users.inner();
    parts.oauth.url_of(&parts.base_path, &format!("{mount}/callback")).ok_or(ApiError::Internal)
}

fn repeated<U: AuthUser>(users: &Users<U>) -> Repeated {
    if users.policy().keeps_quirks() { Repeated::LastWins } else { Repeated::Refused }
}

/// Sends the browser to a page after success. A token in the body goes into the fragment.
fn returned(page: &str, token: TokenResponse) -> Result<Response, ApiError> {
    let mut page = page.to_owned();
    if let Some(body) = token.body {
        let body: Map<String, Value> = serde_json::from_str(&body).map_err(|_| ApiError::Internal)?;
        let texts = body.iter().filter_map(|(key, value)| match value {
            Value::String(text) => Some((key, text.clone())),
            Value::Number(number) => Some((key, number.to_string())),
            _ => None,
        });
        let fragment = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(texts).finish();
        page = format!("{}#{fragment}", page.split('#').next().unwrap_or_default());
    }
    see_other(&page, token.headers)
}

/// Returns whether a login is counted as a failure. A login that waits for the second factor has its own limit.
fn has_failed(done: &Result<TokenResponse, OAuthError>) -> bool {
    !matches!(done, Ok(_) | Err(OAuthError::SecondFactorRequired(_)))
}

/// Sends the browser to the page for refusals, if there is one. Failures of the service are not changed.
fn or_failure_page(provider: &OAuthProvider, done: Result<Response, ApiError>) -> Result<Response, ApiError> {
    let Err(error) = done else { return done };
    let code = error.code().filter(|_| !matches!(error, ApiError::Unavailable { .. }));
    match code.zip(provider.returns()).and_then(|(code, pages)| pages.failure(code)) {
        Some(page) => see_other(&with_mfa_token(page, &error), HeaderMap::new()),
        None => Err(error),
    }
}

/// Adds the token of a login that waits for a second factor to the fragment of a page, which browsers do not send.
fn with_mfa_token(page: String, error: &ApiError) -> String {
    let ApiError::SecondFactorRequired(token) = error else { return page };
    let without = page.split('#').next().unwrap_or_default();
    format!("{without}#mfa_token={}", token.secret())
}

impl From<OAuthError> for ApiError {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Refused(code) => Self::Code(code),
            OAuthError::BadRequest => Self::BadRequest("Bad Request"),
            OAuthError::Busy => Self::TooManyRequests { retry_after: 1, limit: None },
            OAuthError::Random(error) => error.into(),
            OAuthError::SecondFactorRequired(token) => Self::SecondFactorRequired(token),
            OAuthError::Limited(limited) => limited.into(),
            OAuthError::Create(error) => of_creation(*error),
            OAuthError::Store(error) => error.into(),
            OAuthError::Strategy(error) => error.into(),
            OAuthError::Hook(error) => error.into(),
        }
    }
}
