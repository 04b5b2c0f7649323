//! Secrets do not print (OWASP ASVS 13.3.1).

use axum_users::{AccessToken, Backend, JwtConfig, Password, PasswordHash, ResetToken, SecretKey, VerifyToken};

use crate::support::{PASSWORD, SECRET, TestApp};

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
        format!("{:?} {:?}", Backend::bearer_jwt("jwt"), JwtConfig::default()),
        format!("{:?}", app.users.policy()),
    ] {
        for secret in [SECRET, PASSWORD, canary, &hash, &hash[hash.len() - 12..]] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
