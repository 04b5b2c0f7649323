//! The requirements of a route on its user, and the function that enforces them for every request.

use axum::extract::Request;
use http::{HeaderValue, request::Parts};

use super::{
    ApiError,
    error::{MFA_ENROLLMENT_REQUIRED, MFA_REQUIRED},
    incoming::context,
};
use crate::{
    domain::{Relaxation, Timestamp},
    event::{EventKind, SecurityEvent},
    port::RequestContext,
    service::{ActiveBackend, Authenticated, AuthenticationError, Identity, Users},
    user::AuthUser,
};

/// The requirements on a user. 401 takes precedence over 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Requirements {
    /// The user must be active, or the response is 401.
    pub active: bool,
    /// The user must be verified, or the response is 403.
    pub verified: bool,
    /// The user must be a superuser, or the response is 403.
    pub superuser: bool,
    /// A second factor must have been verified in the session, or the response is 403 `MFA_REQUIRED`;
    /// `MFA_ENROLLMENT_REQUIRED` for a user who has none.
    pub second_factor: bool,
    /// Whether a user who must still enroll a required second factor may call the route.
    pub before_enrollment: bool,
}

impl Requirements {
    /// Any user with a valid token, including inactive ones. Suspended users get 401 in any case.
    pub const NONE: Self =
        Self { active: false, verified: false, superuser: false, second_factor: false, before_enrollment: false };
    /// An active user.
    pub const ACTIVE: Self = Self { active: true, ..Self::NONE };
    /// An active, verified user.
    pub const VERIFIED: Self = Self { verified: true, ..Self::ACTIVE };
    /// An active superuser.
    pub const SUPERUSER: Self = Self { superuser: true, ..Self::ACTIVE };

    /// Adds the requirement of a verified user.
    #[must_use]
    pub const fn verified(self) -> Self {
        Self { verified: true, ..self }
    }

    /// Adds the requirement of a superuser.
    #[must_use]
    pub const fn superuser(self) -> Self {
        Self { superuser: true, ..self }
    }

    /// Adds the requirement of a session in which a second factor was verified.
    #[must_use]
    pub const fn second_factor(self) -> Self {
        Self { second_factor: true, ..self }
    }

    /// Admits users who must enroll a second factor but have not done so.
    #[must_use]
    pub const fn before_enrollment(self) -> Self {
        Self { before_enrollment: true, ..self }
    }

    /// Returns the requirements of the library's routes for every user.
    pub(crate) fn usual<U: AuthUser>(users: &Users<U>) -> Self {
        Self { verified: users.policy().requires_verification(), ..Self::ACTIVE }
    }

    /// Returns the requirements of the library's routes for superusers.
    pub(crate) fn usual_superuser<U: AuthUser>(users: &Users<U>) -> Self {
        Self::usual(users).superuser()
    }
}

/// Authenticates the request and checks that the user meets `requirements`.
pub(crate) async fn authenticate<U: AuthUser>(
    users: &Users<U>,
    request: &Parts,
    requirements: Requirements,
) -> Result<Authenticated<U>, ApiError> {
    let identified = users.identify(request).await.map_err(|error| {
        // A handler of the application does not run in the scope of its request.
        users.current_request(&context(request)).unless_known(|| ApiError::from(error))
    })?;
    let authenticated = match identified {
        Identity::Known(authenticated) => *authenticated,
        #[cfg(feature = "oauth")]
        Identity::External(external) => users.user_of_external_token(*external, request).await?,
        Identity::Anonymous => return Err(unauthorized(users)),
        Identity::BadToken(backend) => {
            let event = SecurityEvent::new(EventKind::BadToken, &context(request)).refused("bad token");
            users.record(&event.at(users.backend_name(backend)));
            return Err(unauthorized(users));
        }
        Identity::Forged(backend) => return Err(origin_refused(users, users.backend_name(backend), request)),
    };
    let status = authenticated.user.status();
    // Checked for every route: a token of another service has no epoch, so ending the sessions does not revoke it.
    if authenticated.is_suspended {
        let event = SecurityEvent::new(EventKind::BadToken, &context(request)).refused("suspended");
        users.record(&about(users, event, &authenticated));
        return Err(unauthorized(users));
    }
    if requirements.active && !status.is_active {
        let event = SecurityEvent::new(EventKind::BadToken, &context(request)).refused("inactive");
        users.record(&about(users, event, &authenticated));
        return Err(unauthorized(users));
    }
    if (requirements.verified && !status.is_verified) || (requirements.superuser && !status.is_superuser) {
        return Err(denied(users, &authenticated, request));
    }
    let lacks_factor = requirements.second_factor && !authenticated.session.methods.has_second_factor();
    if lacks_factor || (!requirements.before_enrollment && must_prove_first(users, &authenticated)) {
        return Err(second_factor_needed(users, &authenticated, request).await?);
    }
    Ok(authenticated)
}

