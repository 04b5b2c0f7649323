// Recorded: s_register_routes, SqlUser
// Names that the expansion uses as well: of the struct, of types, of fields and in an expression.

use axum_users::{AuthUser, PasswordHash};

mod rt {
    pub type Words = String;
    pub fn values() -> super::DB {
        7
    }
}
type DB = i32;

fn input() -> Option<String> {
    Some("input".to_owned())
}

#[derive(AuthUser, Debug, Clone)]
pub struct S {
    pub id: i32,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read, create, update, default = rt::values())]
    pub r#type: DB,
    #[auth(read, create, update, default = input())]
    pub user: Option<rt::Words>,
    #[auth(read, default = input())]
    pub account: Option<String>,
    #[auth(read, create, update)]
    pub values: Option<String>,
    #[auth(read, create, update)]
    pub row: Option<String>,
    #[auth(read, create, update)]
    pub users: Option<String>,
}
