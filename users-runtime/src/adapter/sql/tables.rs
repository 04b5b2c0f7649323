//! The tables of a user type, described once for all databases: names, kinds of columns, keys and indexes.
//! [`Catalog`](super::Catalog) has the notation of each database; `ddl` generates the statements.
//!
//! Tables and columns are those of fastapi-users, followed by those of the application and those of axum-users. To add
//! a table, write a function for it and add it to [`tables`].

mod optional;

pub(super) use self::optional::OptionalTables;
#[cfg(feature = "audit")]
pub(super) use self::optional::{AUDIT_COLUMNS, AUDIT_LENGTHS};
use super::{FromDatabase, SqlColumn, StoredAs, UserSql, Written, WrittenText};
use crate::{
    domain::{AuthMethods, IdKind, Suspension, id_kind},
    user::AuthUser,
};

/// The content of an id column, and who generates the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdColumn {
    /// The kind of the ids.
    pub kind: IdKind,
    /// `true` if the database generates them on insert.
    pub made_by_database: bool,
}

impl IdColumn {
    /// Returns the column of a user type's ids.
    pub(super) const fn of<U: AuthUser>() -> Self {
        Self { kind: id_kind::<U::Id>(), made_by_database: U::ID_MADE_BY_DATABASE }
    }
}

/// The kind of a column, independent of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// The id of the row.
    Key(IdColumn),
    /// The id of a user.
    UserId(IdKind),
    /// A string of at most this many characters.
    Text(u16),
    /// A string of at most this many characters in a column of axum-users: any characters, compared byte for byte.
    Exact(u16),
    /// A string without a limit on its length.
    LongText,
    /// A boolean.
    Flag,
    /// An integer of 64 bits.
    Number,
    /// An integer of 32 bits, as fastapi-users declares the expiry of a provider's token.
    UpstreamNumber,
    /// A time in the format of axum-users.
    Time,
    /// A time in the format of fastapi-users.
    UpstreamTime,
    /// A custom column with this type, in the database's notation.
    Own(String),
    /// The column of the tenant or of the login name, which is part of indexes.
    Indexed(String),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The name, unquoted.
    pub name: String,
    /// The columns, in order.
    pub columns: Vec<TableColumn>,
    /// The column of the primary key.
    pub primary_key: &'static str,
    /// The foreign key to the user whose deletion deletes the row.
    pub of_user: Option<UserReference>,
    /// The indexes.
    pub indexes: Vec<TableIndex>,
    /// `true` if the rows are stored in the index of the primary key, where the database supports it.
    pub clustered: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableColumn {
    /// The name, unquoted.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: ColumnKind,
    /// `true` if the column may be NULL.
    pub nullable: bool,
    /// The value for existing rows when the column is added: an SQL literal.
    pub fill: Option<String>,
    /// `true` if `fill` is also the default in a new table, so that programs that do not know the column can insert
    /// rows.
    pub has_default: bool,
    /// Whether and how the database fills the column.
    pub from_database: Option<FromDatabase>,
    /// The form of its values, if it is not that of the type.
    pub stored_as: Option<StoredAs>,
    /// The values that are written into it.
    pub written: Written,
    /// `true` if NULL in an existing column has a meaning, although axum-users never writes NULL.
    pub reads_null: bool,
    /// `true` if the values are bytes of a type that is not known, such as a newtype around a UUID.
    pub is_shaped_bytes: bool,
}

/// The maximum number of characters of an address (RFC 5321), which is also the maximum number of bytes of its ASCII form.
const LONGEST_ADDRESS: u32 = 254;
/// The characters of a subject.
const LONGEST_SUBJECT: u16 = 320;
/// The characters of the reason of a suspension.
const LONGEST_REASON: u16 = 255;
/// The characters of the authentication methods of a session.
const LONGEST_METHODS: u16 = 64;
/// The characters of a backend's name.
const LONGEST_BACKEND: u16 = 64;
const _: () = assert!(LONGEST_METHODS as usize == AuthMethods::MAX_CHARS);
const _: () = assert!(LONGEST_REASON as usize == Suspension::MAX_REASON);
/// The columns of an account's standing, which follow the epoch.
pub(super) const STANDING: [&str; 3] = ["suspended_until", "suspended_reason", "must_change_password"];
/// The characters of a hash with the largest parameters: Argon2id.
const LONGEST_HASH: u32 = 101;

