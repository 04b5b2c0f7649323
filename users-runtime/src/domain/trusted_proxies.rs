//! The reverse proxies in front of the service, and the client address that is derived from their headers.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

use super::{Error, ForwardedHeader, Result, Setting};

/// The reverse proxies in front of the service that are trusted to report the client's address. Default: none; the
/// client is then the peer of the connection.
///
/// Proxies append the address of their own peer to a header, so the header is read from the right, as far as trusted proxies
/// wrote it. Entries that a client sent are further to the left and are never used. If a trusted proxy names no address (the
/// entry is missing, malformed, `unknown` or obfuscated), the client is the last address that is known: that of the proxy itself.
///
/// Only the [declared header](Self::header) is read. A client can send the other one through proxies that do not process it.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::proxy::{ForwardedHeader, TrustedProxies};
///
/// # fn proxies() -> axum_users::Result<()> {
/// // One proxy, such as nginx or Caddy on the same machine.
/// let nginx = TrustedProxies::number(1);
/// // A load balancer in a private network, which writes `Forwarded`.
/// let balancer = TrustedProxies::networks(["10.0.0.0/8", "fd00::/8"])?.header(ForwardedHeader::Forwarded);
/// # drop((nginx, balancer));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct TrustedProxies {
    which: Which,
    header: ForwardedHeader,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Which {
    #[default]
    None,
    Number(u8),
    Networks(Vec<IpNet>),
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origination {
    /// The address of the client, or of the last known proxy if that one names no client.
    pub(crate) address: Option<IpAddr>,
    /// Whether a trusted proxy named no address.
    pub(crate) is_cut: bool,
}

impl TrustedProxies {
    /// Trusts no proxy.
    pub fn none() -> Self {
        Self::default()
    }

    /// Trusts this number of proxies, one behind the other: the client is the entry at this place of the header, counted from
    /// the right. Zero is [`TrustedProxies::none`].
    ///
    /// # Security
    /// Every request must pass all of them. A client that reaches the service, or an inner proxy, directly can choose its
    /// address. If that is possible, use [`TrustedProxies::networks`].
    pub fn number(proxies: u8) -> Self {
        let which = if proxies == 0 { Which::None } else { Which::Number(proxies) };
        Self { which, header: ForwardedHeader::default() }
    }

    /// Trusts the proxies in these networks in CIDR notation, such as `["10.0.0.0/8", "fd00::/8"]`; a single address is
    /// also accepted. The client is the first address from the right that is in none of them. The header is used only
    /// if the peer of the connection is a trusted proxy.
    ///
    /// # Errors
    /// [`Error::Config`] if the list is empty, if an entry is not a network or has bits set beyond its prefix
    /// (`10.0.0.1/8`), or if it contains every address (`0.0.0.0/0`).
    ///
    /// # Security
    /// Everyone in these networks can choose the address under which they are known.
    pub fn networks<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let networks = networks.into_iter().map(network).collect::<Result<Vec<_>>>()?;
        if networks.is_empty() {
            return Err(refused("the list of networks is empty; TrustedProxies::none() trusts no proxy".to_owned()));
        }
        Ok(Self { which: Which::Networks(networks), header: ForwardedHeader::default() })
    }

    /// Sets the header that the proxies write. Default: [`ForwardedHeader::XForwardedFor`].
    pub fn header(self, header: ForwardedHeader) -> Self {
        Self { header, ..self }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.which == Which::None
    }

    /// Returns the name of the header.
    pub(crate) fn header_name(&self) -> &'static str {
        self.header.name()
    }

    /// Returns whether the peer of a connection is a proxy, so that the connection carries requests of many clients.
    pub(crate) fn is_proxy(&self, peer: Option<IpAddr>) -> bool {
        match &self.which {
            Which::None => false,
            Which::Number(_) => true,
            Which::Networks(networks) => peer.is_some_and(|peer| contains(networks, peer.to_canonical())),
        }
    }

    /// Returns where a request comes from. `lines` are the values of the [header](Self::header_name).
    pub(crate) fn origination<'a>(
        &self,
        peer: Option<IpAddr>,
        lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Origination {
        let peer = peer.map(|peer| peer.to_canonical());
        let mut entries = self.header.entries_from_the_right(lines);
        let mut found = Origination { address: peer, is_cut: false };
        match &self.which {
            Which::None => {}
            Which::Number(proxies) => {
                for _ in 0..*proxies {
                    match entries.next().flatten() {
                        Some(address) => found.address = Some(address),
                        None => return Origination { is_cut: true, ..found },
                    }
                }
            }
            Which::Networks(networks) => {
                let mut is_peer = true;
                while found.address.is_some_and(|address| contains(networks, address)) {
                    match entries.next() {
                        Some(Some(address)) => found.address = Some(address),
                        Some(None) => return Origination { is_cut: true, ..found },
                        // A request from within the trusted networks has no further entry.
                        None => return Origination { is_cut: is_peer, ..found },
                    }
                    is_peer = false;
                }
            }
        }
        found
    }
}

