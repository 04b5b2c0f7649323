//! The client's address, determined once for each request.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};

use crate::service::Clients;

/// The address in the extensions of a request. Only this module makes it.
#[derive(Debug, Clone, Copy)]
struct ClientAddress(Option<IpAddr>);

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
