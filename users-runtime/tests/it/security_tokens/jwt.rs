//! Forged, expired and confused access tokens.

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha384, Sha512};
use users_runtime::{
    Jwt, PasswordHash, ResetToken, SecretKey, VerifyToken,
    env::Relaxation,
    store::Epoch,
    token::{
        HmacKey, KeyRing, MAX_TOKEN_BYTES, MailTokenSettings, MailTokens, Purpose, SigningKeyPair, Strategy,
        VerifyingKey,
    },
};

use crate::security_tokens::support::{
    EMAIL, NOW, OTHER_SECRET, Rig, SECRET, USER, access_key, at, claims_with, derived_key, forge, forge_claims,
    forge_text, good_claims, header, header_with, mail_tokens, part, payload, secret, subject, unsigned,
};

const ES256_PRIVATE: &str = include_str!("keys/es256-private.pem");
const ES256_PUBLIC: &str = include_str!("keys/es256-public.pem");
const EDDSA_PRIVATE: &str = include_str!("keys/eddsa-private.pem");
const EDDSA_PUBLIC: &str = include_str!("keys/eddsa-public.pem");

fn es256() -> SigningKeyPair {
    SigningKeyPair::es256_pem(ES256_PRIVATE).expect("a key")
}

fn eddsa() -> SigningKeyPair {
    SigningKeyPair::eddsa_pem(EDDSA_PRIVATE).expect("a key")
}

fn hmac(text: &str) -> HmacKey {
    HmacKey::hs256(&secret(text)).expect("a key")
}

fn with_ring(ring: KeyRing) -> Rig {
    Rig::new(Jwt::new().keys(ring))
}

/// A forgery without a defect must be accepted, or the rejections below would prove nothing.
#[test]
fn a_forgery_without_a_defect_is_accepted() {
    assert!(Rig::new(Jwt::new()).accepts(&forge_claims(&good_claims())));
}

#[test]
fn any_flipped_byte_refused() {
    for (name, rig) in [
        ("HS256", Rig::new(Jwt::new())),
        ("ES256", with_ring(KeyRing::key_pair(es256()))),
        ("EdDSA", with_ring(KeyRing::key_pair(eddsa()))),
    ] {
        let token = rig.issue();
        assert!(rig.accepts(&token), "{name}");
        for index in 0..token.len() {
            // Flips the seven bits that keep the text ASCII; the header parser rejects other tokens.
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                let changed = String::from_utf8(bytes).expect("ASCII");
                assert!(!rig.accepts(&changed), "{name}: byte {index}, bit {bit}");
            }
        }
    }
}

#[test]
fn tokens_with_added_removed_or_swapped_parts_are_rejected() {
    let rig = Rig::new(Jwt::new());
    let (token, other) = (rig.issue(), rig.issue());
    let (message, signature) = token.rsplit_once('.').expect("a token");
    for changed in [
        String::new(),
        ".".into(),
        "..".into(),
        message.into(),
        format!("{message}."),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token} "),
        format!("{token}A"),
        format!("{token}.{signature}"),
        format!("{message}.{signature}{signature}"),
        format!("{message}.{}", other.rsplit_once('.').expect("a token").1),
        token[..token.len() - 1].into(),
    ] {
        assert!(!rig.accepts(&changed), "{changed}");
    }
}

#[test]
fn alg_none_refused() {
    let rig = Rig::new(Jwt::new());
    let payload = good_claims().to_string();
    for alg in
        [json!("none"), json!("None"), json!("NONE"), json!("nOnE"), json!(""), json!(null), json!(0), json!(["HS256"])]
    {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        assert!(!rig.accepts(&format!("{}.", unsigned(&header, &payload))), "{alg} without signature");
        assert!(!rig.accepts(&unsigned(&header, &payload)), "{alg} in two parts");
        assert!(!rig.accepts(&forge_text(&header, &payload, &access_key())), "{alg} with our signature");
        assert!(!rig.accepts(&forge_text(&header, &payload, &[0])), "{alg} with any signature");
    }
    assert!(!rig.accepts(&forge(&json!({"typ": "JWT"}), &good_claims(), &access_key())), "no alg at all");
}

