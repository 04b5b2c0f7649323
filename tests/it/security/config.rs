//! Initial state and configuration of a service, and redaction of secrets (OWASP ASVS 13.3.1).

use std::path::Path;

use axum_users::{
    AccessToken, Backend, Jwt, Password, PasswordHash, Policy, ResetToken, SecretKey, VerifyToken, env::Relaxation,
};

use super::{ARTHUR, OTHER, reset, reset_token, verify, verify_token};
use crate::support::{PASSWORD, SECRET, TestApp};

#[tokio::test]
async fn fresh_database_is_empty() {
    let app = TestApp::start().await;
    let pool = app.sqlite().await;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert!(tables.iter().any(|table| table == "user"), "{tables:?}");
    for table in &tables {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\""));
        let rows: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    for name in ["admin", "root", "admin@example.com", "admin@localhost", "test@test.com"] {
        for password in ["admin", "password", "changeme", "root", "test"] {
            assert_eq!(app.try_login(name, password).await.status, 400);
        }
    }
}

/// Common placeholder secrets, and every secret in our examples and documentation.
#[test]
fn placeholder_secrets_refused() {
    for word in ["secret", "SECRET", "changeme", "change-me", "your-secret-key", "password", "example"] {
        for secret in [word.to_owned(), word.repeat(10), [word; 12].join("-"), format!("<{}>", [word; 12].join(" "))] {
            let refused = SecretKey::new(secret.clone());
            assert!(refused.is_err_and(|error| secret == word || !error.to_string().contains(&secret)), "{secret}");
        }
    }
    for secret in ["", "0", &"x".repeat(64), &"\0".repeat(64)] {
        assert!(SecretKey::new(secret).is_err(), "{secret:?}");
    }
    let mut read = 0;
    for folder in ["", "docs", "examples"] {
        for text in texts(&crate::repository::path(folder), false) {
            read += 1;
            for after in text.split("SecretKey::new(\"").skip(1).chain(text.split("AUTH_SECRET=\"").skip(1)) {
                let secret = after.split('"').next().unwrap();
                assert!(secret.starts_with('$') || SecretKey::new(secret).is_err(), "an example runs with {secret}");
            }
        }
    }
    assert!(read > 5, "the documentation was found");
}

/// A service migrated from the fastapi-users documentation may keep its secret `SECRET` by an explicit opt-out, which is logged.
#[tokio::test]
async fn a_short_secret_needs_an_explicit_opt_out() {
    assert!(SecretKey::new("SECRET").is_err());
    for (policy, raw) in
        [(Policy::fastapi_users(), true), (Policy::recommended().raw_keys(), true), (Policy::recommended(), false)]
    {
        let app = TestApp::with_secret(SecretKey::allow_short_secret("SECRET"), policy).await;
        assert!(app.users.policy().allows(Relaxation::ShortSecret));
        assert_eq!(app.users.policy().allows(Relaxation::RawKeys), raw);
        let session = app.member(ARTHUR).await;
        assert_eq!(app.me(&session).await.status, 200);
        let token = verify_token(&app, ARTHUR).await;
        assert_eq!(verify(&app, &token).await.status, 200);
        let token = reset_token(&app, ARTHUR).await;
        reset(&app, &token, OTHER).await.is(200, "null");
        assert_eq!(app.try_login(ARTHUR, PASSWORD).await.status, 400);
    }
    let long_but_known = SecretKey::allow_short_secret("SECRET".repeat(10));
    let app = TestApp::with_secret(long_but_known, Policy::recommended()).await;
    assert!(app.users.policy().allows(Relaxation::ShortSecret), "a long placeholder is rejected too");
}

/// Test helpers are enabled only by the feature `testing`, and each of them logs its use in a release build.
#[test]
fn test_helpers_absent_in_release() {
    let manifest = crate::repository::read("Cargo.toml");
    let features = manifest.split("\n[features]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let enabling: Vec<&str> = features.lines().filter(|line| line.contains("/testing")).collect();
    assert_eq!(enabling, [r#"testing = ["users-runtime/testing"]"#]);
    for (file, helper) in [
        ("testing/clock.rs", "ManualClock"),
        ("adapter/mail/memory.rs", "MemoryMails"),
        ("adapter/password/hashing.rs", "Argon2Params::weak_for_tests"),
    ] {
        let source = crate::repository::read(&format!("users-runtime/src/{file}"));
        assert!(source.contains(&format!("event::warn_of_test_helper(\"{helper}\")")), "{file}");
    }
}

/// Returns the texts of the Rust and Markdown files below a folder.
fn texts(folder: &Path, below: bool) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && below {
            found.extend(texts(&path, below));
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
            found.push(std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn debug_prints_no_secret() {
    let app = TestApp::start().await;
    app.register("arthur@camelot.bt").await;
    let user = app.stored("arthur@camelot.bt").await;
    let hash = user.hashed_password.as_stored().to_owned();
    let canary = "canary-5e1f-of-the-king";
    let secret = SecretKey::new(SECRET).unwrap();
    for printed in [
        format!("{:?} {:#?}", app.users, app.users),
        format!("{user:?} {user:#?}"),
        format!("{secret:?}"),
        format!("{:?}", SecretKey::new(canary)),
        format!("{:?}", Password::new(canary)),
        format!("{:?}", PasswordHash::from_stored(canary)),
        format!("{:?} {:?} {:?}", AccessToken::new(canary), ResetToken::new(canary), VerifyToken::new(canary)),
        format!("{:?} {:?}", Backend::bearer("jwt", Jwt::new()), Jwt::default()),
        format!("{:?}", app.users.policy()),
    ] {
        for secret in [SECRET, PASSWORD, canary, &hash, &hash[hash.len() - 12..]] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
