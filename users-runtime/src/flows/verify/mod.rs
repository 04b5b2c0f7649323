//! Proving an e-mail address.
//!
//! | route | success | errors |
//! |---|---|---|
//! | `POST /request-verify-token` `{"email"}` | 202 `null`, always | 422 |
//! | `POST /verify` `{"token"}` | 200, read schema | 400 `VERIFY_USER_BAD_TOKEN`, 400 `VERIFY_USER_ALREADY_VERIFIED`, 422 |
//!
//! Hooks: `on_after_request_verify` (after the answer), `on_after_verify`.

mod http;
mod logic;

#[cfg(feature = "openapi")]
pub(crate) use http::{RequestVerifyToken, Verify};
pub use http::{request_verify_token, verify};
