//! The reasons why flows do not succeed.

use super::{INVALID_STATE, NO_ADDRESS, PROVIDER_ERROR, TAKEN};
use crate::{
    account::{CreateError, IdentityError, SignInError},
    domain::{Code, MfaToken, oauth::Refusal},
    event::{self, operation},
    port::{HookError, ProviderError, RandomError, StoreError, StrategyError},
    service::{BAD_CREDENTIALS, Limited, OAuthProvider},
};

/// The reason why a flow failed.
#[derive(Debug)]
pub(super) enum OAuthError {
    /// The error code of the response.
    Refused(&'static str),
    /// A callback that belongs to another user, as fastapi-users refuses it.
    BadRequest,
    /// Too many exchanges with the provider run at once.
    Busy,
    Random(RandomError),
    /// The user has a second factor.
    SecondFactorRequired(MfaToken),
    Limited(Limited),
    Create(Box<CreateError>),
    Store(StoreError),
    Strategy(StrategyError),
    Hook(HookError),
}

impl From<Code> for OAuthError {
    fn from(code: Code) -> Self {
        Self::Refused(code.code)
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Limited> for OAuthError {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<RandomError> for OAuthError {
    fn from(error: RandomError) -> Self {
        Self::Random(error)
    }
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAddress => NO_ADDRESS.into(),
            Refusal::Taken => TAKEN.into(),
            Refusal::Unknown => BAD_CREDENTIALS.into(),
        }
    }
}

impl From<IdentityError> for OAuthError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Refused(refusal) => refusal.into(),
            IdentityError::Incomplete => PROVIDER_ERROR.into(),
            IdentityError::NotKept => Self::BadRequest,
            IdentityError::Random(error) => Self::Random(error),
            IdentityError::Create(error) => Self::Create(error),
            IdentityError::Store(error) => Self::Store(error),
            IdentityError::Strategy(error) => Self::Strategy(error),
            IdentityError::Hook(error) => Self::Hook(error),
        }
    }
}

impl From<SignInError> for OAuthError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused(code) => Self::Refused(code),
            SignInError::UnknownBackend | SignInError::NotFound => Self::Refused(BAD_CREDENTIALS.code),
            SignInError::Store(error) => Self::Store(error),
            SignInError::Strategy(error) => Self::Strategy(error),
            SignInError::Hook(error) => Self::Hook(error),
        }
    }
}

impl OAuthError {
    /// Returns the refusal because of a provider, whose reason is logged and not sent.
    pub(super) fn of_provider(provider: &OAuthProvider, error: &ProviderError) -> Self {
        let (name, cause) = (provider.name(), event::cause(error));
        operation!(WARN, "oauth_provider_failed", "an OAuth provider failed", provider = name, cause);
        match error {
            ProviderError::Failed(_) | ProviderError::GrantEnded => PROVIDER_ERROR.into(),
            ProviderError::MixUp => INVALID_STATE.into(),
            ProviderError::Busy => Self::Busy,
        }
    }
}
