use axum_users::{AuthUser, Guard, Guarded, PasswordHash};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

#[derive(AuthUser, Debug, Clone)]
#[auth(table = "member")]
pub struct Member {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

struct IsEditor;

impl Guard<Member> for IsEditor {
    fn allows(member: &Member) -> bool {
        member.is_verified
    }
}

async fn edit(user: Guarded<User, IsEditor>) -> String {
    user.0.email
}

fn main() {}
