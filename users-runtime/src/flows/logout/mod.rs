//! Logging out.
//!
//! | route | success | errors |
//! |---|---|---|
//! | `POST /logout` | 204, with the clearing cookie of a cookie backend | 401, 403 `CSRF_ORIGIN_REFUSED`, 403 where verification is required, 503 if the token's death cannot be promised |
//!
//! Hook: `on_after_logout`.

mod http;
mod logic;

pub use http::logout;
