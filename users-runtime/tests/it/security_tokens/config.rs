//! Insecure settings are rejected when the service is built.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use users_runtime::{
    Error, Jwt, Result, SecretKey,
    env::{OsRandom, Relaxation},
    testing::ManualClock,
    token::{
        HmacKey, KeyRing, MailTokenSettings, Purpose, RotatingKeys, SigningKeyPair, Strategy, VerifyingKey,
        ensure_distinct_audiences,
    },
};

use crate::security_tokens::support::{NOW, PhcArgon2, Rig, SECRET, at, mail_tokens, secret};

fn refused<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::Config(_)))
}

fn built(config: Jwt) -> Result<Rig> {
    Rig::try_new(config, SECRET)
}

fn built_mail(config: MailTokenSettings) -> Result<()> {
    let clock = std::sync::Arc::new(ManualClock::at(at(NOW)));
    config.build(&secret(SECRET), clock, std::sync::Arc::new(OsRandom), std::sync::Arc::new(PhcArgon2)).map(|_| ())
}

#[test]
fn duplicate_audience_refused() {
    for other in [Purpose::Reset, Purpose::Verify, Purpose::OauthState] {
        assert!(refused(built(Jwt::new().audience([other.default_audience()]))), "access = {other:?}");
    }
    assert!(refused(built_mail(MailTokenSettings::new().reset_audience("a").verify_audience("a"))));
    for other in [Purpose::Access, Purpose::Verify, Purpose::OauthState] {
        assert!(
            refused(built_mail(MailTokenSettings::new().reset_audience(other.default_audience()))),
            "reset = {other:?}"
        );
    }
    assert!(built_mail(MailTokenSettings::new().reset_audience("a").verify_audience("b")).is_ok());

    // Also between the strategy and mail tokens, which are configured separately.
    let access = Jwt::new().audience(["shop"]);
    let mail = MailTokenSettings::new().reset_audience("shop");
    let all = access.audiences().iter().map(|audience| (Purpose::Access, audience.as_str())).chain(mail.audiences());
    assert!(refused(ensure_distinct_audiences(all)));
}

#[test]
fn missing_and_empty_audiences_are_rejected() {
    assert!(refused(built(Jwt::new().audience(Vec::<String>::new()))));
    assert!(refused(built(Jwt::new().audience([""]))));
    assert!(refused(built_mail(MailTokenSettings::new().reset_audience(""))));
}

#[test]
fn short_secret_refused() {
    for length in 0..32 {
        assert!(refused(SecretKey::new(&SECRET.as_bytes()[..length])), "{length} bytes");
    }
}

#[test]
fn zero_and_endless_lifetimes_are_rejected() {
    for lifetime in [Duration::ZERO, Duration::from_millis(999), Duration::MAX, Duration::from_secs(u64::MAX)] {
        assert!(refused(built(Jwt::new().lifetime(lifetime))), "{lifetime:?}");
        assert!(refused(built_mail(MailTokenSettings::new().reset_lifetime(lifetime))), "reset, {lifetime:?}");
        assert!(refused(built_mail(MailTokenSettings::new().verify_lifetime(lifetime))), "verify, {lifetime:?}");
    }
    assert!(built(Jwt::new().lifetime(Duration::from_secs(1))).is_ok());
    assert!(refused(built_mail(MailTokenSettings::new().reset_lifetime(Duration::from_secs(24 * 3600 + 1)))));
    assert!(built_mail(MailTokenSettings::new().reset_lifetime(Duration::from_secs(24 * 3600))).is_ok());
}

#[test]
fn a_leeway_over_five_seconds_is_rejected() {
    assert!(built(Jwt::new().leeway(Duration::from_secs(5))).is_ok());
    assert!(refused(built(Jwt::new().leeway(Duration::from_millis(5001)))));
}

