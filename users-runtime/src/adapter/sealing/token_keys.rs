//! The keys that encrypt tokens of providers.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use crate::domain::{Error, Result, SecretKey, Setting};

/// The label under which the keys are derived. Changing it makes every stored token unreadable.
const LABEL: &str = "axum-users/v1/provider-tokens";
/// The label of the keys for second factors.
#[cfg(feature = "totp")]
const SECOND_FACTORS: &str = "axum-users/v1/second-factors";

/// The keys that encrypt stored tokens of OAuth providers: the first one encrypts, all decrypt. Cheap to clone.
///
/// Each has a name, which is stored with the encrypted text. To rotate, make a new key the first one and keep the old
/// one as a previous key, on all instances. A token is re-encrypted when it is refreshed and when its user logs in.
/// Remove the old key when no row contains its name any more:
/// `SELECT count(*) FROM oauth_account WHERE access_token LIKE 'axum-users/v1/2026-05/%'`.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{SecretKey, oauth::TokenKeys};
///
/// # fn main() -> axum_users::Result<()> {
/// # let new = SecretKey::new("0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u")?;
/// # let old = SecretKey::new("u1mJb6hGt4dNw8rLs2XpPf9qy3Vc7kZ0")?;
/// let keys = TokenKeys::new("2026-11", &new)?.and_previous("2026-05", &old)?;
/// # Ok(()) }
/// ```
///
/// # Security
/// Use a secret other than that of the sessions, because it must be kept as long as tokens are stored. Give each user
/// type and each service its own. The keys are derived from the secrets (HKDF-SHA-256). They neither print nor
/// serialize, and their memory is overwritten when they are dropped.
#[derive(Clone)]
pub struct TokenKeys {
    first: Arc<NamedKey>,
    previous: Vec<Arc<NamedKey>>,
}

/// A key with its name.
pub(super) struct NamedKey {
    pub(super) name: String,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

impl TokenKeys {
    /// Uses a key to encrypt and to decrypt.
    ///
    /// # Errors
    /// [`Error::Config`] unless the name consists of 1 to 32 letters, digits, `-` and `_`.
    pub fn new(name: &str, secret: &SecretKey) -> Result<Self> {
        Ok(Self { first: named(name, secret)?, previous: Vec::new() })
    }

    /// Adds a key that only decrypts.
    ///
    /// # Errors
    /// As for [`TokenKeys::new`], and if two keys have the same name.
    pub fn and_previous(mut self, name: &str, secret: &SecretKey) -> Result<Self> {
        if self.named(name).is_some() {
            return Err(Error::setting(Setting::Key, format!("two keys are named `{name}`")));
        }
        self.previous.push(named(name, secret)?);
        Ok(self)
    }

    /// Derives the keys for second factors from the secrets of a service, of which the first one encrypts. Each key is named by a
    /// digest of itself, so that secrets need no names.
    #[cfg(feature = "totp")]
    pub(crate) fn of_second_factors<'a>(
        secret: &SecretKey,
        previous: impl Iterator<Item = &'a SecretKey>,
    ) -> Result<Self> {
        let mut keys = Self { first: second_factors(secret)?, previous: Vec::new() };
        for secret in previous {
            let key = second_factors(secret)?;
            if keys.named(&key.name).is_none() {
                keys.previous.push(key);
            }
        }
        Ok(keys)
    }

    pub(super) fn first(&self) -> &NamedKey {
        &self.first
    }

    pub(super) fn named(&self, name: &str) -> Option<&NamedKey> {
        std::iter::once(&self.first).chain(&self.previous).map(AsRef::as_ref).find(|key| key.name == name)
    }
}

fn named(name: &str, secret: &SecretKey) -> Result<Arc<NamedKey>> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !(1..=32).contains(&name.len()) || !name.chars().all(fits) {
        return Err(Error::setting(
            Setting::Key,
            format!("`{name}` cannot be a key's name: use 1 to 32 letters, digits, `-` and `_`"),
        ));
    }
    Ok(Arc::new(NamedKey { name: name.to_owned(), bytes: secret.derive(LABEL.as_bytes())? }))
}

#[cfg(feature = "totp")]
fn second_factors(secret: &SecretKey) -> Result<Arc<NamedKey>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use sha2::{Digest as _, Sha256};
    let bytes = secret.derive(SECOND_FACTORS.as_bytes())?;
    let digest = Sha256::new().chain_update(SECOND_FACTORS).chain_update(&bytes[..]).finalize();
    Ok(Arc::new(NamedKey { name: URL_SAFE_NO_PAD.encode(&digest[..6]), bytes }))
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = std::iter::once(&self.first).chain(&self.previous).map(|key| &key.name);
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_different() {
        let secret = SecretKey::new("0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u").unwrap();
        for name in ["", "a/b", "a#b", "ä", "a b", &"a".repeat(33)] {
            assert!(TokenKeys::new(name, &secret).is_err(), "{name}");
        }
        let keys = TokenKeys::new("2026-11", &secret).unwrap();
        assert!(keys.clone().and_previous("2026-11", &secret).is_err());
        let keys = keys.and_previous("2026_05", &secret).unwrap();
        assert!(keys.clone().and_previous("2026_05", &secret).is_err());
        assert_eq!(format!("{keys:?}"), r#"["2026-11", "2026_05"]"#);
    }

    #[test]
    fn the_key_is_derived_from_the_secret() {
        let bytes = b"0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u";
        let keys = TokenKeys::new("a", &SecretKey::new(*bytes).unwrap()).unwrap();
        assert_ne!(keys.first().bytes.as_slice(), bytes);
    }
}