/// `none`, a number of proxies, or networks separated by commas.
impl FromStr for TrustedProxies {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "none" => Ok(Self::none()),
            number if number.parse::<u8>().is_ok() => Ok(Self::number(number.parse().unwrap_or_default())),
            networks => Self::networks(networks.split(',').map(str::trim)),
        }
    }
}

fn network(text: &str) -> Result<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
        refused(format!("{text:?} is neither a number of proxies nor a network such as \"10.0.0.0/8\" or \"::1\""))
    })?;
    if network.prefix_len() == 0 {
        return Err(refused(format!("{text:?} has every address: any client could choose its own")));
    }
    if network.addr() != network.network() {
        return Err(refused(format!(
            "{text:?} is one address with the prefix of a network: did you mean {}?",
            network.trunc()
        )));
    }
    Ok(canonical(network))
}

/// Returns a network of IPv4-mapped addresses as a network of IPv4 addresses.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
        _ => None,
    };
    mapped.and_then(|(address, prefix)| IpNet::new(address.into(), prefix).ok()).unwrap_or(network)
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

fn refused(why: String) -> Error {
    Error::setting(Setting::Proxy, format!("trusted proxies: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address of a client, followed by `!` if a proxy named none.
    fn client(proxies: &TrustedProxies, peer: &str, lines: &[&str]) -> String {
        let peer = peer.parse().ok();
        let Origination { address, is_cut } = proxies.origination(peer, lines.iter().map(|line| line.as_bytes()));
        let address = address.map_or_else(|| "nobody".to_owned(), |address| address.to_string());
        if is_cut { address + "!" } else { address }
    }

    #[test]
    fn without_declared_proxies_the_client_is_the_peer() {
        for proxies in [TrustedProxies::none(), TrustedProxies::number(0)] {
            assert_eq!(client(&proxies, "203.0.113.7", &["192.0.2.1"]), "203.0.113.7");
            assert_eq!(client(&proxies, "::ffff:203.0.113.7", &["192.0.2.1"]), "203.0.113.7");
            assert_eq!(client(&proxies, "", &["192.0.2.1"]), "nobody");
        }
    }

    #[test]
    fn a_number_of_proxies_counts_from_the_right() {
        let (one, three) = (TrustedProxies::number(1), TrustedProxies::number(3));
        let forged = ["192.0.2.1, 192.0.2.2", "198.51.100.3, 198.51.100.2,198.51.100.1"];
        assert_eq!(client(&one, "10.0.0.1", &forged), "198.51.100.1");
        assert_eq!(client(&three, "10.0.0.1", &forged), "198.51.100.3");
        assert_eq!(client(&one, "", &forged), "198.51.100.1", "behind a Unix socket");
        // The nearest hop that is known, if a proxy named none.
        assert_eq!(client(&one, "10.0.0.1", &[]), "10.0.0.1!");
        assert_eq!(client(&one, "10.0.0.1", &["192.0.2.1, unknown"]), "10.0.0.1!");
        assert_eq!(client(&three, "10.0.0.1", &["198.51.100.2, 198.51.100.1"]), "198.51.100.2!");
        assert_eq!(client(&three, "10.0.0.1", &["192.0.2.9, junk, 198.51.100.1"]), "198.51.100.1!");
    }

    #[test]
    fn networks_are_followed_from_the_right_to_the_first_stranger() {
        let proxies = TrustedProxies::networks(["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.53"]).unwrap();
        for (peer, lines, expected) in [
            ("203.0.113.7", &["198.51.100.1"][..], "203.0.113.7"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1", "::ffff:10.2.2.2"], "198.51.100.1"),
            ("2001:db8:1::5", &["2001:db8:2::1"], "2001:db8:2::1"),
            ("192.0.2.53", &["198.51.100.1"], "198.51.100.1"),
            ("192.0.2.54", &["198.51.100.1"], "192.0.2.54"),
            // A client in the trusted network itself.
            ("10.0.0.1", &["10.1.1.1"], "10.1.1.1"),
            ("10.0.0.1", &["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
            // The nearest hop that is known, if a proxy named none.
            ("10.0.0.1", &[], "10.0.0.1!"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1!"),
            ("10.0.0.1", &["198.51.100.1, _hidden, 10.1.1.1"], "10.1.1.1!"),
            ("10.0.0.1", &["198.51.100.1,,"], "10.0.0.1!"),
            ("", &["198.51.100.1"], "nobody"),
        ] {
            assert_eq!(client(&proxies, peer, lines), expected, "{peer} {lines:?}");
        }
        assert!(proxies.is_proxy("::ffff:10.0.0.1".parse().ok()) && !proxies.is_proxy("203.0.113.7".parse().ok()));
        assert!(!proxies.is_proxy(None) && TrustedProxies::number(1).is_proxy(None));
        let mapped = TrustedProxies::networks(["::ffff:10.0.0.0/104"]).unwrap();
        assert_eq!(client(&mapped, "10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn only_the_declared_header_is_named() {
        assert_eq!(TrustedProxies::number(1).header_name(), "x-forwarded-for");
        let proxies = TrustedProxies::number(1).header(ForwardedHeader::Forwarded);
        assert_eq!(proxies.header_name(), "forwarded");
        assert_eq!(client(&proxies, "10.0.0.1", &["for=192.0.2.1, for=198.51.100.1;by=x"]), "198.51.100.1");
        assert_eq!(client(&proxies, "10.0.0.1", &["198.51.100.1"]), "10.0.0.1!");
    }

    #[test]
    fn a_setting_is_none_a_number_or_networks() {
        assert_eq!("none".parse::<TrustedProxies>().unwrap(), TrustedProxies::none());
        assert_eq!(" 2 ".parse::<TrustedProxies>().unwrap(), TrustedProxies::number(2));
        let networks = TrustedProxies::networks(["10.0.0.0/8", "::1"]).unwrap();
        assert_eq!("10.0.0.0/8, ::1".parse::<TrustedProxies>().unwrap(), networks);
        for (text, part) in [
            ("", "neither a number"),
            ("-1", "neither a number"),
            ("256", "neither a number"),
            ("proxy.example.org", "neither a number"),
            ("10.0.0.0/33", "neither a number"),
            ("10.0.0.0/8,", "neither a number"),
            ("10.0.0.1/8", "did you mean 10.0.0.0/8?"),
            ("0.0.0.0/0", "every address"),
            ("::/0", "every address"),
        ] {
            let error = text.parse::<TrustedProxies>().unwrap_err().to_string();
            assert!(error.starts_with("trusted proxies: ") && error.contains(part), "{text:?}: {error}");
        }
        assert!(TrustedProxies::networks([]).is_err());
    }
}
