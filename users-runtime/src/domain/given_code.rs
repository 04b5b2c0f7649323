//! What a user enters as second factor: the code of an authenticator app, or a recovery code.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{SecretDigest, base32, totp};

/// The letters of a recovery code: 128 bits in base32.
const RECOVERY_LETTERS: usize = 26;
/// The letters between two hyphens of a recovery code.
const GROUP: usize = 5;
/// The longest text that is examined, with spaces and hyphens.
const LONGEST: usize = 64;

/// What a user entered. It has no `Debug`.
#[derive(PartialEq, Eq)]
pub(crate) enum GivenCode {
    /// Six digits.
    OfApp(u32),
    /// A recovery code.
    Recovery(SecretDigest),
    /// No such code.
    Malformed,
}

impl GivenCode {
    /// Reads a text. Spaces, hyphens and the case of letters are ignored, because apps and people write codes in groups.
    pub(crate) fn parse(text: &str) -> Self {
        if text.len() > LONGEST {
            return Self::Malformed;
        }
        let is_grouping = |c: &char| c.is_whitespace() || *c == '-';
        let plain = text.chars().filter(|c| !is_grouping(c)).map(|c| c.to_ascii_uppercase());
        let plain: Zeroizing<String> = Zeroizing::new(plain.collect());
        match plain.len() {
            totp::DIGITS if plain.bytes().all(|byte| byte.is_ascii_digit()) => {
                plain.parse().map_or(Self::Malformed, Self::OfApp)
            }
            RECOVERY_LETTERS if plain.chars().all(base32::is_letter) => Self::Recovery(digest_of(&plain)),
            _ => Self::Malformed,
        }
    }
}

/// A new recovery code, to be shown once.
pub(crate) struct RecoveryCode {
    /// The text for the user, in groups.
    pub(crate) text: String,
    /// What is stored.
    pub(crate) digest: SecretDigest,
}

impl RecoveryCode {
    /// How many a user gets.
    pub(crate) const COUNT: usize = 10;

    /// Makes one from 128 random bits.
    pub(crate) fn from_random(bytes: [u8; 16]) -> Self {
        let letters = Zeroizing::new(base32::encode(&bytes));
        let digest = digest_of(&letters);
        let mut text = String::with_capacity(LONGEST);
        for (index, letter) in letters.chars().enumerate() {
            if index > 0 && index % GROUP == 0 && index < RECOVERY_LETTERS - 1 {
                text.push('-');
            }
            text.push(letter.to_ascii_lowercase());
        }
        Self { text, digest }
    }
}

/// Returns the digest of a secret text that has at least 128 random bits. It needs neither a salt nor a slow hash,
/// because it cannot be guessed.
pub(crate) fn digest_of(secret: &str) -> SecretDigest {
    SecretDigest::from_stored(URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_write_them() {
        for text in ["012345", " 012 345 ", "012-345"] {
            assert!(GivenCode::parse(text) == GivenCode::OfApp(12_345), "{text}");
        }
        let code = RecoveryCode::from_random([0xa5; 16]);
        assert_eq!(code.text, "uws2l-jnfuw-s2ljn-fuws2-ljnfuu");
        for text in [code.text.clone(), code.text.to_uppercase(), code.text.replace('-', " ")] {
            assert!(GivenCode::parse(&text) == GivenCode::Recovery(code.digest.clone()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_no_code() {
        for text in [
            "",
            "12345",
            "1234567",
            "12345a",
            "१२३४५६",
            "+12345",
            "0x1234",
            "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa0",
            "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa",
            &"1".repeat(65),
            &" ".repeat(60),
        ] {
            assert!(GivenCode::parse(text) == GivenCode::Malformed, "{text}");
        }
    }

    #[test]
    fn a_recovery_code_has_128_bits_and_its_digest_does_not_contain_it() {
        let (one, other) = (RecoveryCode::from_random([1; 16]), RecoveryCode::from_random([2; 16]));
        assert!(one.text != other.text);
        assert_eq!(one.digest.as_str().len(), SecretDigest::CHARS);
        assert_eq!(one.text.replace('-', "").len() * 5, 130);
        assert_eq!(format!("{:?}", one.digest), "SecretDigest(***)");
    }
}