/// Returns whether a second factor is required of the user of a session, but was not verified in it.
#[cfg_attr(not(feature = "totp"), allow(unused_variables, reason = "no user has a second factor"))]
fn must_prove_first<U: AuthUser>(users: &Users<U>, authenticated: &Authenticated<U>) -> bool {
    #[cfg(feature = "totp")]
    return users.needs_second_factor(authenticated);
    #[cfg(not(feature = "totp"))]
    false
}

/// Returns 403 for a session that needs a second factor, and records the event. The code distinguishes a user who has
/// one from a user who must enroll.
async fn second_factor_needed<U: AuthUser>(
    users: &Users<U>,
    refused: &Authenticated<U>,
    request: &Parts,
) -> Result<ApiError, ApiError> {
    let event = SecurityEvent::new(EventKind::Denied, &context(request)).refused("second factor required");
    users.record(&about(users, event, refused));
    let id = refused.user.id();
    let has_factor = has_code(users, &id).await? || has_passkey(users, &id).await?;
    Ok(ApiError::Refused(if has_factor { MFA_REQUIRED } else { MFA_ENROLLMENT_REQUIRED }))
}

/// Returns whether a user has an active second factor with codes.
#[cfg_attr(not(feature = "totp"), allow(unused_variables, clippy::unused_async, reason = "no user has one"))]
async fn has_code<U: AuthUser>(users: &Users<U>, id: &U::Id) -> Result<bool, ApiError> {
    #[cfg(feature = "totp")]
    if let Some(mfa) = users.mfa() {
        return Ok(users.factor_in_force(mfa, id).await?.is_some());
    }
    Ok(false)
}

#[cfg_attr(not(feature = "passkeys"), allow(unused_variables, clippy::unused_async, reason = "there are no passkeys"))]
async fn has_passkey<U: AuthUser>(users: &Users<U>, id: &U::Id) -> Result<bool, ApiError> {
    #[cfg(feature = "passkeys")]
    if users.has_passkeys() {
        return Ok(!users.passkeys_of(id.clone()).await?.is_empty());
    }
    Ok(false)
}

/// Requires a session in which a second factor was verified, if its user has one with codes, or with `or_passkey` a passkey.
/// Otherwise anyone who knows the password, or reads the mailbox, could add their own second factor, or remove that of the owner.
#[cfg(any(feature = "totp", feature = "passkeys"))]
pub(crate) async fn require_own_factor<U: AuthUser>(
    users: &Users<U>,
    own: &Authenticated<U>,
    or_passkey: bool,
    cx: &RequestContext,
) -> Result<(), ApiError> {
    let id = own.user.id();
    if own.session.methods.has_second_factor()
        || !(has_code(users, &id).await? || or_passkey && has_passkey(users, &id).await?)
    {
        return Ok(());
    }
    let event = SecurityEvent::new(EventKind::Denied, cx).refused("second factor required");
    users.record(&about(users, event, own));
    Err(ApiError::Refused(MFA_REQUIRED))
}

