//! Other users' accounts, for superusers.
//!
//! An ordinary user gets 403 for every id, including their own and unknown ones. Hooks: `on_after_update`,
//! `on_before_delete`, `on_after_delete`.

mod http;

use ::http::Method;

pub use http::{delete_user, me_as_id, update_user, user_by_id};

use crate::{
    account::UPDATE_CODES,
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
};

pub(crate) static ENDPOINTS: [Endpoint; 3] = [
    Endpoint {
        group: RouteGroup::Users,
        method: Method::GET,
        path: "/{id}",
        name: "users:user",
        caller: Caller::Superuser,
        fresh: false,
        summary: "Read an account",
        body: Body::None,
        responses: &[Documented { status: 200, content: Content::User, description: "The account." }],
        codes: &[],
        limits: &[],
    },
    Endpoint {
        group: RouteGroup::Users,
        method: Method::PATCH,
        path: "/{id}",
        name: "users:patch_user",
        caller: Caller::Superuser,
        fresh: false,
        summary: "Change an account",
        body: Body::AdminUpdate,
        responses: &[Documented { status: 200, content: Content::User, description: "The account after the change." }],
        codes: &UPDATE_CODES,
        limits: &[],
    },
    Endpoint {
        group: RouteGroup::Users,
        method: Method::DELETE,
        path: "/{id}",
        name: "users:delete_user",
        caller: Caller::Superuser,
        fresh: false,
        summary: "Delete an account",
        body: Body::None,
        responses: &[Documented { status: 204, content: Content::Empty, description: "The account is deleted." }],
        codes: &[],
        limits: &[],
    },
];