#[test]
fn alg_must_equal_configured() {
    let rig = Rig::new(Jwt::new());
    for alg in ["HS384", "HS512", "ES256", "ES384", "EdDSA", "RS256", "PS256", "hs256", "HS256 ", "SHA256"] {
        assert!(!rig.accepts(&forge(&header_with("alg", json!(alg)), &good_claims(), &access_key())), "{alg}");
    }

    // Validly signed with our key and a stronger algorithm, which is not the configured one.
    let claims = good_claims().to_string();
    let message = unsigned(&header_with("alg", json!("HS384")).to_string(), &claims);
    let mac = Hmac::<Sha384>::new_from_slice(&access_key()).unwrap().chain_update(&message).finalize().into_bytes();
    assert!(!rig.accepts(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))), "HS384");
    let message = unsigned(&header_with("alg", json!("HS512")).to_string(), &claims);
    let mac = Hmac::<Sha512>::new_from_slice(&access_key()).unwrap().chain_update(&message).finalize().into_bytes();
    assert!(!rig.accepts(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))), "HS512");

    // The header of one key with the signature of another.
    let (es256, eddsa) = (with_ring(KeyRing::key_pair(es256())), with_ring(KeyRing::key_pair(eddsa())));
    let (signed_es256, signed_eddsa) = (es256.issue(), eddsa.issue());
    assert!(es256.accepts(&signed_es256) && eddsa.accepts(&signed_eddsa));
    assert!(!es256.accepts(&signed_eddsa) && !eddsa.accepts(&signed_es256) && !rig.accepts(&signed_es256));
}

#[test]
fn public_key_as_hmac_secret_refused() {
    for pem in [ES256_PUBLIC, EDDSA_PUBLIC, ES256_PRIVATE] {
        let refused = HmacKey::hs256(&SecretKey::new(pem).expect("long enough"));
        assert!(refused.is_err(), "a PEM text is not accepted as a secret");
    }

    for (pem, ring, public) in [
        (ES256_PUBLIC, KeyRing::key_pair(es256()), VerifyingKey::es256_pem(ES256_PUBLIC)),
        (EDDSA_PUBLIC, KeyRing::key_pair(eddsa()), VerifyingKey::eddsa_pem(EDDSA_PUBLIC)),
    ] {
        // A ring with the public key and an unrelated secret, so that HS256 is configured too.
        let both = with_ring(KeyRing::hmac(hmac(SECRET)).and_public(public.expect("a key")).expect("a ring"));
        let alone = with_ring(ring);
        let der =
            STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).expect("base64");
        for key in [
            pem.as_bytes(),
            pem.trim_end().as_bytes(),
            &der,
            &der[der.len() - 32..],
            &der[der.len().saturating_sub(64)..],
        ] {
            let token = forge(&header(), &good_claims(), key);
            assert!(!alone.accepts(&token) && !both.accepts(&token));
        }
    }
}

