//! The standing of accounts, for superusers: suspensions, and passwords that must be changed (OWASP ASVS 6.2.10).
//!
//! The routes are mounted by the application or not at all. The steps are in `account`, because application code has the
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

const OWN_ACCOUNT: Code = Code::new("SUSPEND_OWN_ACCOUNT", "Superusers cannot suspend themselves.");

pub(crate) static ENDPOINTS: [Endpoint; 4] = [READ, SUSPEND, LIFT, REQUIRE_PASSWORD_CHANGE];

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
