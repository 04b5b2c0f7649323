//! HTTP: reading requests and building responses. Does not depend on any feature.

mod body;
mod by_id;
mod client;
mod current_user;
mod edge;
mod endpoint;
mod error;
#[cfg(feature = "oauth")]
mod external;
mod fields;
mod form;
mod incoming;
mod json;
mod json_value;
mod methods;
#[cfg(feature = "oauth")]
mod oauth_routes;
mod problem;
#[cfg(any(feature = "oauth", feature = "audit"))]
mod query;
mod refusals;
mod requirements;
mod response;
mod routes;
mod rules;
mod security_headers;
mod state;
#[cfg(test)]
mod tests;

pub use by_id::IdText;
pub(crate) use client::RefusedOnConnection;
pub use current_user::{CurrentSession, CurrentUser, FreshUser, Guard, Guarded, Require, Superuser, VerifiedUser};
pub(crate) use edge::Edge;
#[cfg(any(feature = "oauth", feature = "audit", feature = "openapi"))]
pub(crate) use endpoint::QueryParameter;
pub(crate) use endpoint::{Body, Content, Documented, ObjectSchema, ReadType};
pub use endpoint::{Caller, Endpoint, RouteGroup};
pub use error::ApiError;
#[cfg(feature = "openapi")]
pub(crate) use error::CHALLENGE_REQUIRED;
#[cfg(feature = "oauth")]
pub(crate) use external::of_creation;
pub(crate) use form::{LoginForm, Repeated};
#[cfg(feature = "oauth")]
pub(crate) use incoming::BODY_LIMIT;
pub(crate) use incoming::Incoming;
pub(crate) use json::JsonBody;
#[cfg(feature = "oauth")]
pub use oauth_routes::RouteProvider;
#[cfg(feature = "oauth")]
pub(crate) use oauth_routes::{ensure_new_user, identity_login};
pub use problem::{Loc, Problem};
#[cfg(any(feature = "oauth", feature = "audit"))]
pub(crate) use query::Parameters;
pub use requirements::Requirements;
pub(crate) use requirements::{authenticate, ensure_own_page, require_fresh, unauthorized};
#[cfg(feature = "oauth")]
pub(crate) use response::see_other;
pub(crate) use response::{json_response, no_content, null, time_text, token_response};
pub use routes::{RouteBackend, Routes, not_found};
pub use security_headers::{SecurityHeaders, security_headers};
pub use state::{Handle, HasUsers};
