//! Login with the address, or a login name (`#[auth(login)]`), and the password.
//!
//! An unknown user, a wrong password, an inactive and a suspended user get the same response after the same work. Settings:
//! `Policy::require_verification`, `Policy::tell_suspended_users`, gates. Hooks: `on_after_login`, `on_after_failed_login`.

mod http;
mod logic;

use ::http::Method;

pub use http::login;

use crate::{
    domain::Limit,
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    service::{
        BAD_CREDENTIALS, LOGIN_MFA_BAD_CODE, LOGIN_MFA_REQUIRED, NOT_VERIFIED, PASSWORD_CHANGE_REQUIRED, SUSPENDED,
    },
};

pub(crate) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    group: RouteGroup::Auth,
    method: Method::POST,
    path: "/login",
    name: "auth:{backend}.login",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Log in with e-mail address and password",
    body: Body::LoginForm,
    responses: &[Documented { status: 200, content: Content::Token, description: "The access token." }],
    codes: &[
        BAD_CREDENTIALS,
        NOT_VERIFIED,
        SUSPENDED,
        PASSWORD_CHANGE_REQUIRED,
        LOGIN_MFA_REQUIRED,
        LOGIN_MFA_BAD_CODE,
    ],
    limits: &Limit::OF_LOGIN,
}];
