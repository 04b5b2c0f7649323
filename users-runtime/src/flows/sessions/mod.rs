//! The user's own sessions: listing and ending them (OWASP ASVS 7.5.2).
//!
//! The application decides whether to mount the routes. Ending a session requires a recent login, as a change of the
//! password does. A session is shown with its id, times and device, never with its token.

mod http;
mod read;

use ::http::Method;

pub use http::session_routes;
#[cfg(feature = "pages")]
pub(crate) use http::{end_other_sessions, end_session, sessions};

use self::read::SESSION_READ;
use crate::http::{Body, Caller, Content, Documented, Endpoint, RouteGroup};

pub(crate) static ENDPOINTS: [Endpoint; 3] = [LIST, END_OTHERS, END];

const LIST: Endpoint = Endpoint {
    group: RouteGroup::Sessions,
    method: Method::GET,
    path: "",
    name: "sessions:list",
    caller: Caller::Owner,
    fresh: false,
    summary: "List your sessions",
    body: Body::None,
    responses: &[Documented {
        status: 200,
        content: Content::List(&SESSION_READ),
        description: "The stored sessions, in the order of their logins.",
    }],
    codes: &[],
    limits: &[],
};

const END_OTHERS: Endpoint = Endpoint {
    group: RouteGroup::Sessions,
    method: Method::DELETE,
    path: "",
    name: "sessions:end_others",
    caller: Caller::Owner,
    fresh: true,
    summary: "End all your other sessions",
    body: Body::None,
    responses: &[Documented { status: 204, content: Content::Empty, description: "All other sessions are ended." }],
    codes: &[],
    limits: &[],
};

const END: Endpoint = Endpoint {
    group: RouteGroup::Sessions,
    method: Method::DELETE,
    path: "/{id}",
    name: "sessions:end",
    caller: Caller::Owner,
    fresh: true,
    summary: "End one of your sessions",
    body: Body::None,
    responses: &[
        Documented { status: 204, content: Content::Empty, description: "The session is ended." },
        Documented { status: 404, content: Content::Empty, description: "You have no such session." },
    ],
    codes: &[],
    limits: &[],
};
