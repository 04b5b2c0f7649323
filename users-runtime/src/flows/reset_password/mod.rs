//! Setting a new password with a mailed token.
//!
//! | route | success | errors |
//! |---|---|---|
//! | `POST /forgot-password` `{"email"}` | 202 `null`, always | 422 |
//! | `POST /reset-password` `{"token","password"}` | 200 `null` | 400 `RESET_PASSWORD_BAD_TOKEN`, 400 `RESET_PASSWORD_INVALID_PASSWORD` with a reason, 422 |
//!
//! A token works once: the new hash is stored only if the old one is still there. All sessions of the user end. Nobody is
//! logged in by it. Hooks: `on_after_forgot_password` (after the answer), `validate_password`, `on_after_reset_password`.

mod http;
mod logic;

#[cfg(feature = "openapi")]
pub(crate) use http::{ForgotPassword, ResetPassword};
pub use http::{forgot_password, reset_password};
