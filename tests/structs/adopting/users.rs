//! The structs for the tables in this folder, as docs/guide/adopting.md maps them.
#![allow(clippy::disallowed_methods, reason = "defaults as an application writes them")]

use axum_users::{AuthUser, PasswordHash};
use chrono::{DateTime, NaiveDateTime, Utc};
use uuid::Uuid;

/// The models of fastapi-users.
#[derive(AuthUser, Debug, Clone)]
pub struct Upstream {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}

/// A model of SQLAlchemy with names of its own. `created_at` has a default in the database, so it needs no field.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "users")]
pub struct Account {
    pub id: i32,
    pub email: String,
    #[auth(column = "password_hash")]
    pub hashed_password: PasswordHash,
    #[auth(column = "active")]
    pub is_active: bool,
    #[auth(column = "is_admin")]
    pub is_superuser: bool,
    #[auth(column = "email_confirmed")]
    pub is_verified: bool,

    #[auth(read, create, update, length(min = 1, max = 100))]
    pub name: Option<String>,
}

/// A model of SQLAlchemy whose keys and references are UUIDs.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "account")]
pub struct UuidAccount {
    pub id: Uuid,
    pub email: String,
    #[auth(column = "password_hash")]
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(read, update)]
    pub team_id: Option<Uuid>,
}

/// A custom user of Django. Django sets every value itself, so each column that is NOT NULL needs a field.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "accounts_user")]
pub struct DjangoUser {
    pub id: i64,
    pub email: String,
    #[auth(column = "password")]
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(read, create, update, default, length(max = 150))]
    pub first_name: String,
    #[auth(read, create, update, default, length(max = 150))]
    pub last_name: String,
    #[auth(private, default)]
    pub is_staff: bool,
    #[auth(read, default = Utc::now())]
    pub date_joined: DateTime<Utc>,
}

/// The built-in user of Django, whose user names are not used here.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "auth_user")]
pub struct DjangoAuthUser {
    pub id: i32,
    pub email: String,
    #[auth(column = "password")]
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(private, default = Uuid::new_v4().to_string())]
    pub username: String,
    #[auth(read, create, update, default, length(max = 150))]
    pub first_name: String,
    #[auth(read, create, update, default, length(max = 150))]
    pub last_name: String,
    #[auth(private, default)]
    pub is_staff: bool,
    #[auth(read, default = Utc::now())]
    pub date_joined: DateTime<Utc>,
}

/// The user of Laravel.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "users")]
pub struct LaravelUser {
    pub id: i64,
    pub email: String,
    #[auth(column = "password")]
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(read, create, update, length(max = 255))]
    pub name: String,
}

/// The user of Devise. Rails sets the two times itself.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "users")]
pub struct DeviseUser {
    pub id: i64,
    pub email: String,
    #[auth(column = "encrypted_password")]
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    #[auth(private, default = Utc::now().naive_utc())]
    pub created_at: NaiveDateTime,
    #[auth(private, default = Utc::now().naive_utc())]
    pub updated_at: NaiveDateTime,
}

/// An entity of TypeORM.
#[derive(AuthUser, Debug, Clone)]
pub struct TypeormUser {
    pub id: Uuid,
    pub email: String,
    #[auth(column = "passwordHash")]
    pub hashed_password: PasswordHash,
    #[auth(column = "isActive")]
    pub is_active: bool,
    #[auth(column = "isAdmin")]
    pub is_superuser: bool,
    #[auth(column = "emailVerified")]
    pub is_verified: bool,

    #[auth(read, create, update, rename = "firstName", column = "firstName", length(max = 255))]
    pub first_name: Option<String>,
}

/// A table made by hand.
#[derive(AuthUser, Debug, Clone)]
#[auth(table = "member")]
pub struct Member {
    #[auth(column = "member_no")]
    pub id: i32,
    #[auth(column = "mail")]
    pub email: String,
    #[auth(column = "pw")]
    pub hashed_password: PasswordHash,
    #[auth(column = "enabled")]
    pub is_active: bool,
    #[auth(column = "admin")]
    pub is_superuser: bool,
    #[auth(column = "confirmed")]
    pub is_verified: bool,

    #[auth(read, admin, default)]
    pub visits: i32,
}
