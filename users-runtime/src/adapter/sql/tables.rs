//! The tables of a user type, described once and for every database: names, kinds of columns, keys, indexes. How a
//! database spells them is in [`Catalog`](super::Catalog); how a description becomes statements is in `ddl`.
//!
//! Tables and columns are those of contract.md section 14, then what the application adds, then ours. Another table is
//! one more function here and one more line in [`tables`].

use super::{SqlColumn, UserSql};

/// Who makes ids, and so what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// A UUID, made by us.
    Uuid,
    /// An integer, made by the database.
    Integer,
}

/// What a column holds, whatever a database calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// A row's own id.
    Key(IdKind),
    /// The id of a user.
    UserId(IdKind),
    /// A text of so many characters at most.
    Text(u16),
    /// The same in a column of ours, whosever table it is in: any characters, compared byte for byte.
    Exact(u16),
    /// True or false.
    Flag,
    /// An integer of 64 bits.
    Number,
    /// A point in time, as we write it.
    Time,
    /// A point in time in a table of fastapi-users.
    UpstreamTime,
    /// A column of the application's own, in the words of the database.
    Own(String),
    /// The same for the column that names the tenant, which stands in indexes.
    Tenant(String),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name, unquoted.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<TableColumn>,
    /// The column of its primary key.
    pub primary_key: &'static str,
    /// Columns that refer to a user and go with it.
    pub of_user: Option<UserReference>,
    /// Its indexes.
    pub indexes: Vec<TableIndex>,
    /// Whether rows live in the primary key's index, where a database has the choice.
    pub clustered: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableColumn {
    /// Its name, unquoted.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// What rows get that are there before the column is: an SQL literal.
    pub fill: Option<String>,
    /// Whether `fill` is the column's default in a new table too, so that programs which know nothing of the column
    /// can still insert.
    pub has_default: bool,
}

/// A foreign key to a user, `ON DELETE CASCADE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserReference {
    /// The column here.
    pub column: &'static str,
    /// The table of users.
    pub users: &'static str,
    /// Its id.
    pub id: &'static str,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableIndex {
    /// Its name, unquoted.
    pub name: String,
    /// What it is made of.
    pub over: IndexTarget,
    /// The column of the tenant, which stands before that, for what is unique per tenant.
    pub within: Option<&'static str>,
    /// Whether a value may stand in it once only.
    pub unique: bool,
    /// Whether a table that was there before us must get it as well.
    pub required: bool,
}

/// What an index is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IndexTarget {
    /// Columns, in order.
    Columns(Vec<&'static str>),
    /// The canonical form of the address in a column.
    Canonical(&'static str),
}

/// The column of the tenant, for users that have one.
pub(super) fn tenant_of(custom: &[SqlColumn]) -> Option<&'static str> {
    custom.iter().find(|column| column.is_tenant).map(|column| column.name)
}

/// The name of the unique index over the canonical address.
pub(super) fn canonical_index(sql: &UserSql) -> String {
    format!("ix_{}_{}_canonical", sql.table, sql.roles.email)
}

/// Every table of a user type; users first, since others refer to them.
pub(super) fn tables(sql: &'static UserSql, custom: &[SqlColumn]) -> Vec<Table> {
    vec![users(sql, custom), token_state(sql), sessions(sql)]
}

const fn id_kind(sql: &UserSql) -> IdKind {
    if sql.id_made_by_database { IdKind::Integer } else { IdKind::Uuid }
}

/// A column that may not be NULL.
const fn column(name: &'static str, kind: ColumnKind) -> TableColumn {
    TableColumn { name, kind, nullable: false, fill: None, has_default: false }
}

impl TableColumn {
    fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    fn defaults_to(self, literal: &str) -> Self {
        Self { fill: Some(literal.to_owned()), has_default: true, ..self }
    }
}

/// An ordinary index of a table of ours, over one column.
fn index(table: &str, column: &'static str) -> TableIndex {
    TableIndex {
        name: format!("ix_{table}_{column}"),
        over: IndexTarget::Columns(vec![column]),
        within: None,
        unique: false,
        required: true,
    }
}

/// The table of users: upstream's columns as upstream declares them, then the application's, then ours.
fn users(sql: &'static UserSql, custom: &[SqlColumn]) -> Table {
    let (email, within) = (sql.roles.email, tenant_of(custom));
    let mut columns = vec![
        column(sql.roles.id, ColumnKind::Key(id_kind(sql))),
        column(sql.roles.email, ColumnKind::Text(320)),
        column(sql.roles.hashed_password, ColumnKind::Text(1024)),
        column(sql.roles.is_active, ColumnKind::Flag),
        column(sql.roles.is_superuser, ColumnKind::Flag),
        column(sql.roles.is_verified, ColumnKind::Flag),
    ];
    columns.extend(custom.iter().map(|own| TableColumn {
        nullable: own.nullable,
        fill: own.fill.clone(),
        ..column(own.name, if own.is_tenant { ColumnKind::Tenant } else { ColumnKind::Own }(own.sql_type.clone()))
    }));
    columns.push(column("auth_epoch", ColumnKind::Number).defaults_to("0"));
    Table {
        name: sql.table.to_owned(),
        columns,
        primary_key: sql.roles.id,
        of_user: None,
        indexes: vec![
            TableIndex {
                name: format!("ix_{}_{email}", sql.table),
                over: IndexTarget::Columns(vec![email]),
                within,
                unique: true,
                // The canonical one is the stricter. But one over the address alone keeps tenants from having the same.
                required: within.is_some(),
            },
            TableIndex {
                name: canonical_index(sql),
                over: IndexTarget::Canonical(email),
                within,
                unique: true,
                required: true,
            },
        ],
        clustered: false,
    }
}

/// The table of what is noted about tokens.
fn token_state(sql: &'static UserSql) -> Table {
    let name = format!("{}_token_state", sql.table);
    Table {
        columns: vec![
            column("token_id", ColumnKind::Exact(22)),
            column("user_id", ColumnKind::UserId(id_kind(sql))).nullable(),
            column("revoked", ColumnKind::Flag),
            column("kept_epoch", ColumnKind::Number).nullable(),
            column("expires_at", ColumnKind::Time),
        ],
        primary_key: "token_id",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // By expiry for the purge, by user for the cascade of a deletion.
        indexes: vec![index(&name, "expires_at"), index(&name, "user_id")],
        clustered: true,
        name,
    }
}

/// The table of sessions: upstream's columns as upstream declares them, then ours. Those have a default or may be NULL, so that
/// fastapi-users can go on adding rows.
fn sessions(sql: &'static UserSql) -> Table {
    let name = sql.session_table.to_owned();
    Table {
        columns: vec![
            column("user_id", ColumnKind::UserId(id_kind(sql))),
            column("token", ColumnKind::Text(43)),
            column("created_at", ColumnKind::UpstreamTime),
            column("hashed", ColumnKind::Flag).defaults_to("FALSE"),
            column("session_id", ColumnKind::Exact(22)).nullable(),
            column("auth_epoch", ColumnKind::Number).nullable(),
            column("last_seen_at", ColumnKind::UpstreamTime).nullable(),
            column("client", ColumnKind::Exact(45)).nullable(),
            column("user_agent", ColumnKind::Exact(255)).nullable(),
        ],
        primary_key: "token",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // By login for the purge, by user for the list, the cap and the cascade of a deletion.
        indexes: vec![index(&name, "created_at"), index(&name, "user_id")],
        clustered: false,
        name,
    }
}
