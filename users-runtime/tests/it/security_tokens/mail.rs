//! Tokens of reset and verification mails.

use std::time::Duration;

use serde_json::{Value, json};
use users_runtime::{
    Password, PasswordHash, ResetToken, VerifyToken,
    password::{PasswordHasher, Verification},
    store::Epoch,
    token::{Binding, JwtMailTokens, MailTokenSettings, MailTokens, Purpose, TokenSubject},
};

use crate::security_tokens::support::{
    EMAIL, NOW, OTHER_SECRET, PhcArgon2, SECRET, USER, VECTOR_SECRET, at, derived_key, forge, header, mail_tokens,
    part, payload, secret, subject,
};

const VERIFY: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJlbWFpbCI6ImtpbmcuYXJ0aHVyQGNhbWVsb3QuYnQiLCJhdWQiOiJmYXN0YXBpLXVzZXJzOnZlcmlmeSIsImV4cCI6NDEwMjQ0NDgwMH0.NqFl-K9LW1F5BWJqYDGIyfBxFBW96PlvOUv67x8v1qY";
const RESET: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJwYXNzd29yZF9mZ3B0IjoiJGFyZ29uMmlkJHY9MTkkbT02NTUzNix0PTMscD00JEc4VzlXRWhmSHdrNGc0V1BEV0xZdHckVGJWUkxXWWhIZUtudXVBbGt2QS9CcytuenN1T0gyZTBFWjc0V2p2N2o3YyIsImF1ZCI6ImZhc3RhcGktdXNlcnM6cmVzZXQiLCJleHAiOjQxMDI0NDQ4MDB9.osgBk5eu-9iF-gCQDROuaxnfYW1TXLpfgvDHNicG9Cc";
const STORED_HASH: &str =
    "$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ";

fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text)
}

async fn reset_of(tokens: &JwtMailTokens, of: TokenSubject<'_>) -> ResetToken {
    tokens.mint_reset(of).await.expect("a token")
}

async fn verify_of(tokens: &JwtMailTokens, of: TokenSubject<'_>) -> VerifyToken {
    tokens.mint_verify(of).await.expect("a token")
}

#[tokio::test]
async fn issued_tokens_have_the_claims_of_their_purpose() {
    let (tokens, _) = mail_tokens(MailTokenSettings::new(), SECRET);
    let stored = hash("stored");
    let reset = payload(reset_of(&tokens, subject(EMAIL, &stored)).await.secret());
    let verify = payload(verify_of(&tokens, subject(EMAIL, &stored)).await.secret());
    assert_eq!(
        (&reset["sub"], &reset["aud"], &reset["exp"]),
        (&json!(USER), &json!("fastapi-users:reset"), &json!(NOW + 1800))
    );
    assert_eq!((&verify["aud"], &verify["exp"]), (&json!("fastapi-users:verify"), &json!(NOW + 3600)));
    assert_eq!((&reset["email"], &verify["email"]), (&Value::Null, &json!(EMAIL)));
    for claims in [&reset, &verify] {
        assert_eq!(claims["iat"], json!(NOW));
        assert_eq!(claims["jti"].as_str().map(str::len), Some(22));
        assert_eq!(claims["bnd"].as_str().map(str::len), Some(43));
        assert!(!claims.to_string().contains("stored"), "the hash is not part of the claims");
    }
    assert_ne!(reset["bnd"], verify["bnd"], "each purpose uses its own binding key");
}

