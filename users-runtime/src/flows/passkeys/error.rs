//! The reasons why a passkey is refused.

use super::{LAST_WAY_IN, TOO_MANY};
use crate::{
    account::{NotProvedByPasskey, PASSKEY_BAD_CREDENTIAL, SignInError},
    port::{HookError, RandomError, StoreError, StrategyError},
    service::{BAD_CREDENTIALS, Limited},
};

/// The reason why an operation with a passkey failed.
#[derive(Debug)]
pub(super) enum PasskeyError {
    /// The error code of the response.
    Refused(&'static str),
    /// The session has ended.
    Ended,
    NotFound,
    /// The registration is too long for a `state`.
    TooLong,
    Limited(Limited),
    Random(RandomError),
    Store(StoreError),
    Strategy(StrategyError),
    Hook(HookError),
}

impl PasskeyError {
    /// The passkey, its signature or the `state` is refused.
    pub(super) const BAD_CREDENTIAL: Self = Self::Refused(PASSKEY_BAD_CREDENTIAL.code);
    pub(super) const TOO_MANY: Self = Self::Refused(TOO_MANY.code);
    pub(super) const LAST_WAY_IN: Self = Self::Refused(LAST_WAY_IN.code);

    /// Returns the refusal with the code of a gate. An account that must look nonexistent looks so here, too.
    pub(super) fn of_gate(code: &'static str) -> Self {
        if code == BAD_CREDENTIALS.code { Self::BAD_CREDENTIAL } else { Self::Refused(code) }
    }
}

impl From<Limited> for PasskeyError {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<RandomError> for PasskeyError {
    fn from(error: RandomError) -> Self {
        Self::Random(error)
    }
}

impl From<StoreError> for PasskeyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<StrategyError> for PasskeyError {
    fn from(error: StrategyError) -> Self {
        Self::Strategy(error)
    }
}

impl<U> From<NotProvedByPasskey<U>> for PasskeyError {
    fn from(error: NotProvedByPasskey<U>) -> Self {
        match error {
            NotProvedByPasskey::Refused(_) => Self::BAD_CREDENTIAL,
            NotProvedByPasskey::Limited(limited) => Self::Limited(limited),
            NotProvedByPasskey::Store(error) => Self::Store(error),
        }
    }
}

impl From<SignInError> for PasskeyError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Refused(code) => Self::of_gate(code),
            SignInError::UnknownBackend | SignInError::NotFound => Self::BAD_CREDENTIAL,
            SignInError::Store(error) => Self::Store(error),
            SignInError::Strategy(error) => Self::Strategy(error),
            SignInError::Hook(error) => Self::Hook(error),
        }
    }
}