#[test]
fn small_rsa_key_refused() {
    let (private, public) = (include_str!("keys/rsa1024-private.pem"), include_str!("keys/rsa1024-public.pem"));
    assert!(refused(SigningKeyPair::es256_pem(private)) && refused(SigningKeyPair::eddsa_pem(private)));
    assert!(refused(VerifyingKey::es256_pem(public)) && refused(VerifyingKey::eddsa_pem(public)));

    let sign = SigningKeyPair::legacy_rs256_pem;
    for (pem, bits) in [(private, "1024 bits"), (include_str!("keys/rsa2048-private.pem"), "2048 bits")] {
        let refusal = sign(pem).expect_err("too small to sign").to_string();
        assert!(refusal.contains(bits) && refusal.contains("3072 bits"), "{refusal}");
    }
    assert!(sign(include_str!("keys/rsa3072-private.pem")).is_ok());

    let verify = VerifyingKey::legacy_rs256_pem;
    let refusal = verify(public).expect_err("too small to verify").to_string();
    assert!(refusal.contains("1024 bits") && refusal.contains("2048 bits"), "{refusal}");
    assert!(verify(include_str!("keys/rsa2048-public.pem")).is_ok());
}

/// The library does not accept larger keys, so they are rejected at startup and not at the first login.
#[test]
fn rsa_keys_of_more_than_4096_bits_are_rejected() {
    assert!(refused(SigningKeyPair::legacy_rs256_pem(include_str!("keys/rsa4104-private.pem"))));
    assert!(refused(VerifyingKey::legacy_rs256_pem(include_str!("keys/rsa4104-public.pem"))));
}

#[test]
fn rsa_keys_of_the_wrong_kind_are_rejected_and_pkcs1_is_accepted() {
    let (private, public) = (include_str!("keys/rsa3072-private.pem"), include_str!("keys/rsa3072-public.pem"));
    let (es256, eddsa) = (include_str!("keys/es256-private.pem"), include_str!("keys/eddsa-private.pem"));
    let (es256_public, eddsa_public) = (include_str!("keys/es256-public.pem"), include_str!("keys/eddsa-public.pem"));
    for pem in [public, es256, eddsa, es256_public, eddsa_public, "", "garbage"] {
        assert!(refused(SigningKeyPair::legacy_rs256_pem(pem)), "{pem}");
    }
    for pem in [private, es256, eddsa, es256_public, eddsa_public, "", "garbage"] {
        assert!(refused(VerifyingKey::legacy_rs256_pem(pem)), "{pem}");
    }
    assert!(SigningKeyPair::legacy_rs256_pem(include_str!("keys/rsa3072-pkcs1-private.pem")).is_ok());
    assert!(VerifyingKey::legacy_rs256_pem(include_str!("keys/rsa3072-pkcs1-public.pem")).is_ok());
}

#[test]
fn certificates_are_not_accepted_as_public_keys() {
    let certificate = include_str!("keys/es256-certificate.pem");
    assert!(refused(VerifyingKey::es256_pem(certificate)));
    let both = format!("{}{certificate}", include_str!("keys/es256-public.pem"));
    assert!(refused(VerifyingKey::es256_pem(&both)));
}

/// Encodes bytes as an Ed25519 public key in PEM (RFC 8410 section 4).
fn ed25519_pem(key: &[u8]) -> String {
    let length = u8::try_from(key.len()).expect("short");
    let der = [&[0x30, 10 + length, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 1 + length, 0], key].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

#[test]
fn ed25519_keys_of_another_length_are_rejected_without_a_panic() {
    for length in [0, 1, 31, 33, 57] {
        assert!(refused(VerifyingKey::eddsa_pem(&ed25519_pem(&vec![9; length]))), "{length} bytes");
    }
}

/// For a public key of small order, signatures can be forged without a private key.
#[test]
fn ed25519_keys_of_small_order_are_rejected() {
    let hex = |text: &str| -> Vec<u8> {
        (0..32).map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).expect("hexadecimal")).collect()
    };
    // All eight points of small order: 1, 2, 4, 4, 8, 8, 8, 8.
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ] {
        assert!(refused(VerifyingKey::eddsa_pem(&ed25519_pem(&hex(point)))), "{point}");
    }
    let good = include_str!("keys/eddsa-public.pem");
    let der = STANDARD.decode(good.lines().filter(|line| !line.starts_with('-')).collect::<String>()).expect("base64");
    assert_eq!(ed25519_pem(&der[12..]).trim(), good.trim(), "the points above have the same encoding");
}