/// A foreign key to a user, `ON DELETE CASCADE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserReference {
    /// The referring column.
    pub column: &'static str,
    /// The table of users.
    pub users: &'static str,
    /// The column of the users' id.
    pub id: &'static str,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableIndex {
    /// The name, unquoted.
    pub name: String,
    /// The indexed columns or expression.
    pub over: IndexTarget,
    /// The column of the tenant, which precedes the others if values are unique per tenant.
    pub within: Option<&'static str>,
    /// `true` for a unique index.
    pub unique: bool,
    /// `true` if the index is also added to a table that axum-users did not create.
    pub required: bool,
}

/// The indexed columns or expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IndexTarget {
    /// Columns, in order.
    Columns(Vec<&'static str>),
    /// The canonical form of the address in a column.
    Canonical(&'static str),
}

/// Returns the column of the tenant, if the type has tenants.
pub(super) fn tenant_of(custom: &[SqlColumn]) -> Option<&'static str> {
    custom.iter().find(|column| column.is_tenant).map(|column| column.name)
}

/// Returns the name of the unique index on the canonical address.
pub(super) fn canonical_index(sql: &UserSql) -> String {
    format!("ix_{}_{}_canonical", sql.table, sql.roles.email)
}

/// Returns all tables of a user type. The table of users is first, because the others refer to it.
pub(super) fn tables(
    sql: &'static UserSql,
    custom: &[SqlColumn],
    id: IdColumn,
    optional: OptionalTables,
) -> Vec<Table> {
    let accounts = sql.oauth_table.map(|name| oauth_accounts(sql, name, id.kind));
    let always = [users(sql, custom, id), token_state(sql, id.kind), sessions(sql, id.kind)];
    let optional = optional.tables(sql, id.kind, tenant_of(custom).is_some());
    always.into_iter().chain(accounts).chain(optional).collect()
}

/// Returns a column that must not be NULL.
const fn column(name: &'static str, kind: ColumnKind) -> TableColumn {
    TableColumn {
        name,
        kind,
        nullable: false,
        fill: None,
        has_default: false,
        from_database: None,
        stored_as: None,
        written: Written::Unknown,
        reads_null: false,
        is_shaped_bytes: false,
    }
}

impl TableColumn {
    fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    fn defaults_to(self, literal: &str) -> Self {
        Self { has_default: true, ..self.filled_with(literal) }
    }

    fn filled_with(self, literal: &str) -> Self {
        Self { fill: Some(literal.to_owned()), ..self }
    }

    fn reading_null(self) -> Self {
        Self { reads_null: true, ..self }
    }

    fn holding(self, text: WrittenText) -> Self {
        Self { written: Written::Text(text), ..self }
    }

    fn holding_any(self) -> Self {
        Self { written: Written::Any, ..self }
    }
}

/// Returns a non-unique index on one column of a table of axum-users.
fn index(table: &str, column: &'static str) -> TableIndex {
    TableIndex {
        name: format!("ix_{table}_{column}"),
        over: IndexTarget::Columns(vec![column]),
        within: None,
        unique: false,
        required: true,
    }
}

