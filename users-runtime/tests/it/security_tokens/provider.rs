//! Tokens do not depend on the cryptography provider that is installed for the process.

use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use users_runtime::{
    Jwt,
    token::{HmacKey, KeyRing, SigningKeyPair, VerifyingKey},
};

use super::support::{Rig, SECRET, secret};

/// A provider of which any use panics. jsonwebtoken's own default is the same as this one if other crates of an application
/// turn on both of its providers.
static PANICKING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| panic!("the signer of the process was used"),
    verifier_factory: |_, _| panic!("the verifier of the process was used"),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Reads keys of every algorithm, signs with them, and verifies with them and with their public halves.
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
fn tokens_work_with_no_provider_installed_and_beside_a_foreign_one() {
    use_every_algorithm();
    // The first use of the process-wide provider fixes it, and then nothing can be installed any more.
    assert!(PANICKING.install_default().is_ok(), "the process-wide provider was set or used");
    use_every_algorithm();
}
