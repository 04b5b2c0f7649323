//! The interfaces between the runtime and its environment: object-safe traits, without implementations.

use std::{future::Future, pin::Pin};

pub(crate) use crate::domain::StoreError;

#[cfg(feature = "audit")]
mod audit;
mod bound_tokens;
mod breached;
mod challenge;
mod change;
mod counters;
mod decisions;
mod device_cookies;
mod email_change_tokens;
mod email_codes;
mod env;
mod foreign_hash;
mod hook_call;
mod hook_details;
mod hook_error;
mod hooks;
#[cfg(feature = "oauth")]
mod identity_provider;
mod mail_tokens;
mod mailer;
#[cfg(feature = "oauth")]
mod oauth_flows;
mod oauth_store;
mod passkey_change;
mod passkey_store;
#[cfg(feature = "passkeys")]
mod passkeys;
mod password_hasher;
mod refresh_store;
mod request;
#[cfg(any(feature = "oauth", feature = "totp"))]
mod sealer;
mod second_factor_store;
mod session_store;
mod store;
mod strategy;
mod transport;
mod work_source;

#[cfg(feature = "audit")]
pub use audit::{AuditEntry, AuditQuery, AuditStore, SessionChange};
pub(crate) use bound_tokens::{BoundToken, BoundTokens};
pub use breached::{
    BreachCheck, BreachSourceDown, BreachedPasswords, HttpBody, HttpGet, HttpGetFailed, WhenSourceDown,
};
pub use challenge::{Challenge, ChallengeUnavailable, SolvedChallenge};
pub use change::{Change, EndSessions};
pub(crate) use counters::evaluate;
pub use counters::{CounterKey, Counters, CountersUnavailable, Decision, Draw, Settlement};
pub use decisions::{EnabledBackends, Gate, TenantOfRequest, Verdict};
pub(crate) use device_cookies::{DeviceCookies, DeviceId};
pub(crate) use email_change_tokens::{CONFIRM_LIFETIME, EmailChangeTokens, NewEmail, OldEmail, UNDO_LIFETIME};
pub(crate) use email_codes::{CodeRequest, EmailCodes, NewCodeRequest};
pub use env::{Clock, Random, RandomError};
pub use foreign_hash::{ForeignHash, HashCost, HashVerifier, UnfitHash};
pub(crate) use hook_call::{HookCall, Hooks, StoredChange};
pub use hook_details::{EmailChange, FailedLogin, InvalidPassword, NewDevice, PasswordSubject, Registration, Updated};
pub use hook_error::{HookError, HookResult};
pub use hooks::UserManager;
#[cfg(feature = "oauth")]
pub use identity_provider::{
    AuthorizationCode, AuthorizationRequest, CodeExchange, DeviceIdToken, IdentityProvider, ProviderError, TokenRefresh,
};
pub use mail_tokens::{Binding, MailToken, MailTokenError, MailTokens, TokenSubject};
pub use mailer::{Mail, MailError, MailTransport};
#[cfg(feature = "oauth")]
pub(crate) use oauth_flows::OAuthFlows;
pub use oauth_store::{OAuthStore, Unlinked};
pub use passkey_change::{PasskeyChange, PasskeyChangeKind};
pub use passkey_store::PasskeyStore;
#[cfg(feature = "passkeys")]
pub(crate) use passkeys::{
    CEREMONY_LIFETIME, MadePasskey, PasskeyCeremonies, PasskeyFlow, PasskeyFlows, PasskeyOwner, PasskeyPurpose,
    PasskeyRefused, Signed, Started,
};
pub use password_hasher::{HashError, PasswordHasher, Verification};
pub use refresh_store::RefreshStore;
pub(crate) use request::Caller;
pub use request::RequestContext;
#[cfg(any(feature = "oauth", feature = "totp"))]
pub(crate) use sealer::{Opened, SealedField, Sealer};
pub use second_factor_store::SecondFactorStore;
pub use session_store::{EndedSessions, FoundSession, NewSession, SessionStore};
pub use store::{Damaged, Found, Lookup, SchemaDrift, TokenState, UserStore};
#[cfg(feature = "oauth")]
pub use strategy::ExternalSession;
pub use strategy::{Resolved, RevocationStore, StoredSession, Strategy, StrategyError};
pub use transport::{RefreshContext, RefreshGrant, SecurityScheme, TokenResponse, Transport, TransportContext};
pub use work_source::WorkSource;

/// The return type of object-safe asynchronous methods.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
