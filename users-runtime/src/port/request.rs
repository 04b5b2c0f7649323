//! What a hook may know about the request it runs in.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, Method, Uri, request::Parts};

use crate::domain::Device;

/// The request that a hook runs in, or the note that there is none (a call from code).
///
/// Cheap to clone, and it outlives the request, since mail hooks run after the answer.
#[derive(Debug, Clone, Default)]
pub struct RequestContext(Option<Arc<RequestFacts>>);

struct RequestFacts {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    client: Option<IpAddr>,
}

impl std::fmt::Debug for RequestFacts {
    /// Leaves the headers out: they hold tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestFacts")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl RequestContext {
    /// The context of a call that no request caused.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// The context of a request. `uri` is what the client asked for, before any router cut a prefix off; `client` is the
    /// socket's peer.
    #[must_use]
    pub fn of(parts: &Parts, uri: &Uri, client: Option<IpAddr>) -> Self {
        Self(Some(Arc::new(RequestFacts {
            method: parts.method.clone(),
            uri: uri.clone(),
            headers: parts.headers.clone(),
            client,
        })))
    }

    /// The method, absent in a call from code.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.as_deref().map(|facts| &facts.method)
    }

    /// The path and query, absent in a call from code.
    #[must_use]
    pub fn uri(&self) -> Option<&Uri> {
        self.0.as_deref().map(|facts| &facts.uri)
    }

    /// One header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.as_deref()?.headers.get(name)?.to_str().ok()
    }

    /// The address of the socket's peer, if the server was set up to know it.
    #[must_use]
    pub fn client(&self) -> Option<IpAddr> {
        self.0.as_deref()?.client
    }

    /// Where the request comes from, as a session remembers it.
    #[must_use]
    pub fn device(&self) -> Device {
        Device::new(self.client(), self.header("user-agent"))
    }
}
