//! Supply chain rules: allowed cryptographic crates, package sources, no unsafe code, and the SBOM of a release.

use std::{collections::BTreeSet, process::Command};

use super::source::{paths, tokens};
use crate::repository::{path, read, sources};

/// Returns the names and sources of all packages in the lock file.
fn locked() -> Vec<(String, Option<String>)> {
    let lock = read("Cargo.lock");
    let value = |block: &str, key: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"').map(str::to_owned))
    };
    lock.split("[[package]]").skip(1).map(|block| (value(block, "name").unwrap(), value(block, "source"))).collect()
}

/// Returns those of `names` that are compiled with all features. The lock file would not do, since it also lists optional
/// dependencies that none of our features enables.
fn compiled(names: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args([
            "tree",
            "--offline",
            "--locked",
            "--package",
            "axum-users",
            "--all-features",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .current_dir(path(""))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let packages = String::from_utf8(tree.stdout).unwrap();
    let packages = packages.lines().filter_map(|line| line.split(' ').next());
    packages.filter(|name| names.contains(name)).map(str::to_owned).collect()
}

/// Returns the crates that are compiled for the default features and these.
fn tree_with(features: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["tree", "--offline", "--locked", "--package", "axum-users", "--edges", "normal,build"];
    let tree = Command::new(cargo)
        .args(arguments)
        .args(["--prefix", "none", "--format", "{p}", "--features", features])
        .current_dir(path(""))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let name_and_version = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    String::from_utf8(tree.stdout).unwrap().lines().map(name_and_version).collect()
}

#[test]
fn oauth_is_not_in_the_default_tree_and_adds_at_most_ninety_crates() {
    let (usual, with_oauth) = (tree_with(""), tree_with("oauth"));
    let added: Vec<_> = with_oauth.difference(&usual).collect();
    assert!(usual.len() > 100 && added.iter().any(|name| name.starts_with("openidconnect ")), "{added:?}");
    assert!(usual.is_subset(&with_oauth) && added.len() <= 90, "{}: {added:?}", added.len());
}

#[test]
fn pages_are_not_in_the_default_tree_and_add_few_crates() {
    let (usual, with_pages) = (tree_with(""), tree_with("pages"));
    let added: Vec<_> = with_pages.difference(&usual).collect();
    assert!(added.iter().any(|name| name.starts_with("askama ")), "{added:?}");
    assert!(usual.is_subset(&with_pages) && added.len() <= 25, "{}: {added:?}", added.len());
}

#[test]
fn passkeys_are_not_in_the_default_tree_and_add_at_most_ninety_crates() {
    let (usual, with_passkeys) = (tree_with(""), tree_with("passkeys"));
    let added: Vec<_> = with_passkeys.difference(&usual).collect();
    assert!(added.iter().any(|name| name.starts_with("webauthn-rs ")), "{added:?}");
    assert!(usual.is_subset(&with_passkeys) && added.len() <= 90, "{}: {added:?}", added.len());
}

#[test]
fn forbid_unsafe() {
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("[workspace.lints.rust]\nunsafe_code = \"forbid\""));
    assert!(
        manifest.contains("[lints.rust]\nunsafe_code = \"forbid\""),
        "the facade with its examples and tests forbids unsafe code"
    );
    for own in ["users-macros/Cargo.toml", "users-runtime/Cargo.toml"] {
        assert!(read(own).contains("[lints]\nworkspace = true"), "{own} inherits the lints of the workspace");
    }
    for file in sources(&["src", "users-macros/src", "users-runtime/src"]) {
        let allows = file.text.contains("allow(unsafe_code") || file.text.contains("expect(unsafe_code");
        assert!(!allows, "{}: unsafe is forbidden, for generated code too", file.path);
    }
}

#[test]
fn hash_crates_on_allowlist() {
    // Every crate of a hash function that could enter the tree, broken ones included.
    const HASHES: &[&str] = &[
        "blake2",
        "blake3",
        "digest",
        "groestl",
        "hmac-sha256",
        "md-5",
        "md2",
        "md4",
        "md5",
        "ripemd",
        "sha-1",
        "sha1",
        "sha1_smol",
        "sha1collisiondetection",
        "sha2",
        "sha3",
        "sm3",
        "streebog",
        "tiger",
        "whirlpool",
        "argon2",
        "bcrypt",
        "pbkdf2",
        "scrypt",
        "yescrypt",
        "rust-argon2",
        "hkdf",
        "hmac",
    ];
    // blake2 is part of Argon2 (RFC 9106). bcrypt, pbkdf2 and scrypt only verify hashes of other systems. sha1 is the hash of
    // breach lists, of old PBKDF2 hashes (decision 27) and of one-time codes (decision 184), and sqlx-mysql uses it for
    // authentication. md-5 is used by sqlx-postgres for servers with MD5 authentication (decision 33).
    // md5 is part of the collection of algorithms that webauthn-rs uses, which never calls it (decision 173).
    let allowed =
        ["argon2", "bcrypt", "blake2", "digest", "hkdf", "hmac", "md-5", "md5", "pbkdf2", "scrypt", "sha1", "sha2"];
    let found = compiled(HASHES);
    assert!(found.contains("sha2"), "the dependency tree was parsed");
    assert!(found.iter().all(|name| allowed.contains(&name.as_str())), "{found:?}");
    for file in sources(&["users-runtime/src"]) {
        let code = tokens(&file.text).code;
        let may = file.path.contains("/breached")
            || file.path.ends_with("/password/foreign/pbkdf2.rs")
            || file.path.ends_with("/domain/totp.rs");
        assert!(
            may || paths(&code, "sha1").is_empty(),
            "{}: SHA-1 is for breach lists, stored PBKDF2 hashes and one-time codes only",
            file.path
        );
        assert!(paths(&code, "md5").is_empty(), "{}: MD5 must not be used", file.path);
    }
}

#[test]
fn crypto_crates_on_allowlist() {
    // Other crates with cryptographic primitives, unmaintained ones included.
    const PRIMITIVES: &[&str] = &[
        "aes",
        "aes-gcm",
        "aws-lc-rs",
        "boring",
        "chacha20poly1305",
        "crypto",
        "ctr",
        "dalek",
        "ed25519-dalek",
        "fernet",
        "jwt",
        "jwt-simple",
        "libsodium-sys",
        "openssl",
        "orion",
        "p256",
        "p384",
        "ring",
        "ring-compat",
        "rsa",
        "rust-crypto",
        "rustls",
        "salsa20",
        "sodiumoxide",
        "subtle",
    ];
    // ed25519-dalek, p256, p384 and rsa are dependencies of jsonwebtoken, which signs tokens (it never calls p384), of webauthn-rs, which verifies passkeys, and of
    // openidconnect, which verifies those of providers. ring and rustls provide TLS for mail, Redis and providers. aes and ctr are part of Firebase's hashes, salsa20 of scrypt.
    // chacha20poly1305 encrypts stored tokens of providers (decision 99).
    // aes-gcm is part of the collection of algorithms that webauthn-rs uses, which never calls it (decision 173).
    let allowed = [
        "aes",
        "aes-gcm",
        "chacha20poly1305",
        "ctr",
        "ed25519-dalek",
        "p256",
        "p384",
        "ring",
        "rsa",
        "rustls",
        "salsa20",
        "subtle",
    ];
    let found = compiled(PRIMITIVES);
    assert!(found.iter().all(|name| allowed.contains(&name.as_str())), "{found:?}");
}

/// `cargo deny` reads the database of advisories, which needs the network, so CI runs it and not this test.
#[test]
fn times_to_fix_are_stated_and_advisories_are_checked() {
    let policy = read("SECURITY.md");
    for severity in ["critical", "high", "medium", "low"] {
        let row = policy.lines().find(|line| line.starts_with(&format!("| {severity} |")));
        assert!(row.is_some_and(|row| row.trim_end().ends_with("days |")), "{severity}");
    }
    for workflow in ["ci.yml", "nightly.yml"] {
        let steps = read(&format!(".github/workflows/{workflow}"));
        let runs = steps.lines().map(str::trim).find(|line| line.contains("cargo deny --all-features --locked check"));
        assert!(runs.is_some_and(|line| !line.starts_with('#')), "{workflow}");
    }
}

#[test]
fn sources_allowlisted() {
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
    let packages = locked();
    assert!(packages.len() > 200, "the lock file was parsed");
    for (name, source) in packages {
        let ours = name.starts_with("axum-users") || name == "renamed";
        assert_eq!(source.as_deref(), (!ours).then_some(REGISTRY), "{name}");
    }
}

/// A release includes a software bill of materials generated from its lock file, which lists every package with its checksum.
#[test]
fn sbom_current() {
    let release = read(".github/workflows/release.yml");
    let makes = release.find("cargo cyclonedx").expect("the release generates an SBOM");
    let publishes = release.find("gh release create").expect("the release is published");
    assert!(makes < publishes && release[publishes..].contains(".cdx.json"), "the SBOM is part of the release");

    let lock = read("Cargo.lock");
    for package in lock.split("[[package]]").skip(1).filter(|package| package.contains("\nsource = ")) {
        assert!(package.contains("\nchecksum = \""), "no checksum: {package}");
    }
    let locked = locked();
    let all: Vec<&str> = locked.iter().map(|(name, _)| name.as_str()).collect();
    // With `--locked` cargo rejects a lock file that does not match the manifests.
    assert!(compiled(&all).len() > 150);
}
