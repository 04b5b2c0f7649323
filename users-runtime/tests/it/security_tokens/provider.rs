//! Tokens do not depend on the cryptography provider installed for the process.

use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use users_runtime::{
    Jwt,
    token::{HmacKey, KeyRing, SigningKeyPair, VerifyingKey},
};

use super::support::{Rig, SECRET, secret};

/// A provider that panics on every use. The default of jsonwebtoken behaves the same if other crates of an application
/// enable both of its providers.
static PANICKING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| panic!("the signer of the process was used"),
    verifier_factory: |_, _| panic!("the verifier of the process was used"),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Parses keys of every algorithm, signs with them, and verifies with them and with their public keys.
fn use_every_algorithm() {
    let pairs = [
        SigningKeyPair::es256_pem(include_str!("keys/es256-private.pem")),
        SigningKeyPair::eddsa_pem(include_str!("keys/eddsa-private.pem")),
        SigningKeyPair::legacy_rs256_pem(include_str!("keys/rsa3072-private.pem")),
    ];
    let public = [
        VerifyingKey::es256_pem(include_str!("keys/es256-public.pem")),
        VerifyingKey::eddsa_pem(include_str!("keys/eddsa-public.pem")),
        VerifyingKey::legacy_rs256_pem(include_str!("keys/rsa3072-public.pem")),
    ];
    let hmac = || KeyRing::hmac(HmacKey::hs256(&secret(SECRET)).expect("a key"));
    let hs256 = Rig::new(Jwt::new().keys(hmac()));
    assert!(hs256.accepts(&hs256.issue()));
    for (pair, public) in pairs.into_iter().zip(public) {
        let signer = Rig::new(Jwt::new().keys(KeyRing::key_pair(pair.expect("a key"))));
        let reader = Rig::new(Jwt::new().keys(hmac().and_public(public.expect("a key")).expect("a ring")));
        let token = signer.issue();
        assert!(signer.accepts(&token) && reader.accepts(&token));
    }
}

#[test]
fn tokens_work_without_an_installed_provider_and_with_a_foreign_one() {
    use_every_algorithm();
    // The first use of the process-wide provider fixes it, so a later installation would fail.
    assert!(PANICKING.install_default().is_ok(), "the process-wide provider was set or used");
    use_every_algorithm();
}
