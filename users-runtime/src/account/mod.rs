//! Operations on accounts that routes and application code share: create, change, delete, passwords, mailed tokens,
//! sessions. Depends on ports only.

#[cfg(feature = "audit")]
mod audit;
mod create;
mod delete;
mod email_change;
#[cfg(feature = "oauth")]
mod identity;
mod lookup;
mod mailed_tokens;
mod password;
mod schema;
mod sessions;
mod sign_in;
mod standing;
mod update;

#[cfg(feature = "audit")]
pub use audit::{Audit, AuditPage};
pub use create::CreateError;
pub(crate) use create::NewPassword;
#[cfg(feature = "oauth")]
pub(crate) use identity::{IdentityError, IdentityLogin};
pub(crate) use mailed_tokens::token_subject;
pub use password::PasswordError;
pub use sessions::{Sessions, SessionsError};
pub(crate) use sign_in::Proof;
pub use sign_in::{SignInError, SignedIn};
pub use standing::StandingError;
pub use update::UpdateError;
pub(crate) use update::{Actor, EMAIL_EXISTS, INVALID_PASSWORD, UPDATE_CODES};
