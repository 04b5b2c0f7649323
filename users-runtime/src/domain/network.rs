//! Which hosts are on this machine, and which are in a private network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Names whose hosts are in a private network: `local` (RFC 6762), `home.arpa` (RFC 8375), `internal` (reserved by ICANN in
/// 2024), `home` and `corp` (which ICANN will not delegate), and the widespread `lan`.
const PRIVATE_NAMES: [&str; 6] = ["local", "home.arpa", "internal", "home", "corp", "lan"];

/// Returns whether the host is a loopback host.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}

/// Returns whether the host can only be reached within a private network.
pub(super) fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let is_below = |top: &str| name.strip_suffix(top).is_some_and(|rest| rest.ends_with('.'));
            !name.contains('.') || PRIVATE_NAMES.into_iter().any(is_below)
        }
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => {
            address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some_and(is_private_v4)
        }
        None => false,
    }
}

/// Returns whether the address is on this machine or in a private network.
pub(crate) fn is_of_a_private_network(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || is_private_v4(address),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Private (RFC 1918), link-local (RFC 3927) and shared (RFC 6598, used by overlay networks) addresses.
fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private() || address.is_link_local() || (first == 100 && (64..128).contains(&second))
}
