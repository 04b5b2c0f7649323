// Recorded: SqlUser
// A struct for some of the databases: one impl for each that it names, and a refusal for the others.

#[derive(axum_users::AuthUser, Debug, Clone)]
#[auth(databases(postgres))]
pub struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: axum_users::PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read, create, update)]
    pub tags: Vec<String>,
}
