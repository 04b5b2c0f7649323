//! The audit log, for superusers.
//!
//! The route is mounted by the application or not at all. A superuser of a tenant reads the rows of the tenant only.

mod http;
mod read;

use ::http::Method;

pub use http::audit_routes;

use self::read::AUDIT_READ;
use crate::http::{Body, Caller, Content, Documented, Endpoint, QueryParameter, RouteGroup};

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
    QueryParameter { name: USER, is_list: false },
    QueryParameter { name: EVENT, is_list: false },
    QueryParameter { name: SINCE, is_list: false },
    QueryParameter { name: UNTIL, is_list: false },
    QueryParameter { name: BEFORE, is_list: false },
    QueryParameter { name: LIMIT, is_list: false },
];

const USER: &str = "user_id";
const EVENT: &str = "event";
const SINCE: &str = "since";
const UNTIL: &str = "until";
const BEFORE: &str = "before";
const LIMIT: &str = "limit";
