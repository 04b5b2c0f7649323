//! Magic link: a login with a link that is mailed to the account's address.
//!
//! A token works once, and only while the account is unchanged since the mail was requested. It verifies the address: an account
//! that was not verified is taken over without its earlier access methods ([`account/mailed_login`](crate::account)). Setting:
//! [`UsersBuilder::magic_link`](crate::UsersBuilder::magic_link). Hooks: `on_after_request_magic_link` (after the response),
//! `on_after_login`, and `on_after_verify` for an account that was not verified.

mod http;
mod logic;

use ::http::Method;

use self::http::{RedeemMagicLink, RequestMagicLink};
pub use self::http::{redeem_magic_link, request_magic_link};
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    service::{LOGIN_MFA_BAD_CODE, LOGIN_MFA_REQUIRED},
    user::Schema,
};

const BAD_TOKEN: Code = Code::new(
    "MAGIC_LINK_BAD_TOKEN",
    "The token is invalid, expired or already used, or the account was changed since it was mailed.",
);

/// Returns whether a route is one of these.
#[cfg(feature = "openapi")]
pub(crate) fn is_one(endpoint: &Endpoint) -> bool {
    ENDPOINTS.iter().any(|own| own.name == endpoint.name)
}

pub(crate) static ENDPOINTS: [Endpoint; 2] = [
    Endpoint {
        group: RouteGroup::Auth,
        method: Method::POST,
        path: "/magic-link",
        name: "auth:{backend}.magic_link",
        caller: Caller::Anyone,
        fresh: false,
        summary: "Request a mail with a link to log in",
        body: Body::Object(RequestMagicLink::FIELDS),
        responses: &[Documented {
            status: 202,
            content: Content::Anything,
            description: "`null`, whether or not an account has this address.",
        }],
        codes: &[],
        limits: &[Limit::MailedLogin],
    },
    Endpoint {
        group: RouteGroup::Auth,
        method: Method::POST,
        path: "/magic-link/redeem",
        name: "auth:{backend}.redeem_magic_link",
        caller: Caller::MailedToken,
        fresh: false,
        summary: "Log in with the token of a mailed link",
        body: Body::Object(RedeemMagicLink::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::Token,
            description: "The access token, as after a login.",
        }],
        codes: &[BAD_TOKEN, LOGIN_MFA_REQUIRED, LOGIN_MFA_BAD_CODE],
        limits: &[Limit::Verify, Limit::SecondFactor, Limit::SecondFactorLongTerm],
    },
];
