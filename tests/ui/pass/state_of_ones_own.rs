use axum::{Router, extract::FromRef};
use axum_users::{AuthUser, PasswordHash, Users};

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: i64,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

#[derive(Clone)]
struct AppState {
    users: Users<User>,
    _name: String,
}

impl FromRef<AppState> for Users<User> {
    fn from_ref(state: &AppState) -> Self {
        state.users.clone()
    }
}

fn app(state: AppState) -> Router {
    Router::new().nest("/auth", user_register_routes(&state.users)).merge(user_routes(&state.users)).with_state(state)
}
