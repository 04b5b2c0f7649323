//! The types of user management: parsed, validated and redacted. No I/O, no HTTP, no async code.

mod backoff;
mod base_path;
mod client_address;
mod code;
mod counter;
pub(crate) mod email;
mod error;
mod forwarded;
mod id;
mod limit;
mod network;
pub(crate) mod oauth;
mod origin;
mod password;
mod password_policy;
mod quota;
pub(crate) mod redact;
mod relaxation;
mod secret;
mod session;
mod shape;
mod standing;
mod status;
mod token;
mod trusted_origins;
mod trusted_proxies;
mod url;

pub(crate) mod field;
pub(crate) mod lax;

pub use self::url::PublicUrl;
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
pub use id::{IdKind, IdSeed, IdValue, StoredId, UserId, uuid_v7};
pub(crate) use id::{LONGEST_ID, id_kind, is_id_text};
pub use limit::{Limit, LimitReached};
pub(crate) use network::is_of_a_private_network;
pub use origin::Origin;
pub use password::{Password, PasswordHash};
pub use password_policy::{PasswordPolicy, PasswordRefused};
pub use quota::Quota;
pub use relaxation::Relaxation;
pub use secret::SecretKey;
pub use session::{Device, Epoch, ListedSession, Login, Session, SessionKey, TokenId};
pub(crate) use session::{TOUCH_EVERY, is_of_another_backend};
pub use standing::{Standing, Suspension};
pub use status::Status;
pub use token::{AccessToken, ConfirmEmailToken, ResetToken, UndoEmailToken, VerifyToken};
pub use trusted_origins::TrustedOrigins;
pub use trusted_proxies::TrustedProxies;

/// A point in time in UTC. Library code gets it from the [`Clock`](crate::port::Clock) port and never from the system.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// How far the clocks of two instances may be apart: what one of them issued is not refused by the other because it seems
/// to come from the future, and a revocation is kept until the token is expired at both.
///
/// Hosts that synchronize their clocks (NTP) differ by milliseconds; ten seconds cover one that has lost its time server
/// for a few days. Expiry is not extended.
pub(crate) const CLOCK_SKEW: std::time::Duration = std::time::Duration::from_secs(10);
