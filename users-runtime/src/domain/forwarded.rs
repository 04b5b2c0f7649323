//! The addresses in `X-Forwarded-For` and in `Forwarded` (RFC 7239), read from the right.
//!
//! A proxy appends to the header that it received, so only the right end comes from a known proxy; a client may have
//! made up everything to the left of it. Parsing starts at the right and does not depend on the text to the left: an
//! unbalanced quotation mark from a client cannot change how the proxy's part is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The header in which the proxies name the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 203.0.113.7, 10.0.0.2`, which most proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=203.0.113.7;proto=https, for="[2001:db8::7]"` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    /// Returns the name of the header in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// Returns the entries of all lines of the header from the right to the left; `None` for one that names no address:
    /// `unknown`, an obfuscated identifier, an empty entry, or one that is malformed.
    pub(super) fn entries_from_the_right<'a>(
        self,
        lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> impl Iterator<Item = Option<IpAddr>> {
        lines.rev().flat_map(move |line| FromTheRight { header: self, rest: Some(line) })
    }

    /// Reads one entry.
    fn address(self, entry: &[u8]) -> Option<IpAddr> {
        let entry = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
        let address = match self {
            Self::XForwardedFor => entry.parse().ok().or_else(|| node(entry, false))?,
            Self::Forwarded => node(for_parameter(entry)?, true)?,
        };
        Some(address.to_canonical())
    }
}

/// The entries of one line.
struct FromTheRight<'a> {
    header: ForwardedHeader,
    rest: Option<&'a [u8]>,
}

impl Iterator for FromTheRight<'_> {
    type Item = Option<IpAddr>;

    fn next(&mut self) -> Option<Option<IpAddr>> {
        let line = self.rest.take()?;
        let mut is_quoted = false;
        let comma = line.iter().rposition(|byte| {
            // An escaped quotation mark is also counted here: such an entry contains a backslash, and names no address.
            is_quoted ^= *byte == b'"' && self.header == ForwardedHeader::Forwarded;
            *byte == b',' && !is_quoted
        });
        let entry = match comma {
            Some(at) => {
                let (before, from) = line.split_at(at);
                self.rest = Some(before);
                from.get(1..).unwrap_or_default()
            }
            None => line,
        };
        Some(self.header.address(entry))
    }
}

/// Returns the value of the one parameter `for`, without quotation marks. An address needs no escapes, so an entry with one
/// names none.
fn for_parameter(entry: &str) -> Option<&str> {
    if entry.contains('\\') {
        return None;
    }
    let mut is_quoted = false;
    let parameters = entry.split(|c| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    });
    let mut found = None;
    for parameter in parameters.map(|parameter| parameter.trim_matches([' ', '\t'])).filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
    }
    let value = found?;
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').filter(|inner| !inner.contains('"')),
        None => Some(value),
    }
}

