//! The items that generated code refers to. Hidden, and not part of the public API: they change with every version.

pub mod check;

pub use core::primitive::{bool, str};
pub use std::{
    clone::Clone,
    convert::From,
    default::Default,
    fmt::Debug,
    option::Option::{self, None, Some},
    result::Result::{self, Err, Ok},
    string::String,
    vec,
    vec::Vec,
};

pub use axum::Router;
pub use serde::{self, Deserialize, Serialize};
pub use sqlx;

#[cfg(any(test, feature = "testing"))]
pub use crate::adapter::sql::{Catalog, session_statements};
pub use crate::{
    adapter::sql::{
        Column, Dialect, RoleColumns, Row, SqlColumn, SqlResult, SqlUser, Statements, UserSql, Values, column,
        json_column, text_column,
    },
    domain::{
        Password, PasswordHash, Status, UserId,
        field::{Rule, check_with},
        lax::present,
    },
    flows::{login::*, logout::*, me::*, register::*, reset_password::*, users::*, verify::*},
    http::{Handle, HasUsers, IdText, RouteBackend, Routes},
    service::Users,
    user::{Account, AccountMut, AuthUser, Changes, Columns, CustomField, HasTenant, NewAccount, Tenant},
};
