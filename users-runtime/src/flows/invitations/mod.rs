//! Invitations: an account that a superuser or the application creates, and that its owner opens with a mailed link.
//!
//! The account has a password that nobody knows, and is not verified. With its token the owner chooses a password and verifies
//! the address, once. The token becomes invalid if the account is deleted or changed, or if the owner verifies the address in
//! another way. Setting: [`UsersBuilder::invitations`](crate::UsersBuilder::invitations). Hooks: `on_before_register`,
//! `on_after_register`, `on_after_invite` (after the response), `validate_password`, `on_after_verify`.

mod http;
mod logic;

use ::http::Method;

use self::http::AcceptInvitation;
#[cfg(feature = "pages")]
pub(crate) use self::http::accept_invitation;
pub use self::http::invitation_routes;
pub use self::logic::InviteError;
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

const USER_EXISTS: Code = Code::new("INVITE_USER_ALREADY_EXISTS", "A user with this e-mail address exists.");
const ACCEPTED: Code = Code::new("INVITATION_ACCEPTED", "The account is open: its address is verified.");
const BAD_TOKEN: Code = Code::new(
    "INVITATION_BAD_TOKEN",
    "The token is invalid, expired or already used, or the account was opened or changed in another way.",
);
const INVALID_PASSWORD: Code = Code::refused_password("INVITATION_INVALID_PASSWORD");

const ACCEPT: &str = "/accept";
const RESEND: &str = "/{id}/resend";

/// Returns whether a route is one of these.
#[cfg(feature = "openapi")]
pub(crate) fn is_one(endpoint: &Endpoint) -> bool {
    ENDPOINTS.iter().any(|own| own.name == endpoint.name)
}

pub(crate) static ENDPOINTS: [Endpoint; 3] = [
    Endpoint {
        group: RouteGroup::Invitations,
        method: Method::POST,
        path: "",
        name: "invitations:invite",
        caller: Caller::Superuser,
        fresh: false,
        summary: "Create an account and mail its owner a link that opens it",
        body: Body::Invitation,
        responses: &[Documented {
            status: 201,
            content: Content::User,
            description: "The account, which is not open yet.",
        }],
        codes: &[USER_EXISTS],
        limits: &[],
    },
    Endpoint {
        group: RouteGroup::Invitations,
        method: Method::POST,
        path: ACCEPT,
        name: "invitations:accept",
        caller: Caller::MailedToken,
        fresh: false,
        summary: "Open an invited account: choose its password with the mailed token",
        body: Body::Object(AcceptInvitation::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::User,
            description: "The account. Its address is verified.",
        }],
        codes: &[BAD_TOKEN, INVALID_PASSWORD],
        limits: &[Limit::ResetPassword],
    },
    Endpoint {
        group: RouteGroup::Invitations,
        method: Method::POST,
        path: RESEND,
        name: "invitations:resend",
        caller: Caller::Superuser,
        fresh: false,
        summary: "Mail the link to open an account again",
        body: Body::None,
        responses: &[Documented {
            status: 202,
            content: Content::Anything,
            description: "`null`: a mail is on its way.",
        }],
        codes: &[ACCEPTED],
        limits: &[],
    },
];
