//! Setting a new password with a mailed token.
//!
//! A token works once: the new hash is stored only if the old one is still stored. All sessions of the user end, and
//! the reset does not log the user in. Hooks: `on_after_forgot_password` (after the response), `validate_password`,
//! `on_after_reset_password`.

mod http;
mod logic;
mod start;

use ::http::Method;

use self::http::{ForgotPassword, ResetPassword};
pub use self::http::{forgot_password, reset_password};
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

const BAD_TOKEN: Code = Code::new("RESET_PASSWORD_BAD_TOKEN", "The token is invalid, expired or already used.");
const INVALID_PASSWORD: Code = Code::refused_password("RESET_PASSWORD_INVALID_PASSWORD");

pub(crate) static ENDPOINTS: [Endpoint; 2] = [
    Endpoint {
        group: RouteGroup::Reset,
        method: Method::POST,
        path: "/forgot-password",
        name: "reset:forgot_password",
        caller: Caller::Anyone,
        fresh: false,
        summary: "Request a mail to set a new password",
        body: Body::Object(ForgotPassword::FIELDS),
        responses: &[Documented {
            status: 202,
            content: Content::Anything,
            description: "`null`, whether or not an account has this address.",
        }],
        codes: &[],
        limits: &[Limit::ForgotPassword],
    },
    Endpoint {
        group: RouteGroup::Reset,
        method: Method::POST,
        path: "/reset-password",
        name: "reset:reset_password",
        caller: Caller::MailedToken,
        fresh: false,
        summary: "Set a new password with a mailed token",
        body: Body::Object(ResetPassword::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::Anything,
            description: "`null`: the password is set.",
        }],
        codes: &[BAD_TOKEN, INVALID_PASSWORD],
        limits: &[Limit::ResetPassword],
    },
];
