//! The syntax of the header `Cookie` and of what `Set-Cookie` may hold (RFC 6265).

use http::{HeaderValue, header::GetAll};

/// The values of the cookies called `name`, in the order of the request and without the quotes around them.
///
/// Bytes and not text, so that a cookie of somebody else which is no text takes nothing away. Several headers are one list:
/// HTTP/2 splits it as it likes (RFC 9113 section 8.2.3). Only blanks and tabs are cut off, since browsers know no other white
/// space: a name that begins with some could otherwise pass for one with a prefix.
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

/// Escapes inside of quotes are left as they are: no token has a backslash.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

/// What a name consists of: a token of HTTP (RFC 9110 section 5.6.2).
pub(super) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What a value consists of: `cookie-octet` of RFC 6265 section 4.1.1.
pub(super) fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// What an attribute consists of, less blanks.
pub(super) fn is_attribute(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b';'
}
