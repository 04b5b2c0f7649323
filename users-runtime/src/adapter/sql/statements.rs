//! The statements of a user type, as complete text per database. The derive generates them; they are not changed at run
//! time.
//!
//! # Form of the statements
//!
//! The examples below are for
//!
//! ```text
//! pub struct User { id: Uuid, email, hashed_password, is_active, is_superuser, is_verified, full_name: Option<String> }
//! ```
//!
//! * Names are in double quotes for SQLite and PostgreSQL and in backticks for MySQL. The derive checks every name, so
//!   none needs escaping.
//! * Parameters are `$1`, `$2` … for SQLite and PostgreSQL and `?` for MySQL. Each is used once, in the order of the
//!   text, so the same binding order works for all databases.
//! * *All columns* are the six roles, followed by the custom fields in the order of the struct. Every statement that
//!   returns a user returns all columns first, followed by `"auth_epoch"` and by the columns of the account's standing:
//!   `"suspended_until"`, `"suspended_reason"` and `"must_change_password"`. "The standing" below stands for these three.
//! * `"auth_epoch"`, the standing and the table `{table}_token_state` belong to axum-users; the names of these columns are
//!   therefore not valid field names. The statements on the table of token states are in `adapter/sql/token_sql`.
//! * The session table is fastapi-users' `accesstoken` with additional columns. The other statements on it are in
//!   `adapter/sql/session_sql`.
//! * The statements on fastapi-users' table `oauth_account` are in `adapter/sql/oauth_sql`.

use super::Catalog;
use crate::user::Columns;

/// The statements of a user type, per database.
#[derive(Debug, Clone, Copy)]
pub struct UserSql {
    /// The table of users, unquoted, such as `user`.
    pub table: &'static str,
    /// The table of sessions, unquoted, such as `accesstoken`.
    pub session_table: &'static str,
    /// The table of accounts at OAuth providers, unquoted; `None` for a type without `#[auth(oauth)]`.
    pub oauth_table: Option<&'static str>,
    /// The schema of the tables, unquoted (MySQL: the database); `None` for the one in which the connection creates
    /// tables. SQLite has no schemas.
    pub schema: Option<&'static str>,
    /// The columns of the six roles, unquoted. The custom columns follow them in the table, in the order of the struct.
    pub roles: RoleColumns,
    /// `true` if the database generates the ids. Checked against
    /// [`AuthUser::ID_MADE_BY_DATABASE`](crate::AuthUser::ID_MADE_BY_DATABASE) at compile time, so that an id type that
    /// the derive classifies incorrectly is a compile error instead of a failing insert.
    pub id_made_by_database: bool,
    /// The login name, for a type with `#[auth(login)]`.
    pub login: Option<LoginSql>,
    /// The statements for SQLite.
    pub sqlite: Statements,
    /// The statements for PostgreSQL.
    pub postgres: Statements,
    /// The statements for MySQL and MariaDB.
    pub mysql: Statements,
}

/// The login name: its column, and per database the statement that finds a user by it, with the index
/// `ix_{table}_{column}_login`. Names are stored in lower case.
///
/// Parameter: 1 the name. Returns all columns, `auth_epoch`, the standing.
/// ```sql
/// SELECT u."id", …, u."auth_epoch", u."suspended_until", … FROM "user" AS u WHERE u."username" = $1
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LoginSql {
    /// The column, unquoted.
    pub column: &'static str,
    /// The statement for SQLite.
    pub sqlite: &'static str,
    /// The statement for PostgreSQL.
    pub postgres: &'static str,
    /// The statement for MySQL and MariaDB.
    pub mysql: &'static str,
}

impl LoginSql {
    /// No statements, for databases that the struct excludes.
    pub const NONE: Self = Self { column: "", sqlite: "", postgres: "", mysql: "" };
}

/// The columns of the six roles, unquoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleColumns {
    /// The column of the id.
    pub id: &'static str,
    /// The column of the email address.
    pub email: &'static str,
    /// The column of the password hash.
    pub hashed_password: &'static str,
    /// The column of the flag `is_active`.
    pub is_active: &'static str,
    /// The column of the flag `is_superuser`.
    pub is_superuser: &'static str,
    /// The column of the flag `is_verified`.
    pub is_verified: &'static str,
}

impl RoleColumns {
    /// The default names, which are those of the roles, as in fastapi-users.
    pub const USUAL: Self = Self {
        id: "id",
        email: "email",
        hashed_password: "hashed_password",
        is_active: "is_active",
        is_superuser: "is_superuser",
        is_verified: "is_verified",
    };

    /// The number of roles.
    pub(super) const COUNT: usize = Columns::ROLES;
}

