//! Proposes settings of password hashing for this machine: `cargo run --release --example calibrate`, or with the time that one
//! hash may take in milliseconds, `cargo run --release --example calibrate 250`.

use std::time::Duration;

use axum_users::{AuthUser, PasswordHash, Users};
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let milliseconds = std::env::args().nth(1).map_or(Ok(100), |argument| argument.parse())?;
    println!("{}", Users::<User>::calibrate(Duration::from_millis(milliseconds))?);
    Ok(())
}
