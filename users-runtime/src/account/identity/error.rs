//! The reasons why an identity does not become a user.

use crate::{
    account::CreateError,
    domain::oauth::Refusal,
    port::{HookError, RandomError, StoreError, StrategyError},
};

/// The reason why there is no user for an identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// The rules of linking refuse the identity.
    #[error("the identity is refused: {}", .0.reason())]
    Refused(Refusal),
    /// The provider does not return the data that a registration needs.
    #[error("the provider does not give the fields of a new account")]
    Incomplete,
    /// The store keeps no accounts at providers.
    #[error("the store keeps no accounts at providers")]
    NotKept,
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error(transparent)]
    Create(Box<CreateError>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    #[error("a hook failed: {}", .0.cause())]
    Hook(HookError),
}

impl From<Refusal> for IdentityError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<CreateError> for IdentityError {
    fn from(error: CreateError) -> Self {
        Self::Create(Box::new(error))
    }
}
