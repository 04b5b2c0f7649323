//! Session settings that are rejected at build time, and settings that are reported as relaxations.

use std::time::Duration;

use axum_users::{AuthUser, Backend, Bearer, DatabaseSessions, Jwt, PasswordHash, SecretKey, Users};

#[derive(AuthUser, Debug, Clone)]
struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns how many rules a service with this backend relaxes, or `None` if it cannot be built.
async fn relaxed(backend: Backend) -> Option<usize> {
    let secret = SecretKey::generate().unwrap();
    let users = Users::<User>::builder(secret).database("sqlite::memory:").backend(backend).build().await;
    users.ok().map(|users| users.policy().relaxations().count())
}

#[tokio::test]
async fn long_and_endless_stored_sessions_are_reported_and_zero_lifetimes_rejected() {
    for (config, relaxations) in [
        (DatabaseSessions::new().lifetime(Duration::ZERO), None),
        (DatabaseSessions::new().idle(120 * SECOND - Duration::from_millis(1)), None),
        (DatabaseSessions::new().at_most(0), None),
        (DatabaseSessions::new().idle(120 * SECOND).lifetime(30 * DAY), Some(0)),
        (DatabaseSessions::new().lifetime(30 * DAY).without_idle_limit(), Some(0)),
        (DatabaseSessions::new().lifetime(30 * DAY + SECOND), Some(1)),
        (DatabaseSessions::new().never_expires(), Some(1)),
    ] {
        let described = format!("{config:?}");
        assert_eq!(relaxed(Backend::new("it", Bearer, config)).await, relaxations, "{described}");
    }
}

#[tokio::test]
async fn long_and_endless_jwts_are_reported_and_zero_lifetimes_rejected() {
    for (config, relaxations) in [
        (Jwt::new().lifetime(Duration::ZERO), None),
        (Jwt::new().lifetime(DAY), Some(0)),
        (Jwt::new().lifetime(DAY + SECOND), Some(1)),
        (Jwt::new().never_expires(), Some(1)),
    ] {
        let described = format!("{config:?}");
        assert_eq!(relaxed(Backend::new("it", Bearer, config)).await, relaxations, "{described}");
    }
}
