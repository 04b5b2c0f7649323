//! Registration.
//!
//! Settings: `Policy::passwords`, `Policy::private_registration`. Hooks: `validate_password`, `on_after_register`,
//! `on_after_duplicate_register`.

mod http;
mod logic;

use ::http::Method;

pub use http::register;

use crate::{
    account::USER_EXISTS,
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
};

const INVALID_PASSWORD: Code = Code::refused_password("REGISTER_INVALID_PASSWORD");

pub(crate) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    group: RouteGroup::Register,
    method: Method::POST,
    path: "/register",
    name: "register:register",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Register",
    body: Body::Create,
    responses: &[Documented { status: 201, content: Content::User, description: "The new account." }],
    codes: &[USER_EXISTS, INVALID_PASSWORD],
    limits: &[Limit::Register],
}];
