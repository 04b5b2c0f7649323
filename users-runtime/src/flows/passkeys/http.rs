//! The routes of passkeys.

use axum::{
    Extension, Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;

use super::{
    LOGIN_OPTIONS, REMOVE, SIGN_UP_OPTIONS, START, error::PasskeyError, log_in::PasskeyOptions, read::PasskeyRead,
};
use crate::{
    account::GivenPasskey,
    domain::{
        Assertion, Attestation, NewPasskey, PasskeyId,
        field::{Field, Rule},
    },
    http::{
        ApiError, Handle, HasUsers, IdText, Incoming, JsonBody, Requirements, RouteBackend, Routes, ensure_own_page,
        json_response, no_content, require_fresh, require_own_factor, token_response, unauthorized,
    },
    service::{ActiveBackend, Authenticated, Users},
    user::{AuthUser, Schema, SchemaKind},
};

/// Returns the routes of passkeys, for `Router::nest("/auth", passkey_routes(&users))`, to be mounted next to the
/// derived `user_routes`:
///
/// * `/passkeys`: the user's own. `GET` lists them, `POST /register` and `POST` add one, `PATCH /{id}` renames and
///   `DELETE /{id}` removes one, unless it is the last login method.
/// * `POST /{backend}/passkey/options` and `POST /{backend}/passkey`, for each backend with logins: a login.
///
/// Registrations with a passkey are in [`passkey_sign_up_routes`].
///
/// # Panics
/// If the service has no [passkeys](crate::UsersBuilder::passkeys). This is an error in the application that is found at startup.
pub fn passkey_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    require_passkeys(users);
    Routes::new(users)
        .nest("/passkeys", [own_routes::<U, S>])
        .nest_backends_under("/passkey", login_routes::<U, S>)
        .into_router()
}

/// Returns the routes of a registration with a passkey instead of a password, for
/// `Router::nest("/auth", passkey_sign_up_routes(&users))`: `POST /register/passkey/options` and
/// `POST /register/passkey`. Anyone can then create an account, as with `user_register_routes`.
///
/// # Panics
/// As [`passkey_routes`].
pub fn passkey_sign_up_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    require_passkeys(users);
    Routes::new(users).nest("/register/passkey", [sign_up_routes::<U, S>]).into_router()
}

#[expect(clippy::panic, reason = "like axum's own router: a route that cannot be built stops the start")]
fn require_passkeys<U: AuthUser>(users: &Users<U>) {
    if !users.has_passkeys() {
        panic!("there are no passkeys: call .passkeys(Passkeys::new()) on the builder");
    }
}

fn own_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    Routes::new(users)
        .get("/", passkeys::<U>)
        .post("/", add_passkey::<U>)
        .post(START.path, start_passkey::<U>)
        .patch(REMOVE.path, rename_passkey::<U>)
        .delete(REMOVE.path, remove_passkey::<U>)
        .into_router()
}

fn sign_up_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>) -> Router<S> {
    Routes::new(users)
        .post(SIGN_UP_OPTIONS.path, start_passkey_sign_up::<U>)
        .post("/", passkey_sign_up::<U>)
        .into_router()
}

fn login_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>, backend: &str) -> Router<S> {
    Routes::of_backend(users, backend)
        .post(LOGIN_OPTIONS.path, start_passkey_login::<U>)
        .post("/", passkey_login::<U>)
        .into_router()
}

/// The name of a passkey: 1 to 64 characters.
const NAME: Field = Field::custom::<Option<String>>("name")
    .doc("What you call it, such as the device. Default: `Passkey`.")
    .rules(&[Rule::Length { min: Some(1), max: Some(NewPasskey::MAX_NAME as u64) }]);
const STATE: Field = Field::token_named("state").required().doc("The state of the options.");
const MADE: Field = Field::custom::<Attestation>("credential").required().doc(
    "The `PublicKeyCredential` that `navigator.credentials.create()` returned, in its JSON form (`credential.toJSON()`).",
);
const SIGNED: Field = Field::custom::<Assertion>("credential").required().doc(
    "The `PublicKeyCredential` that `navigator.credentials.get()` returned, in its JSON form (`credential.toJSON()`).",
);

fn name_or_usual(name: Option<String>) -> String {
    name.unwrap_or_else(|| "Passkey".to_owned())
}

/// The body of `POST /{backend}/passkey`.
impl Schema for GivenPasskey {
    const FIELDS: &'static [Field] = &[STATE, SIGNED];
}

