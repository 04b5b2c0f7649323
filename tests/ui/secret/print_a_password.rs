use axum_users::{Password, PasswordHash, SecretKey};

fn log(password: &Password, hash: &PasswordHash, secret: &SecretKey) {
    println!("{password} {hash} {secret}");
}

fn main() {}
