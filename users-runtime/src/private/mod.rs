//! The items that generated code refers to. Hidden, and not part of the public API: they change with every version.

pub mod check;
pub mod excluded;
pub mod type_probe;

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

pub use crate::{
    __implicit_default as implicit_default, __json_of as json_of, __never_null as never_null,
    __not_on_mysql as not_on_mysql, __not_on_postgres as not_on_postgres, __not_on_sqlite as not_on_sqlite,
    __nullable as nullable, __until_stored as until_stored,
};
pub use axum::Router;
pub use serde::{self, Deserialize, Serialize, ser::SerializeMap};
pub use sqlx;

#[cfg(all(feature = "audit", any(test, feature = "testing")))]
pub use crate::adapter::sql::audit_statements;
#[cfg(all(debug_assertions, any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
pub use crate::adapter::sql::compiled_with_this_crate;
#[cfg(any(test, feature = "testing"))]
pub use crate::adapter::sql::{
    Catalog, counter_statements, find_many_of_bytes, oauth_statements, passkey_statements, refresh_statements,
    second_factor_statements, session_statements,
};
pub use crate::{
    adapter::sql::{
        Column, Dialect, LoginSql, RoleColumns, Row, SqlColumn, SqlResult, SqlUser, Statements, UserSql, Values,
        column, json_column, text_column,
    },
    domain::{
        IdSeed, LoginName, Password, PasswordHash, Status, UserId,
        field::{Rule, check_with},
        lax::present,
        uuid_v7,
    },
    flows::{
        email_change::*, email_code::*, login::*, logout::*, magic_link::*, me::*, mfa_login::*, reauthenticate::*,
        refresh::*, register::*, reset_password::*, users::*, verify::*,
    },
    http::{Handle, HasUsers, IdText, RouteBackend, Routes},
    service::Users,
    user::{
        Account, AccountMut, AuthUser, Changes, Columns, CustomField, HasTenant, Moment, NewAccount, OAuthAccountRead,
        Tenant,
        client::{RequestFields, RequestSchema},
    },
};
#[cfg(feature = "oauth")]
pub use crate::{flows::oauth::*, http::RouteProvider, service::OAuthProvider};