/// The body of `POST /passkeys`.
#[derive(Deserialize)]
pub(super) struct NewPasskeyBody {
    state: String,
    #[serde(default)]
    name: Option<String>,
    credential: Attestation,
}

impl Schema for NewPasskeyBody {
    const FIELDS: &'static [Field] = &[STATE, NAME, MADE];
}

/// The body of `POST /register/passkey`.
#[derive(Deserialize)]
pub(super) struct PasskeySignUp {
    state: String,
    #[serde(default)]
    name: Option<String>,
    credential: Attestation,
}

impl Schema for PasskeySignUp {
    const FIELDS: &'static [Field] = &[STATE, NAME, MADE];
}

/// The body of `PATCH /passkeys/{id}`.
#[derive(Deserialize)]
pub(super) struct PasskeyName {
    name: String,
}

impl Schema for PasskeyName {
    const FIELDS: &'static [Field] = &[Field::custom::<String>("name")
        .required()
        .doc("What you call it from now on.")
        .rules(&[Rule::Length { min: Some(1), max: Some(NewPasskey::MAX_NAME as u64) }])];
}

fn backend_of<U: AuthUser>(users: &Users<U>, RouteBackend(index): RouteBackend) -> Result<&ActiveBackend, ApiError> {
    users.inner().backends.get(index).ok_or(ApiError::Internal)
}

fn started(options: PasskeyOptions) -> Response {
    json_response(StatusCode::OK, &options)
}

/// Handles `POST /{backend}/passkey/options`. Responds with 200, a state, and the options for
/// `navigator.credentials.get()`: the same for every user, for a button and for autofill (`mediation: "conditional"`).
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site.
pub(crate) async fn start_passkey_login<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(backend): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = backend_of(&users, backend)?;
    ensure_own_page(&users, backend, request)?;
    Ok(started(users.start_passkey_login(backend)?))
}

/// Handles `POST /{backend}/passkey` with `{"state","credential"}`. Responds as a login does.
///
/// # Errors
/// 403 `CSRF_ORIGIN_REFUSED` at a cookie backend for a request from another site, 400 `PASSKEY_BAD_CREDENTIAL`, 400 with a
/// gate's code such as `LOGIN_USER_NOT_VERIFIED`, 422 for an invalid body, 429 after too many attempts from one address that
/// failed.
pub(crate) async fn passkey_login<U: AuthUser>(
    Handle(users): Handle<U>,
    Extension(backend): Extension<RouteBackend>,
    request: Request,
) -> Result<Response, ApiError> {
    let backend = backend_of(&users, backend)?;
    let request = ensure_own_page(&users, backend, request)?;
    let held = backend.held_by_browser(request.headers());
    let (incoming, body) = Incoming::json(request).await?;
    let given: GivenPasskey = body.embedded(users.policy().new_email())?.input;
    let response = users.log_in_with_passkey(backend, &given, held, incoming.cx()).await?;
    Ok(token_response(response))
}

/// Handles `POST /register/passkey/options` with the body of a registration without its password. Responds with 200, a state, and
/// the options for `navigator.credentials.create()`.
///
/// # Errors
/// 422 with every problem of the body, 413 for one that the state cannot carry: about 2 KiB.
pub(crate) async fn start_passkey_sign_up<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let (_, body) = Incoming::json(request).await?;
    // The account gets a placeholder.
    let (body, registration) = body.with("password", "".into()).object();
    let fields = SchemaKind::Create.fields::<U>();
    let (_, email) = body.schema::<U::Create>(fields, users.policy().new_email())?.with_email()?;
    Ok(started(users.start_passkey_sign_up(&email, registration)?))
}

/// Handles `POST /register/passkey` with `{"state","credential","name"}`. Responds with 201 and the read schema.
///
/// # Errors
/// 400 `PASSKEY_BAD_CREDENTIAL`, 400 `REGISTER_USER_ALREADY_EXISTS`, 422 for an invalid body, 429 after too many registrations from
/// one address.
pub(crate) async fn passkey_sign_up<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let PasskeySignUp { state, name, credential } = body.embedded(users.policy().new_email())?.input;
    let (flow, handle, registration) = users.passkey_sign_up(&state, incoming.cx())?;
    // Checked again: its rules may have changed.
    let fields = SchemaKind::Create.fields::<U>();
    let registration = JsonBody::of(registration).schema::<U::Create>(fields, users.policy().new_email())?;
    let registration = registration.with_email()?;
    let name = name_or_usual(name);
    let user = users.sign_up_with_passkey((flow, handle), registration, name, &credential, incoming.cx()).await??;
    Ok(json_response(StatusCode::CREATED, &user.read()).into_response())
}

