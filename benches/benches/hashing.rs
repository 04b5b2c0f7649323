//! Compares an Argon2id hash in reused memory with one that allocates its memory each time.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use criterion::{Criterion, criterion_group, criterion_main};

fn hashing(criterion: &mut Criterion) {
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut group = criterion.benchmark_group("argon2id m=19456 t=2 p=1");
    group.sample_size(30);
    group.bench_function("allocating each time", |bencher| {
        let mut tag = [0; 32];
        bencher.iter(|| argon2.hash_password_into(b"a long sword", b"salt of 16 bytes", &mut tag).unwrap());
    });
    group.bench_function("reusing memory", |bencher| {
        let mut tag = [0; 32];
        let mut memory = vec![Block::default(); params.block_count()];
        bencher.iter(|| {
            argon2.hash_password_into_with_memory(b"a long sword", b"salt of 16 bytes", &mut tag, &mut memory).unwrap();
        });
    });
    group.finish();
}

criterion_group!(benches, hashing);
criterion_main!(benches);
