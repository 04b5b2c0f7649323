//! Changing the e-mail address: the new address must be confirmed, and the owner of the old one can undo the change for a week.
//!
//! A change is requested by `PATCH /users/me` ([`account/email_change`](crate::account)), which stores nothing and mails two
//! tokens. Hooks: `on_after_request_email_change` (after the response), `on_before_update`, `on_after_update` and
//! `on_after_verify` when it is confirmed, `on_before_update` and `on_after_update` when it is undone.

mod http;
mod logic;

use ::http::Method;

use self::http::MailedToken;
pub use self::http::{confirm_email, undo_email};
use crate::{
    account::EMAIL_EXISTS,
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

const CONFIRM_BAD_TOKEN: Code = Code::new(
    "CONFIRM_EMAIL_BAD_TOKEN",
    "The token is invalid, expired or already used, or the account was changed since it was mailed.",
);
const UNDO_BAD_TOKEN: Code = Code::new("UNDO_EMAIL_BAD_TOKEN", "The token is invalid, expired or already used.");
const UNDO_ADDRESS_TAKEN: Code =
    Code::new("UNDO_EMAIL_ADDRESS_TAKEN", "Another account has proved that the old address is its own.");

/// Returns whether a route is one of these.
#[cfg(feature = "openapi")]
pub(crate) fn is_one(endpoint: &Endpoint) -> bool {
    ENDPOINTS.iter().any(|own| own.name == endpoint.name)
}

pub(crate) static ENDPOINTS: [Endpoint; 2] = [
    Endpoint {
        group: RouteGroup::Verify,
        method: Method::POST,
        path: "/confirm-email",
        name: "verify:confirm-email",
        caller: Caller::MailedToken,
        fresh: false,
        summary: "Confirm a new address with the token that was mailed to it",
        body: Body::Object(MailedToken::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::User,
            description: "The account with its new address, which is verified.",
        }],
        codes: &[CONFIRM_BAD_TOKEN, EMAIL_EXISTS],
        limits: &[Limit::Verify],
    },
    Endpoint {
        group: RouteGroup::Verify,
        method: Method::POST,
        path: "/undo-email",
        name: "verify:undo-email",
        caller: Caller::MailedToken,
        fresh: false,
        summary: "Undo a change of the address with the token that was mailed to the old one",
        body: Body::Object(MailedToken::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::User,
            description: "The account with its old address. All sessions are ended, and the password must be reset.",
        }],
        codes: &[UNDO_BAD_TOKEN, UNDO_ADDRESS_TAKEN],
        limits: &[Limit::Verify],
    },
];
