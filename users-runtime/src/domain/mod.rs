//! The types of user management: parsed, validated and redacted. No I/O, no HTTP, no async code.

mod auth_method;
mod backoff;
#[cfg(feature = "totp")]
pub(crate) mod base32;
mod base_path;
mod client_address;
mod code;
mod counter;
pub(crate) mod email;
mod error;
mod forwarded;
#[cfg(feature = "totp")]
mod given_code;
mod id;
mod limit;
mod link;
mod login_name;
mod network;
pub(crate) mod oauth;
mod origin;
mod passkey;
#[cfg(feature = "passkeys")]
mod passkey_json;
mod password;
mod password_policy;
mod quota;
pub(crate) mod redact;
mod refresh;
mod relaxation;
mod second_factor;
mod secret;
mod session;
mod shape;
mod standing;
mod status;
mod token;
#[cfg(feature = "totp")]
pub(crate) mod totp;
mod trusted_origins;
mod trusted_proxies;
mod url;

pub(crate) mod field;
pub(crate) mod lax;

pub use self::url::PublicUrl;
pub use auth_method::{AuthMethod, AuthMethods, Reauthentication};
pub use backoff::Backoff;
pub(crate) use base_path::BasePath;
pub(crate) use client_address::AddressPrefix;
pub(crate) use code::Code;
#[cfg(feature = "openapi")]
pub(crate) use code::CodeDetail;
pub use counter::Rule;
#[cfg(feature = "redis")]
pub(crate) use counter::RuleNumbers;
pub(crate) use counter::{Count, Wait};
pub use email::{CanonicalEmail, EmailAddress, EmailRefused, EmailRules};
pub(crate) use error::io_error_at;
pub use error::{ConfigError, Error, Result, Setting, StoreError};
pub use forwarded::ForwardedHeader;
#[cfg(feature = "totp")]
pub(crate) use given_code::{GivenCode, RecoveryCode, digest_of};
pub use id::{IdKind, IdSeed, IdValue, StoredId, UserId, uuid_v7};
pub(crate) use id::{LONGEST_ID, id_kind, is_id_text};
pub use limit::{Limit, LimitReached};
pub use link::LinkKind;
pub(crate) use link::LinkTemplate;
pub use login_name::LoginName;
pub(crate) use network::is_of_a_private_network;
pub use origin::Origin;
#[cfg(feature = "passkeys")]
pub(crate) use passkey::UserHandles;
pub use passkey::{
    NewPasskey, Once, Passkey, PasskeyAdded, PasskeyId, PasskeyRemoved, PasskeyUse, PasskeyUsed, UserHandle,
};
#[cfg(feature = "passkeys")]
pub(crate) use passkey_json::{Assertion, Attestation};
pub use password::{Password, PasswordHash};
pub use password_policy::{PasswordPolicy, PasswordRefused};
pub use quota::Quota;
pub use refresh::{FamilySalt, RefreshFamily, Rotated, Rotation, TokenSeed};
pub(crate) use refresh::{PresentedRefresh, RefreshKeys};
pub use relaxation::Relaxation;
pub use second_factor::{FactorChange, RememberedDevice, SecretDigest, StoredFactor};
pub use secret::SecretKey;
pub use session::{Device, Epoch, ListedSession, Login, Session, SessionKey, TokenId};
pub(crate) use session::{TOUCH_EVERY, is_of_another_backend};
pub use standing::{Standing, Suspension};
pub use status::Status;
pub use token::{
    AccessToken, ConfirmEmailToken, InvitationToken, LoginCode, LoginCodeRequest, MagicLinkToken, MfaToken,
    RefreshToken, ResetToken, UndoEmailToken, VerifyToken,
};
pub use trusted_origins::TrustedOrigins;
pub use trusted_proxies::TrustedProxies;

/// A point in time in UTC. Library code gets it from the [`Clock`](crate::port::Clock) port and never from the system.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// How far the clocks of two instances may be apart. Within this tolerance, an instance does not refuse a token of
/// another because it seems to come from the future, and a revocation is kept until the token has expired on both.
///
/// Hosts that synchronize their clocks (NTP) differ by milliseconds; ten seconds cover one that has lost its time server
/// for a few days. Expiry is not extended.
pub(crate) const CLOCK_SKEW: std::time::Duration = std::time::Duration::from_secs(10);