/// Returns the table of users: the columns of fastapi-users in its notation, followed by those of the application and
/// those of axum-users.
fn users(sql: &'static UserSql, custom: &[SqlColumn], id: IdColumn) -> Table {
    let (email, within) = (sql.roles.email, tenant_of(custom));
    let mut columns = vec![
        column(sql.roles.id, ColumnKind::Key(id)),
        column(sql.roles.email, ColumnKind::Text(320)).holding(WrittenText::unicode(LONGEST_ADDRESS, LONGEST_ADDRESS)),
        column(sql.roles.hashed_password, ColumnKind::Text(1024))
            .holding(WrittenText::ascii(LONGEST_HASH))
            .reading_null(),
        // It is not known whether the users of an existing table are active. The safe assumption is that none of them
        // is a superuser or has a verified address.
        column(sql.roles.is_active, ColumnKind::Flag),
        column(sql.roles.is_superuser, ColumnKind::Flag).filled_with("FALSE"),
        column(sql.roles.is_verified, ColumnKind::Flag).filled_with("FALSE"),
    ];
    columns.extend(custom.iter().map(|own| TableColumn {
        nullable: own.nullable,
        fill: own.fill.clone(),
        from_database: own.from_database,
        stored_as: own.stored_as,
        written: own.written,
        is_shaped_bytes: own.is_shaped_bytes,
        ..column(own.name, kind_of(own))
    }));
    columns.push(column("auth_epoch", ColumnKind::Number).defaults_to("0").holding_any());
    let reason = u32::from(LONGEST_REASON);
    let [until, reason_column, must_change] = STANDING;
    columns.push(column(until, ColumnKind::UpstreamTime).nullable().holding_any());
    columns.push(
        column(reason_column, ColumnKind::Exact(LONGEST_REASON))
            .nullable()
            .holding(WrittenText::unicode(reason, reason * 4)),
    );
    columns.push(column(must_change, ColumnKind::Flag).defaults_to("FALSE"));
    let login = sql.login.map(|login| TableIndex {
        name: format!("ix_{}_{}_login", sql.table, login.column),
        over: IndexTarget::Columns(vec![login.column]),
        within,
        unique: true,
        required: true,
    });
    let of_emails = [
        TableIndex {
            name: format!("ix_{}_{email}", sql.table),
            over: IndexTarget::Columns(vec![email]),
            within,
            unique: true,
            // The canonical index is stricter. With tenants, an index on only the address would prevent two tenants
            // from having the same one.
            required: within.is_some(),
        },
        TableIndex {
            name: canonical_index(sql),
            over: IndexTarget::Canonical(email),
            within,
            unique: true,
            required: true,
        },
    ];
    Table {
        name: sql.table.to_owned(),
        columns,
        primary_key: sql.roles.id,
        of_user: None,
        indexes: of_emails.into_iter().chain(login).collect(),
        clustered: false,
    }
}

/// Returns the kind of a custom column.
fn kind_of(own: &SqlColumn) -> ColumnKind {
    let sql_type = own.sql_type.clone();
    if own.is_tenant || own.is_login { ColumnKind::Indexed(sql_type) } else { ColumnKind::Own(sql_type) }
}

/// Returns the table of token states.
fn token_state(sql: &'static UserSql, id: IdKind) -> Table {
    let name = format!("{}_token_state", sql.table);
    Table {
        columns: vec![
            column("token_id", ColumnKind::Exact(22)).holding(WrittenText::exactly(22)),
            column("user_id", ColumnKind::UserId(id)).nullable().holding_any(),
            column("revoked", ColumnKind::Flag),
            column("kept_epoch", ColumnKind::Number).nullable().holding_any(),
            column("expires_at", ColumnKind::Time).holding_any(),
            column("reauthenticated_at", ColumnKind::UpstreamTime).nullable().holding_any(),
            column("amr", ColumnKind::Exact(LONGEST_METHODS)).nullable().holding(WrittenText::ascii(64)),
        ],
        primary_key: "token_id",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // By expiry for the purge, by user for the cascading deletion.
        indexes: vec![index(&name, "expires_at"), index(&name, "user_id")],
        clustered: true,
        name,
    }
}

