//! Tokens as issued by fastapi-users (contract.md sections 10 and 17).

use serde_json::{Value, json};
use users_runtime::{Jwt, token::Purpose};

use crate::security_tokens::support::{
    NOW, Rig, USER, VECTOR_SECRET, at, derived_key, forge, good_claims, header, payload,
};

const AUTH: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJhdWQiOlsiZmFzdGFwaS11c2VyczphdXRoIl0sImV4cCI6NDEwMjQ0NDgwMH0.9SIrhqyj0KRbrX1lupogWRxcSeybVxmAOHEmGIu3Skk";
const AUTH_NO_EXP: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJiZGZjMmI5Ny00ODc2LTQyMTAtOWRiYS0xNTg3NDUwNjJmY2QiLCJhdWQiOlsiZmFzdGFwaS11c2VyczphdXRoIl19.HCjWL5zLuClKRMiP5klN0qxMeOthN1rq-NGCXC0R_9Y";

fn rig(config: Jwt) -> Rig {
    Rig::try_new(config, VECTOR_SECRET).expect("a strategy")
}

#[test]
fn tokens_of_fastapi_users_are_rejected_by_default() {
    for config in [Jwt::new(), Jwt::new().raw_keys(), Jwt::new().raw_keys().never_expires()] {
        let rig = rig(config);
        assert!(!rig.accepts(AUTH) && !rig.accepts(AUTH_NO_EXP));
    }
}

#[test]
fn tokens_of_fastapi_users_are_accepted_by_opt_in_under_derived_and_raw_keys() {
    for config in [Jwt::new(), Jwt::new().raw_keys()] {
        let rig = rig(config.accept_upstream_tokens(None));
        let session = rig.resolve(AUTH).expect("a session");
        assert_eq!(session.subject, USER);
        assert_eq!((session.token_id, session.epoch, session.logged_in_at), (None, None, None));
        assert_eq!(session.expires_at, Some(at(4_102_444_800)));
        assert_eq!(rig.resolve(AUTH_NO_EXP).expect("a session").expires_at, None);

        rig.revoke(AUTH);
        assert!(rig.revoked.0.lock().expect("no panic").is_empty(), "a token without a jti cannot be revoked");
        rig.clock.set(at(4_102_444_800));
        assert!(!rig.accepts(AUTH), "the second of exp");
    }
}

#[test]
fn tokens_of_fastapi_users_are_rejected_after_the_configured_time() {
    let rig = rig(Jwt::new().accept_upstream_tokens(Some(at(NOW + 10))));
    rig.clock.set(at(NOW + 9));
    assert!(rig.accepts(AUTH) && rig.accepts(AUTH_NO_EXP));
    rig.clock.set(at(NOW + 10));
    assert!(!rig.accepts(AUTH) && !rig.accepts(AUTH_NO_EXP));
    assert!(rig.accepts(&rig.issue()), "our own tokens stay valid");
}

#[test]
fn a_token_with_some_of_our_claims_is_rejected() {
    let rig = rig(Jwt::new().accept_upstream_tokens(None));
    let key = derived_key(VECTOR_SECRET, Purpose::Access);
    assert!(rig.accepts(&forge(&header(), &good_claims(), &key)));
    for names in [&["jti"][..], &["epoch"], &["iat"], &["jti", "epoch"], &["jti", "iat"], &["epoch", "iat"]] {
        let mut claims = good_claims();
        for name in names {
            claims.as_object_mut().expect("an object").remove(*name);
        }
        assert!(!rig.accepts(&forge(&header(), &claims, &key)), "without {names:?}");
    }
}

#[test]
fn raw_keys_sign_with_the_secret_and_upstream_claims_come_first() {
    let rig = rig(Jwt::new().raw_keys());
    let token = rig.issue();
    let claims: Value = payload(&token);
    assert_eq!(token, {
        let (head, body) = (r#"{"alg":"HS256","typ":"JWT"}"#, crate::security_tokens::support::part(&token, 1));
        crate::security_tokens::support::forge_text(head, &body, VECTOR_SECRET.as_bytes())
    });
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(USER), &json!(["fastapi-users:auth"])));
}

#[test]
fn times_are_parsed_as_pyjwt_parses_them() {
    let rig = rig(Jwt::new().raw_keys().accept_upstream_tokens(None));
    for (exp, accepted) in [
        (json!(NOW + 1), true),
        (json!(NOW), false),
        (json!((NOW + 1).to_string()), true),
        (json!(NOW.to_string()), false),
        (json!(NOW as f64 + 1.5), true),
        (json!(NOW as f64 + 0.5), false),
    ] {
        let claims = json!({"sub": USER, "aud": ["fastapi-users:auth"], "exp": exp});
        assert_eq!(rig.accepts(&forge(&header(), &claims, VECTOR_SECRET.as_bytes())), accepted, "{exp}");
    }
}
