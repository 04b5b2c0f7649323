//! Logout.
//!
//! A refresh token is sufficient, because it is valid for longer than the access token. The response is 503 if the
//! token could not be revoked. Hook: `on_after_logout`.

mod http;
mod logic;

use ::http::Method;

use self::http::LogoutBody;
pub use self::http::logout;
use crate::{
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

pub(crate) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    group: RouteGroup::Auth,
    method: Method::POST,
    path: "/logout",
    name: "auth:{backend}.logout",
    caller: Caller::Owner,
    fresh: false,
    summary: "Log out",
    body: Body::RefreshToken(LogoutBody::FIELDS),
    responses: &[
        Documented {
            status: 200,
            content: Content::Anything,
            description: "Logged out. Documented as in fastapi-users; the response that is sent is 204.",
        },
        Documented { status: 204, content: Content::Empty, description: "Logged out." },
    ],
    codes: &[],
    limits: &[],
}];