/// Reads an IPv4 address or an IPv6 address in brackets, with or without a port. RFC 7239 also has ports such as `_secret`.
fn node(text: &str, obfuscated_ports: bool) -> Option<IpAddr> {
    let (address, rest): (IpAddr, _) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']')?;
            (address.parse::<Ipv6Addr>().ok()?.into(), rest)
        }
        None => {
            let (address, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            (address.parse::<Ipv4Addr>().ok()?.into(), rest)
        }
    };
    let is_port = match rest.strip_prefix(':') {
        None => rest.is_empty(),
        Some(port) => match port.strip_prefix('_').filter(|_| obfuscated_ports) {
            Some(name) => {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            }
            None => (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()),
        },
    };
    is_port.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: ForwardedHeader, lines: &[&[u8]]) -> Vec<String> {
        let text = |entry: Option<IpAddr>| entry.map_or_else(|| "-".to_owned(), |address| address.to_string());
        header.entries_from_the_right(lines.iter().copied()).map(text).collect()
    }

    #[test]
    fn entries_of_x_forwarded_for_are_addresses_with_or_without_ports() {
        for (entry, address) in [
            ("203.0.113.7", "203.0.113.7"),
            (" \t203.0.113.7 ", "203.0.113.7"),
            ("203.0.113.7:443", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:DB8:0::7]:65535", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ] {
            assert_eq!(read(ForwardedHeader::XForwardedFor, &[entry.as_bytes()]), [address], "{entry:?}");
        }
    }

    #[test]
    fn other_entries_of_x_forwarded_for_name_no_address() {
        for entry in [
            "",
            " ",
            "unknown",
            "_hidden",
            "localhost",
            "203.0.113",
            "203.0.113.07",
            "203.0.113.256",
            "0xcb.0.113.7",
            "3405803783",
            "203.0.113.7:",
            "203.0.113.7:http",
            "203.0.113.7:123456",
            "203.0.113.7:_x",
            "203.0.113.7 evil",
            "203.0.113.7/32",
            "[203.0.113.7]",
            "[2001:db8::7",
            "2001:db8::7]",
            "[2001:db8::7]443",
            "fe80::1%eth0",
            "\"203.0.113.7\"",
            "for=203.0.113.7",
            "203.0.113.7;203.0.113.8",
        ] {
            assert_eq!(read(ForwardedHeader::XForwardedFor, &[entry.as_bytes()]), ["-"], "{entry:?}");
        }
    }

    #[test]
    fn the_last_entry_of_the_last_line_comes_first() {
        let lines: [&[u8]; 3] = [b"192.0.2.1", b"192.0.2.2, unknown ,192.0.2.3", b"192.0.2.4"];
        let expected = ["192.0.2.4", "192.0.2.3", "-", "192.0.2.2", "192.0.2.1"];
        assert_eq!(read(ForwardedHeader::XForwardedFor, &lines), expected);
        assert!(read(ForwardedHeader::XForwardedFor, &[]).is_empty());
        let lines: [&[u8]; 2] = [b"for=192.0.2.1", b"for=192.0.2.2;by=10.0.0.1, for=\"[2001:db8::3]:80\";proto=https"];
        assert_eq!(read(ForwardedHeader::Forwarded, &lines), ["2001:db8::3", "192.0.2.2", "192.0.2.1"]);
    }

    #[test]
    fn entries_of_forwarded_are_read_as_rfc_7239_has_them() {
        for (entry, address) in [
            ("for=203.0.113.7", "203.0.113.7"),
            ("For=203.0.113.7", "203.0.113.7"),
            ("proto=http;by=_proxy;FOR=\"203.0.113.7:4711\"", "203.0.113.7"),
            ("for=203.0.113.7:_gazonk", "203.0.113.7"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=[2001:db8::7]", "2001:db8::7"),
            ("; for=203.0.113.7 ;", "203.0.113.7"),
            ("for=203.0.113.7;host=\"a;b,c\"", "203.0.113.7"),
            ("for=\"[::ffff:203.0.113.7]\"", "203.0.113.7"),
            ("for=unknown", "-"),
            ("for=_SEVKISEK", "-"),
            ("for=\"_a\"", "-"),
            ("for=\"2001:db8::7\"", "-"),
            ("for=", "-"),
            ("for", "-"),
            ("for = 203.0.113.7", "-"),
            ("by=203.0.113.7", "-"),
            ("for=203.0.113.7;for=203.0.113.8", "-"),
            ("for=\"203.0.113.7", "-"),
            ("for=203.0.113.7\"", "-"),
            ("for=\"203.0.113.\\7\"", "-"),
            ("203.0.113.7", "-"),
            ("", "-"),
        ] {
            assert_eq!(read(ForwardedHeader::Forwarded, &[entry.as_bytes()]), [address], "{entry:?}");
        }
    }

    #[test]
    fn what_a_client_put_to_the_left_does_not_change_how_the_right_end_is_read() {
        for forged in
            ["for=\"", "\"", "for=\"1.1.1.1", "\\\"", "\\", "for=\"a\\", "\u{fc}", ";,\";", "=", "for=\"[::1]\";\""]
        {
            for proxy in ["for=203.0.113.7", "for=\"203.0.113.7\"", "by=\"a,b\";for=\"203.0.113.7:1\""] {
                let line = format!("{forged}, {proxy}");
                assert_eq!(read(ForwardedHeader::Forwarded, &[line.as_bytes()])[0], "203.0.113.7", "{line}");
            }
            let line = format!("{forged},203.0.113.7");
            assert_eq!(read(ForwardedHeader::XForwardedFor, &[line.as_bytes()])[0], "203.0.113.7", "{line}");
        }
        assert_eq!(read(ForwardedHeader::XForwardedFor, &[b"\xff\xfe, 203.0.113.7"]), ["203.0.113.7", "-"]);
        assert_eq!(read(ForwardedHeader::Forwarded, &[b"for=\"\xff, for=203.0.113.7"])[0], "203.0.113.7");
    }
}