/// Returns the table of sessions: the columns of fastapi-users in its notation, followed by those of axum-users. The
/// latter have a default or may be NULL, so that fastapi-users can still add rows.
fn sessions(sql: &'static UserSql, id: IdKind) -> Table {
    let name = sql.session_table.to_owned();
    Table {
        columns: vec![
            column("user_id", ColumnKind::UserId(id)).holding_any(),
            column("token", ColumnKind::Text(43)).holding(WrittenText::exactly(43)),
            column("created_at", ColumnKind::UpstreamTime).holding_any(),
            column("hashed", ColumnKind::Flag).defaults_to("FALSE"),
            column("session_id", ColumnKind::Exact(22)).nullable().holding(WrittenText::exactly(22)),
            column("auth_epoch", ColumnKind::Number).nullable().holding_any(),
            column("last_seen_at", ColumnKind::UpstreamTime).nullable().holding_any(),
            column("client", ColumnKind::Exact(45)).nullable().holding(WrittenText::ascii(45)),
            column("user_agent", ColumnKind::Exact(255)).nullable().holding(WrittenText::unicode(255, 1020)),
            column("backend", ColumnKind::Exact(64)).nullable().holding(WrittenText::ascii(64)),
            column("amr", ColumnKind::Exact(LONGEST_METHODS)).nullable().holding(WrittenText::ascii(64)),
            column("logged_in_at", ColumnKind::UpstreamTime).nullable().holding_any(),
        ],
        primary_key: "token",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        // By login for the purge, by user for lists, the maximum number of sessions and the cascading deletion.
        indexes: vec![index(&name, "created_at"), index(&name, "user_id")],
        clustered: false,
        name,
    }
}

/// Returns the table of accounts at OAuth providers: the columns of fastapi-users, followed by that of axum-users.
///
/// Provider tokens may be longer than the 1,024 characters of fastapi-users.
fn oauth_accounts(sql: &'static UserSql, name: &'static str, id: IdKind) -> Table {
    let key = IdColumn { kind: id, made_by_database: id == IdKind::Integer };
    let subject = u32::from(LONGEST_SUBJECT);
    Table {
        columns: vec![
            column("id", ColumnKind::Key(key)),
            column("user_id", ColumnKind::UserId(id)).holding_any(),
            column("oauth_name", ColumnKind::Exact(100)).holding(WrittenText::ascii(64)),
            column("access_token", ColumnKind::LongText),
            column("expires_at", ColumnKind::UpstreamNumber).nullable(),
            column("refresh_token", ColumnKind::LongText).nullable(),
            column("account_id", ColumnKind::Exact(LONGEST_SUBJECT))
                .holding(WrittenText::unicode(subject, subject * 4)),
            column("account_email", ColumnKind::Text(320))
                .holding(WrittenText::unicode(LONGEST_ADDRESS, LONGEST_ADDRESS)),
            column("placeholder_password", ColumnKind::Exact(43)).nullable().holding(WrittenText::exactly(43)),
        ],
        primary_key: "id",
        of_user: Some(UserReference { column: "user_id", users: sql.table, id: sql.roles.id }),
        indexes: vec![
            TableIndex {
                name: format!("ix_{name}_identity"),
                over: IndexTarget::Columns(vec!["oauth_name", "account_id"]),
                within: None,
                unique: true,
                required: true,
            },
            // For lists and the cascading deletion.
            index(name, "user_id"),
        ],
        clustered: false,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::password::Argon2Params;

    #[test]
    fn the_longest_hash_has_the_largest_parameters() {
        let base64 = |bytes: usize| (bytes * 4).div_ceil(3);
        let (memory, passes, lanes) = (Argon2Params::MAX_MEMORY_KIB, Argon2Params::MAX_PASSES, Argon2Params::MAX_LANES);
        let parameters = format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$$");
        let longest = parameters.len() + base64(Argon2Params::SALT_BYTES) + base64(Argon2Params::TAG_BYTES);
        assert_eq!(u32::try_from(longest), Ok(LONGEST_HASH));
    }
}
