use axum_users::PasswordHash;

fn answer(hash: PasswordHash) -> axum::Json<PasswordHash> {
    axum::Json(hash)
}

fn main() {
    let _ = serde_json::to_string(&answer(PasswordHash::from_stored("$argon2id$")).0);
}
