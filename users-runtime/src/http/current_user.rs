//! Extractors: the current user in a handler's signature.

use std::{marker::PhantomData, ops::Deref};

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::{
    ApiError, HasUsers, Requirements, authenticate,
    incoming::context,
    require_fresh,
    requirements::{denied, require_recent},
    state::users_of,
};
use crate::{
    domain::{AccessToken, Session},
    service::Authenticated,
    user::AuthUser,
};

// The bounds are on the structs, so that the compiler reports a wrong user type or guard at the handler's signature.
// Axum's own message would only say that the function is not a handler.

/// An active user. Without one the response is 401.
///
/// `Option<CurrentUser<U>>` is `None` instead of 401. An unavailable database is still an error.
#[derive(Debug, Clone)]
pub struct CurrentUser<U: AuthUser>(pub U);

/// An active, verified user. Without a user the response is 401; for an unverified user it is 403.
#[derive(Debug, Clone)]
pub struct VerifiedUser<U: AuthUser>(pub U);

/// An active superuser. Without a user the response is 401; for any other user it is 403.
#[derive(Debug, Clone)]
pub struct Superuser<U: AuthUser>(pub U);

/// An active user who logged in, or re-authenticated, at most `SECONDS` ago, for operations that require re-authentication (OWASP ASVS
/// 7.5.3). After that time the response is 401 `REAUTHENTICATION_REQUIRED`.
#[derive(Debug, Clone)]
pub struct FreshUser<U: AuthUser, const SECONDS: u64 = 300>(pub U);

/// An active user who verified a second factor at most `SECONDS` ago, at the login or since then. For a session without
/// one the response is that of [`SecondFactor`], after that time 401 `REAUTHENTICATION_REQUIRED`. A re-authentication
/// by password is not sufficient.
#[derive(Debug, Clone)]
pub struct FreshSecondFactor<U: AuthUser, const SECONDS: u64 = 300>(pub U);

/// A user who meets a [`Guard`]. Without a user the response is 401; if the guard refuses it is 403.
#[derive(Debug, Clone)]
pub struct Guarded<U: AuthUser, G: Guard<U>>(pub U, PhantomData<fn() -> G>);

/// The session of an active user: the user, the claims of the token, and the token.
#[derive(Debug, Clone)]
pub struct CurrentSession<U: AuthUser> {
    /// The user.
    pub user: U,
    /// The claims of the token.
    pub session: Session,
    /// The token.
    pub token: AccessToken,
}

/// An application's rule about which users may call a route.
///
/// ```
/// # use users_runtime as axum_users; // in an application: the crate axum_users
/// use axum_users::{AuthUser, Guard};
///
/// trait Staff { fn is_editor(&self) -> bool; }
///
/// struct IsEditor;
///
/// impl<U: AuthUser + Staff> Guard<U> for IsEditor {
///     fn allows(user: &U) -> bool {
///         user.is_editor()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guard for `{U}`",
    label = "this type does not implement `Guard<{U}>`",
    note = "write `impl Guard<{U}> for {Self} {{ fn allows(user: &{U}) -> bool {{ … }} }}`"
)]
pub trait Guard<U: AuthUser>: 'static {
    /// The requirements that are checked before the guard. Default: an active user.
    const REQUIREMENTS: Requirements = Requirements::ACTIVE;

    /// Returns whether this user may call the route. It has no default, because a guard without a rule would admit
    /// every user.
    fn allows(user: &U) -> bool;
}

/// A guard that only checks flags, such as `Guarded<User, Require<true, true, true>>` for active, verified superusers.
#[derive(Debug, Clone, Copy)]
pub struct Require<const ACTIVE: bool, const VERIFIED: bool, const SUPERUSER: bool>;

impl<U: AuthUser, const ACTIVE: bool, const VERIFIED: bool, const SUPERUSER: bool> Guard<U>
    for Require<ACTIVE, VERIFIED, SUPERUSER>
{
    const REQUIREMENTS: Requirements =
        Requirements { active: ACTIVE, verified: VERIFIED, superuser: SUPERUSER, ..Requirements::NONE };

    /// Returns `true`, because the requirements are the whole rule.
    fn allows(_: &U) -> bool {
        true
    }
}

/// A guard that requires a session in which a second factor was verified, at the login or since then:
/// `Guarded<User, SecondFactor>`. Without it the response is 403 `MFA_REQUIRED`, and 403 `MFA_ENROLLMENT_REQUIRED` for
/// a user who has no second factor.
#[derive(Debug, Clone, Copy)]
pub struct SecondFactor;

impl<U: AuthUser> Guard<U> for SecondFactor {
    const REQUIREMENTS: Requirements = Requirements::ACTIVE.second_factor();

    /// Returns `true`, because the requirements are the whole rule.
    fn allows(_: &U) -> bool {
        true
    }
}

