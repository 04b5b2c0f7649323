//! Measures verifying an access token, compared with a plain `jsonwebtoken::decode` of the same token in the same run, and signing.
//!
//! Compare the two lines of a group; absolute numbers depend on the machine. Both sides verify the signature with `jsonwebtoken`,
//! check audience and times, and return owned claims; ours checks more and uses the clock port.
#![allow(missing_docs, reason = "criterion's macros write public functions without documentation")]
#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::{hint::black_box, sync::Arc};

use axum_users::{
    Jwt, SecretKey,
    env::{BoxFuture, Clock, OsRandom, SystemClock, Timestamp},
    store::{Epoch, TokenId},
    token::{Device, HmacKey, JwtStrategy, KeyRing, Login, RevocationStore, SigningKeyPair, Strategy, StrategyError},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

const SECRET: &str = "0Zk7cV3yq9fPpX2sLr8wNd4tGh6bJm1u";

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../users-runtime/tests/it/security_tokens/keys/", $name, ".pem"))
    };
}

/// The claims that the baseline needs for a session.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: i64,
    jti: String,
    epoch: i64,
}

struct Nowhere;

impl RevocationStore for Nowhere {
    fn revoke<'a>(&'a self, _: &'a TokenId, _: Timestamp) -> BoxFuture<'a, Result<(), StrategyError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_revoked<'a>(&'a self, _: &'a TokenId) -> BoxFuture<'a, Result<bool, StrategyError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}

fn strategy(ring: KeyRing) -> JwtStrategy {
    let secret = SecretKey::new(SECRET).expect("a secret");
    Jwt::new()
        .keys(ring)
        .build(&secret, Arc::new(SystemClock), Arc::new(OsRandom), Arc::new(Nowhere))
        .expect("a strategy")
}

fn login() -> Login {
    Login::new("bdfc2b97-4876-4210-9dba-158745062fcd", Epoch(0), SystemClock.now(), Device::default())
}

fn compare(c: &mut Criterion, name: &str, ring: KeyRing, algorithm: Algorithm, key: &DecodingKey) {
    let jwt = strategy(ring);
    let login = login();
    let issue = || jwt.issue(black_box(&login)).now_or_never().expect("ready").expect("a token");
    let token = issue();
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&["fastapi-users:auth"]);
    validation.leeway = 0;

    let mut group = c.benchmark_group(format!("read an access token, {name}"));
    group.throughput(Throughput::Elements(1));
    group.bench_function("axum-users", |b| {
        b.iter(|| {
            let session = jwt.resolve(black_box(&token)).now_or_never().expect("ready").expect("a result");
            assert!(session.is_some());
            session
        });
    });
    group.bench_function("jsonwebtoken::decode", |b| {
        b.iter(|| {
            let claims = decode::<Claims>(black_box(token.secret()), key, &validation).expect("a token").claims;
            (claims.sub, claims.exp, claims.iat, claims.jti, claims.epoch)
        });
    });
    group.finish();
    c.bench_function(&format!("sign an access token, {name}"), |b| b.iter(issue));
}

fn read(c: &mut Criterion) {
    let secret = SecretKey::new(SECRET).expect("a secret");
    let hmac = KeyRing::hmac(HmacKey::hs256(&secret).expect("a key"));
    compare(c, "HS256", hmac, Algorithm::HS256, &DecodingKey::from_secret(SECRET.as_bytes()));

    let pair = KeyRing::key_pair(SigningKeyPair::es256_pem(key!("es256-private")).expect("a key"));
    let public = DecodingKey::from_ec_pem(key!("es256-public").as_bytes()).expect("a key");
    compare(c, "ES256", pair, Algorithm::ES256, &public);

    let pair = KeyRing::key_pair(SigningKeyPair::eddsa_pem(key!("eddsa-private")).expect("a key"));
    let public = DecodingKey::from_ed_pem(key!("eddsa-public").as_bytes()).expect("a key");
    compare(c, "EdDSA", pair, Algorithm::EdDSA, &public);

    let pair = KeyRing::key_pair(SigningKeyPair::legacy_rs256_pem(key!("rsa3072-private")).expect("a key"));
    let public = DecodingKey::from_rsa_pem(key!("rsa3072-public").as_bytes()).expect("a key");
    compare(c, "RS256 with 3072 bits", pair, Algorithm::RS256, &public);
}

criterion_group!(benches, read);
criterion_main!(benches);
