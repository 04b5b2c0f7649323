//! The user's own account.
//!
//! An unverified user gets 403 where verification is required. The steps of a change are in `account`, because a
//! superuser's change has the same steps. Hook: `on_after_update`.

mod http;

use ::http::Method;

pub use http::{me, update_me};

use crate::{
    account::UPDATE_CODES,
    domain::Limit,
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
};

pub(crate) static ENDPOINTS: [Endpoint; 2] = [
    Endpoint {
        group: RouteGroup::Users,
        method: Method::GET,
        path: "/me",
        name: "users:current_user",
        caller: Caller::Owner,
        fresh: false,
        summary: "Read your account",
        body: Body::None,
        responses: &[Documented { status: 200, content: Content::User, description: "The account." }],
        codes: &[],
        limits: &[],
    },
    Endpoint {
        group: RouteGroup::Users,
        method: Method::PATCH,
        path: "/me",
        name: "users:patch_current_user",
        caller: Caller::Owner,
        fresh: false,
        summary: "Change your account",
        body: Body::Update,
        responses: &[Documented { status: 200, content: Content::User, description: "The account after the change." }],
        codes: &UPDATE_CODES,
        limits: &Limit::OF_CHANGES,
    },
];
