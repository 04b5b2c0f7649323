//! The words of the field, parsed and redacting. No I/O, no HTTP, nothing asynchronous.

mod clock_time;
mod code;
mod email;
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
mod store_error;
mod token;
mod url;

pub mod field;
pub mod lax;

pub use self::url::PublicUrl;
pub use clock_time::Timestamp;
pub(crate) use code::Code;
pub use email::{CanonicalEmail, EmailAddress, EmailRefused, EmailRules};
pub use error::{Error, Result};
pub use id::{IdValue, UserId};
pub use origin::{Origin, TrustedOrigins};
pub use password::{Password, PasswordHash};
pub use password_policy::{PasswordPolicy, PasswordRefused};
pub use quota::Quota;
pub use relaxation::Relaxation;
pub use secret::SecretKey;
pub use session::{Device, Epoch, ListedSession, Login, Session, SessionKey, TokenId};
pub use status::Status;
pub use store_error::StoreError;
pub use token::{AccessToken, ResetToken, VerifyToken};