/// Adds the user, the session and the backend to an event.
fn about<U: AuthUser>(users: &Users<U>, event: SecurityEvent, authenticated: &Authenticated<U>) -> SecurityEvent {
    let session = authenticated.session.token_id.as_ref();
    event.of(&authenticated.user.id()).in_session(session).at(users.backend_name(authenticated.backend))
}

/// Returns 403 for a user who lacks a permission, and records the event.
pub(super) fn denied<U: AuthUser>(users: &Users<U>, refused: &Authenticated<U>, request: &Parts) -> ApiError {
    let event = SecurityEvent::new(EventKind::Denied, &context(request)).refused("forbidden");
    users.record(&about(users, event, refused));
    ApiError::Forbidden
}

/// Requires that the login of the session, or a later re-authentication, is at most `window` old (OWASP ASVS 7.5.3).
/// `cx` returns the context of the request.
pub(crate) fn require_fresh<U: AuthUser>(
    users: &Users<U>,
    authenticated: &Authenticated<U>,
    window: std::time::Duration,
    cx: impl FnOnce() -> RequestContext,
) -> Result<(), ApiError> {
    require_recent(users, authenticated, (authenticated.session.proved_at(), window), cx)
}

/// Requires an authentication that is at most this old.
pub(super) fn require_recent<U: AuthUser>(
    users: &Users<U>,
    authenticated: &Authenticated<U>,
    (proved_at, window): (Option<Timestamp>, std::time::Duration),
    cx: impl FnOnce() -> RequestContext,
) -> Result<(), ApiError> {
    if users.is_recent(proved_at, window) {
        return Ok(());
    }
    let event = SecurityEvent::new(EventKind::Denied, &cx()).refused("the login is too old");
    users.record(&about(users, event, authenticated));
    Err(reauthentication_needed(users))
}

/// Returns 401 for a refresh token that cannot be exchanged.
pub(crate) fn bad_refresh_token<U: AuthUser>(users: &Users<U>) -> ApiError {
    ApiError::BadRefreshToken { challenge: challenge(users) }
}

/// Returns 401 for a valid session that is not fresh.
pub(crate) fn reauthentication_needed<U: AuthUser>(users: &Users<U>) -> ApiError {
    ApiError::Reauthenticate { challenge: challenge(users) }
}

/// Returns 403 for a request from another site and records the event.
fn origin_refused<U: AuthUser>(users: &Users<U>, backend: &str, request: &Parts) -> ApiError {
    let event = SecurityEvent::new(EventKind::Csrf, &context(request)).refused("foreign origin");
    users.record(&event.at(backend));
    ApiError::Refused("CSRF_ORIGIN_REFUSED")
}

/// Refuses a login or logout at `backend` that a page of another site sent (CSRF), regardless of its user. Runs before
/// the body is read.
pub(crate) fn ensure_own_page<U: AuthUser>(
    users: &Users<U>,
    backend: &ActiveBackend,
    request: Request,
) -> Result<Request, ApiError> {
    if backend.admits(request.headers()) {
        return Ok(request);
    }
    Err(origin_refused(users, &backend.name, &request.into_parts().0))
}

/// Returns 401 with the challenge of RFC 6750, which fastapi-users omits.
pub(crate) fn unauthorized<U: AuthUser>(users: &Users<U>) -> ApiError {
    ApiError::Unauthorized { challenge: challenge(users) }
}

fn challenge<U: AuthUser>(users: &Users<U>) -> Option<HeaderValue> {
    if users.policy().allows(Relaxation::WithoutChallenge) {
        return None;
    }
    users.inner().backends.iter().find_map(|backend| backend.transport.challenge())
}

impl From<AuthenticationError> for ApiError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Store(error) => error.into(),
            AuthenticationError::Strategy(error) => error.into(),
        }
    }
}
