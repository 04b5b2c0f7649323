//! Becoming a user.
//!
//! | route | success | errors |
//! |---|---|---|
//! | `POST /register` | 201, read schema | 400 `REGISTER_INVALID_PASSWORD`, 400 `REGISTER_USER_ALREADY_EXISTS`, 422 |
//!
//! Settings: `Policy::passwords`, `Policy::private_registration`. Hooks: `validate_password`, `on_after_register`,
//! `on_after_duplicate_register`.

mod http;
mod logic;

pub use http::register;
