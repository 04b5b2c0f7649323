//! Token ids are random in every bit.

use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use users_runtime::Jwt;

use crate::security_tokens::support::{Rig, payload};

const TOKENS: u32 = 100_000;

#[test]
fn one_hundred_thousand_tokens() {
    let rig = Rig::new(Jwt::new());
    let mut seen = HashSet::new();
    let mut ones = [0_u32; 128];
    for _ in 0..TOKENS {
        let jti = payload(&rig.issue())["jti"].as_str().expect("a name").to_owned();
        let bytes = URL_SAFE_NO_PAD.decode(&jti).expect("base64url");
        assert_eq!((jti.len(), bytes.len()), (22, 16));
        for (bit, count) in ones.iter_mut().enumerate() {
            *count += u32::from(bytes[bit / 8] >> (bit % 8) & 1);
        }
        assert!(seen.insert(bytes), "a token id occurred twice");
    }
    // A fair coin thrown n times deviates by 5 σ = 5·√n/2 once in 1.7 million; so the test fails by chance once in 13,000.
    let bound = 5.0 * f64::from(TOKENS).sqrt() / 2.0;
    for (bit, count) in ones.iter().enumerate() {
        let deviation = (f64::from(*count) - f64::from(TOKENS) / 2.0).abs();
        assert!(deviation <= bound, "bit {bit} is set {count} times");
    }
}
