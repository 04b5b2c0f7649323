//! The test vectors of contract.md section 17: tokens issued by fastapi-users, and ours in the same form (section 10).
//!
//! Our tokens were also checked with fastapi-users 15.0.5 on the same secret and table: it accepted the access token, the
//! verification token, the reset token and the password hash, and this service accepted all of its.

use axum_users::{SecretKey, schema::Status};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::app::{GUINEVERE, Rules, WireApp, WireSetup};
use crate::hashing::patient_hashing;

pub const SECRET: &str = "SECRET-SECRET-SECRET-SECRET-SECRET-32";
pub const USER: &str = "bdfc2b97-4876-4210-9dba-158745062fcd";
pub const EMAIL: &str = "king.arthur@camelot.bt";
/// The expiry of every vector that has one.
const END: i64 = 4_102_444_800;

pub const AUTH: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJhdWQiOlsiZmFzdGFwaS11c2VyczphdXRoIl0sImV4cCI6NDEwMjQ0NDgwMH0.9SIrhqyj0KRbrX1lupogWRxcSeybVxmAOHEmGIu3Skk";
const AUTH_NO_EXP: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJhdWQiOlsiZmFzdGFwaS11c2VyczphdXRoIl19.HCjWL5zLuClKRMiP5klN0qxMeOthN1rq-NGCXC0R_9Y";
pub const VERIFY: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJlbWFpbCI6ImtpbmcuYXJ0aHVyQGNhbWVsb3QuYnQiLCJhdWQiOiJmYXN0YXBpLXVzZXJzOnZlcmlmeSIsImV4cCI6NDEwMjQ0NDgwMH0.NqFl-K9LW1F5BWJqYDGIyfBxFBW96PlvOUv67x8v1qY";
pub const RESET: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJwYXNzd29yZF9mZ3B0IjoiJGFyZ29uMmlkJHY9MTkkbT02NTUzNix0PTMscD00JEc4VzlXRWhmSHdrNGc0V1BEV0xZdHckVGJWUkxXWWhIZUtudXVBbGt2QS9CcytuenN1T0gyZTBFWjc0V2p2N2o3YyIsImF1ZCI6ImZhc3RhcGktdXNlcnM6cmVzZXQiLCJleHAiOjQxMDI0NDQ4MDB9.osgBk5eu-9iF-gCQDROuaxnfYW1TXLpfgvDHNicG9Cc";
const OAUTH_STATE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjc3JmdG9rZW4iOiJkZy01ZFpORklsTzdjeDBscXJHS2k2OG9zREtHeTJnb3RRR21ZcnZtRFZFIiwiYXVkIjoiZmFzdGFwaS11c2VyczpvYXV0aC1zdGF0ZSIsImV4cCI6NDEwMjQ0NDgwMH0.rsRBMBh8kVzPhl_JIN9UBxWA461wIQ1sj3UD2qIzVmI";
/// The hash of `guinevere` that the reset vector is bound to.
pub const HASH: &str =
    "$argon2id$v=19$m=65536,t=3,p=4$MiLBbZJ7+olm6EP8QD0+gg$CknWbZnMWoDJ3GlFgTkPQiMHvqDE5wTR6GX6HnlVXAQ";

/// Starts a service with the secret and the user of the vectors.
async fn service(rules: Rules) -> WireApp {
    let setup = WireSetup { secret: SecretKey::allow_short_secret(SECRET), ..WireSetup::of(rules) };
    // The recorded tokens name the parameters of the hash.
    let app = setup.builder(|builder| builder.hashing(patient_hashing())).start().await;
    let insert = format!(
        "INSERT INTO user (id, email, hashed_password, is_active, is_superuser, is_verified) \
         VALUES ('{USER}', '{EMAIL}', '{HASH}', 1, 0, 0)"
    );
    assert_eq!(app.sql(&insert).await, 1);
    app
}

fn signature(signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Returns a token as PyJWT issues it with the secret of the vectors.
fn mint(header: &str, claims: &Value) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    format!("{signed}.{}", signature(&signed))
}

/// Returns an access token as fastapi-users issues it for the user with this id.
pub fn mint_access(subject: &str) -> String {
    mint(HEADER, &json!({ "sub": subject, "aud": ["fastapi-users:auth"], "exp": END }))
}

