//! The inventory of keys and algorithms.

use std::collections::BTreeSet;

use axum_users::{
    password::{Argon2Params, HashCost, HashSettings},
    token::Purpose,
};

use super::page::{first_cells, quoted, read, rows, section};

/// Crates that implement or handle secrets; a new one among the dependencies belongs on the page.
const CRYPTOGRAPHIC: &str = "aes aes-gcm altcha argon2 bcrypt blake3 chacha20poly1305 ctr ed25519-dalek getrandom hkdf hmac \
                             jsonwebtoken lettre p256 p384 pbkdf2 rand ring rsa rustls scrypt secrecy sha1 sha2 subtle zeroize";

#[test]
fn crypto_inventory_matches_code() {
    let page = read("docs/guide/cryptography.md");
    let keys = rows(section(&page, "## Keys"));
    for purpose in Purpose::ALL {
        let row = keys.iter().find(|row| row[0] == format!("`{purpose:?}`")).unwrap_or_else(|| panic!("{purpose:?}"));
        assert_eq!(quoted(&row[1..3].join(" ")), [purpose.label(), purpose.default_audience()]);
    }
    assert_eq!(first_cells(&keys).len(), Purpose::ALL.len());

    let algorithms = rows(section(&page, "## Algorithms"));
    let of_the_page: BTreeSet<&str> = algorithms.iter().flat_map(|row| quoted(&row[3])).collect();
    let manifest = read("users-runtime/Cargo.toml");
    let dependencies = section(&manifest, "[dependencies]").split("\n[").next().unwrap();
    let names = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    let is_cryptographic = |name: &&str| CRYPTOGRAPHIC.split(' ').any(|other| other == *name);
    assert_eq!(of_the_page, names.filter(is_cryptographic).collect(), "the crates");

    let numbers = |what: &str| &algorithms.iter().find(|row| row[0] == what).unwrap_or_else(|| panic!("{what}"))[2];
    let params = HashSettings::default().params;
    let (memory, passes, lanes) = (params.memory_kib(), params.passes(), params.lanes());
    let (salt, tag) = (Argon2Params::SALT_BYTES, Argon2Params::TAG_BYTES);
    let expected = format!("{memory} KiB, {passes} passes, {lanes} lane, salt {salt} bytes, tag {tag} bytes");
    assert_eq!(*numbers("new password hashes"), expected);
    let (memory, passes, work) = (Argon2Params::MAX_MEMORY_KIB, Argon2Params::MAX_PASSES, HashCost::MAX_WORK);
    let expected = format!("at most {memory} KiB, {passes} passes and {work} KiB × passes; bcrypt at most 2^14 rounds");
    assert_eq!(*numbers("stored hashes of fastapi-users"), expected);
}
