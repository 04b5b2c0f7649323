//! Cryptographic failures reject the request and never fall back (OWASP ASVS 11.2.5).

use serde_json::json;

use crate::dice::Dice;
use crate::support::{PASSWORD, TestApp};

/// Covers stored hashes and signed tokens; no ciphertext is stored.
#[tokio::test]
async fn corrupt_hash_or_ciphertext_fails_closed() {
    let app = TestApp::start().await;
    app.register("arthur@camelot.bt").await;
    app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await.is(202, "null");
    let token = app.hooks.token("on_after_forgot_password").await;
    let pool = app.sqlite().await;
    let good = app.stored("arthur@camelot.bt").await.hashed_password.as_stored().to_owned();
    let store = async |hash: &str| {
        sqlx::query("UPDATE user SET hashed_password = $1").bind(hash).execute(&pool).await.unwrap();
    };

    let mut dice = Dice::new(1125);
    for _ in 0..200 {
        let mut corrupt = good.clone().into_bytes();
        let at = dice.below(corrupt.len());
        match dice.below(3) {
            0 => corrupt[at] = b"Ab0$,=+/ "[dice.below(9)],
            1 => corrupt.truncate(at),
            _ => corrupt.insert(at, b'1'),
        }
        let corrupt = String::from_utf8(corrupt).unwrap();
        if corrupt == good {
            continue;
        }
        store(&corrupt).await;
        app.try_login("arthur@camelot.bt", PASSWORD).await.is(400, r#"{"detail":"LOGIN_BAD_CREDENTIALS"}"#);
        // The mailed token is bound to the hash, so it does not reset a changed one.
        let body = json!({ "token": token, "password": "another long sword" });
        app.post("/auth/reset-password").json(body).send().await.is(400, r#"{"detail":"RESET_PASSWORD_BAD_TOKEN"}"#);
        assert_eq!(
            app.stored("arthur@camelot.bt").await.hashed_password.as_stored(),
            corrupt,
            "the corrupt hash is not replaced silently"
        );
    }
    store(&good).await;
    app.login("arthur@camelot.bt", PASSWORD).await;
}
