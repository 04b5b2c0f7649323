//! The inventory of keys and algorithms.

use std::collections::BTreeSet;

use axum_users::{
    SecretKey,
    password::{Argon2Params, HashSettings},
    token::Purpose,
};

use super::page::{first_cells, quoted, read, rows};

/// Crates that bring or handle secrets; a new one among the dependencies belongs on the page.
const CRYPTOGRAPHIC: [&str; 26] = [
    "aes",
    "aes-gcm",
    "argon2",
    "bcrypt",
    "blake3",
    "chacha20poly1305",
    "ctr",
    "ed25519-dalek",
    "getrandom",
    "hkdf",
    "hmac",
    "jsonwebtoken",
    "lettre",
    "p256",
    "p384",
    "pbkdf2",
    "rand",
    "ring",
    "rsa",
    "rustls",
    "scrypt",
    "secrecy",
    "sha1",
    "sha2",
    "subtle",
    "zeroize",
];

#[test]
fn crypto_inventory_matches_code() {
    let page = read("docs/guide/cryptography.md");
    let (keys, algorithms) = page.split_once("## Algorithms").unwrap();

    let keys = rows(keys);
    for purpose in Purpose::ALL {
        let row = keys.iter().find(|row| row[0] == format!("`{purpose:?}`")).unwrap_or_else(|| panic!("{purpose:?}"));
        assert_eq!(row[1], format!("`{}`", purpose.label()));
        assert_eq!(row[2], format!("`{}`", purpose.default_audience()));
    }
    assert_eq!(first_cells(&keys).len(), Purpose::ALL.len());
    assert!(page.contains(&format!("at least {} bytes", SecretKey::MIN_BYTES)));

    let algorithms = rows(algorithms);
    let of_the_page: BTreeSet<String> = algorithms.iter().flat_map(|row| quoted(&row[3])).map(str::to_owned).collect();
    let manifest = read("users-runtime/Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("[dev-dependencies]").next().unwrap();
    let of_the_code: BTreeSet<String> = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| CRYPTOGRAPHIC.contains(name))
        .map(str::to_owned)
        .collect();
    assert_eq!(of_the_page, of_the_code, "the crates");

    let numbers = |what: &str| &algorithms.iter().find(|row| row[0] == what).unwrap_or_else(|| panic!("{what}"))[2];
    let params = HashSettings::default().params;
    assert_eq!(
        *numbers("new password hashes"),
        format!(
            "{} KiB, {} passes, {} lane, salt {} bytes, tag {} bytes",
            params.memory_kib(),
            params.passes(),
            params.lanes(),
            Argon2Params::SALT_BYTES,
            Argon2Params::TAG_BYTES
        )
    );
    assert_eq!(
        *numbers("stored hashes of fastapi-users"),
        format!("at most {} KiB and {} passes", Argon2Params::MAX_MEMORY_KIB, Argon2Params::MAX_PASSES)
    );
}
