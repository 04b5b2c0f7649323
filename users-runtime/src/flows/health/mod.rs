//! Whether the service runs, and whether its dependencies respond, for orchestrators and load balancers.
//!
//! The application decides whether to mount the routes. They are not limited, because orchestrators call them often:
//! all requests within a second share one check.

mod http;
mod logic;

use ::http::Method;

pub use self::http::health_routes;
use crate::http::{Body, Caller, Content, Documented, Endpoint, ObjectSchema, ReadType, RouteGroup};

pub(crate) static ENDPOINTS: [Endpoint; 2] = [LIVE, READY];

static HEALTH_READ: ObjectSchema =
    ObjectSchema { name: "HealthRead", fields: &[("status", ReadType::Text, "Always `ok`.")] };

const LIVE: Endpoint = Endpoint {
    group: RouteGroup::Health,
    method: Method::GET,
    path: "/live",
    name: "health:live",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Check that the service runs",
    body: Body::None,
    responses: &[Documented {
        status: 200,
        content: Content::Object(&HEALTH_READ),
        description: "The service handles requests. Nothing else is asked.",
    }],
    codes: &[],
    limits: &[],
};

const READY: Endpoint = Endpoint {
    group: RouteGroup::Health,
    method: Method::GET,
    path: "/ready",
    name: "health:ready",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Check that the database responds, and Redis if the service uses it",
    body: Body::None,
    responses: &[
        Documented { status: 200, content: Content::Object(&HEALTH_READ), description: "They respond." },
        Documented { status: 503, content: Content::Empty, description: "One of them does not respond." },
    ],
    codes: &[],
    limits: &[],
};
