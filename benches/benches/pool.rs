//! Compares hashing in the pool with straightforward code that allocates for each hash, in the same run.
//!
//! `cargo bench -p axum-users-benches --bench pool`
#![allow(clippy::unwrap_used, missing_docs)]

use std::{hint::black_box, sync::Arc};

use argon2::{Algorithm, Argon2, Params, Version};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use users_runtime::{
    Password,
    env::{OsRandom, Random as _, SystemClock},
    password::{Argon2Params, HashSettings, Hashing, PasswordHasher as _},
};

const PASSWORD: &str = "the lady of the lake";

/// Hashes in the calling thread with newly allocated memory.
fn allocating(params: Argon2Params) -> [u8; Argon2Params::TAG_BYTES] {
    let mut salt = [0; Argon2Params::SALT_BYTES];
    OsRandom.fill(&mut salt).unwrap();
    let mut tag = [0; Argon2Params::TAG_BYTES];
    let params = Params::new(params.memory_kib(), params.passes(), params.lanes(), Some(tag.len())).unwrap();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(PASSWORD.as_bytes(), &salt, &mut tag)
        .unwrap();
    tag
}

fn hashing(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let password = Password::new(PASSWORD);
    let mut group = c.benchmark_group("hash");
    group.sample_size(40);
    for (name, params) in [("recommended", Argon2Params::recommended()), ("pwdlib", Argon2Params::pwdlib())] {
        group.bench_with_input(BenchmarkId::new("allocating", name), &params, |b, &params| {
            b.iter(|| black_box(allocating(params)));
        });
        let pool =
            Hashing::start(HashSettings::default().params(params), Arc::new(OsRandom), Arc::new(SystemClock)).unwrap();
        group.bench_with_input(BenchmarkId::new("pool", name), &pool, |b, pool| {
            b.iter(|| runtime.block_on(pool.hash(&password)).unwrap());
        });
    }
    for cost in [10, 12] {
        group.bench_with_input(BenchmarkId::new("bcrypt", cost), &cost, |b, &cost| {
            b.iter(|| black_box(bcrypt::hash_with_salt_bytes(PASSWORD, cost, [0; 16]).unwrap()));
        });
    }
    group.finish();
}

criterion_group!(benches, hashing);
criterion_main!(benches);
