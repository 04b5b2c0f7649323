//! Operations on accounts that routes and application code share: create, change, delete, passwords, mailed tokens
//! and logins, sessions. Depends on ports only.

#[cfg(feature = "audit")]
mod audit;
mod create;
mod delete;
mod email_change;
mod failed_login;
#[cfg(feature = "oauth")]
mod identity;
mod login_name;
mod lookup;
mod mailed_login;
mod mailed_tokens;
#[cfg(feature = "passkeys")]
mod passkeys;
mod password;
#[cfg_attr(not(feature = "totp"), allow(dead_code, reason = "no user has a second factor"))]
mod proved;
mod reauthentication;
mod registration;
mod schema;
#[cfg(feature = "totp")]
mod second_factor;
mod sessions;
mod sign_in;
mod standing;
mod update;

#[cfg(feature = "audit")]
pub use audit::{Audit, AuditPage};
pub use create::CreateError;
#[cfg(feature = "passkeys")]
pub(crate) use create::SignUpPasskey;
pub(crate) use create::{NewCredentials, NewPassword};
#[cfg(feature = "oauth")]
pub(crate) use identity::{IdentityError, IdentityLogin};
pub(crate) use mailed_login::{MailedLogin, MailedLoginError};
pub(crate) use mailed_tokens::{kept_until, token_subject};
#[cfg(feature = "passkeys")]
pub(crate) use passkeys::{GivenPasskey, NotProvedByPasskey, PASSKEY_BAD_CREDENTIAL};
pub use password::PasswordError;
pub(crate) use proved::{NotProved, Proved, SecondFactor};
pub(crate) use reauthentication::NotChecked;
pub(crate) use registration::{RegisterError, USER_EXISTS};
#[cfg(feature = "totp")]
pub(crate) use second_factor::CodeError;
#[cfg(feature = "totp")]
pub use second_factor::FactorError;
pub use sessions::{Sessions, SessionsError};
pub(crate) use sign_in::Proof;
pub use sign_in::{SignInError, SignedIn};
pub use standing::StandingError;
pub use update::UpdateError;
pub(crate) use update::{Actor, EMAIL_EXISTS, INVALID_PASSWORD, UPDATE_CODES};
