//! The application's user type and its stored form.

use axum_users::{AuthUser, PasswordHash, store::NewAccount};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::Record;

#[derive(AuthUser, Debug, Clone, PartialEq)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,

    /// The name to display.
    #[auth(read, create, update, length(max = 80))]
    pub full_name: Option<String>,
    /// A limit granted by a superuser.
    #[auth(read, admin, default = 100)]
    pub quota: i64,
}

/// The fields other than the roles. A field that is added later needs a default here for existing rows.
#[derive(Serialize, Deserialize)]
pub struct Custom {
    full_name: Option<String>,
    quota: i64,
}

impl Record for User {
    type Custom = Custom;

    fn custom(&self) -> Custom {
        Custom { full_name: self.full_name.clone(), quota: self.quota }
    }

    fn restored(account: NewAccount<Uuid>, custom: Custom) -> Self {
        Self {
            id: account.id,
            email: account.email,
            hashed_password: account.hashed_password,
            is_active: account.status.is_active,
            is_superuser: account.status.is_superuser,
            is_verified: account.status.is_verified,
            full_name: custom.full_name,
            quota: custom.quota,
        }
    }
}
