//! E-mail code: a login with six digits that are mailed to the account's address.
//!
//! A code is bound to the request for it, and at a backend with cookies to the browser that made the request. It works once,
//! for ten minutes; a request has five attempts, and an account 24, then one each hour, over all requests. Nothing is stored
//! until a code is tried ([`port/email_codes`](crate::port)). It verifies the address as a magic link does. Setting:
//! [`UsersBuilder::email_code`](crate::UsersBuilder::email_code). Hooks: `on_after_request_email_code` (after the response),
//! `on_after_login`, `on_after_failed_login`, and `on_after_verify` for an account that was not verified.

mod http;
mod logic;

use ::http::Method;

use self::http::{RedeemEmailCode, RequestEmailCode};
pub use self::http::{redeem_email_code, request_email_code};
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, ObjectSchema, ReadType, RouteGroup},
    service::{LOGIN_MFA_BAD_CODE, LOGIN_MFA_REQUIRED},
    user::Schema,
};

const BAD_CODE: Code = Code::new(
    "EMAIL_CODE_BAD_CODE",
    "The code is wrong, expired or already used, was asked for by another browser, or was tried five times.",
);

/// The response to a request for a code.
static REQUEST_READ: ObjectSchema = ObjectSchema {
    name: "EmailCodeRequest",
    fields: &[("request_id", ReadType::Text, "The request. Send it with the code, and keep it secret.")],
};

/// Returns whether a route is one of these.
#[cfg(feature = "openapi")]
pub(crate) fn is_one(endpoint: &Endpoint) -> bool {
    ENDPOINTS.iter().any(|own| own.name == endpoint.name)
}

pub(crate) static ENDPOINTS: [Endpoint; 2] = [
    Endpoint {
        group: RouteGroup::Auth,
        method: Method::POST,
        path: "/email-code",
        name: "auth:{backend}.email_code",
        caller: Caller::Anyone,
        fresh: false,
        summary: "Request a mail with a code to log in",
        body: Body::Object(RequestEmailCode::FIELDS),
        responses: &[Documented {
            status: 202,
            content: Content::Object(&REQUEST_READ),
            description: "The request, whether or not an account has this address.",
        }],
        codes: &[],
        limits: &[Limit::MailedLogin],
    },
    Endpoint {
        group: RouteGroup::Auth,
        method: Method::POST,
        path: "/email-code/redeem",
        name: "auth:{backend}.redeem_email_code",
        caller: Caller::MailedToken,
        fresh: false,
        summary: "Log in with a mailed code",
        body: Body::Object(RedeemEmailCode::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::Token,
            description: "The access token, as after a login.",
        }],
        codes: &[BAD_CODE, LOGIN_MFA_REQUIRED, LOGIN_MFA_BAD_CODE],
        limits: &[Limit::Verify, Limit::EmailCode, Limit::SecondFactor, Limit::SecondFactorLongTerm],
    },
];
