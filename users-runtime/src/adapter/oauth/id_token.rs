//! ID tokens (OpenID Connect Core section 3.1.3.7).

use std::str::FromStr as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    ClaimsVerificationError, ClientId, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Algorithm},
};
use serde_json::{Map, Value};

use super::discovery::Issuer;
use crate::{
    domain::{CLOCK_SKEW, Timestamp},
    port::ProviderError,
};

/// The accepted algorithms: signatures by a key of the issuer. Never `none` and no HMAC, whose key is not a key of the issuer.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// The values that an ID token must match, in addition to its issuer.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    /// The applications to which it may have been issued (`azp`), in addition to the client.
    pub(super) parties: &'a [String],
    pub(super) nonce: &'a str,
    /// The earliest time of issue of the token; `None` for one that the issuer itself has just sent.
    pub(super) issued_after: Option<Timestamp>,
    pub(super) now: Timestamp,
    /// Whether fetching unknown keys is limited.
    pub(super) limited: bool,
}

/// A verified ID token.
pub(super) struct VerifiedIdToken {
    pub(super) subject: String,
    pub(super) claims: Map<String, Value>,
}

/// Verifies an ID token. If it names an unknown key, the issuer's current keys are fetched.
pub(super) async fn verify(
    issuer: &Issuer,
    token: &str,
    expected: &Expected<'_>,
) -> Result<VerifiedIdToken, ProviderError> {
    let known = issuer.discovered(expected.now).await?;
    match verify_with(&known.keys, issuer, token, expected) {
        Err(Refused::UnknownKey) => {}
        Err(Refused::Invalid(reason)) => return Err(ProviderError::failed(reason)),
        Ok(verified) => return Ok(verified),
    }
    let Some(newer) = issuer.with_new_keys(&known, expected.now, expected.limited).await? else {
        return Err(ProviderError::failed("the ID token names an unknown key, as too many before it did"));
    };
    verify_with(&newer.keys, issuer, token, expected).map_err(|refused| {
        ProviderError::failed(match refused {
            Refused::UnknownKey => "the ID token names an unknown key",
            Refused::Invalid(reason) => reason,
        })
    })
}

/// Why an ID token is refused.
enum Refused {
    UnknownKey,
    Invalid(&'static str),
}

fn verify_with(
    keys: &CoreJsonWebKeySet,
    issuer: &Issuer,
    token: &str,
    expected: &Expected<'_>,
) -> Result<VerifiedIdToken, Refused> {
    let Expected { now, issued_after, .. } = *expected;
    let parsed = CoreIdToken::from_str(token).map_err(|_| Refused::Invalid("the ID token is malformed"))?;
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(expected.client_id.to_owned()),
        issuer.url.clone(),
        keys.clone(),
    )
    .set_allowed_algs(ALGORITHMS)
    .set_time_fn(move || now)
    .set_issue_time_verifier_fn(move |issued| {
        let is_old = issued_after.is_some_and(|after| issued < after);
        if issued <= now + CLOCK_SKEW && !is_old { Ok(()) } else { Err("issued at another time".to_owned()) }
    });
    let claims = parsed.claims(&verifier, &Nonce::new(expected.nonce.to_owned())).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
        ) => Refused::UnknownKey,
        ClaimsVerificationError::SignatureVerification(_) => {
            Refused::Invalid("the signature of the ID token is refused")
        }
        ClaimsVerificationError::Expired(_) => Refused::Invalid("the ID token has expired, or is from the future"),
        ClaimsVerificationError::InvalidAudience(_) => Refused::Invalid("the ID token has another audience"),
        ClaimsVerificationError::InvalidIssuer(_) => Refused::Invalid("the ID token has another issuer"),
        ClaimsVerificationError::InvalidNonce(_) => Refused::Invalid("the ID token has another nonce"),
        _ => Refused::Invalid("the ID token is not acceptable"),
    })?;
    // The crate leaves this to its users. Other audiences are refused already.
    if claims
        .authorized_party()
        .is_some_and(|party| **party != *expected.client_id && !expected.parties.iter().any(|other| *other == **party))
    {
        return Err(Refused::Invalid("the ID token was issued to another client"));
    }
    Ok(VerifiedIdToken {
        subject: claims.subject().to_string(),
        claims: payload(token).ok_or(Refused::Invalid("the ID token is malformed"))?,
    })
}

/// Returns all claims of a token whose signature was verified.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}
