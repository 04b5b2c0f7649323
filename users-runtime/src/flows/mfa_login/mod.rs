//! The second step of a login with an OAuth provider: the second factor of a user who has one.
//!
//! At the callback of the provider such a user gets not a session but a token, which is redeemed here with the code.
//! The token is encrypted, bound to one backend, valid for five minutes, and used once. A login with a password needs
//! no second step: the code is a field of its form.

mod http;
mod logic;

use ::http::Method;

use self::http::MfaLogin;
pub use self::http::mfa_login;
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    service::{BAD_CREDENTIALS, LOGIN_MFA_BAD_CODE, NOT_VERIFIED},
    user::Schema,
};

const BAD_TOKEN: Code = Code::new(
    "LOGIN_MFA_BAD_TOKEN",
    "The token is invalid, expired or used, or the sessions of its user were ended: the login starts again.",
);

/// Returns whether a route is this one.
#[cfg(feature = "openapi")]
pub(crate) fn is_one(endpoint: &Endpoint) -> bool {
    ENDPOINTS.iter().any(|own| own.name == endpoint.name)
}

pub(crate) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    group: RouteGroup::Auth,
    method: Method::POST,
    path: "/second-factor",
    name: "auth:{backend}.second_factor",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Finish a login with a provider by the second factor",
    body: Body::Object(MfaLogin::FIELDS),
    responses: &[Documented { status: 200, content: Content::Token, description: "The access token." }],
    codes: &[BAD_TOKEN, LOGIN_MFA_BAD_CODE, BAD_CREDENTIALS, NOT_VERIFIED],
    limits: &Limit::OF_CODES_AT_LOGIN,
}];
