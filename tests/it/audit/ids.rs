//! Users whose ids the database generates.

use axum_users::{AuthUser, Backend, Jwt, PasswordHash, SecretKey, Users, schema::Status};

use super::databases;
use crate::hashing::weak_hashing;
use crate::{
    matrix::Database,
    support::{PASSWORD, SECRET},
};

/// A user with an integer id.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "knight")]
pub struct Knight {
    pub id: i64,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

#[tokio::test]
async fn the_entry_of_a_new_user_has_the_id_that_the_database_made() {
    for kind in databases().await {
        let database = Database::empty(kind).await;
        let users = Users::<Knight>::builder(SecretKey::new(SECRET).unwrap())
            .database(database.url())
            .backend(Backend::bearer("jwt", Jwt::new()))
            .hashing(weak_hashing())
            .audit_log()
            .build()
            .await
            .unwrap();
        users.migrate().await.unwrap();
        for email in ["kay@camelot.bt", "bors@camelot.bt"] {
            let create = KnightCreate { email: email.into(), password: PASSWORD.into() };
            let knight = users.create(create, Status::NEW).await.unwrap();
            let page = users.audit().of(&knight.id).page().await.unwrap();
            // SQLite gives the id of a deleted user to the next one: the newest entry is the right one.
            let entry = &page.entries[0];
            assert_eq!((entry.event.as_str(), entry.user_id.clone()), ("register", Some(knight.id.to_string())));
            users.delete(&knight).await.unwrap();
            let page = users.audit().of(&knight.id).page().await.unwrap();
            assert_eq!(page.entries[0].event, "delete", "{kind:?}: {page:?}");
        }
    }
}