/// The statements of one user type for one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statements {
    /// Reads a user by id, with the state of one token.
    ///
    /// Parameters: 1 the token's id or NULL, 2 the user's id. Returns all columns, `auth_epoch`, the standing,
    /// `revoked`, `kept_epoch`, `reauthenticated_at`, `amr`.
    ///
    /// SQLite and PostgreSQL (MySQL: the same with backticks and `?`):
    /// ```sql
    /// SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."auth_epoch", u."suspended_until", …, s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2
    /// ```
    pub find: &'static str,

    /// Reads several users by id, each with the state of its token.
    ///
    /// Returns the columns of [`Statements::find`] and the number of the lookup, from 0.
    ///
    /// SQLite. Parameter: 1 JSON text, a list of pairs `[id, token id or null]`. Where UUIDs are stored as bytes, the store
    /// decodes their digits: `unhex(json_extract(…))`.
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", u."suspended_until", …, s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')
    /// ```
    /// PostgreSQL. Parameters: 1 an array of ids, 2 an array of token ids or NULLs (typed by the driver).
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", u."suspended_until", …, s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("id", "token", "n") JOIN "user" AS u ON u."id" = w."id" LEFT JOIN "user_token_state" AS s ON s."token_id" = w."token"
    /// ```
    /// MySQL. Parameter: as for SQLite. `CHAR(36)` for UUIDs, `BIGINT` for integer ids, which are compared directly,
    /// `VARCHAR(255)` for ids of a type of the application; the store casts those that are
    /// stored as integers, and decodes those that are stored as bytes with `UNHEX`.
    /// The result of a function adopts the collation of the column it is compared with; a column of the JSON table
    /// would cause an "illegal mix of collations" error or a comparison without the index.
    /// ```sql
    /// SELECT u.`id`, …, u.`full_name`, u.`auth_epoch`, u.`suspended_until`, …, s.`revoked`, s.`kept_epoch`, s.`reauthenticated_at`, s.`amr`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `id` CHAR(36) PATH '$[0]', `token` VARCHAR(22) PATH '$[1]')) AS w JOIN `user` AS u ON u.`id` = JSON_UNQUOTE(JSON_QUOTE(w.`id`)) LEFT JOIN `user_token_state` AS s ON s.`token_id` = w.`token`
    /// ```
    pub find_many: &'static str,

    /// Reads a user by a stored session.
    ///
    /// Parameters: 1 the token's digest or the token, 2 whether it is a digest. Returns the columns of
    /// [`Statements::find`], followed by the session's id, epoch, login, last use, token, backend, methods and the login that was refreshed.
    ///
    /// SQLite and PostgreSQL (MySQL: the same with backticks and `?`):
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", u."suspended_until", …, s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2
    /// ```
    pub find_session: &'static str,

    /// Reads several users by stored sessions. Returns the columns of [`Statements::find_session`] and the number of
    /// the lookup, from 0.
    ///
    /// SQLite. Parameter: 1 JSON text, a list of pairs `[key, 1 for a digest]`.
    /// ```sql
    /// SELECT u."id", …, t."token", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id"
    /// ```
    /// PostgreSQL. Parameters: 1 an array of keys, 2 an array of booleans.
    /// ```sql
    /// SELECT u."id", …, t."token", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("token", "hashed", "n") JOIN "accesstoken" AS t ON t."token" = w."token" AND t."hashed" = w."hashed" JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id"
    /// ```
    /// MySQL. Parameter: as for SQLite.
    /// ```sql
    /// SELECT u.`id`, …, t.`token`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `token` VARCHAR(43) PATH '$[0]', `hashed` INT PATH '$[1]')) AS w JOIN `accesstoken` AS t ON t.`token` = JSON_UNQUOTE(JSON_QUOTE(w.`token`)) AND t.`hashed` = w.`hashed` JOIN `user` AS u ON u.`id` = t.`user_id` LEFT JOIN `user_token_state` AS s ON s.`token_id` = t.`session_id`
    /// ```
    pub find_sessions: &'static str,

    /// Reads a user by the canonical address, with the index `ix_user_email_canonical`.
    ///
    /// Parameter: 1 the canonical address. Returns all columns, `auth_epoch`, the standing.
    ///
    /// SQLite (its `lower()` changes only ASCII, like the canonical form):
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", u."suspended_until", … FROM "user" AS u WHERE lower(u."email") = $1
    /// ```
    /// PostgreSQL (with the collation `C`, `lower()` changes only ASCII):
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", u."suspended_until", … FROM "user" AS u WHERE lower(u."email" COLLATE "C") = $1
    /// ```
    /// MySQL (a generated column with a binary collation and a unique index; inserts of fastapi-users need not know
    /// it):
    /// ```sql
    /// SELECT u.`id`, …, u.`full_name`, u.`auth_epoch`, u.`suspended_until`, … FROM `user` AS u WHERE u.`email_canonical` = ?
    /// ```
    pub find_by_email: &'static str,

    /// Adds a user.
    ///
    /// Parameters: all columns in order, without the id if the database generates it.
    ///
    /// SQLite and PostgreSQL, UUIDs:
    /// ```sql
    /// INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name") VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password"
    /// ```
    /// PostgreSQL, integer ids: the same without the first column and value.
    ///
    /// SQLite, integer ids. SQLite may reuse the id of a deleted user, so the epoch starts at a random number of 53
    /// bits and the tokens of the deleted user stay invalid:
    /// ```sql
    /// INSERT INTO "user" ("email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch") VALUES ($1, $2, $3, $4, $5, $6, random() & 9007199254740991) RETURNING "id", …, "full_name", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password"
    /// ```
    /// MySQL: without `RETURNING`; the store reads the row by its last insert id with [`Statements::find`].
    pub insert: &'static str,

    /// Changes the named columns of a user if the conditions hold. The store runs it with only the assignments of the columns
    /// that a change names and of the epoch, without `CASE`: `SET "full_name" = $1, "auth_epoch" = "auth_epoch" + $2 WHERE …`.
    ///
    /// Parameters: for every column except the id and for those of the standing, whether to write it and the value (1 to
    /// 2n), followed by the number to add to the epoch, the id, the required password hash or NULL, the required address or NULL. Other columns
    /// keep their values, including those of concurrent changes.
    ///
    /// SQLite and PostgreSQL:
    /// ```sql
    /// UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "full_name" = CASE WHEN $11 THEN $12 ELSE "full_name" END, "suspended_until" = CASE WHEN $13 THEN $14 ELSE "suspended_until" END, "suspended_reason" = CASE WHEN $15 THEN $16 ELSE "suspended_reason" END, "must_change_password" = CASE WHEN $17 THEN $18 ELSE "must_change_password" END, "auth_epoch" = "auth_epoch" + $19 WHERE "id" = $20 AND COALESCE("hashed_password", '') = COALESCE($21, "hashed_password", '') AND COALESCE("email", '') = COALESCE($22, "email", '') RETURNING "id", …, "full_name", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password"
    /// ```
    /// MySQL compares bytes with `BINARY` and has no `RETURNING`:
    /// ```sql
    /// UPDATE `user` SET `email` = CASE WHEN ? THEN ? ELSE `email` END, …, `must_change_password` = CASE WHEN ? THEN ? ELSE `must_change_password` END, `auth_epoch` = `auth_epoch` + ? WHERE `id` = ? AND BINARY COALESCE(`hashed_password`, '') = COALESCE(?, `hashed_password`, '') AND BINARY COALESCE(`email`, '') = COALESCE(?, `email`, '')
    /// ```
    pub update: &'static str,

    /// Deletes a user; foreign keys delete the dependent rows.
    ///
    /// Parameter: 1 the id.
    /// ```sql
    /// DELETE FROM "user" WHERE "id" = $1
    /// ```
    pub delete: &'static str,

    /// Ends all sessions of a user.
    ///
    /// Parameter: 1 the id.
    /// ```sql
    /// UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1
    /// ```
    pub end_sessions: &'static str,

    /// Ends all sessions of all users. No parameters.
    /// ```sql
    /// UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1
    /// ```
    pub end_all_sessions: &'static str,
}

impl UserSql {
    /// The table `user` with the default columns and UUIDs, without statements.
    pub const USUAL: Self = Self {
        table: "user",
        session_table: "accesstoken",
        oauth_table: None,
        schema: None,
        roles: RoleColumns::USUAL,
        id_made_by_database: false,
        login: None,
        sqlite: Statements::NONE,
        postgres: Statements::NONE,
        mysql: Statements::NONE,
    };

    /// Returns the schema of the tables, if one is named and the database has schemas.
    pub(super) fn schema_on<DB: Catalog>(&self) -> Option<&'static str> {
        self.schema.filter(|_| DB::HAS_SCHEMAS)
    }
}

impl Statements {
    /// No statements, for a database that the struct excludes (`#[auth(databases(…))]`). A store for it cannot be
    /// built.
    pub const NONE: Self = Self {
        find: "",
        find_many: "",
        find_session: "",
        find_sessions: "",
        find_by_email: "",
        insert: "",
        update: "",
        delete: "",
        end_sessions: "",
        end_all_sessions: "",
    };

    /// Returns `true` if there are no statements.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.find.is_empty()
    }
}
