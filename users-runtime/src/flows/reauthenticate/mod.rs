//! Re-authentication: the user of a session authenticates again, and the session is fresh again (OWASP ASVS 7.5.3).
//!
//! It is recorded under the id of the session's token, so that it works in the same way for stored sessions and for JWTs,
//! and no token is replaced. A wrong password is counted as a failed login; a wrong code of a second factor has its own
//! limit. Where there are passkeys, one of them can be used as well. Not offered under `Policy::fastapi_users()`.

mod http;
mod logic;

use ::http::Method;

use self::http::Reauthenticate;
#[cfg(feature = "openapi")]
pub(crate) use self::http::fields;
pub use self::http::reauthenticate;
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

const BAD_CREDENTIALS: Code = Code::new("REAUTHENTICATE_BAD_CREDENTIALS", "The proof is wrong.");

/// Returns whether a route is that of re-authentication.
#[cfg(feature = "openapi")]
pub(crate) fn is_one(endpoint: &Endpoint) -> bool {
    ENDPOINTS.iter().any(|own| own.name == endpoint.name)
}

pub(crate) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    group: RouteGroup::Auth,
    method: Method::POST,
    path: "/reauthenticate",
    name: "auth:{backend}.reauthenticate",
    caller: Caller::Owner,
    fresh: false,
    summary: "Prove again who you are",
    body: Body::Object(Reauthenticate::FIELDS),
    responses: &[Documented {
        status: 204,
        content: Content::Empty,
        description: "The session counts as fresh, as after a login.",
    }],
    codes: &[BAD_CREDENTIALS],
    limits: &Limit::OF_REAUTHENTICATION,
}];
