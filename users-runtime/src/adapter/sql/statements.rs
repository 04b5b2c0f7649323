//! The statements of one user type, as finished text per database. The derive writes them; nothing adds to them later.
//!
//! # How the texts are made
//!
//! The examples below are those of
//!
//! ```text
//! pub struct User { id: Uuid, email, hashed_password, is_active, is_superuser, is_verified, full_name: Option<String> }
//! ```
//!
//! * Names stand in double quotes on SQLite and PostgreSQL and in backticks on MySQL. Every name is checked by the
//!   derive, so quoting needs no escapes.
//! * Parameters are `$1`, `$2` … on SQLite and PostgreSQL and `?` on MySQL. They are numbered in the order in which they
//!   stand in the text and none stands twice, so one binding order fits all three.
//! * *All columns* means the six roles, then the custom fields in the struct's order.
//!   Every statement that answers a user answers all columns first and `"auth_epoch"` right after them.
//! * `"auth_epoch"` and the table `{table}_token_state` are ours; `auth_epoch` is therefore no name for a field. The
//!   statements on the table of token states alone are in `adapter/sql/token_sql`.
//! * The table of sessions is fastapi-users' `accesstoken` with columns of ours. What else is done with it than to find users
//!   is in `adapter/sql/sessions`.

use crate::user::Columns;

/// Every statement that touches the table of one user type, per database.
#[derive(Debug, Clone, Copy)]
pub struct UserSql {
    /// The table, unquoted: `user`.
    pub table: &'static str,
    /// The table of their sessions, unquoted: `accesstoken`.
    pub session_table: &'static str,
    /// The columns of the six roles, unquoted. In the table, the custom columns follow them in the struct's order.
    pub roles: RoleColumns,
    /// Whether the id is an integer, made by the database. Checked against
    /// [`UserId::MADE_BY_DATABASE`](crate::domain::UserId::MADE_BY_DATABASE) when the application is compiled, so an
    /// id type behind an alias that misleads the derive is an error and not a failing insert.
    pub id_made_by_database: bool,
    /// For SQLite.
    pub sqlite: Statements,
    /// For PostgreSQL.
    pub postgres: Statements,
    /// For MySQL and MariaDB.
    pub mysql: Statements,
}

/// The columns of the six roles, unquoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleColumns {
    /// Of the id.
    pub id: &'static str,
    /// Of the e-mail address.
    pub email: &'static str,
    /// Of the password hash.
    pub hashed_password: &'static str,
    /// Of the flag `is_active`.
    pub is_active: &'static str,
    /// Of the flag `is_superuser`.
    pub is_superuser: &'static str,
    /// Of the flag `is_verified`.
    pub is_verified: &'static str,
}

impl RoleColumns {
    /// Each column is named like its role, as in fastapi-users.
    pub const USUAL: Self = Self {
        id: "id",
        email: "email",
        hashed_password: "hashed_password",
        is_active: "is_active",
        is_superuser: "is_superuser",
        is_verified: "is_verified",
    };

    /// How many there are.
    pub(super) const COUNT: usize = Columns::ROLES;
}

