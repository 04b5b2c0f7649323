//! Encryption of stored values: XChaCha20-Poly1305 with a ring of keys.
//!
//! A stored text is `axum-users/v1/KEY/DATA`: the version determines the algorithm, `KEY` is the name of the key, and
//! `DATA` is base64url without padding of the nonce (24 bytes), the ciphertext and the tag (16 bytes). The identity of
//! its field and the name of the key are authenticated with it.

mod token_keys;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

pub use self::token_keys::TokenKeys;
use crate::port::{Opened, Random, RandomError, SealedField, Sealer};

/// The prefix of every encrypted text.
const PREFIX: &str = "axum-users/v1/";
const NONCE_BYTES: usize = 24;

impl Sealer for TokenKeys {
    fn seal(&self, field: &SealedField<'_>, plain: &[u8], random: &dyn Random) -> Result<String, RandomError> {
        let key = self.first();
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce)?;
        let aad = associated_data(field, &key.name);
        let payload = Payload { msg: plain, aad: &aad };
        // It fails only for 256 GiB and more.
        let sealed = cipher(&key.bytes).encrypt(&XNonce::from(nonce), payload).map_err(|_| RandomError)?;
        let data = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        Ok(format!("{PREFIX}{}/{data}", key.name))
    }

    #[cfg(feature = "totp")]
    fn is_present(&self, stored: &str) -> bool {
        let rest = stored.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/'));
        rest.is_some_and(|(name, _)| name == self.first().name)
    }

    fn open(&self, field: &SealedField<'_>, stored: &str) -> Opened {
        let Some((name, data)) = stored.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/')) else {
            return Opened::Foreign;
        };
        let Some(key) = self.named(name) else { return Opened::Unreadable("no key has the name in the text") };
        let bytes = URL_SAFE_NO_PAD.decode(data).unwrap_or_default();
        let Some((nonce, sealed)) = bytes.split_first_chunk::<NONCE_BYTES>() else {
            return Opened::Unreadable("the text is not complete");
        };
        let aad = associated_data(field, name);
        match cipher(&key.bytes).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }) {
            Ok(plain) => Opened::Plain(Zeroizing::new(plain)),
            Err(_) => Opened::Unreadable("the text was changed or moved, or its key is another one"),
        }
    }
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

/// Returns the texts that identify a field, each with its length, so that no two fields have the same bytes.
fn associated_data(field: &SealedField<'_>, key: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in [PREFIX, key, field.column].iter().chain(field.row) {
        bytes.extend_from_slice(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{adapter::OsRandom, domain::SecretKey};

    fn keys(name: &str, secret: u8) -> TokenKeys {
        TokenKeys::new(name, &secret_of(secret)).unwrap()
    }

    fn secret_of(number: u8) -> SecretKey {
        SecretKey::new((number..number + 32).collect::<Vec<_>>()).unwrap()
    }

    const FIELD: SealedField<'_> = SealedField { column: "access_token", row: &["acme", "7", "42"] };

    fn sealed(keys: &TokenKeys) -> String {
        keys.seal(&FIELD, b"hunter2", &OsRandom).unwrap()
    }

    fn plain(keys: &TokenKeys, field: &SealedField<'_>, stored: &str) -> Option<Vec<u8>> {
        match keys.open(field, stored) {
            Opened::Plain(plain) => Some(plain.to_vec()),
            Opened::Foreign | Opened::Unreadable(_) => None,
        }
    }

    #[test]
    fn a_text_is_decrypted_in_its_own_field_only() {
        let keys = keys("a", 1);
        let text = sealed(&keys);
        assert_eq!(plain(&keys, &FIELD, &text).as_deref(), Some(b"hunter2".as_slice()));
        assert!(text.starts_with("axum-users/v1/a/") && text.is_ascii() && !text.contains("hunter2"), "{text}");
        for field in [
            SealedField { column: "refresh_token", ..FIELD },
            SealedField { row: &["other", "7", "42"], ..FIELD },
            SealedField { row: &["acme", "8", "42"], ..FIELD },
            SealedField { row: &["acme", "7", "43"], ..FIELD },
            SealedField { row: &["acme", "74", "2"], ..FIELD },
            SealedField { row: &["acme", "7"], ..FIELD },
        ] {
            assert!(matches!(keys.open(&field, &text), Opened::Unreadable(_)), "{field:?}");
        }
    }

    #[test]
    fn a_text_that_was_changed_anywhere_is_refused() {
        let keys = keys("a", 1).and_previous("b", &secret_of(1)).unwrap();
        let text = sealed(&keys);
        let at = text.rfind('/').unwrap() + 1;
        for position in at..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(matches!(keys.open(&FIELD, &changed), Opened::Unreadable(_)), "{position}");
            assert!(plain(&keys, &FIELD, &text[..position]).is_none(), "{position}");
        }
        // The name of the key is authenticated, even for a key with the same bytes.
        assert!(plain(&keys, &FIELD, &text.replace("/a/", "/b/")).is_none());
    }

    #[test]
    fn two_texts_with_the_same_content_differ() {
        let keys = keys("a", 1);
        assert_ne!(sealed(&keys), sealed(&keys));
    }

    #[test]
    fn the_first_key_encrypts_and_all_decrypt() {
        let (old, new) = (keys("old", 1), keys("new", 2));
        let ring = new.clone().and_previous("old", &secret_of(1)).unwrap();
        assert!(sealed(&ring).starts_with("axum-users/v1/new/"));
        for keys in [&old, &new] {
            assert!(plain(&ring, &FIELD, &sealed(keys)).is_some(), "{keys:?}");
        }
        assert!(matches!(new.open(&FIELD, &sealed(&old)), Opened::Unreadable(_)), "an unknown key");
        assert!(
            matches!(keys("old", 2).open(&FIELD, &sealed(&old)), Opened::Unreadable(_)),
            "another key of that name"
        );
    }

    #[test]
    fn texts_of_other_programs_are_not_taken_for_encrypted_ones() {
        let keys = keys("a", 1);
        for text in
            ["", "ya29.a0AfH6SMB", "axum-users/v1/", "axum-users/v2/a/b", "axum-users/v1/a", "AXUM-USERS/v1/a/b"]
        {
            assert!(matches!(keys.open(&FIELD, text), Opened::Foreign), "{text}");
        }
        for text in
            ["axum-users/v1/a/", "axum-users/v1/a/b", "axum-users/v1/a/!!", "axum-users/v1//b", "axum-users/v1/a/b/c"]
        {
            assert!(matches!(keys.open(&FIELD, text), Opened::Unreadable(_)), "{text}");
        }
    }
}