#[test]
fn header_key_material_ignored_or_refused() {
    let rig = Rig::new(Jwt::new());
    let attacker = b"the attacker's own key, 32 bytes";
    let jwk = json!({"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(attacker)});
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/keys.json")),
        ("x5u", json!("https://attacker.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("typ", json!("at+jwt")),
        ("typ", json!(null)),
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("' UNION SELECT 'key")),
        ("kid", json!("")),
        ("kid", json!(null)),
        ("kid", json!(["a"])),
    ] {
        let header = header_with(name, value.clone());
        assert!(!rig.accepts(&forge(&header, &good_claims(), attacker)), "{name} {value} by the attacker");
        assert!(!rig.accepts(&forge(&header, &good_claims(), &[])), "{name} {value} with an empty key");
        assert!(!rig.accepts(&forge(&header, &good_claims(), &access_key())), "{name} {value} by us");
    }
    // Unknown harmless parameters are ignored in any order, as RFC 7515 section 4 requires.
    for header in [r#"{"typ":"jwt","alg":"HS256"}"#, r#"{"alg":"HS256"}"#, r#"{ "alg" : "HS256", "zz": [1] }"#] {
        assert!(rig.accepts(&forge_text(header, &good_claims().to_string(), &access_key())), "{header}");
    }
    for header in [r#"{"alg":"HS256","alg":"HS256"}"#, r#"["HS256"]"#, r#""HS256""#, "", "{}", "null"] {
        assert!(!rig.accepts(&forge_text(header, &good_claims().to_string(), &access_key())), "{header}");
    }
}

#[test]
fn expired_one_second_ago() {
    let rig = Rig::new(Jwt::new().lifetime(Duration::from_secs(60)));
    let token = rig.issue();
    rig.clock.set(at(NOW + 59));
    assert!(rig.accepts(&token), "the last second before exp");
    rig.clock.set(at(NOW + 60));
    assert!(!rig.accepts(&token), "the second of exp");
    rig.clock.set(at(NOW + 61));
    assert!(!rig.accepts(&token), "a second later");

    let lenient = Rig::new(Jwt::new().lifetime(Duration::from_secs(60)).leeway(Duration::from_secs(5)));
    let token = lenient.issue();
    lenient.clock.set(at(NOW + 64));
    assert!(lenient.accepts(&token), "within the leeway");
    lenient.clock.set(at(NOW + 65));
    assert!(!lenient.accepts(&token), "after the leeway");
}

#[test]
fn not_yet_valid() {
    for (leeway, nbf) in [(0, 0), (5, 5)] {
        let rig = Rig::new(Jwt::new().leeway(Duration::from_secs(leeway)));
        // A node whose clock is ahead may have issued the token.
        for (name, latest) in [("nbf", nbf), ("iat", 10)] {
            assert!(rig.accepts(&forge_claims(&claims_with(name, json!(NOW)))), "{name} is now");
            assert!(rig.accepts(&forge_claims(&claims_with(name, json!(NOW + latest)))), "{name} is in {latest} s");
            assert!(
                !rig.accepts(&forge_claims(&claims_with(name, json!(NOW + latest + 1)))),
                "{name} is too far ahead"
            );
            assert!(!rig.accepts(&forge_claims(&claims_with(name, json!("soon")))), "{name} is not a time");
        }
    }
}

#[test]
fn missing_exp() {
    let rig = Rig::new(Jwt::new());
    assert!(!rig.accepts(&forge_claims(&claims_with("exp", Value::Null))));
    // An unreadable expiry is not treated as an absent one, even where an absent one is allowed.
    let eternal = Rig::new(Jwt::new().never_expires());
    for exp in ["null", "\"\"", "\"never\"", "1e999", "-1", "[]", "{}", "true", "99999999999999999999"] {
        let claims = good_claims().to_string().replace(&(NOW + 3600).to_string(), exp);
        assert!(claims.contains(exp));
        let token = forge_text(&header().to_string(), &claims, &access_key());
        assert!(!rig.accepts(&token) && !eternal.accepts(&token), "{exp}");
    }
    assert!(eternal.accepts(&forge_claims(&claims_with("exp", Value::Null))), "never_expires() is configured");
    assert!(eternal.resolve(&eternal.issue()).expect("a session").expires_at.is_none());
}

#[tokio::test]
async fn purpose_matrix_all_pairs() {
    let hash = PasswordHash::from_stored("a stored hash");
    for (mail, access) in [
        (MailTokenSettings::new(), Jwt::new()),
        (MailTokenSettings::fastapi_users(), Jwt::new().raw_keys().accept_upstream_tokens(None)),
    ] {
        let rig = Rig::new(access);
        let (mail, _) = mail_tokens(mail, SECRET);
        let state = json!({"sub": USER, "csrftoken": "t", "aud": "fastapi-users:oauth-state", "exp": NOW + 600});
        let minted = [
            (Purpose::Access, rig.issue()),
            (Purpose::Reset, mail.mint_reset(subject(EMAIL, &hash)).await.expect("a token").secret().to_owned()),
            (Purpose::Verify, mail.mint_verify(subject(EMAIL, &hash)).await.expect("a token").secret().to_owned()),
            (Purpose::OauthState, forge(&header(), &state, &derived_key(SECRET, Purpose::OauthState))),
            (Purpose::OauthState, forge(&header(), &state, SECRET.as_bytes())),
        ];
        for (purpose, token) in &minted {
            let read = [
                (Purpose::Access, rig.accepts(token)),
                (Purpose::Reset, mail.read_reset(&ResetToken::new(token.as_str())).is_some()),
                (Purpose::Verify, mail.read_verify(&VerifyToken::new(token.as_str())).is_some()),
            ];
            for (reader, accepted) in read {
                assert_eq!(accepted, reader == *purpose, "a {purpose:?} token read as {reader:?}");
            }
        }
    }
}

/// The key and the audience each separate the purposes: a token that differs from a valid one only in the key, or only in the
/// audience, is rejected.
#[test]
fn the_key_and_the_audience_each_separate_the_purposes() {
    let rig = Rig::new(Jwt::new());
    let (mail, _) = mail_tokens(MailTokenSettings::new(), SECRET);
    for key in Purpose::ALL {
        for audience in Purpose::ALL {
            let mut claims = good_claims();
            claims["aud"] = json!(audience.default_audience());
            claims["bnd"] = json!("digest");
            let reset = forge(&header(), &claims, &derived_key(SECRET, key));
            claims["email"] = json!(EMAIL);
            let verify = forge(&header(), &claims, &derived_key(SECRET, key));
            let accepted = [
                (Purpose::Access, rig.accepts(&reset)),
                (Purpose::Reset, mail.read_reset(&ResetToken::new(reset)).is_some()),
                (Purpose::Verify, mail.read_verify(&VerifyToken::new(verify)).is_some()),
            ];
            for (reader, accepted) in accepted {
                assert_eq!(
                    accepted,
                    key == reader && audience == reader,
                    "{reader:?}: key of {key:?}, for {audience:?}"
                );
            }
        }
    }
}

#[test]
fn foreign_audience() {
    let rig = Rig::new(Jwt::new().audience(["shop", "shop-admin"]));
    for (aud, accepted) in [
        (json!("shop"), true),
        (json!(["else", "shop-admin"]), true),
        (json!("fastapi-users:auth"), false),
        (json!(["else"]), false),
        (json!("Shop"), false),
        (json!("shop "), false),
        (json!(["shop", 1]), false),
    ] {
        assert_eq!(rig.accepts(&forge_claims(&claims_with("aud", aud.clone()))), accepted, "{aud}");
    }
}

#[test]
fn missing_audience() {
    let rig = Rig::new(Jwt::new());
    assert!(!rig.accepts(&forge_claims(&claims_with("aud", Value::Null))));
    for aud in [json!([]), json!(""), json!(["", ""]), json!({}), json!(1), json!(true)] {
        assert!(!rig.accepts(&forge_claims(&claims_with("aud", aud.clone()))), "{aud}");
    }
}

#[test]
fn minted_token_has_audience_jti_iat() {
    let rig = Rig::new(Jwt::new());
    let token = rig.issue();
    assert_eq!(part(&token, 0), r#"{"alg":"HS256","typ":"JWT"}"#);
    let jti = payload(&token)["jti"].as_str().expect("a text").to_owned();
    assert_eq!(URL_SAFE_NO_PAD.decode(&jti).expect("base64url").len(), 16);
    assert_eq!(
        part(&token, 1),
        format!(
            r#"{{"sub":"{USER}","aud":["fastapi-users:auth"],"exp":{},"iat":{NOW},"jti":"{jti}","epoch":3}}"#,
            NOW + 3600
        )
    );

    let session = rig.resolve(&token).expect("a session");
    assert_eq!(session.subject, USER);
    assert_eq!(session.token_id.expect("a name").0, jti);
    assert_eq!(session.epoch, Some(Epoch(3)));
    assert_eq!(session.logged_in_at, Some(at(NOW)));
    assert_eq!(session.expires_at, Some(at(NOW + 3600)));
}

#[test]
fn tokens_without_the_claims_for_revocation_are_rejected() {
    let rig = Rig::new(Jwt::new());
    for name in ["jti", "epoch", "iat", "sub"] {
        assert!(!rig.accepts(&forge_claims(&claims_with(name, Value::Null))), "without {name}");
    }
    for jti in ["", "short", "AAAAAAAAAAAAAAAAAAAAA'", "AAAAAAAAAAAAAAAAAAAAAAA", "../../../../etc/passwd"] {
        assert!(!rig.accepts(&forge_claims(&claims_with("jti", json!(jti)))), "{jti}");
    }
    for epoch in [json!("0"), json!(1.5), json!(true), json!(u64::MAX)] {
        assert!(!rig.accepts(&forge_claims(&claims_with("epoch", epoch.clone()))), "{epoch}");
    }
}

#[test]
fn tokens_longer_than_a_cookie_are_rejected_unparsed() {
    let rig = Rig::new(Jwt::new());
    let padded = |length: usize| forge_claims(&claims_with("pad", json!("x".repeat(length))));
    let largest = (2000..MAX_TOKEN_BYTES).map(padded).rfind(|token| token.len() <= MAX_TOKEN_BYTES).expect("one");
    assert!(largest.len() > MAX_TOKEN_BYTES - 4 && rig.accepts(&largest));
    assert!(!rig.accepts(&padded(MAX_TOKEN_BYTES)));
}

#[test]
fn short_secret_refused() {
    assert!(SecretKey::new(&SECRET.as_bytes()[..31]).and_then(|secret| HmacKey::hs256(&secret)).is_err());
    assert!(SecretKey::new(SECRET).and_then(|secret| HmacKey::hs256(&secret)).is_ok());
    assert!(HmacKey::hs256(&SecretKey::allow_short_secret("")).is_err(), "there is no opt-out for an empty secret");

    // The opt-out works and is reported.
    let short = SecretKey::allow_short_secret("hunter2");
    let rig = with_ring(KeyRing::hmac(HmacKey::hs256(&short).expect("an explicit opt-out")));
    assert!(rig.accepts(&rig.issue()));
    assert!(rig.jwt.relaxations().contains(&Relaxation::ShortSecret));
}

#[test]
fn rotation_old_key_verifies_then_retired() {
    for (old, new) in [(hmac(SECRET), hmac(OTHER_SECRET)), (hmac(SECRET).kid("1"), hmac(OTHER_SECRET).kid("2"))] {
        let rig = with_ring(KeyRing::hmac(old.clone()));
        let keys = rig.jwt.keys();
        let before = rig.issue();

        keys.replace(KeyRing::hmac(new.clone()).and_hmac(old).expect("a ring"));
        let after = rig.issue();
        assert!(rig.accepts(&before) && rig.accepts(&after), "the old key still verifies");
        assert!(with_ring(KeyRing::hmac(new.clone())).accepts(&after), "the new key signs");

        keys.replace(KeyRing::hmac(new));
        assert!(!rig.accepts(&before) && rig.accepts(&after), "the old key is retired");
    }
}

#[test]
fn secrets_rotate_like_keys() {
    let before = Rig::new(Jwt::new());
    let token = before.issue();
    let after = Rig::try_new(Jwt::new().previous_secrets([secret(SECRET)]), OTHER_SECRET).expect("a strategy");
    let later = Rig::try_new(Jwt::new(), OTHER_SECRET).expect("a strategy");
    assert!(after.accepts(&token) && !later.accepts(&token));
    assert!(later.accepts(&after.issue()), "the new secret signs");
}

#[test]
fn a_kid_selects_only_a_configured_key() {
    let ring = KeyRing::hmac(hmac(SECRET).kid("b")).and_hmac(hmac(OTHER_SECRET).kid("a")).expect("a ring");
    let rig = with_ring(ring);
    assert_eq!(part(&rig.issue(), 0), r#"{"alg":"HS256","kid":"b","typ":"JWT"}"#);
    for (kid, key, accepted) in [
        (Some("b"), SECRET, true),
        (Some("a"), OTHER_SECRET, true),
        (Some("a"), SECRET, false),
        (Some("b"), OTHER_SECRET, false),
        (Some("c"), SECRET, false),
        (None, SECRET, false),
    ] {
        let header = kid.map_or_else(header, |kid| header_with("kid", json!(kid)));
        assert_eq!(rig.accepts(&forge(&header, &good_claims(), key.as_bytes())), accepted, "{kid:?} {key}");
    }
    let twice = KeyRing::hmac(hmac(SECRET).kid("a")).and_hmac(hmac(OTHER_SECRET).kid("a"));
    assert!(twice.is_err(), "a kid must be unique");
}

#[test]
fn a_public_key_verifies_and_cannot_sign() {
    for (pair, public) in [
        (es256(), VerifyingKey::es256_pem(ES256_PUBLIC).expect("a key")),
        (eddsa(), VerifyingKey::eddsa_pem(EDDSA_PUBLIC).expect("a key")),
    ] {
        let token = with_ring(KeyRing::key_pair(pair.clone())).issue();
        let reader = with_ring(KeyRing::hmac(hmac(SECRET)).and_public(public).expect("a ring"));
        assert!(reader.accepts(&token));
        let derived = with_ring(KeyRing::hmac(hmac(SECRET)).and_public(pair.verifying_key()).expect("a ring"));
        assert!(derived.accepts(&token), "the public key of a pair verifies");
    }
}

#[test]
fn a_logout_revokes_the_token_until_it_is_expired_on_a_node_whose_clock_is_behind() {
    let rig = Rig::new(Jwt::new().leeway(Duration::from_secs(5)));
    let token = rig.issue();
    let session = rig.resolve(&token).expect("a session");
    rig.revoke(&token);
    let noted = rig.revoked.0.lock().expect("no panic").clone();
    assert_eq!(noted, [(session.token_id.expect("a name"), at(NOW + 3600 + 5 + 10))]);
}

#[test]
fn invalid_tokens_are_not_stored_as_revoked() {
    let rig = Rig::new(Jwt::new());
    let stale = rig.issue();
    rig.clock.set(at(NOW + 3600));
    for token in [stale.as_str(), "garbage", &forge(&header(), &good_claims(), b"another key")] {
        rig.revoke(token);
    }
    assert!(rig.revoked.0.lock().expect("no panic").is_empty());

    let open = Rig::new(Jwt::new().without_revocation());
    open.revoke(&open.issue());
    assert!(open.revoked.0.lock().expect("no panic").is_empty());
}