#[tokio::test]
async fn a_change_of_id_address_password_or_epoch_invalidates_mail_tokens_of_both_forms() {
    for config in [MailTokenSettings::new(), MailTokenSettings::fastapi_users()] {
        let (tokens, _) = mail_tokens(config, SECRET);
        let (stored, changed) = (hash("stored"), hash("changed"));
        let now = subject(EMAIL, &stored);
        let reset = tokens.read_reset(&reset_of(&tokens, now).await).expect("readable");
        let verify = tokens.read_verify(&verify_of(&tokens, now).await).expect("readable");
        for token in [&reset, &verify] {
            assert!(matches!(token.binding, Binding::Digest(_)));
            for (to, bound) in [
                (now, true),
                (subject("other@camelot.bt", &stored), false),
                (subject("King.arthur@camelot.bt", &stored), false),
                (subject(EMAIL, &changed), false),
                (TokenSubject { subject: "another id", ..now }, false),
                (TokenSubject { epoch: Epoch(now.epoch.0 + 1), ..now }, false),
                // The same concatenation with another boundary.
                (TokenSubject { subject: &format!("{USER}k"), email: &EMAIL[1..], ..now }, false),
            ] {
                assert_eq!(tokens.is_bound(token, to).await.expect("a result"), bound, "{to:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_mail_token_expires_in_the_second_of_its_expiry() {
    let config =
        MailTokenSettings::new().reset_lifetime(Duration::from_secs(60)).verify_lifetime(Duration::from_secs(60));
    let (tokens, clock) = mail_tokens(config, SECRET);
    let stored = hash("stored");
    let (reset, verify) =
        (reset_of(&tokens, subject(EMAIL, &stored)).await, verify_of(&tokens, subject(EMAIL, &stored)).await);
    clock.set(at(NOW + 59));
    assert!(tokens.read_reset(&reset).is_some() && tokens.read_verify(&verify).is_some());
    clock.set(at(NOW + 60));
    assert!(tokens.read_reset(&reset).is_none() && tokens.read_verify(&verify).is_none());
}

#[tokio::test]
async fn tokens_of_another_secret_or_with_a_missing_part_are_unreadable() {
    let (tokens, _) = mail_tokens(MailTokenSettings::new(), SECRET);
    let (others, _) = mail_tokens(MailTokenSettings::new(), OTHER_SECRET);
    let stored = hash("stored");
    assert!(tokens.read_reset(&reset_of(&others, subject(EMAIL, &stored)).await).is_none());

    let good = payload(verify_of(&tokens, subject(EMAIL, &stored)).await.secret());
    let key = derived_key(SECRET, Purpose::Verify);
    assert!(tokens.read_verify(&VerifyToken::new(forge(&header(), &good, &key))).is_some());
    for name in ["sub", "email", "aud", "exp", "bnd"] {
        let mut claims = good.clone();
        claims.as_object_mut().expect("an object").remove(name);
        assert!(tokens.read_verify(&VerifyToken::new(forge(&header(), &claims, &key))).is_none(), "without {name}");
    }
}

#[tokio::test]
async fn each_kind_of_mail_token_can_have_its_own_secret() {
    let config = MailTokenSettings::new().reset_secret(secret(OTHER_SECRET));
    let (tokens, _) = mail_tokens(config, SECRET);
    let (of_other, _) = mail_tokens(MailTokenSettings::new(), OTHER_SECRET);
    let stored = hash("stored");
    let reset = reset_of(&tokens, subject(EMAIL, &stored)).await;
    let verify = verify_of(&tokens, subject(EMAIL, &stored)).await;
    assert!(of_other.read_reset(&reset).is_some() && of_other.read_verify(&verify).is_none());
}

#[tokio::test]
async fn upstream_vectors_are_accepted_and_bound() {
    let (tokens, _) = mail_tokens(MailTokenSettings::fastapi_users(), VECTOR_SECRET);
    let stored = hash(STORED_HASH);

    let reset = tokens.read_reset(&ResetToken::new(RESET)).expect("readable");
    assert_eq!((reset.subject.as_str(), reset.email.as_deref()), (USER, None));
    assert!(matches!(reset.binding, Binding::Fingerprint(_)));
    assert!(tokens.is_bound(&reset, subject(EMAIL, &stored)).await.expect("a result"));
    let changed = hash(&STORED_HASH.replace("Ckn", "ckn"));
    assert!(!tokens.is_bound(&reset, subject(EMAIL, &changed)).await.expect("a result"));

    let verify = tokens.read_verify(&VerifyToken::new(VERIFY)).expect("readable");
    assert_eq!((verify.subject.as_str(), verify.email.as_deref()), (USER, Some(EMAIL)));
    assert!(tokens.is_bound(&verify, subject(EMAIL, &stored)).await.expect("a result"));
    assert!(!tokens.is_bound(&verify, subject("other@camelot.bt", &stored)).await.expect("a result"));

    assert!(tokens.read_reset(&ResetToken::new(VERIFY)).is_none());
    assert!(tokens.read_verify(&VerifyToken::new(RESET)).is_none());
}

#[tokio::test]
async fn each_form_of_mail_token_is_rejected_by_the_other_mode() {
    let (ours, _) = mail_tokens(MailTokenSettings::new(), VECTOR_SECRET);
    let (upstream, _) = mail_tokens(MailTokenSettings::fastapi_users(), VECTOR_SECRET);
    let stored = hash("stored");
    assert!(
        ours.read_reset(&ResetToken::new(RESET)).is_none() && ours.read_verify(&VerifyToken::new(VERIFY)).is_none()
    );
    assert!(upstream.read_reset(&reset_of(&ours, subject(EMAIL, &stored)).await).is_none());
    assert!(upstream.read_verify(&verify_of(&ours, subject(EMAIL, &stored)).await).is_none());
}

#[tokio::test]
async fn the_upstream_mode_issues_the_tokens_of_fastapi_users() {
    let (tokens, _) = mail_tokens(MailTokenSettings::fastapi_users(), VECTOR_SECRET);
    let stored = hash(STORED_HASH);
    let verify = verify_of(&tokens, subject(EMAIL, &stored)).await;
    assert_eq!(part(verify.secret(), 0), part(VERIFY, 0));
    let bnd = payload(verify.secret())["bnd"].as_str().expect("a digest").to_owned();
    let upstreams = part(VERIFY, 1).replace("4102444800", &(NOW + 3600).to_string());
    let with_ours = upstreams.strip_suffix('}').map(|claims| format!(r#"{claims},"bnd":"{bnd}"}}"#));
    assert_eq!(Some(part(verify.secret(), 1)), with_ours, "the claims of fastapi-users and one that it ignores");

    let reset = reset_of(&tokens, subject(EMAIL, &stored)).await;
    let minted: Value = payload(reset.secret());
    let order =
        ["sub", "password_fgpt", "aud", "exp", "bnd"].map(|name| part(reset.secret(), 1).find(&format!("\"{name}\":")));
    assert!(order.is_sorted() && order.iter().all(Option::is_some), "the order of the wire");
    assert_eq!(minted.as_object().map(serde_json::Map::len), Some(5), "and nothing else");
    assert_eq!((&minted["aud"], &minted["exp"]), (&json!("fastapi-users:reset"), &json!(NOW + 3600)));
    let fingerprint = hash(minted["password_fgpt"].as_str().expect("a hash"));
    let matches = PhcArgon2.verify(&Password::new(STORED_HASH), &fingerprint).await.expect("a result");
    assert_ne!(matches, Verification::Wrong, "fastapi-users accepts it");
    let read = tokens.read_reset(&reset).expect("readable");
    assert!(tokens.is_bound(&read, subject(EMAIL, &stored)).await.expect("a result"));
}

/// Only a service with the key, such as fastapi-users, can issue a token without our claim. If a token has the claim, it is
/// checked, independent of the other claims.
#[tokio::test]
async fn a_token_in_the_upstream_form_with_our_claim_is_bound_by_it() {
    let (tokens, _) = mail_tokens(MailTokenSettings::fastapi_users(), VECTOR_SECRET);
    let stored = hash(STORED_HASH);
    let (now, moved) = (subject(EMAIL, &stored), subject("other@camelot.bt", &stored));
    let ours = payload(reset_of(&tokens, now).await.secret());
    let with = |bnd: Option<Value>| {
        let mut claims = ours.clone();
        let map = claims.as_object_mut().expect("an object");
        map.remove("bnd");
        map.extend(bnd.map(|bnd| ("bnd".to_owned(), bnd)));
        ResetToken::new(forge(&header(), &claims, VECTOR_SECRET.as_bytes()))
    };
    let bound = async |token: ResetToken, to| {
        let read = tokens.read_reset(&token)?;
        Some(tokens.is_bound(&read, to).await.expect("a result"))
    };
    for (bnd, here, elsewhere) in [
        (Some(ours["bnd"].clone()), Some(true), Some(false)),
        (Some(json!("")), Some(false), Some(false)),
        (Some(json!("AAAA")), Some(false), Some(false)),
        (Some(Value::Null), None, None),
        (Some(json!(7)), None, None),
        (None, Some(true), Some(true)),
    ] {
        assert_eq!(bound(with(bnd.clone()), now).await, here, "{bnd:?}");
        assert_eq!(bound(with(bnd.clone()), moved).await, elsewhere, "{bnd:?}");
    }
}
