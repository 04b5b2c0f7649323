//! Other people's accounts, for superusers.
//!
//! | route | success | errors |
//! |---|---|---|
//! | `GET /{id}` | 200, read schema | 401, 403, 404 |
//! | `PATCH /{id}` | 200, read schema | 401, 403, 404, 400 as for `PATCH /me`, 422 |
//! | `DELETE /{id}` | 204 | 401, 403, 404 |
//!
//! An ordinary user sees 403 for every id, its own and unknown ones as well. Hooks: `on_after_update`,
//! `on_before_delete`, `on_after_delete`.

mod http;

pub use http::{delete_user, update_user, user_by_id};
