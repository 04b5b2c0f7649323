//! The request that a hook runs in.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, Method, Uri, request::Parts};

use crate::{
    domain::{Device, TokenId},
    event::Untrusted,
};

/// The request that a hook runs in, or none if the hook was caused by a call from code.
///
/// Cheap to clone. It outlives the request, because mail hooks run after the response.
#[derive(Debug, Clone, Default)]
pub struct RequestContext(Option<Arc<RequestFacts>>);

#[derive(Clone)]
struct RequestFacts {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    client: Option<IpAddr>,
    caller: Option<Caller>,
}

/// The user of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The id in text form.
    pub(crate) user_id: String,
    /// The id of the session, if it has one.
    pub(crate) session: Option<TokenId>,
}

impl std::fmt::Debug for RequestFacts {
    /// Omits the headers, which contain tokens. The client chose the rest.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestFacts")
            .field("method", &Untrusted(self.method.as_str()))
            .field("path", &Untrusted(self.uri.path()))
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl RequestContext {
    /// Returns the context of a call that was not caused by a request.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Returns the context of a request. `uri` is the URI that the client requested, before a router removed a prefix;
    /// `client` is the client's address, if it is known.
    #[must_use]
    pub fn of(parts: &Parts, uri: &Uri, client: Option<IpAddr>) -> Self {
        Self(Some(Arc::new(RequestFacts {
            method: parts.method.clone(),
            uri: uri.clone(),
            headers: parts.headers.clone(),
            client,
            caller: None,
        })))
    }

    /// Returns the same with the user whom a token of the request authenticates.
    pub(crate) fn called_by(mut self, caller: Caller) -> Self {
        if let Some(facts) = &mut self.0 {
            Arc::make_mut(facts).caller = Some(caller);
        }
        self
    }

    /// Returns the user whom a token of the request authenticates.
    pub(crate) fn caller(&self) -> Option<&Caller> {
        self.0.as_deref()?.caller.as_ref()
    }

    /// Returns the method, or `None` for a call from code.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.as_deref().map(|facts| &facts.method)
    }

    /// Returns the path and query, or `None` for a call from code.
    #[must_use]
    pub fn uri(&self) -> Option<&Uri> {
        self.0.as_deref().map(|facts| &facts.uri)
    }

    /// Returns one header as text, or `None` if it is missing or not visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.as_deref()?.headers.get(name)?.to_str().ok()
    }

    /// Returns the headers.
    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        self.0.as_deref().map(|facts| &facts.headers)
    }

    /// Returns the client's address: the peer of the connection, or what the
    /// [trusted proxies](crate::proxy::TrustedProxies) say. An IPv4 address that is mapped into IPv6 is IPv4. `None` if the
    /// server does not provide the peer.
    #[must_use]
    pub fn client(&self) -> Option<IpAddr> {
        self.0.as_deref()?.client
    }

    /// Returns the client address and user agent, as stored with a session.
    #[must_use]
    pub fn device(&self) -> Device {
        Device::new(self.client(), self.header("user-agent"))
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn debug_cuts_what_the_client_chose_and_omits_headers() {
        let (method, path) = ("X".repeat(10_000), format!("/{}", "y".repeat(10_000)));
        let request = Request::builder().method(&*method).uri(&path).header("authorization", "hunter2");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let printed = format!("{:?}", RequestContext::of(&parts, &parts.uri, None));
        assert!(printed.len() < 500 && !printed.contains("hunter2"), "{printed}");
    }
}
