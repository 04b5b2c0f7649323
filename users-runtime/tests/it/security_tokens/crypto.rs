//! Source checks: constant-time comparison of secrets and the only source of randomness.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// Returns every Rust source of the workspace's crates; a packaged crate contains only its own.
fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), fs::read_to_string(&path).expect("readable")));
            }
        }
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [here.join("src"), here.join("../src"), here.join("../users-macros/src")] {
        collect(&folder, &mut found);
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

/// Returns the matching lines of code with their location, without comments. Each match contains one of `parts`, for which a line is
/// searched much faster.
fn offenders(pattern: &Regex, parts: &[&str], is_exempt: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut offenders = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_exempt(path)) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if parts.iter().any(|part| code.contains(part)) && pattern.is_match(code) {
                offenders.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    offenders
}

/// Matches a comparison with `==` in which one side is named like a MAC, a digest or a secret.
fn plain_comparison() -> Regex {
    let secret = r"\b(\w*_)?(mac|hmac|digest|signature|bnd|csrf_token|csrftoken|token_hash|otp|code_verifier)\b";
    let exposed = r"\.(secret|expose|expose_secret|as_stored)\(\)";
    let suffix = r"(\(\)|\.as_bytes\(\)|\.as_slice\(\)|\.as_ref\(\)|\.as_str\(\)|\[\.\.\])*";
    Regex::new(&format!(
        r"({secret}{suffix}|{exposed}{suffix})\s*(==|!=)|(==|!=)\s*[&*]?([\w.]*\.)?({secret}|[\w.]*{exposed})"
    ))
    .expect("a pattern")
}

#[test]
fn comparisons_use_ct_eq() {
    let pattern = plain_comparison();
    for bad in [
        "if digest == expected {",
        "mac.as_bytes() != other",
        "expected == token.secret()",
        "stored.as_stored() == given",
        "x != self.signature",
        "expected_mac == given",
    ] {
        assert!(pattern.is_match(bad), "the detector misses: {bad}");
    }
    for good in
        ["digest.ct_eq(&other)", "algorithm == key.algorithm", "digest.len() == 32", "purpose == Purpose::Reset"]
    {
        assert!(!pattern.is_match(good), "the detector has a false positive: {good}");
    }

    let found = offenders(&pattern, &["==", "!="], |_| false);
    assert!(found.is_empty(), "compare in constant time (subtle::ConstantTimeEq):\n{}", found.join("\n"));

    // The two places that compare secrets do so in constant time.
    let all = sources();
    let source = |name: &str| &all.iter().find(|(path, _)| path.ends_with(name)).expect("a source").1;
    // (jsonwebtoken's verifier of HS256 calls `verify_slice` of the crate hmac).
    assert!(source("adapter/jwt/key.rs").contains(".verify("));
    assert!(source("adapter/jwt/mail_tokens.rs").contains(".ct_eq("));
}

#[test]
fn no_other_rng_in_tree() {
    let generator = Regex::new(
        r"\b(rand|rand_core|rand_chacha|fastrand|oorandom|nanoid)::|\b(thread_rng|OsRng|SysRng|StdRng|SmallRng|RandomState)\b|\bnew_v4\b|\bnow_v[1567]\b|\bgetrandom\b|/dev/u?random",
    )
    .expect("a pattern");
    let parts = ["rand", "Rand", "rng", "Rng", "nanoid", "new_v4", "now_v"];
    for bad in ["rand::random()", "getrandom::fill(&mut salt)", "Uuid::new_v4()", "let mut rng = thread_rng();"] {
        let is_searched = parts.iter().any(|part| bad.contains(part));
        assert!(is_searched && generator.is_match(bad), "the detector misses: {bad}");
    }
    let found = offenders(&generator, &parts, |path| path.ends_with("adapter/random.rs"));
    assert!(found.is_empty(), "use port::Random:\n{}", found.join("\n"));

    let direct = Regex::new(r"(?m)^(rand|rand_\w+|fastrand|oorandom|nanoid)\b.*=").expect("a pattern");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for manifest in ["Cargo.toml", "../Cargo.toml", "../users-macros/Cargo.toml"] {
        if let Ok(text) = fs::read_to_string(here.join(manifest)) {
            assert!(!direct.is_match(&text), "{manifest} depends on a random number generator");
        }
    }
}
