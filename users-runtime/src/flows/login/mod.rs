//! Logging in with a password.
//!
//! | route | success | errors |
//! |---|---|---|
//! | `POST /login` (form) | the backend's transport decides: 200 with a token, 204 with a cookie | 400 `LOGIN_BAD_CREDENTIALS`, 400 `LOGIN_USER_NOT_VERIFIED`, 403 `CSRF_ORIGIN_REFUSED`, 422, 503 |
//!
//! Unknown user, wrong password and inactive user get one answer after the same work. Settings:
//! `Policy::require_verification`, gates. Hooks: `on_after_login`, `on_after_failed_login`.

mod http;
mod logic;

pub use http::login;
