//! Verifying an e-mail address with a mailed token.
//!
//! Hooks: `on_after_request_verify` (after the response), `on_after_verify`.

mod http;
mod logic;

use ::http::Method;

use self::http::{RequestVerifyToken, Verify};
pub use self::http::{request_verify_token, verify};
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

const BAD_TOKEN: Code =
    Code::new("VERIFY_USER_BAD_TOKEN", "The token is invalid or expired, or was mailed to another address.");
const ALREADY_VERIFIED: Code = Code::new("VERIFY_USER_ALREADY_VERIFIED", "The user is already verified.");

pub(crate) static ENDPOINTS: [Endpoint; 2] = [
    Endpoint {
        group: RouteGroup::Verify,
        method: Method::POST,
        path: "/request-verify-token",
        name: "verify:request-token",
        caller: Caller::Anyone,
        fresh: false,
        summary: "Request a mail to verify the address",
        body: Body::Object(RequestVerifyToken::FIELDS),
        responses: &[Documented {
            status: 202,
            content: Content::Anything,
            description: "`null`, whether or not an account has this address.",
        }],
        codes: &[],
        limits: &[Limit::RequestVerify],
    },
    Endpoint {
        group: RouteGroup::Verify,
        method: Method::POST,
        path: "/verify",
        name: "verify:verify",
        caller: Caller::MailedToken,
        fresh: false,
        summary: "Verify the address with a mailed token",
        body: Body::Object(Verify::FIELDS),
        responses: &[Documented { status: 200, content: Content::User, description: "The account, now verified." }],
        codes: &[BAD_TOKEN, ALREADY_VERIFIED],
        limits: &[Limit::Verify],
    },
];
