//! Everything that exists only for compatibility with fastapi-users. Off under the recommended policy; each part can be
//! deleted without touching the rest of the crate.
//!
//! | module | what it is | switched on by |
//! |---|---|---|
//! | `policy` | [`Policy::fastapi_users`](crate::Policy::fastapi_users), which turns all of it on | |
//! | `email` | addresses with any Unicode local part, and `Name <address>` | `internationalized_email()` |
//! | `mail_tokens` | the bindings of reset and verification tokens that fastapi-users minted | `accept_upstream_tokens()` |
//! | `mail_tokens_until` | its form of mailed tokens until a given time | `accept_upstream_tokens(Some(time))` |
//! | `token_rows` | session rows that contain the token itself | `plaintext_tokens()`, `accept_upstream_tokens()` |
//! | `http` | the redirect of a trailing slash, and `Allow` with one method | `slash_redirect()`, `fastapi_users()` |

pub(crate) mod email;
pub(crate) mod http;
pub(crate) mod mail_tokens;
mod mail_tokens_until;
mod policy;
pub(crate) mod token_rows;

pub(crate) use mail_tokens_until::UntilThen;
