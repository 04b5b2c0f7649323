// Every kind of custom field.

use axum_users::{AuthUser, PasswordHash};
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// How the person wants to be called.
    ///
    /// Not unique.
    #[auth(read, create, update, length(min = 1, max = 80), pattern("^\\S"))]
    pub nick: String,
    #[auth(read, create, update, range(min = 0, max = 150.5))]
    pub age: Option<i32>,
    #[auth(read, create, update, range(min = -273.15), default = 20.0)]
    pub room_temperature: f64,
    #[auth(create, update, default)]
    pub newsletter: bool,
    #[auth(read, admin, default = 100)]
    pub quota: i64,
    #[auth(read, create, admin, text, default = Plan::Free)]
    pub plan: Plan,
    #[auth(read, create, update, json, default, check = at_most_three)]
    pub tags: Vec<String>,
    #[auth(read, update, json)]
    pub address: Option<Address>,
    #[deprecated = "use `plan`"]
    #[auth(read)]
    pub tier: i32,
    #[auth(private)]
    pub note: Option<String>,
    #[auth(private, default = 7, column = "inner_score")]
    pub score: i32,
    #[auth(read, from_database = "CURRENT_TIMESTAMP")]
    pub created_at: DateTime<Utc>,
    #[auth(private, from_database, default = 0)]
    pub number: i64,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    Free,
    Paid,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    pub city: String,
}

fn at_most_three(tags: &[String]) -> Result<(), String> {
    if tags.len() > 3 { Err("at most three tags".to_owned()) } else { Ok(()) }
}
