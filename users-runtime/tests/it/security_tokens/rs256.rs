//! RS256 is accepted only with an explicitly configured key and never confused with other algorithms.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use users_runtime::{
    Jwt, SecretKey,
    env::Relaxation,
    token::{HmacKey, KeyRing, SigningKeyPair, Strategy, VerifyingKey},
};

use super::support::{NOW, OTHER_SECRET, Rig, SECRET, USER, at, forge, good_claims, header, header_with, secret};

const PRIVATE: &str = include_str!("keys/rsa3072-private.pem");
const PUBLIC: &str = include_str!("keys/rsa3072-public.pem");
const SMALLER_PUBLIC: &str = include_str!("keys/rsa2048-public.pem");

/// The claims that fastapi-users puts into a token, signed by `openssl dgst -sha256 -sign rsa2048-private.pem`.
const UPSTREAM: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJhdWQiOlsiZmFzdGFwaS11c2VyczphdXRoIl0sImV4cCI6NDEwMjQ0NDgwMH0.ZDj7cOJ0YH9EclFUgnKENMtQJ4b3L-YwLAPi_qt62zthfNrIKe_ifoqFuOL3byEHlcCXXHhcQccCHmR0GWy97z9UabyN_gpZ7bm8OAxhF0_qEKq8i8dXNwPxCCY41fuN4js64Qv69M_yRbswZFGI_6gEAArj593LoBLnVaX866cjRiKlHYA2rAz570UwMrnD3HQ8b0EFnNRxQtOq0NMfc8Gw8SAn3bOQF4DZc-89Z0dqzpkKfxwJbnBbviuaxISNQUuF9H6gnkHR3w5kx_r889JO4DxivUIsJ6G7Q9haeSY7vtpQwaCXGBDBM7FKZUtk52pi2Yjvqx74YWbHxBK74g";

fn rs256() -> SigningKeyPair {
    SigningKeyPair::legacy_rs256_pem(PRIVATE).expect("a key")
}

fn rs256_public() -> VerifyingKey {
    VerifyingKey::legacy_rs256_pem(PUBLIC).expect("a key")
}

fn es256() -> SigningKeyPair {
    SigningKeyPair::es256_pem(include_str!("keys/es256-private.pem")).expect("a key")
}

fn eddsa() -> SigningKeyPair {
    SigningKeyPair::eddsa_pem(include_str!("keys/eddsa-private.pem")).expect("a key")
}

fn hmac(text: &str) -> KeyRing {
    KeyRing::hmac(HmacKey::hs256(&secret(text)).expect("a key"))
}

fn with_ring(ring: KeyRing) -> Rig {
    Rig::new(Jwt::new().keys(ring))
}

/// Replaces the algorithm in the header of a token and keeps its payload and signature.
fn relabelled(token: &str, alg: &str) -> String {
    let (_, rest) = token.split_once('.').expect("a token");
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header_with("alg", json!(alg)).to_string()))
}

#[test]
fn rs256_tokens_are_rejected_without_an_rs256_key() {
    let token = with_ring(KeyRing::key_pair(rs256())).issue();
    for ring in [hmac(SECRET), KeyRing::key_pair(es256()), KeyRing::key_pair(eddsa())] {
        assert!(!with_ring(ring.clone()).accepts(&token), "{ring:?}");
        assert!(with_ring(ring.and_public(rs256_public()).expect("a ring")).accepts(&token));
    }
    assert!(!Rig::new(Jwt::new()).accepts(&token), "the default");
}

#[test]
fn rs256_is_listed_as_a_relaxation() {
    for ring in [KeyRing::key_pair(rs256()), hmac(SECRET).and_public(rs256_public()).expect("a ring")] {
        assert_eq!(with_ring(ring).jwt.relaxations(), [Relaxation::LegacyRs256]);
    }
}

#[test]
fn an_rsa_public_key_is_no_hmac_secret() {
    let pkcs1 = include_str!("keys/rsa3072-pkcs1-public.pem");
    for pem in [PUBLIC, PRIVATE, pkcs1] {
        assert!(
            HmacKey::hs256(&SecretKey::new(pem).expect("long enough")).is_err(),
            "a PEM text is not accepted as a secret"
        );
    }
    let der = |pem: &str| {
        STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).expect("base64")
    };
    let (spki, pkcs1_der) = (der(PUBLIC), der(pkcs1));
    // In PKCS#1 the modulus lies between the length and the exponent.
    let modulus = &pkcs1_der[pkcs1_der.len() - 5 - 384..pkcs1_der.len() - 5];
    let rings = [
        KeyRing::key_pair(rs256()),
        hmac(SECRET).and_public(rs256_public()).expect("a ring"),
        KeyRing::key_pair(es256()).and_public(rs256_public()).expect("a ring"),
    ];
    for rig in rings.map(with_ring) {
        for key in [PUBLIC.as_bytes(), PUBLIC.trim_end().as_bytes(), pkcs1.as_bytes(), &spki, &pkcs1_der, modulus, &[]]
        {
            assert!(!rig.accepts(&forge(&header(), &good_claims(), key)));
            assert!(!rig.accepts(&forge(&header_with("alg", json!("RS256")), &good_claims(), key)), "relabelled");
        }
    }
}

