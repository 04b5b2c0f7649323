//! The types of user management: parsed, validated and redacted. No I/O, no HTTP, no async code.

mod code;
pub(crate) mod email;
mod error;
mod id;
mod origin;
mod password;
mod password_policy;
mod quota;
mod relaxation;
mod secret;
mod session;
mod shape;
mod status;
mod token;
mod url;

pub(crate) mod field;
pub(crate) mod lax;

pub use self::url::PublicUrl;
pub(crate) use code::Code;
pub use email::{CanonicalEmail, EmailAddress, EmailRefused, EmailRules};
pub(crate) use error::io_error_at;
pub use error::{ConfigError, Error, Result, Setting, StoreError};
pub use id::{IdKind, IdSeed, IdValue, StoredId, UserId, uuid_v7};
pub(crate) use id::{LONGEST_ID, id_kind, is_id_text};
pub use origin::{Origin, TrustedOrigins};
pub use password::{Password, PasswordHash};
pub use password_policy::{PasswordPolicy, PasswordRefused};
pub use quota::Quota;
pub use relaxation::Relaxation;
pub use secret::SecretKey;
pub(crate) use session::TOUCH_EVERY;
pub use session::{Device, Epoch, ListedSession, Login, Session, SessionKey, TokenId};
pub use status::Status;
pub use token::{AccessToken, ResetToken, VerifyToken};

/// A point in time in UTC. Library code gets it from the [`Clock`](crate::port::Clock) port and never from the system.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
