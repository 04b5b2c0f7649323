//! The address of each client, and warnings about a server or a proxy that does not provide it.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
};

use http::{HeaderMap, HeaderName, header};

use crate::{
    domain::{TrustedProxies, is_of_a_private_network},
    event::operation,
};

/// Parsed once instead of at each request.
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Determines client addresses. Each warning is written once: a client could cause it with every request.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    proxies: TrustedProxies,
    warned_of_no_address: Once,
    warned_of_undeclared_proxy: Once,
    warned_of_silent_proxy: Once,
}

#[derive(Debug, Default)]
struct Once(AtomicBool);

impl Clients {
    pub(crate) fn new(proxies: TrustedProxies) -> Self {
        Self { proxies, ..Self::default() }
    }

    /// Returns the address of the client, or `None` if it is not known. `peer` is the other end of the connection, if the server
    /// provides it.
    pub(crate) fn address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let found = if self.proxies.is_none() {
            self.warn_of_undeclared_proxy(peer, headers);
            self.proxies.origination(peer, std::iter::empty())
        } else {
            let lines = headers.get_all(self.proxies.header_name()).iter().map(http::HeaderValue::as_bytes);
            self.proxies.origination(peer, lines)
        };
        if found.is_cut && self.warned_of_silent_proxy.is_first() {
            let header = self.proxies.header_name();
            let proxy = found.address.map(|address| address.to_string()).unwrap_or_default();
            operation!(
                WARN,
                "proxy_names_no_client",
                "a trusted proxy names no client: its clients count as one",
                header,
                proxy
            );
        }
        if found.address.is_none() && self.warned_of_no_address.is_first() {
            operation!(
                WARN,
                "client_unknown",
                "the server passes no client addresses: limits per address do not apply. Serve the application with \
                 `into_make_service_with_connect_info::<SocketAddr>()`"
            );
        }
        found.address
    }

    /// Returns whether the peer of a connection is a proxy, so that the connection carries requests of many clients.
    pub(crate) fn is_proxy(&self, peer: Option<IpAddr>) -> bool {
        self.proxies.is_proxy(peer)
    }

    fn warn_of_undeclared_proxy(&self, peer: Option<IpAddr>, headers: &HeaderMap) {
        if peer.is_some_and(is_of_a_private_network)
            && (headers.contains_key(&X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED))
            && self.warned_of_undeclared_proxy.is_first()
        {
            operation!(
                WARN,
                "proxy_undeclared",
                "requests seem to come through a proxy that is not declared: all its clients count as one. Call \
                 `.trusted_proxies(…)`"
            );
        }
    }
}

impl Once {
    fn is_first(&self) -> bool {
        // Read first, because a write would take the cache line from other cores at each request.
        !self.0.load(Ordering::Relaxed) && !self.0.swap(true, Ordering::Relaxed)
    }
}
