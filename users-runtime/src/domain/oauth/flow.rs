//! A flow between its start and its callback.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::domain::TokenId;

/// How long a flow may take: codes are valid for ten minutes at most (RFC 6749 section 4.1.2, OWASP ASVS 10.4.3).
pub(crate) const STATE_LIFETIME: Duration = Duration::from_secs(600);

/// What the `state` of a flow contains. It is signed, used once, and bound to everything that the callback must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    /// The id of the flow, which can be used once.
    pub(crate) id: TokenId,
    /// The digest of the cookie in the browser that started the flow.
    pub(crate) browser: String,
    /// The name of the provider.
    pub(crate) provider: String,
    /// The URL of the callback, which differs for each provider, backend and kind of flow.
    pub(crate) redirect_uri: String,
    /// The id of the user who associates an account; `None` for a login.
    pub(crate) user: Option<String>,
    /// Where the browser goes after success, if the client chose it.
    pub(crate) return_to: Option<String>,
}

impl Flow {
    /// Returns the digest by which a flow is bound to a browser. The state travels through the provider and its logs, so it
    /// does not contain the cookie itself.
    pub(crate) fn digest_of(cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(cookie))
    }

    /// Returns whether a browser with this cookie started the flow.
    pub(crate) fn is_of_browser(&self, cookie: &str) -> bool {
        self.browser.as_bytes().ct_eq(Self::digest_of(cookie).as_bytes()).into()
    }
}

/// The secrets of a flow that never leave the server, except as digests.
#[derive(Debug, Clone)]
pub(crate) struct FlowSecrets {
    pub(crate) verifier: PkceVerifier,
    /// The nonce of OpenID Connect.
    pub(crate) nonce: String,
}

/// Why a `state` is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlowRefused {
    /// It was not made by this service.
    Undecodable,
    Expired,
}

/// The verifier of a proof key for code exchange (PKCE, RFC 7636): 43 characters with 256 bits.
#[derive(Clone)]
pub struct PkceVerifier(SecretString);

impl PkceVerifier {
    /// Wraps a verifier.
    pub(crate) fn new(verifier: String) -> Self {
        Self(verifier.into())
    }

    /// Returns the verifier, which is sent to the token endpoint only.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the challenge for the method `S256`.
    #[must_use]
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.secret()))
    }
}

impl fmt::Debug for PkceVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PkceVerifier(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let verifier = PkceVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(format!("{verifier:?}"), "PkceVerifier(***)");
    }

    #[test]
    fn a_flow_belongs_to_the_browser_with_its_cookie() {
        let flow = Flow {
            id: TokenId::from_random([1; 16]),
            browser: Flow::digest_of("cookie"),
            provider: "acme".to_owned(),
            redirect_uri: "https://a.example/auth/acme/callback".to_owned(),
            user: None,
            return_to: None,
        };
        assert!(flow.is_of_browser("cookie"));
        assert!(!flow.is_of_browser("Cookie") && !flow.is_of_browser("") && !flow.is_of_browser(&flow.browser));
    }
}
