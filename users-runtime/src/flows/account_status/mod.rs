//! The standing of accounts, for superusers: suspensions, and passwords that must be changed (OWASP ASVS 6.2.10).
//!
//! The application decides whether to mount the routes. The steps are in `account`, because application code has the
//! same operations. No hook runs, and no mail is sent.

mod http;
mod read;

use ::http::Method;

pub use self::http::account_status_routes;
use self::{http::Suspend, read::STANDING_READ};
use crate::{
    domain::Code,
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

const SUSPENSION: &str = "/{id}/suspension";
const REQUIRE: &str = "/{id}/require-password-change";
#[cfg(feature = "totp")]
const SECOND_FACTOR: &str = "/{id}/second-factor";

#[cfg(feature = "totp")]
const OWN_FACTOR: Code = Code::new(
    "REVOKE_OWN_SECOND_FACTOR",
    "Superusers cannot revoke their own second factor: they disable it with a code.",
);
const OWN_ACCOUNT: Code = Code::new("SUSPEND_OWN_ACCOUNT", "Superusers cannot suspend themselves.");

pub(crate) static ENDPOINTS: &[Endpoint] = &[
    READ,
    SUSPEND,
    LIFT,
    REQUIRE_PASSWORD_CHANGE,
    #[cfg(feature = "totp")]
    REVOKE_FACTOR,
];

/// Returns whether a route is the one that exists only with second factors.
#[cfg(all(feature = "openapi", feature = "totp"))]
pub(crate) fn revokes_factor(endpoint: &Endpoint) -> bool {
    endpoint.name == REVOKE_FACTOR.name
}

const READ: Endpoint = Endpoint {
    group: RouteGroup::AccountStatus,
    method: Method::GET,
    path: SUSPENSION,
    name: "users:suspension",
    caller: Caller::Superuser,
    fresh: false,
    summary: "Read whether an account is suspended",
    body: Body::None,
    responses: &[Documented {
        status: 200,
        content: Content::Object(&STANDING_READ),
        description: "The standing of the account.",
    }],
    codes: &[],
    limits: &[],
};

const SUSPEND: Endpoint = Endpoint {
    group: RouteGroup::AccountStatus,
    method: Method::PUT,
    path: SUSPENSION,
    name: "users:suspend",
    caller: Caller::Superuser,
    fresh: false,
    summary: "Suspend an account and end its sessions",
    body: Body::Object(Suspend::FIELDS),
    responses: &[Documented {
        status: 200,
        content: Content::Object(&STANDING_READ),
        description: "The account is suspended.",
    }],
    codes: &[OWN_ACCOUNT],
    limits: &[],
};

const LIFT: Endpoint = Endpoint {
    group: RouteGroup::AccountStatus,
    method: Method::DELETE,
    path: SUSPENSION,
    name: "users:lift_suspension",
    caller: Caller::Superuser,
    fresh: false,
    summary: "Lift the suspension of an account",
    body: Body::None,
    responses: &[Documented {
        status: 204,
        content: Content::Empty,
        description: "The account is not suspended any more.",
    }],
    codes: &[],
    limits: &[],
};

const REQUIRE_PASSWORD_CHANGE: Endpoint = Endpoint {
    group: RouteGroup::AccountStatus,
    method: Method::POST,
    path: REQUIRE,
    name: "users:require_password_change",
    caller: Caller::Superuser,
    fresh: false,
    summary: "Refuse the password of an account until it is changed, and end its sessions",
    body: Body::None,
    responses: &[Documented {
        status: 204,
        content: Content::Empty,
        description: "The password must be changed with a mailed reset.",
    }],
    codes: &[],
    limits: &[],
};

#[cfg(feature = "totp")]
const REVOKE_FACTOR: Endpoint = Endpoint {
    group: RouteGroup::AccountStatus,
    method: Method::DELETE,
    path: SECOND_FACTOR,
    name: "users:revoke_second_factor",
    caller: Caller::Superuser,
    fresh: false,
    summary: "Remove the second factor of an account, and end its sessions",
    body: Body::None,
    responses: &[Documented { status: 204, content: Content::Empty, description: "The account has no second factor." }],
    codes: &[OWN_FACTOR],
    limits: &[],
};
