//! A request on its way in: first the body's syntax, then who it comes from, then the fields (contract.md section 3).

use std::{cell::OnceCell, net::SocketAddr};

use axum::extract::{ConnectInfo, Request};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::{ApiError, Embedded, JsonBody, LoginForm, Requirements, authenticate};
use crate::{
    domain::{EmailRules, field::Field},
    manager::{Authenticated, Users},
    port::RequestContext,
    user::{AuthUser, Schema},
};

/// The most bytes that the body of one of our routes may have: 16 KiB (security.md (a)).
pub(crate) const BODY_LIMIT: usize = 16 * 1024;

/// A request whose body, if the route has one, is read and of correct syntax.
pub(crate) struct Incoming<B> {
    parts: Parts,
    body: B,
    cx: OnceCell<RequestContext>,
}

impl Incoming<()> {
    /// A request whose body nobody reads.
    pub(crate) fn bare(request: Request) -> Self {
        let (parts, _) = request.into_parts();
        Self { parts, body: (), cx: OnceCell::new() }
    }

    /// The login form and the request it came in.
    pub(crate) async fn form(request: Request) -> Result<(LoginForm, RequestContext), ApiError> {
        let (parts, body) = request.into_parts();
        let form = LoginForm::read(&parts, body, BODY_LIMIT).await?;
        Ok((form, context(&parts)))
    }
}

impl Incoming<JsonBody> {
    /// A request with a JSON body. Fails on syntax only.
    pub(crate) async fn json(request: Request) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = JsonBody::read(&parts, body, BODY_LIMIT).await?;
        Ok(Self { parts, body, cx: OnceCell::new() })
    }

    /// The body as a generated schema, or every problem of it.
    pub(crate) fn schema<T: Schema + DeserializeOwned>(&self, rules: EmailRules) -> Result<T, ApiError> {
        self.body.schema(rules)
    }

    /// The body as loose fields, or every problem of them.
    pub(crate) fn embedded(&self, fields: &[Field], rules: EmailRules) -> Result<Embedded, ApiError> {
        self.body.embedded(fields, rules)
    }

    /// Which fields of `T` the body has, for the hook after an update.
    pub(crate) fn fields_of<T: Schema>(&self) -> Vec<&'static str> {
        self.body.present::<T>()
    }
}

impl<B> Incoming<B> {
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
    RequestContext::of(parts, client)
}