/// The statements of one user type for one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statements {
    /// One user by id, with the state of one token.
    ///
    /// Parameters: 1 the token's id or NULL, 2 the user's id. Answers all columns, `auth_epoch`, `revoked`,
    /// `kept_epoch`.
    ///
    /// SQLite and PostgreSQL (MySQL: the same with backticks and `?`):
    /// ```sql
    /// SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."auth_epoch", s."revoked", s."kept_epoch" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2
    /// ```
    pub find: &'static str,

    /// Several users by id at once, each with the state of its token.
    ///
    /// Answers what [`Statements::find`] answers, and last the number of the look-up, from 0.
    ///
    /// SQLite. Parameter: 1 a JSON text, a list of pairs `[id, token id or null]`.
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", s."revoked", s."kept_epoch", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')
    /// ```
    /// PostgreSQL. Parameters: 1 an array of ids, 2 an array of token ids or NULLs (typed by the driver).
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", s."revoked", s."kept_epoch", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("id", "token", "n") JOIN "user" AS u ON u."id" = w."id" LEFT JOIN "user_token_state" AS s ON s."token_id" = w."token"
    /// ```
    /// MySQL. Parameter: as SQLite. `CHAR(36)` for ids made by us, `BIGINT` for ids made by the database, which are
    /// compared as they are. A text out of a function yields to the collation of the column, whatever that is; a column
    /// of the list would be refused as an illegal mix, or compared without the index.
    /// ```sql
    /// SELECT u.`id`, …, u.`full_name`, u.`auth_epoch`, s.`revoked`, s.`kept_epoch`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `id` CHAR(36) PATH '$[0]', `token` VARCHAR(22) PATH '$[1]')) AS w JOIN `user` AS u ON u.`id` = JSON_UNQUOTE(JSON_QUOTE(w.`id`)) LEFT JOIN `user_token_state` AS s ON s.`token_id` = w.`token`
    /// ```
    pub find_many: &'static str,

    /// One user by a session that is stored beside it.
    ///
    /// Parameters: 1 the token's digest or the token, 2 whether it is a digest. Answers what [`Statements::find`] answers,
    /// then of the session its name, epoch, login, last use and token.
    ///
    /// SQLite and PostgreSQL (MySQL: the same with backticks and `?`):
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2
    /// ```
    pub find_session: &'static str,

    /// Several users by sessions at once. Answers what [`Statements::find_session`] answers, and last the number of the
    /// look-up, from 0.
    ///
    /// SQLite. Parameter: 1 a JSON text, a list of pairs `[key, 1 for a digest]`.
    /// ```sql
    /// SELECT u."id", …, t."token", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id"
    /// ```
    /// PostgreSQL. Parameters: 1 an array of keys, 2 an array of booleans.
    /// ```sql
    /// SELECT u."id", …, t."token", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("token", "hashed", "n") JOIN "accesstoken" AS t ON t."token" = w."token" AND t."hashed" = w."hashed" JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id"
    /// ```
    /// MySQL. Parameter: as SQLite.
    /// ```sql
    /// SELECT u.`id`, …, t.`token`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `token` VARCHAR(43) PATH '$[0]', `hashed` INT PATH '$[1]')) AS w JOIN `accesstoken` AS t ON t.`token` = JSON_UNQUOTE(JSON_QUOTE(w.`token`)) AND t.`hashed` = w.`hashed` JOIN `user` AS u ON u.`id` = t.`user_id` LEFT JOIN `user_token_state` AS s ON s.`token_id` = t.`session_id`
    /// ```
    pub find_sessions: &'static str,

    /// One user by canonical e-mail, through the index `ix_user_email_canonical`.
    ///
    /// Parameter: 1 the canonical address. Answers all columns, `auth_epoch`.
    ///
    /// SQLite (its `lower()` is ASCII only, as the canonical form is):
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch" FROM "user" AS u WHERE lower(u."email") = $1
    /// ```
    /// PostgreSQL (the collation `C` makes `lower()` ASCII only):
    /// ```sql
    /// SELECT u."id", …, u."full_name", u."auth_epoch" FROM "user" AS u WHERE lower(u."email" COLLATE "C") = $1
    /// ```
    /// MySQL (a generated column with a binary collation, under a unique index; upstream's inserts need not know it):
    /// ```sql
    /// SELECT u.`id`, …, u.`full_name`, u.`auth_epoch` FROM `user` AS u WHERE u.`email_canonical` = ?
    /// ```
    pub find_by_email: &'static str,

    /// Adds one user.
    ///
    /// Parameters: all columns in order; without the id if the database makes it.
    ///
    /// SQLite and PostgreSQL, id made by us:
    /// ```sql
    /// INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name") VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch"
    /// ```
    /// PostgreSQL, id made by the database: the same without the first column and value.
    ///
    /// SQLite, id made by the database. It may use the id of a deleted user again, so the epoch starts at a random
    /// number of 53 bits, and tokens of the deleted user stay dead:
    /// ```sql
    /// INSERT INTO "user" ("email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch") VALUES ($1, $2, $3, $4, $5, $6, random() & 9007199254740991) RETURNING "id", …, "full_name", "auth_epoch"
    /// ```
    /// MySQL: without `RETURNING`; the runtime asks for the last id and reads the row with [`Statements::find`].
    pub insert: &'static str,

    /// Changes the named columns of one user, if the conditions hold.
    ///
    /// Parameters: for every column but the id a flag "write it?" and the value (1 to 2n), then the number to add to
    /// the epoch, the id, the hash that must still be stored or NULL, the address that must still be stored or NULL.
    /// A column that is not named keeps what it has, whoever wrote it meanwhile.
    ///
    /// SQLite and PostgreSQL:
    /// ```sql
    /// UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "full_name" = CASE WHEN $11 THEN $12 ELSE "full_name" END, "auth_epoch" = "auth_epoch" + $13 WHERE "id" = $14 AND "hashed_password" = COALESCE($15, "hashed_password") AND "email" = COALESCE($16, "email") RETURNING "id", …, "full_name", "auth_epoch"
    /// ```
    /// MySQL compares byte for byte by `BINARY` and has no `RETURNING`:
    /// ```sql
    /// UPDATE `user` SET `email` = CASE WHEN ? THEN ? ELSE `email` END, …, `auth_epoch` = `auth_epoch` + ? WHERE `id` = ? AND BINARY `hashed_password` = COALESCE(?, `hashed_password`) AND BINARY `email` = COALESCE(?, `email`)
    /// ```
    pub update: &'static str,

    /// Deletes one user; what hangs on it goes by foreign keys.
    ///
    /// Parameter: 1 the id.
    /// ```sql
    /// DELETE FROM "user" WHERE "id" = $1
    /// ```
    pub delete: &'static str,

    /// Ends all sessions of one user.
    ///
    /// Parameter: 1 the id.
    /// ```sql
    /// UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1
    /// ```
    pub end_sessions: &'static str,

    /// Ends all sessions of everybody. No parameters.
    /// ```sql
    /// UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1
    /// ```
    pub end_all_sessions: &'static str,
}

impl UserSql {
    /// The table `user` with the usual columns and UUIDs as ids, and no statement.
    pub const USUAL: Self = Self {
        table: "user",
        session_table: "accesstoken",
        roles: RoleColumns::USUAL,
        id_made_by_database: false,
        sqlite: Statements::NONE,
        postgres: Statements::NONE,
        mysql: Statements::NONE,
    };
}

impl Statements {
    /// For a database that the struct is not meant for (`#[auth(databases(…))]`). A store on it cannot be built.
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

    /// Whether there are statements at all.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.find.is_empty()
    }
}
