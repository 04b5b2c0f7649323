//! The audit log, for superusers.
//!
//! The application decides whether to mount the route. A superuser of a tenant reads only the rows of the tenant.

mod http;
mod read;

use ::http::Method;

pub use http::audit_routes;

use self::read::AUDIT_READ;
use crate::http::{Body, Caller, Content, Documented, Endpoint, QueryKind::Text, QueryParameter, RouteGroup};

pub(crate) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    group: RouteGroup::Audit,
    method: Method::GET,
    path: "",
    name: "audit:list",
    caller: Caller::Superuser,
    fresh: false,
    summary: "Read the audit log",
    body: Body::Query(&PARAMETERS),
    responses: &[Documented {
        status: 200,
        content: Content::List(&AUDIT_READ),
        description: "The newest entries that meet every condition, at most 50 or `limit`. The `id` of the last one as `before` \
                      returns the next ones.",
    }],
    codes: &[],
    limits: &[],
}];

const PARAMETERS: [QueryParameter; 6] = [
    QueryParameter::new(USER, Text, "d35d213e-f3d8-4f08-954a-7e0d1bea286f"),
    QueryParameter::new(EVENT, Text, "login"),
    QueryParameter::new(SINCE, Text, "2030-01-01T00:00:00Z"),
    QueryParameter::new(UNTIL, Text, "2030-02-01T00:00:00Z"),
    QueryParameter::new(BEFORE, Text, "0198f0a27c0000000000a1b2c3d4e5f6"),
    QueryParameter::new(LIMIT, Text, "50"),
];

const USER: &str = "user_id";
const EVENT: &str = "event";
const SINCE: &str = "since";
const UNTIL: &str = "until";
const BEFORE: &str = "before";
const LIMIT: &str = "limit";
