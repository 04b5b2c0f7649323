//! Strict parsers for the parts of stored strings; each value has exactly one valid form.

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub(super) use super::super::stored::decimal;
use crate::port::UnfitHash;

/// Splits a text into exactly `N` parts.
pub(super) fn parts<const N: usize>(text: &str, between: char) -> Result<[&str; N], UnfitHash> {
    let parts: Vec<_> = text.split(between).take(N + 1).collect();
    parts.try_into().map_err(|_| UnfitHash::Malformed)
}

/// Returns a salt that is used as written.
pub(super) fn salt(text: &str) -> Result<Vec<u8>, UnfitHash> {
    if text.is_empty() { Err(UnfitHash::Malformed) } else { Ok(text.into()) }
}

/// Decodes base64 with padding.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, UnfitHash> {
    STANDARD.decode(text).map_err(|_| UnfitHash::Malformed)
}

/// Decodes lower-case hexadecimal digits.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, UnfitHash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(UnfitHash::Malformed),
    };
    let byte = |pair: &[u8]| match *pair {
        [high, low] => Ok(digit(high)? << 4 | digit(low)?),
        _ => Err(UnfitHash::Malformed),
    };
    text.as_bytes().chunks(2).map(byte).collect()
}
