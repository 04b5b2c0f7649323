//! One's own sessions, to look at and to end (OWASP ASVS 7.5.2).
//!
//! | route | success | errors |
//! |---|---|---|
//! | `GET ` | 200, the live sessions that are kept, in the order of their logins | 401, 403 where verification is required |
//! | `DELETE ` | 204: all others are ended | as above, and 401 `Reauthentication required` |
//! | `DELETE /{id}` | 204 | as above, and 404 |
//!
//! The router is optional: nothing mounts it but the application. Ending asks for a login that is as fresh as a change of
//! the password asks for. A session shows its name, its times and its device, never its token.

mod http;

pub use http::session_routes;
