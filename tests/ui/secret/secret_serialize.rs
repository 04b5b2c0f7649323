use axum_users::{AccessToken, Password, ResetToken, SecretKey, VerifyToken};

fn answer(secret: &SecretKey, password: &Password, access: &AccessToken, reset: &ResetToken, verify: &VerifyToken) {
    let _ = serde_json::to_string(secret);
    let _ = serde_json::to_string(password);
    let _ = serde_json::to_string(access);
    let _ = serde_json::to_string(reset);
    let _ = serde_json::to_string(verify);
}

fn main() {}