/// An extractor that is built from an authenticated user.
trait Extracted<U: AuthUser>: Sized {
    const REQUIREMENTS: Requirements;

    /// Returns the user, who would otherwise be refused.
    fn extract(authenticated: Authenticated<U>) -> Result<Self, Box<Authenticated<U>>>;
}

impl<U: AuthUser> Extracted<U> for CurrentUser<U> {
    const REQUIREMENTS: Requirements = Requirements::ACTIVE;

    fn extract(authenticated: Authenticated<U>) -> Result<Self, Box<Authenticated<U>>> {
        Ok(Self(authenticated.user))
    }
}

impl<U: AuthUser> Extracted<U> for VerifiedUser<U> {
    const REQUIREMENTS: Requirements = Requirements::VERIFIED;

    fn extract(authenticated: Authenticated<U>) -> Result<Self, Box<Authenticated<U>>> {
        Ok(Self(authenticated.user))
    }
}

impl<U: AuthUser> Extracted<U> for Superuser<U> {
    const REQUIREMENTS: Requirements = Requirements::SUPERUSER;

    fn extract(authenticated: Authenticated<U>) -> Result<Self, Box<Authenticated<U>>> {
        Ok(Self(authenticated.user))
    }
}

impl<U: AuthUser> Extracted<U> for CurrentSession<U> {
    const REQUIREMENTS: Requirements = Requirements::ACTIVE;

    fn extract(authenticated: Authenticated<U>) -> Result<Self, Box<Authenticated<U>>> {
        let Authenticated { user, session, token, .. } = authenticated;
        Ok(Self { user, session, token })
    }
}

impl<U: AuthUser, G: Guard<U>> Extracted<U> for Guarded<U, G> {
    const REQUIREMENTS: Requirements = G::REQUIREMENTS;

    fn extract(authenticated: Authenticated<U>) -> Result<Self, Box<Authenticated<U>>> {
        if G::allows(&authenticated.user) {
            Ok(Self(authenticated.user, PhantomData))
        } else {
            Err(Box::new(authenticated))
        }
    }
}

macro_rules! extractor {
    ($extractor:ty $(, $guard:ident)?) => {
        impl<S, U $(, $guard: Guard<U>)?> FromRequestParts<S> for $extractor
        where
            U: AuthUser,
            S: HasUsers<U>,
        {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
                let users = users_of(state, parts)?;
                let authenticated = authenticate(&users, parts, Self::REQUIREMENTS).await?;
                Self::extract(authenticated).map_err(|refused| denied(&users, &refused, parts))
            }
        }

        impl<S, U $(, $guard: Guard<U>)?> OptionalFromRequestParts<S> for $extractor
        where
            U: AuthUser,
            S: HasUsers<U>,
        {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, ApiError> {
                optional(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
            }
        }
    };
}

extractor!(CurrentUser<U>);
extractor!(VerifiedUser<U>);
extractor!(Superuser<U>);
extractor!(CurrentSession<U>);
extractor!(Guarded<U, G>, G);

impl<S, U, const SECONDS: u64> FromRequestParts<S> for FreshUser<U, SECONDS>
where
    U: AuthUser,
    S: HasUsers<U>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let users = users_of(state, parts)?;
        let authenticated = authenticate(&users, parts, Requirements::ACTIVE).await?;
        require_fresh(&users, &authenticated, std::time::Duration::from_secs(SECONDS), || context(parts))?;
        Ok(Self(authenticated.user))
    }
}

impl<S, U, const SECONDS: u64> FromRequestParts<S> for FreshSecondFactor<U, SECONDS>
where
    U: AuthUser,
    S: HasUsers<U>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let users = users_of(state, parts)?;
        let authenticated = authenticate(&users, parts, Requirements::ACTIVE.second_factor()).await?;
        let proved_at = authenticated.session.second_factor_at;
        let window = std::time::Duration::from_secs(SECONDS);
        require_recent(&users, &authenticated, (proved_at, window), || context(parts))?;
        Ok(Self(authenticated.user))
    }
}

/// Returns `None` for every refusal. Failures of the service stay errors.
fn optional<T>(result: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match result {
        Ok(user) => Ok(Some(user)),
        // A request from another site gets 403 with a code; without its cookie it would be anonymous as well.
        Err(ApiError::Unauthorized { .. } | ApiError::Forbidden | ApiError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

macro_rules! deref {
    ($extractor:ty $(, $guard:ident)?) => {
        impl<U: AuthUser $(, $guard: Guard<U>)?> Deref for $extractor {
            type Target = U;

            fn deref(&self) -> &U {
                &self.0
            }
        }
    };
}

deref!(CurrentUser<U>);
deref!(VerifiedUser<U>);
deref!(Superuser<U>);
deref!(Guarded<U, G>, G);

impl<U: AuthUser, const SECONDS: u64> Deref for FreshUser<U, SECONDS> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0
    }
}
