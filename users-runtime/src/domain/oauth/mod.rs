//! Accounts at OAuth providers: the stored data, the data that a provider returns about a person, and the rules by
//! which these become a login.

mod account;
#[cfg(feature = "oauth")]
mod flow;
#[cfg(feature = "oauth")]
mod identity;
#[cfg(feature = "oauth")]
mod identity_rules;
#[cfg(feature = "oauth")]
mod linking;
#[cfg(feature = "oauth")]
mod provider_token;
#[cfg(feature = "oauth")]
mod return_to;
mod stored_tokens;

pub use account::{NewOAuthAccount, OAuthAccount, OAuthAccountId, PlaceholderPassword};
#[cfg(feature = "oauth")]
pub use flow::PkceVerifier;
#[cfg(feature = "oauth")]
pub(crate) use flow::{Flow, FlowRefused, FlowSecrets, STATE_LIFETIME};
#[cfg(feature = "oauth")]
pub use identity::{AddressStatus, ExternalIdentity, ProviderAddress, Subject};
#[cfg(feature = "oauth")]
pub(crate) use identity_rules::IdentityRules;
#[cfg(feature = "oauth")]
pub use linking::SameAddress;
#[cfg(feature = "oauth")]
pub(crate) use linking::{
    AssociationDecision, IdentityOwner, LocalAccount, LoginDecision, LoginFacts, Refusal, decide_association,
    decide_login,
};
#[cfg(feature = "oauth")]
pub use provider_token::{ProviderToken, ProviderTokens, RefreshToken};
#[cfg(feature = "oauth")]
pub use return_to::ReturnTo;
pub use stored_tokens::StoredTokens;
