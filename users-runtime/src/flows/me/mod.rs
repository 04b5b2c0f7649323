//! One's own account.
//!
//! | route | success | errors |
//! |---|---|---|
//! | `GET /me` | 200, read schema | 401 |
//! | `PATCH /me` | 200, read schema | 401, 400 `UPDATE_USER_EMAIL_ALREADY_EXISTS`, 400 `UPDATE_USER_INVALID_PASSWORD` with a reason, 422 |
//!
//! 403 for an unverified user where verification is required. The steps of a change are the manager's, since a superuser's
//! change has the same. Hook: `on_after_update`.

mod http;

pub use http::{me, me_as_id, update_me};
