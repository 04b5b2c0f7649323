//! An incoming request: first the syntax of the body is checked, then the user is authenticated, then the fields are
//! validated.

use std::sync::OnceLock;

use axum::extract::{OriginalUri, Request};
use http::request::Parts;

use super::{ApiError, JsonBody, LoginForm, Repeated, Requirements, authenticate, client::client_address};
use crate::{
    domain::Session,
    port::{BoxFuture, Caller, RequestContext},
    service::{Authenticated, Users},
    user::AuthUser,
};

/// The maximum size of a request body in bytes: 16 KiB.
pub(crate) const BODY_LIMIT: usize = 16 * 1024;

/// A request without its body, which is returned separately where a route has one.
pub(crate) struct Incoming {
    parts: Parts,
    cx: OnceLock<RequestContext>,
    caller: OnceLock<Caller>,
}

impl Incoming {
    /// Returns a request whose body is not read.
    pub(crate) fn bare(request: Request) -> Self {
        Self::new(request.into_parts().0)
    }

    /// Returns a request with a JSON body, of which only the syntax has been checked.
    pub(crate) fn json(request: Request) -> BoxFuture<'static, Result<(Self, JsonBody), ApiError>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = JsonBody::read(&parts, body, BODY_LIMIT).await?;
            Ok((Self::new(parts), body))
        })
    }

    /// Returns a request with a login form.
    pub(crate) fn form(
        request: Request,
        repeated: Repeated,
    ) -> BoxFuture<'static, Result<(Self, LoginForm), ApiError>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let form = LoginForm::read(&parts, body, BODY_LIMIT, repeated).await?;
            Ok((Self::new(parts), form))
        })
    }

    fn new(parts: Parts) -> Self {
        Self { parts, cx: OnceLock::new(), caller: OnceLock::new() }
    }

    #[cfg(feature = "oauth")]
    pub(crate) fn headers(&self) -> &http::HeaderMap {
        &self.parts.headers
    }

    #[cfg(any(feature = "oauth", feature = "audit"))]
    pub(crate) fn uri(&self) -> &http::Uri {
        &self.parts.uri
    }

    /// Returns the path that arrived at the application, before a router removed a prefix.
    #[cfg(feature = "oauth")]
    pub(crate) fn original_path(&self) -> &str {
        self.parts.extensions.get::<OriginalUri>().map_or(self.parts.uri.path(), |OriginalUri(uri)| uri.path())
    }

    /// Returns the details of the request for hooks and events. Created on first use, because most requests need none; the user
    /// is known if the request was authenticated before.
    pub(crate) fn cx(&self) -> &RequestContext {
        self.cx.get_or_init(|| match self.caller.get() {
            Some(caller) => context(&self.parts).called_by(caller.clone()),
            None => context(&self.parts),
        })
    }

    /// Authenticates the request and checks that the user meets `requirements`. Call it before [`Incoming::cx`].
    pub(crate) async fn authenticate<U: AuthUser>(
        &self,
        users: &Users<U>,
        requirements: Requirements,
    ) -> Result<Authenticated<U>, ApiError> {
        let authenticated = authenticate(users, &self.parts, requirements).await?;
        self.authenticated_as(&authenticated.user, &authenticated.session);
        Ok(authenticated)
    }

    /// Sets the caller, if something other than an access token identifies it. Call it before [`Incoming::cx`].
    pub(crate) fn authenticated_as<U: AuthUser>(&self, user: &U, session: &Session) {
        let _first = self.caller.set(Caller { user_id: user.id().to_string(), session: session.token_id.clone() });
    }
}

pub(crate) fn context(parts: &Parts) -> RequestContext {
    // A nested router strips its prefix from the path; hooks receive the path that the client requested.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    RequestContext::of(parts, uri, client_address(&parts.extensions))
}