#[test]
fn keys_of_another_curve_kind_or_format_are_rejected() {
    let es256 = include_str!("keys/es256-private.pem");
    let eddsa = include_str!("keys/eddsa-private.pem");
    let es384 = include_str!("keys/es384-private.pem");
    let sec1 = include_str!("keys/es256-sec1-private.pem");
    let (es256_public, eddsa_public) = (include_str!("keys/es256-public.pem"), include_str!("keys/eddsa-public.pem"));
    let es384_public = include_str!("keys/es384-public.pem");
    for pem in [eddsa, es384, sec1, es256_public, eddsa_public, "", "garbage"] {
        assert!(refused(SigningKeyPair::es256_pem(pem)), "{pem}");
    }
    for pem in [es256, es384, es256_public, eddsa_public, "", "garbage"] {
        assert!(refused(SigningKeyPair::eddsa_pem(pem)), "{pem}");
    }
    for pem in [eddsa_public, es384_public, es256, "", "garbage"] {
        assert!(refused(VerifyingKey::es256_pem(pem)), "{pem}");
    }
    for pem in [es256_public, es384_public, eddsa, "", "garbage"] {
        assert!(refused(VerifyingKey::eddsa_pem(pem)), "{pem}");
    }
}

#[test]
fn relaxations_are_reported() {
    let relaxations = |config| built(config).expect("a strategy").jwt.relaxations();
    assert_eq!(relaxations(Jwt::new()), []);
    for (config, relaxation) in [
        (Jwt::new().never_expires(), Relaxation::NeverExpires),
        (Jwt::new().lifetime(Duration::from_secs(24 * 3600 + 1)), Relaxation::LongLifetime),
        (Jwt::new().raw_keys(), Relaxation::RawKeys),
        (Jwt::new().accept_upstream_tokens(None), Relaxation::UpstreamTokens),
        (Jwt::new().without_revocation(), Relaxation::WithoutRevocation),
    ] {
        assert_eq!(relaxations(config), [relaxation]);
    }
}

#[test]
fn debug_prints_no_secret() {
    let key = HmacKey::hs256(&secret(SECRET)).expect("a key").kid("name");
    let pem = include_str!("keys/eddsa-private.pem");
    let pair = SigningKeyPair::eddsa_pem(pem).expect("a key");
    let ring = KeyRing::hmac(key.clone()).and_public(pair.verifying_key()).expect("a ring");
    let config = Jwt::new().keys(ring.clone()).previous_secrets([secret(SECRET)]);
    let (mail, _) = mail_tokens(MailTokenSettings::new(), SECRET);
    let mail_config = MailTokenSettings::new().reset_secret(secret(SECRET));
    let refusal = HmacKey::hs256(&SecretKey::allow_short_secret(pem)).expect_err("a PEM text");
    let rsa = include_str!("keys/rsa1024-private.pem");
    let rsa_refusal = SigningKeyPair::es256_pem(rsa).expect_err("an RSA key");

    let printed = format!(
        "{key:?} {pair:?} {:?} {ring:?} {:?} {config:?} {:?} {mail:?} {mail_config:?} {refusal} {refusal:?} {rsa_refusal}",
        pair.verifying_key(),
        RotatingKeys::new(ring.clone()),
        built(config.clone()).expect("a strategy").jwt,
    );
    assert!(printed.contains("name") && printed.contains("HS256"), "{printed}");

    let derived = crate::security_tokens::support::derived_key(SECRET, Purpose::Access);
    let lists = [format!("{:?}", SECRET.as_bytes()), format!("{derived:?}")];
    let secrets = [SECRET, pem, rsa].into_iter().flat_map(|text| text.lines().filter(|line| !line.starts_with('-')));
    for canary in secrets.chain(lists.iter().map(|list| &list[1..40])) {
        let fragment = &canary[canary.len().saturating_sub(12)..];
        assert!(!printed.contains(fragment), "{fragment} in {printed}");
    }
}
