//! Base32 ([RFC 4648](https://www.rfc-editor.org/rfc/rfc4648) section 6) without padding, as authenticator apps read seeds.

const ALPHABET: [char; 32] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W',
    'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
];

/// Returns bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut rest) = (String::with_capacity(bytes.len().div_ceil(5) * 8), 0_u32, 0_u32);
    for byte in bytes {
        rest = (rest << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(rest >> bits));
            rest &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(letter(rest << (5 - bits)));
    }
    text
}

/// Reads such a text.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut rest) = (Vec::with_capacity(text.len() * 5 / 8), 0_u32, 0_u32);
    for letter in text.chars() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        rest = (rest << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(rest >> bits).ok()?);
            rest &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// Returns whether a character occurs in such a text.
pub(crate) const fn is_letter(c: char) -> bool {
    matches!(c, 'A'..='Z' | '2'..='7')
}

fn letter(value: u32) -> char {
    ALPHABET.get(usize::try_from(value).unwrap_or_default()).copied().unwrap_or('A')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert!(text.chars().all(is_letter));
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }
}
