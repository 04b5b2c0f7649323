//! Token purposes, each with its own keys and audience.

use zeroize::Zeroizing;

use crate::domain::{Error, Result, SecretKey, Setting};

/// The purpose of a token. Each purpose has its own key and audience, so that a token is refused wherever another
/// purpose is expected (OWASP ASVS 9.2.2, RFC 8725 section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Authenticates requests.
    Access,
    /// Resets a password.
    Reset,
    /// Verifies an email address.
    Verify,
    /// Confirms a new email address.
    ConfirmEmail,
    /// Undoes a change of the email address.
    UndoEmail,
    /// Logs in with a mailed link.
    MagicLink,
    /// Names a request for a mailed code, and derives the code.
    EmailCode,
    /// Opens an invited account.
    Invitation,
    /// Binds an OAuth callback to the browser that started the flow.
    OauthState,
    /// Binds the two requests of a passkey ceremony to each other.
    Passkey,
}

/// A derived key, wiped when it is dropped.
pub(super) type DerivedKey = Zeroizing<[u8; 32]>;

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 10] = [
        Self::Access,
        Self::Reset,
        Self::Verify,
        Self::ConfirmEmail,
        Self::UndoEmail,
        Self::MagicLink,
        Self::EmailCode,
        Self::Invitation,
        Self::OauthState,
        Self::Passkey,
    ];
    /// The purposes whose audience is always the default.
    pub(crate) const WITH_FIXED_AUDIENCES: [Self; 6] =
        [Self::ConfirmEmail, Self::UndoEmail, Self::MagicLink, Self::EmailCode, Self::Invitation, Self::OauthState];

    /// Returns the default audience, the same as in fastapi-users if it has such tokens.
    #[must_use]
    pub const fn default_audience(self) -> &'static str {
        match self {
            Self::Access => "fastapi-users:auth",
            Self::Reset => "fastapi-users:reset",
            Self::Verify => "fastapi-users:verify",
            Self::ConfirmEmail => "axum-users:confirm-email",
            Self::UndoEmail => "axum-users:undo-email",
            Self::MagicLink => "axum-users:magic-link",
            Self::EmailCode => "axum-users:email-code",
            Self::Invitation => "axum-users:invitation",
            Self::OauthState => "fastapi-users:oauth-state",
            Self::Passkey => "axum-users:passkey",
        }
    }

    /// Returns the label for deriving the key. Changing a label invalidates all tokens of the purpose.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Access => "axum-users/v1/access",
            Self::Reset => "axum-users/v1/reset",
            Self::Verify => "axum-users/v1/verify",
            Self::ConfirmEmail => "axum-users/v1/confirm-email",
            Self::UndoEmail => "axum-users/v1/undo-email",
            Self::MagicLink => "axum-users/v1/magic-link",
            Self::EmailCode => "axum-users/v1/email-code",
            Self::Invitation => "axum-users/v1/invitation",
            Self::OauthState => "axum-users/v1/oauth-state",
            Self::Passkey => "axum-users/v1/passkey",
        }
    }

    /// Derives the key that signs tokens of this purpose: HKDF-SHA-256 (RFC 5869) of the master secret, without salt
    /// and with the label as info.
    pub(super) fn signing_key(self, secret: &SecretKey) -> Result<DerivedKey> {
        derive(secret, &[self.label()])
    }

    /// Derives the key of the digest that binds a mailed token to address, password and epoch. It differs from the signing
    /// key, so that a digest cannot be used as a signature or the other way round.
    pub(super) fn binding_key(self, secret: &SecretKey) -> Result<DerivedKey> {
        derive(secret, &[self.label(), "/binding"])
    }
}

/// Checks that no audience is used for two purposes.
///
/// With shared keys (`raw_keys()`, fastapi-users) only the audience separates the purposes. Several backends may share
/// the audience of one purpose.
///
/// # Errors
/// [`Error::Config`] if an audience is empty or used for two purposes. The message names the audience and both
/// purposes.
pub fn ensure_distinct_audiences<'a>(audiences: impl IntoIterator<Item = (Purpose, &'a str)>) -> Result<()> {
    let mut seen: Vec<(Purpose, &str)> = Vec::new();
    for (purpose, audience) in audiences {
        if audience.is_empty() {
            return Err(Error::setting(Setting::Token, format!("the audience of {purpose:?} tokens is empty")));
        }
        if let Some((other, _)) = seen.iter().find(|(other, known)| *known == audience && *other != purpose) {
            return Err(Error::setting(
                Setting::Token,
                format!(
                    "the audience `{audience}` is used for {other:?} and for {purpose:?} tokens: use a different one for each purpose"
                ),
            ));
        }
        seen.push((purpose, audience));
    }
    Ok(())
}

fn derive(secret: &SecretKey, label: &[&str]) -> Result<DerivedKey> {
    secret.derive(label.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_purpose_and_use_has_a_distinct_key_that_is_not_the_secret() {
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
