use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read)]
    pub a: Option<String>,
    #[auth(create)]
    pub b: Option<String>,
    #[auth(update)]
    pub c: Option<String>,
    #[auth(admin)]
    pub d: Option<String>,
    #[auth(read, create, admin)]
    pub e: i64,
    #[auth(private)]
    pub f: Vec<u8>,
    #[auth(private, json)]
    pub g: Vec<String>,
    #[auth(read, create, check = short)]
    pub h: String,
    #[auth(read, create, check = short)]
    pub i: Option<String>,
}

fn short(text: &str) -> Result<(), &'static str> {
    if text.len() > 9 { Err("too long") } else { Ok(()) }
}