/// Handles `GET /passkeys`. Responds with 200 and the passkeys of the user.
pub(crate) async fn passkeys<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let own = Incoming::bare(request).authenticate(&users, Requirements::usual(&users)).await?;
    let passkeys = users.passkeys_of(own.user.id()).await?;
    let read: Vec<_> = passkeys.into_iter().map(PasskeyRead::of).collect();
    Ok(json_response(StatusCode::OK, &read))
}

/// Handles `POST /passkeys/register`. Responds with 200, a state, and the options for `navigator.credentials.create()`.
///
/// # Errors
/// 401 without a valid token or if its login is not recent, 400 `PASSKEY_TOO_MANY`.
pub(crate) async fn start_passkey<U: AuthUser>(
    Handle(users): Handle<U>,
    request: Request,
) -> Result<Response, ApiError> {
    let own = fresh(&users, &Incoming::bare(request)).await?;
    Ok(started(users.start_passkey(&own).await?))
}

/// Handles `POST /passkeys` with `{"state","credential","name"}`. Responds with 201 and the passkey.
///
/// # Errors
/// 401 without a valid token, 400 `PASSKEY_BAD_CREDENTIAL`, 400 `PASSKEY_TOO_MANY`, 422 for an invalid body.
pub(crate) async fn add_passkey<U: AuthUser>(Handle(users): Handle<U>, request: Request) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    require_own_factor(&users, &own, false, incoming.cx()).await?;
    let NewPasskeyBody { state, name, credential } = body.embedded(users.policy().new_email())?.input;
    match users.add_passkey(&own, &state, name_or_usual(name), &credential, incoming.cx()).await {
        Ok(passkey) => Ok(json_response(StatusCode::CREATED, &PasskeyRead::of(passkey))),
        Err(PasskeyError::Ended) => Err(unauthorized(&users)),
        Err(error) => Err(error.into()),
    }
}

/// Handles `PATCH /passkeys/{id}` with `{"name"}`. Responds with 200 and the passkey.
///
/// # Errors
/// 401 without a valid token, 404 for a passkey that the user does not have, 422 for an invalid body.
pub(crate) async fn rename_passkey<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let (incoming, body) = Incoming::json(request).await?;
    let own = incoming.authenticate(&users, Requirements::usual(&users)).await?;
    let PasskeyName { name } = body.embedded(users.policy().new_email())?.input;
    let id = id.as_deref().and_then(PasskeyId::parse).ok_or(ApiError::NotFound)?;
    let renamed = users.rename_passkey(&own, &id, &name).await?;
    Ok(json_response(StatusCode::OK, &PasskeyRead::of(renamed)))
}

/// Handles `DELETE /passkeys/{id}`. Responds with 204.
///
/// # Errors
/// 401 without a valid token or if its login is not recent, 404 for a passkey that the user does not have, 400
/// `PASSKEY_LAST_WAY_IN`.
pub(crate) async fn remove_passkey<U: AuthUser>(
    Handle(users): Handle<U>,
    IdText(id): IdText,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::bare(request);
    let own = fresh(&users, &incoming).await?;
    let id = id.as_deref().and_then(PasskeyId::parse).ok_or(ApiError::NotFound)?;
    users.remove_passkey(&own, &id, incoming.cx()).await?;
    Ok(no_content())
}

/// Authenticates a request and requires a recent login, with the second factor of a user who has one: an attacker with
/// a stolen session, or with only the password, must not be able to add their own login method.
async fn fresh<U: AuthUser>(users: &Users<U>, incoming: &Incoming) -> Result<Authenticated<U>, ApiError> {
    let own = incoming.authenticate(users, Requirements::usual(users)).await?;
    require_fresh(users, &own, users.policy().fresh_window(), || incoming.cx().clone())?;
    require_own_factor(users, &own, false, incoming.cx()).await?;
    Ok(own)
}

/// The response of [`PasskeyError::Ended`] depends on the service, so the routes that have sessions send it.
impl From<PasskeyError> for ApiError {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Refused(code) => Self::Code(code),
            PasskeyError::Ended => Self::Unauthorized { challenge: None },
            PasskeyError::NotFound => Self::NotFound,
            PasskeyError::TooLong => Self::PayloadTooLarge,
            PasskeyError::Limited(limited) => limited.into(),
            PasskeyError::Random(error) => error.into(),
            PasskeyError::Store(error) => error.into(),
            PasskeyError::Strategy(error) => error.into(),
            PasskeyError::Hook(error) => error.into(),
        }
    }
}
