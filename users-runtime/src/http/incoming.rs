//! A request on its way in: first the body's syntax, then who it comes from, then the fields (contract.md section 3).

use std::{net::SocketAddr, sync::OnceLock};

use axum::extract::{ConnectInfo, OriginalUri, Request};
use http::request::Parts;

use super::{ApiError, JsonBody, LoginForm, Requirements, authenticate};
use crate::{
    port::RequestContext,
    service::{Authenticated, Users},
    user::AuthUser,
};

/// The most bytes that the body of one of our routes may have: 16 KiB (docs/contributing/security.md, "Default numbers").
pub(crate) const BODY_LIMIT: usize = 16 * 1024;

/// A request without its body, which comes beside it where a route has one.
pub(crate) struct Incoming {
    parts: Parts,
    cx: OnceLock<RequestContext>,
}

impl Incoming {
    /// A request whose body nobody reads.
    pub(crate) fn bare(request: Request) -> Self {
        Self::new(request.into_parts().0)
    }

    /// A request with a JSON body, of which only the syntax is checked.
    pub(crate) async fn json(request: Request) -> Result<(Self, JsonBody), ApiError> {
        let (parts, body) = request.into_parts();
        let body = JsonBody::read(&parts, body, BODY_LIMIT).await?;
        Ok((Self::new(parts), body))
    }

    /// A request with a login form.
    pub(crate) async fn form(request: Request) -> Result<(Self, LoginForm), ApiError> {
        let (parts, body) = request.into_parts();
        let form = LoginForm::read(&parts, body, BODY_LIMIT).await?;
        Ok((Self::new(parts), form))
    }

    fn new(parts: Parts) -> Self {
        Self { parts, cx: OnceLock::new() }
    }

    /// What hooks may know of the request. Made when first asked for: most requests never do.
    pub(crate) fn cx(&self) -> &RequestContext {
        self.cx.get_or_init(|| context(&self.parts))
    }

    /// Who it comes from, if that user meets `requirements`.
    pub(crate) async fn authenticate<U: AuthUser>(
        &self,
        users: &Users<U>,
        requirements: Requirements,
    ) -> Result<Authenticated<U>, ApiError> {
        authenticate(users, &self.parts, requirements).await
    }
}

pub(crate) fn context(parts: &Parts) -> RequestContext {
    let client = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    // A nested router cuts its prefix off the path; hooks are told what the client asked for.
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    RequestContext::of(parts, uri, client)
}
