use axum_users::{ResetToken, VerifyToken};

fn mail(token: &ResetToken) {
    let _ = token;
}

fn after_request_verify(token: &VerifyToken) {
    mail(token);
}

fn main() {}
