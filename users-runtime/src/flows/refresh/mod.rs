//! Refresh: exchanges an unused refresh token for the next access token and the next refresh token.
//!
//! A used token gets the same response again for some seconds. After that, its reuse ends the login with all its
//! tokens, with an event and a mail to the owner (RFC 9700 section 4.14.2). Only backends with
//! [`Backend::refresh`](crate::Backend::refresh) have the route. Hook: `on_after_refresh_reuse` (after the response).

mod http;
mod logic;

use ::http::Method;

use self::http::RefreshBody;
pub use self::http::refresh;
use crate::{
    domain::Limit,
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

/// Returns whether a route is that of a refresh.
#[cfg(feature = "openapi")]
pub(crate) fn is_one(endpoint: &Endpoint) -> bool {
    ENDPOINTS.iter().any(|own| own.name == endpoint.name)
}

pub(crate) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    group: RouteGroup::Auth,
    method: Method::POST,
    path: "/refresh",
    name: "auth:{backend}.refresh",
    caller: Caller::RefreshToken,
    fresh: false,
    summary: "Get the next access token",
    body: Body::Object(RefreshBody::FIELDS),
    responses: &[
        Documented { status: 200, content: Content::Token, description: "The next tokens, as after a login." },
        Documented {
            status: 401,
            content: Content::Empty,
            description: "`REFRESH_BAD_TOKEN`: the token is invalid or expired, or its login has ended. Log in again.",
        },
    ],
    codes: &[],
    limits: &[Limit::Refresh],
}];
