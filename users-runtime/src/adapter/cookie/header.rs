//! The syntax of the headers `Cookie` and `Set-Cookie` (RFC 6265).

use http::{HeaderValue, header::GetAll};

/// Returns the values of all cookies called `name`, in the order of the request and without enclosing quotes.
///
/// Works on bytes, so that a cookie of another application that is not UTF-8 does not hide this one. Several headers
/// form one list, because HTTP/2 may split the header (RFC 9113 section 8.2.3). Only spaces and tabs are trimmed, as
/// browsers do: if other white space were trimmed, an attacker's cookie could pass as one with a `__Host-` prefix.
pub(super) fn values<'a>(headers: GetAll<'a, HeaderValue>, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let pairs = headers.into_iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (trimmed(pair.get(..equals)?), trimmed(pair.get(equals + 1..)?));
        (key == name).then(|| unquoted(value))
    })
}

fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Escapes inside the quotes are not decoded, because no token contains a backslash.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

/// Returns `true` for a byte of a cookie name: a `token` (RFC 9110 section 5.6.2).
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Returns `true` for a byte of a cookie value: a `cookie-octet` (RFC 6265 section 4.1.1).
pub(super) fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// Returns `true` for a byte of an attribute value (RFC 6265 section 4.1.1), without spaces.
pub(super) fn is_attribute(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b';'
}
