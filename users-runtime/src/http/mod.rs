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
mod mailed_login;
mod methods;
#[cfg(feature = "oauth")]
mod oauth_routes;
mod problem;
#[cfg(any(feature = "oauth", feature = "audit", feature = "pages"))]
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
pub use current_user::{
    CurrentSession, CurrentUser, FreshSecondFactor, FreshUser, Guard, Guarded, Require, SecondFactor, Superuser,
    VerifiedUser,
};
pub(crate) use edge::Edge;
pub(crate) use endpoint::{Body, Content, Documented, ObjectSchema, ReadType};
pub use endpoint::{Caller, Endpoint, RouteGroup};
#[cfg(any(feature = "oauth", feature = "audit", feature = "openapi"))]
pub(crate) use endpoint::{QueryKind, QueryParameter};
pub use error::ApiError;
#[cfg(any(feature = "openapi", feature = "pages"))]
pub(crate) use error::CHALLENGE_REQUIRED;
#[cfg(feature = "oauth")]
pub(crate) use external::of_creation;
#[cfg(feature = "openapi")]
pub(crate) use fields::accepts;
pub(crate) use form::{LoginForm, Repeated};
#[cfg(any(feature = "oauth", feature = "pages"))]
pub(crate) use incoming::BODY_LIMIT;
pub(crate) use incoming::Incoming;
pub(crate) use json::JsonBody;
pub(crate) use mailed_login::of_mailed_login;
#[cfg(feature = "oauth")]
pub use oauth_routes::RouteProvider;
#[cfg(all(feature = "oauth", feature = "pages"))]
pub(crate) use oauth_routes::form_as_query;
#[cfg(feature = "oauth")]
pub(crate) use oauth_routes::{ensure_new_user, identity_login};
pub use problem::{Loc, Problem};
#[cfg(any(feature = "oauth", feature = "audit", feature = "pages"))]
pub(crate) use query::Parameters;
pub use requirements::Requirements;
#[cfg(any(feature = "totp", feature = "passkeys"))]
pub(crate) use requirements::require_own_factor;
pub(crate) use requirements::{
    authenticate, bad_refresh_token, ensure_own_page, reauthentication_needed, require_fresh, unauthorized,
};
#[cfg(any(feature = "oauth", feature = "pages"))]
pub(crate) use response::see_other;
pub(crate) use response::{json_response, no_content, null, time_text, token_response};
pub use routes::{RouteBackend, Routes, not_found};
pub use security_headers::{SecurityHeaders, security_headers};
pub use state::{Handle, HasUsers};
