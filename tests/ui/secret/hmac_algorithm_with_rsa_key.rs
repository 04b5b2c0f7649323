use axum_users::token::{HmacKey, KeyRing, VerifyingKey};

/// The attack: the public key, which everybody has, used as the secret of HS256.
fn keys(public_key: VerifyingKey, public_key_pem: &str) {
    let _ = KeyRing::hmac(public_key);
    let _ = HmacKey::hs256(public_key_pem);
}

fn main() {}