/// Returns the header and payload of a token as text. The signature must be HS256 with the raw secret.
fn opened(token: &str) -> (String, String) {
    let (signed, signed_with) = token.rsplit_once('.').unwrap();
    assert_eq!(signature(signed), signed_with);
    let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    (text(header), text(payload))
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[tokio::test]
async fn upstream_access_tokens_are_valid_until_they_expire() {
    let app = service(Rules::FastapiUsers).await;
    let me =
        format!(r#"{{"id":"{USER}","email":"{EMAIL}","is_active":true,"is_superuser":false,"is_verified":false}}"#);
    app.me(AUTH).await.is(200, &me);
    app.me(AUTH_NO_EXP).await.is(200, &me);
    app.clock.set(axum_users::env::Timestamp::from_timestamp(END - 1, 0).unwrap());
    app.me(AUTH).await.is(200, &me);
    app.advance(1);
    app.me(AUTH).await.is(401, r#"{"detail":"Unauthorized"}"#);
    app.me(AUTH_NO_EXP).await.is(200, &me);
}

#[tokio::test]
async fn the_upstream_verification_token_verifies_the_user() {
    let app = service(Rules::FastapiUsers).await;
    let response = app.verify(VERIFY).await;
    assert_eq!((response.status.as_u16(), &response.json()["is_verified"]), (200, &json!(true)));
    app.verify(VERIFY).await.is(400, r#"{"detail":"VERIFY_USER_ALREADY_VERIFIED"}"#);
}

#[tokio::test]
async fn the_upstream_reset_token_works_once_and_only_for_the_hash_it_is_bound_to() {
    let app = service(Rules::FastapiUsers).await;
    app.reset(RESET, "excalibur").await.is(200, "null");
    assert_eq!(app.try_login(EMAIL, "excalibur").await.status, 200);
    app.reset(RESET, "caliburn").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
    app.sql(&format!("UPDATE user SET hashed_password = '{HASH}'")).await;
    app.reset(RESET, "caliburn").await.is(200, "null");
}

/// C17: reset tokens issued by fastapi-users do not contain the address. They are recognised by the missing claim.
#[tokio::test]
async fn an_email_change_invalidates_our_reset_tokens_and_not_upstream_ones() {
    let app = service(Rules::FastapiUsers).await;
    let ours = app.reset_token(EMAIL).await;
    app.sql("UPDATE user SET email = 'pendragon@camelot.bt'").await;
    app.reset(&ours, "excalibur").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
    app.reset(RESET, "excalibur").await.is(200, "null");
}

#[tokio::test]
async fn a_token_is_accepted_for_its_own_purpose_only() {
    let app = service(Rules::FastapiUsers).await;
    for token in [VERIFY, RESET, OAUTH_STATE] {
        app.me(token).await.is(401, r#"{"detail":"Unauthorized"}"#);
    }
    for token in [AUTH, AUTH_NO_EXP, RESET, OAUTH_STATE] {
        app.verify(token).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
    }
    for token in [AUTH, AUTH_NO_EXP, VERIFY, OAUTH_STATE] {
        app.reset(token, "excalibur").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
    }
}

#[tokio::test]
async fn the_recommended_policy_rejects_upstream_tokens() {
    let app = service(Rules::Recommended).await; // C21
    for token in [AUTH, AUTH_NO_EXP] {
        app.me(token).await.is(401, r#"{"detail":"Unauthorized"}"#);
    }
    app.verify(VERIFY).await.is(400, r#"{"detail":"VERIFY_USER_BAD_TOKEN"}"#);
    app.reset(RESET, "excalibur").await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
    assert_eq!(app.try_login(EMAIL, GUINEVERE).await.status, 200, "the hash verifies");
}

#[tokio::test]
async fn our_tokens_have_the_upstream_form() {
    let app = service(Rules::FastapiUsers).await;
    let now = app.clock_seconds();

    let access = app.login(EMAIL).await;
    let (header, payload) = opened(&access);
    assert_eq!(header, HEADER);
    let upstreams = format!(r#"{{"sub":"{USER}","aud":["fastapi-users:auth"],"exp":{}"#, now + 3600);
    let ours = payload.strip_prefix(&upstreams).unwrap_or_else(|| panic!("{payload}"));
    // Further claims are ignored by fastapi-users and needed for revocation (C1).
    let claims: Value = serde_json::from_str(&payload).unwrap();
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(ours, format!(r#","iat":{now},"jti":"{jti}","epoch":0}}"#));

    // The last claim is ours and also ignored by fastapi-users: it binds the token to the state of the account (C17).
    let (header, payload) = opened(&app.verify_token(EMAIL).await);
    assert_eq!(header, HEADER);
    let claims: Value = serde_json::from_str(&payload).unwrap();
    let bnd = claims["bnd"].as_str().unwrap();
    let wanted = format!(
        r#"{{"sub":"{USER}","email":"{EMAIL}","aud":"fastapi-users:verify","exp":{},"bnd":"{bnd}"}}"#,
        now + 3600
    );
    assert_eq!(payload, wanted);

    let (header, payload) = opened(&app.reset_token(EMAIL).await);
    assert_eq!(header, HEADER);
    let claims: Value = serde_json::from_str(&payload).unwrap();
    let fingerprint = claims["password_fgpt"].as_str().unwrap();
    assert!(fingerprint.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{fingerprint}");
    let bnd = claims["bnd"].as_str().unwrap();
    let wanted = format!(
        r#"{{"sub":"{USER}","password_fgpt":"{fingerprint}","aud":"fastapi-users:reset","exp":{},"bnd":"{bnd}"}}"#,
        now + 3600
    );
    assert_eq!(payload, wanted);
}

impl WireApp {
    fn clock_seconds(&self) -> i64 {
        use axum_users::env::Clock;
        self.clock.now().timestamp()
    }
}

#[tokio::test]
async fn tokens_are_verified_by_the_rules_of_pyjwt() {
    let app = service(Rules::FastapiUsers).await;
    let now = app.clock_seconds();
    let with = |key: &str, value: Value| {
        let mut claims = json!({ "sub": USER, "aud": ["fastapi-users:auth"], "exp": END });
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(key),
            value => claims.as_object_mut().unwrap().insert(key.to_owned(), value),
        };
        mint(HEADER, &claims)
    };
    for (key, value, status) in [
        ("aud", json!("fastapi-users:auth"), 200),
        ("aud", json!(["other", "fastapi-users:auth"]), 200),
        ("aud", json!("other"), 401),
        ("aud", json!([]), 401),
        ("aud", Value::Null, 401),
        ("exp", Value::Null, 200),
        ("exp", json!(now), 401),
        ("exp", json!(now + 1), 200),
        ("exp", json!((now + 1).to_string()), 200),
        ("exp", json!("soon"), 401),
        ("nbf", json!(now), 200),
        ("nbf", json!(now + 1), 401),
        ("sub", json!(USER.to_uppercase()), 200),
        ("sub", json!(USER.replace('-', "")), 200),
        ("sub", json!(format!("{{{USER}}}")), 200),
        ("sub", json!(format!("urn:uuid:{USER}")), 200),
        ("sub", json!("d35d213e-f3d8-4f08-954a-7e0d1bea286f"), 401),
        ("sub", json!("arthur"), 401),
        ("sub", json!(7), 401),
        ("sub", Value::Null, 401),
        ("user_id", json!(USER), 200),
    ] {
        assert_eq!(app.me(&with(key, value.clone())).await.status.as_u16(), status, "{key} {value}");
    }
    // Up to 10.2 the subject claim had another name; later versions reject such tokens.
    let old = mint(HEADER, &json!({ "user_id": USER, "aud": ["fastapi-users:auth"], "exp": END }));
    app.me(&old).await.is(401, r#"{"detail":"Unauthorized"}"#);
    let claims = json!({ "sub": USER, "aud": ["fastapi-users:auth"], "exp": END });
    for header in [
        r#"{"alg":"none","typ":"JWT"}"#,
        r#"{"alg":"HS512","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT","crit":["x"],"x":1}"#,
    ] {
        app.me(&mint(header, &claims)).await.is(401, r#"{"detail":"Unauthorized"}"#);
    }
    let unsigned = mint(r#"{"alg":"none","typ":"JWT"}"#, &claims);
    app.me(&format!("{}.", unsigned.rsplit_once('.').unwrap().0)).await.is(401, r#"{"detail":"Unauthorized"}"#);
}

#[tokio::test]
async fn upstream_tokens_follow_the_state_of_the_user() {
    let app = service(Rules::FastapiUsers).await;
    app.sql("UPDATE user SET is_active = 0").await;
    app.me(AUTH).await.is(401, r#"{"detail":"Unauthorized"}"#);
    app.sql("UPDATE user SET is_active = 1").await;
    assert_eq!(app.me(AUTH).await.status, 200);
    app.knight("mordred@camelot.bt", Status::NEW).await;
    app.users.delete(&app.stored(EMAIL).await).await.unwrap();
    app.me(AUTH_NO_EXP).await.is(401, r#"{"detail":"Unauthorized"}"#);
}
