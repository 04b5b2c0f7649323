//! The address of a client as limits count it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// The network of a client: an IPv4 address, or the first bits of an IPv6 address. A client with one IPv6 address usually
/// has a whole network of them (RFC 6177), so limits count networks.
///
/// An IPv4 address that is mapped into IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AddressPrefix {
    address: IpAddr,
    bits: u8,
}

impl AddressPrefix {
    /// The longest IPv6 prefix, in bits, that a provider assigns to a customer (RFC 6177): one subnet.
    pub(crate) const USUAL_IPV6_BITS: u8 = 64;

    /// Returns the network of an address. `ipv6_bits` is at most 128.
    pub(crate) fn of(address: IpAddr, ipv6_bits: u8) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self { address: address.into(), bits: 32 },
            IpAddr::V6(address) => {
                let bits = ipv6_bits.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
                Self { address: Ipv6Addr::from_bits(address.to_bits() & mask).into(), bits }
            }
        }
    }
}

impl fmt::Display for AddressPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(address: &str, bits: u8) -> String {
        AddressPrefix::of(address.parse().unwrap(), bits).to_string()
    }

    #[test]
    fn ipv6_is_counted_by_network_and_ipv4_by_address() {
        assert_eq!(prefix("192.0.2.1", 64), "192.0.2.1/32");
        assert_eq!(prefix("::ffff:192.0.2.1", 64), "192.0.2.1/32");
        assert_eq!(prefix("2001:db8:1:2:3:4:5:6", 64), "2001:db8:1:2::/64");
        assert_eq!(prefix("2001:db8:1:2:3:4:5:6", 56), "2001:db8:1::/56");
        assert_eq!(prefix("2001:db8:1:2:3:4:5:6", 128), "2001:db8:1:2:3:4:5:6/128");
        assert_eq!(prefix("2001:db8::1", 0), "::/0");
        assert_eq!(prefix("2001:db8::1", 200), "2001:db8::1/128");
        // Not the mapped form: these are IPv6 addresses.
        assert_eq!(prefix("::192.0.2.1", 64), "::/64");
    }
}
