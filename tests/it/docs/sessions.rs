//! The page about sessions.

use std::time::Duration;

use axum_users::{AuthUser, Backend, Bearer, DatabaseSessions, Jwt, PasswordHash, SecretKey, Users};

use super::page::{numbers_stand_in_the_code, read, rows};

#[derive(AuthUser, Debug, Clone)]
struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// Whether a service is built with this backend, and how many rules it relaxes.
async fn relaxed(backend: Backend) -> Option<usize> {
    let secret = SecretKey::new("q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E").unwrap();
    let users = Users::<User>::builder(secret).database("sqlite::memory:").backend(backend).build().await;
    users.ok().map(|users| users.policy().relaxations().count())
}

#[tokio::test]
async fn session_page() {
    let page = read("docs/guide/sessions.md");
    assert_eq!(numbers_stand_in_the_code(&page), 7, "every limit names its number in the code");
    let limits: Vec<_> = rows(&page).into_iter().filter(|row| row.len() == 4 && row[3].contains(".rs`")).collect();
    let defaults: Vec<_> = limits.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(defaults, ["3,600 s", "24 h", "1 h", "1 min", "1 min", "300 s", "20"]);

    // What the page says is refused, and what it says is listed.
    let stored = |config: DatabaseSessions| relaxed(Backend::new("it", Bearer, config));
    let jwt = |config: Jwt| relaxed(Backend::new("it", Bearer, config));
    let (second, day) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));
    assert!(page.contains("A lifetime of zero, an idle limit under two minutes and a\ncap of zero are refused"));
    assert_eq!(stored(DatabaseSessions::new().lifetime(Duration::ZERO)).await, None);
    assert_eq!(stored(DatabaseSessions::new().idle(120 * second - Duration::from_millis(1))).await, None);
    assert_eq!(stored(DatabaseSessions::new().at_most(0)).await, None);
    assert_eq!(jwt(Jwt::new().lifetime(Duration::ZERO)).await, None);
    assert!(
        page.contains(
            "A JWT of more than 24\nhours, a stored session of more than 30 days and an eternal one are listed"
        )
    );
    assert_eq!(stored(DatabaseSessions::new().idle(120 * second).lifetime(30 * day)).await, Some(0));
    assert_eq!(stored(DatabaseSessions::new().lifetime(30 * day + second)).await, Some(1));
    assert_eq!(stored(DatabaseSessions::new().never_expires()).await, Some(1));
    assert_eq!(jwt(Jwt::new().lifetime(day)).await, Some(0));
    assert_eq!(jwt(Jwt::new().lifetime(day + second)).await, Some(1));
    assert_eq!(jwt(Jwt::new().never_expires()).await, Some(1));
    assert!(page.contains("`lifetime(30 days).without_idle_limit()`"));
    assert_eq!(stored(DatabaseSessions::new().lifetime(30 * day).without_idle_limit()).await, Some(0));
}