#[test]
fn a_key_refuses_tokens_of_every_other_algorithm() {
    let rigs = [
        ("HS256", with_ring(hmac(SECRET))),
        ("ES256", with_ring(KeyRing::key_pair(es256()))),
        ("EdDSA", with_ring(KeyRing::key_pair(eddsa()))),
        ("RS256", with_ring(KeyRing::key_pair(rs256()))),
    ];
    for (signed_with, signer) in &rigs {
        let token = signer.issue();
        for (alg, reader) in &rigs {
            assert_eq!(reader.accepts(&token), alg == signed_with, "{signed_with} read as {alg}");
            let relabelled = relabelled(&token, alg);
            assert_eq!(reader.accepts(&relabelled), alg == signed_with, "{signed_with} relabelled as {alg}");
        }
    }
    let token = rigs[3].1.issue();
    for alg in ["RS384", "RS512", "PS256", "PS384", "PS512", "rs256", "none"] {
        assert!(!rigs[3].1.accepts(&relabelled(&token, alg)), "{alg}");
    }
}

#[test]
fn changed_tokens_and_signatures_of_other_lengths_are_rejected() {
    let rig = with_ring(KeyRing::key_pair(rs256()));
    let token = rig.issue();
    let (message, signature) = token.rsplit_once('.').expect("a token");
    for index in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[index] ^= 1;
        assert!(!rig.accepts(&String::from_utf8(bytes).expect("ASCII")), "byte {index}");
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let (zero_before, zero_behind) = ([&[0], &signature[..]].concat(), [&signature[..], &[0]].concat());
    for changed in
        [&[][..], &[0], &[0; 384], &[0xff; 384], &signature[1..], &signature[..383], &zero_before, &zero_behind]
    {
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(changed));
        assert!(!rig.accepts(&token), "a signature of {} bytes", changed.len());
    }
}

#[test]
fn a_ring_rotates_from_rs256_to_another_algorithm_and_back() {
    let named = |pair: SigningKeyPair, kid: &str| pair.kid(kid);
    for (old, new) in [
        (rs256(), eddsa()),
        (eddsa(), rs256()),
        (named(rs256(), "2026-05"), named(es256(), "2026-11")),
        (named(es256(), "2026-05"), named(rs256(), "2026-11")),
    ] {
        let rig = with_ring(KeyRing::key_pair(old.clone()));
        let keys = rig.jwt.keys();
        let before = rig.issue();

        keys.replace(KeyRing::key_pair(new.clone()).and_public(old.verifying_key()).expect("a ring"));
        let after = rig.issue();
        assert!(rig.accepts(&before) && rig.accepts(&after), "the old key still verifies");
        assert!(with_ring(KeyRing::key_pair(new.clone())).accepts(&after), "the new key signs");

        keys.replace(KeyRing::key_pair(new));
        assert!(!rig.accepts(&before) && rig.accepts(&after), "the old key is retired");
    }
}

#[test]
fn a_kid_selects_one_of_several_rs256_keys() {
    let other = VerifyingKey::legacy_rs256_pem(SMALLER_PUBLIC).expect("a key");
    let token = with_ring(KeyRing::key_pair(rs256().kid("a"))).issue();
    let ring = |kid: &str, other_kid: &str| {
        let ring = hmac(SECRET).and_public(other.clone().kid(other_kid)).expect("a ring");
        with_ring(ring.and_public(rs256_public().kid(kid)).expect("a ring"))
    };
    assert!(ring("a", "b").accepts(&token));
    assert!(!ring("b", "a").accepts(&token), "the token was signed by the other key");
}

#[test]
fn rs256_tokens_of_fastapi_users_are_accepted_until_the_configured_time() {
    let ring = || {
        let upstream = VerifyingKey::legacy_rs256_pem(SMALLER_PUBLIC).expect("a key");
        KeyRing::key_pair(eddsa()).and_public(upstream).expect("a ring")
    };
    assert!(!with_ring(ring()).accepts(UPSTREAM), "not enabled");
    let until = at(NOW + 10);
    let rig = Rig::new(Jwt::new().keys(ring()).accept_upstream_tokens(Some(until)));
    assert_eq!(rig.resolve(UPSTREAM).expect("a session").subject, USER);
    rig.clock.set(until);
    assert!(!rig.accepts(UPSTREAM), "after the configured time");
    assert!(rig.accepts(&rig.issue()), "our own tokens stay valid");

    let foreign = hmac(OTHER_SECRET).and_public(rs256_public()).expect("a ring");
    let rig = Rig::new(Jwt::new().keys(foreign).accept_upstream_tokens(None));
    assert!(!rig.accepts(UPSTREAM), "signed by another key");
}
