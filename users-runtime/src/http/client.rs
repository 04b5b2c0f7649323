//! The data about the client in the extensions of a request: the address, determined once for each request, and the
//! refusals on the connection.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};

use crate::service::Clients;

/// The address in the extensions of a request. Only this module makes it.
#[derive(Debug, Clone, Copy)]
struct ClientAddress(Option<IpAddr>);

/// Counts the refusals on one connection. The built-in server adds it to the requests of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct RefusedOnConnection(Arc<AtomicU32>);

impl RefusedOnConnection {
    /// The number of refusals after which a connection is closed.
    pub(super) const MAX: u32 = 8;

    /// Counts one more, and returns whether it is the last one.
    pub(super) fn is_last(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) + 1 >= Self::MAX
    }
}

/// Determines the client's address, and keeps it for [`client_address`].
pub(super) fn determine_client(clients: &Clients, headers: &HeaderMap, extensions: &mut Extensions) -> Option<IpAddr> {
    if let Some(ClientAddress(known)) = extensions.get() {
        return *known;
    }
    let address = clients.address(peer(extensions), headers);
    extensions.insert(ClientAddress(address));
    address
}

/// Returns the address that [`determine_client`] found.
pub(super) fn client_address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get().and_then(|ClientAddress(address)| *address)
}

/// Returns the other end of the connection, if the server provides it.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip())
}
