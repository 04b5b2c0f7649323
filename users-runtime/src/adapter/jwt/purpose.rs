//! What a token is for: one key and one audience per purpose.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::{Error, Result, SecretKey};

/// What a token is for. Each purpose has a key and an audience of its own, so a token of one is refused by all others
/// (OWASP ASVS 9.2.2, RFC 8725 section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Logging in.
    Access,
    /// Setting a new password.
    Reset,
    /// Proving an address.
    Verify,
    /// Tying an OAuth callback to the browser that started it.
    OauthState,
}

/// A key that was derived, wiped when dropped.
pub(super) type DerivedKey = Zeroizing<[u8; 32]>;

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 4] = [Self::Access, Self::Reset, Self::Verify, Self::OauthState];

    /// The audience on the wire (contract.md section 10), used unless the application names another.
    #[must_use]
    pub const fn default_audience(self) -> &'static str {
        match self {
            Self::Access => "fastapi-users:auth",
            Self::Reset => "fastapi-users:reset",
            Self::Verify => "fastapi-users:verify",
            Self::OauthState => "fastapi-users:oauth-state",
        }
    }

    /// The label under which the key is derived. Changing one ends all tokens of that purpose.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Access => "axum-users/v1/access",
            Self::Reset => "axum-users/v1/reset",
            Self::Verify => "axum-users/v1/verify",
            Self::OauthState => "axum-users/v1/oauth-state",
        }
    }

    /// The key that signs tokens of this purpose: HKDF-SHA-256 (RFC 5869) of the master secret, no salt, the label as info.
    pub(super) fn signing_key(self, secret: &SecretKey) -> Result<DerivedKey> {
        derive(secret, &[self.label()])
    }

    /// The key of the digest that binds a mailed token to address, password and epoch. Not the signing key, so that neither use
    /// can be turned into the other.
    pub(super) fn binding_key(self, secret: &SecretKey) -> Result<DerivedKey> {
        derive(secret, &[self.label(), "/binding"])
    }
}

/// Refuses one audience for two purposes.
///
/// With shared keys (`raw_keys()`, fastapi-users) the audience is all that keeps purposes apart. Several backends may share
/// the audience of one purpose.
///
/// # Errors
/// [`Error::Config`] that names the audience and both purposes.
pub fn ensure_distinct_audiences<'a>(audiences: impl IntoIterator<Item = (Purpose, &'a str)>) -> Result<()> {
    let mut seen: Vec<(Purpose, &str)> = Vec::new();
    for (purpose, audience) in audiences {
        if audience.is_empty() {
            return Err(Error::config(format!("the audience of {purpose:?} tokens is empty")));
        }
        if let Some((other, _)) = seen.iter().find(|(other, known)| *known == audience && *other != purpose) {
            return Err(Error::config(format!(
                "the audience `{audience}` is used for {other:?} and for {purpose:?} tokens: give each purpose its own"
            )));
        }
        seen.push((purpose, audience));
    }
    Ok(())
}

fn derive(secret: &SecretKey, label: &[&str]) -> Result<DerivedKey> {
    let mut key = DerivedKey::default();
    let info: Vec<&[u8]> = label.iter().map(|part| part.as_bytes()).collect();
    Hkdf::<Sha256>::new(None, secret.expose())
        .expand_multi_info(&info, key.as_mut_slice())
        .map_err(|_| Error::config("no key can be derived from the secret"))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_purpose_and_use_has_a_key_of_its_own_that_is_not_the_secret() {
        let secret = SecretKey::allow_short_secret(*b"0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u");
        let mut keys = HashSet::from([secret.expose().to_vec()]);
        for purpose in Purpose::ALL {
            for key in [purpose.signing_key(&secret), purpose.binding_key(&secret)] {
                assert!(keys.insert(key.expect("a key").to_vec()), "{purpose:?}");
            }
        }
    }

    #[test]
    fn backends_may_share_an_audience_and_purposes_may_not() {
        assert!(
            ensure_distinct_audiences([(Purpose::Access, "a"), (Purpose::Access, "a"), (Purpose::Reset, "b")]).is_ok()
        );
        assert!(ensure_distinct_audiences([(Purpose::Access, "a"), (Purpose::Reset, "a")]).is_err());
        assert!(ensure_distinct_audiences([(Purpose::Access, "")]).is_err());
    }
}
