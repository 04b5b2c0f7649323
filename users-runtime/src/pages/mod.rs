//! Ready pages: sign up, log in, verify, reset, profile, sessions. Rendered on the server; only passkeys and
//! challenges need a script.
//!
//! The pages call the handlers of the JSON routes in the same process, so there is one set of rules: limits, gates, hooks,
//! events, notices and recent logins are those of the flows. A page adds a form, sentences and redirects.
//!
//! ```no_run
//! # use users_runtime as axum_users;
//! use axum_users::{AuthUser, Users, pages::{Pages, page_routes}};
//!
//! fn app<U: AuthUser>(users: &Users<U>) -> axum::Router {
//!     axum::Router::new().nest("/account", page_routes(users, Pages::new("cookie"))).with_state(users.clone())
//! }
//! ```
//!
//! To make the links in mails point to them, use `Mailer::link_to_pages("/account")`. The guide has a [page about
//! pages](https://github.com/axum-users/axum-users/blob/main/docs/guide/pages.md).

mod custom;
mod edge;
mod fields;
mod flow_response;
mod invitation;
mod log_in;
mod log_in_by_mail;
mod mailed_links;
mod messages;
mod next;
#[cfg(feature = "oauth")]
mod oauth;
mod page;
#[cfg(feature = "passkeys")]
mod passkeys;
mod profile;
mod reauthenticate;
mod refusals;
mod routes;
mod sessions;
mod settings;
mod sign_up;
mod site;
mod templates;
#[cfg(feature = "totp")]
mod two_factor;
mod visit;

pub use page::{
    Block, Challenge, Choice, Control, Form, FormField, Item, Labels, Link, Once, Page, PageError, PageKind,
    PasskeyCall, Weight,
};
pub use routes::page_routes;
pub use settings::Pages;
pub use templates::PageTemplates;
