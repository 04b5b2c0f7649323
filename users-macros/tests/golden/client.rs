// Recorded: UserCreate, RequestSchema
/// Users whose requests are also sent by clients in Rust.
#[derive(axum_users::AuthUser, Debug, Clone)]
#[auth(client)]
pub struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: axum_users::PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read, create, update, rename = "fullName")]
    pub full_name: Option<String>,
    #[auth(read, admin, default)]
    pub quota: i64,
}
