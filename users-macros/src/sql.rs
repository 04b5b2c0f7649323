//! From the model to the text of every statement, per database. Plain text in, plain text out.
//!
//! What each statement is for, its parameters and its answers: `users-runtime/src/adapter/sql/statements.rs`.

use crate::model::User;

/// A database, as far as its SQL differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

/// The statements of one user type for one database: the field of `Statements` and its text.
pub(crate) type Statements = [(&'static str, String); 13];

/// Writes all statements.
pub(crate) fn statements(user: &User, dialect: Dialect) -> Statements {
    let table = Table {
        dialect,
        name: &user.table,
        sessions: &user.session_table,
        columns: user.columns(),
        id_made_by_database: user.id_made_by_database(),
        tenant: user.tenant().map(|tenant| tenant.column.as_str()),
    };
    [
        ("find", table.find()),
        ("find_many", table.find_many()),
        ("find_session", table.find_session()),
        ("find_sessions", table.find_sessions()),
        ("find_by_email", table.find_by_email()),
        ("insert", table.insert()),
        ("update", table.update()),
        ("delete", table.delete()),
        ("end_sessions", table.end_sessions()),
        ("end_all_sessions", table.end_all_sessions()),
        ("keep_token", table.keep_token()),
        ("revoke_token", table.revoke_token()),
        ("purge_tokens", table.purge_tokens()),
    ]
}

/// Where the roles stand among the columns.
const ID: usize = 0;
const EMAIL: usize = 1;
const HASHED_PASSWORD: usize = 2;

struct Table<'a> {
    dialect: Dialect,
    name: &'a str,
    sessions: &'a str,
    columns: Vec<&'a str>,
    id_made_by_database: bool,
    /// The column that every statement about users is held to.
    tenant: Option<&'a str>,
}

impl Table<'_> {
    /// The condition that keeps a statement about users within one tenant, for structs with a tenant. `before` is what
    /// joins it to the statement, `prefix` the table's short name. Its parameter is the last one.
    fn tenant_condition(&self, before: &str, prefix: &str, parameters: &mut Parameters) -> String {
        match self.tenant {
            Some(tenant) => format!(" {before} {prefix}{} = {}", self.quoted(tenant), parameters.next()),
            None => String::new(),
        }
    }

    fn find(&self) -> String {
        let mut parameters = self.parameters();
        format!(
            "SELECT {all}, {token} FROM {table} AS u LEFT JOIN {state} AS s ON s.{token_id} = {p1} WHERE u.{id} = {p2}\
             {tenant}",
            all = self.answered("u."),
            token = self.token_columns(),
            table = self.table(),
            state = self.state(),
            token_id = self.quoted("token_id"),
            p1 = parameters.next(),
            id = self.quoted(self.columns[ID]),
            p2 = parameters.next(),
            tenant = self.tenant_condition("AND", "u.", &mut parameters),
        )
    }

    fn find_many(&self) -> String {
        let mut parameters = self.parameters();
        let (all, token, table, state) = (self.answered("u."), self.token_columns(), self.table(), self.state());
        let id = self.quoted(self.columns[ID]);
        let statement = match self.dialect {
            Dialect::Sqlite => format!(
                "SELECT {all}, {token}, w.\"key\" FROM json_each({wanted}) AS w \
                 CROSS JOIN {table} AS u ON u.{id} = json_extract(w.\"value\", '$[0]') \
                 LEFT JOIN {state} AS s ON s.\"token_id\" = json_extract(w.\"value\", '$[1]')",
                wanted = parameters.next(),
            ),
            Dialect::Postgres => format!(
                "SELECT {all}, {token}, w.\"n\" - 1 \
                 FROM unnest({ids}, {tokens}) WITH ORDINALITY AS w(\"id\", \"token\", \"n\") \
                 JOIN {table} AS u ON u.{id} = w.\"id\" \
                 LEFT JOIN {state} AS s ON s.\"token_id\" = w.\"token\"",
                ids = parameters.next(),
                tokens = parameters.next(),
            ),
            Dialect::MySql => format!(
                "SELECT {all}, {token}, CAST(w.`n` AS SIGNED) - 1 \
                 FROM JSON_TABLE({wanted}, '$[*]' COLUMNS (`n` FOR ORDINALITY, `id` {id_type} PATH '$[0]', \
                 `token` VARCHAR(22) PATH '$[1]')) AS w \
                 JOIN {table} AS u ON u.{id} = {wanted_id} \
                 LEFT JOIN {state} AS s ON s.`token_id` = w.`token`",
                wanted = parameters.next(),
                id_type = if self.id_made_by_database { "BIGINT" } else { "CHAR(36)" },
                // A value of a function yields to the column's collation, whatever that is, so the index can be used.
                wanted_id = if self.id_made_by_database { "w.`id`" } else { "JSON_UNQUOTE(JSON_QUOTE(w.`id`))" },
            ),
        };
        statement + &self.tenant_condition("WHERE", "u.", &mut parameters)
    }

    fn find_session(&self) -> String {
        let mut parameters = self.parameters();
        format!(
            "SELECT {answered} FROM {sessions} AS t {joined} WHERE t.{token} = {p1} AND t.{hashed} = {p2}{tenant}",
            answered = self.session_answered(),
            sessions = self.quoted(self.sessions),
            joined = self.joined_to_session("JOIN"),
            token = self.quoted("token"),
            p1 = parameters.next(),
            hashed = self.quoted("hashed"),
            p2 = parameters.next(),
            tenant = self.tenant_condition("AND", "u.", &mut parameters),
        )
    }

    fn find_sessions(&self) -> String {
        let mut parameters = self.parameters();
        let (answered, sessions) = (self.session_answered(), self.quoted(self.sessions));
        let statement = match self.dialect {
            Dialect::Sqlite => format!(
                "SELECT {answered}, w.\"key\" FROM json_each({wanted}) AS w \
                 CROSS JOIN {sessions} AS t ON t.\"token\" = json_extract(w.\"value\", '$[0]') \
                 AND t.\"hashed\" = json_extract(w.\"value\", '$[1]') {joined}",
                wanted = parameters.next(),
                joined = self.joined_to_session("CROSS JOIN"),
            ),
            Dialect::Postgres => format!(
                "SELECT {answered}, w.\"n\" - 1 \
                 FROM unnest({tokens}, {hashed}) WITH ORDINALITY AS w(\"token\", \"hashed\", \"n\") \
                 JOIN {sessions} AS t ON t.\"token\" = w.\"token\" AND t.\"hashed\" = w.\"hashed\" {joined}",
                tokens = parameters.next(),
                hashed = parameters.next(),
                joined = self.joined_to_session("JOIN"),
            ),
            Dialect::MySql => format!(
                "SELECT {answered}, CAST(w.`n` AS SIGNED) - 1 \
                 FROM JSON_TABLE({wanted}, '$[*]' COLUMNS (`n` FOR ORDINALITY, `token` VARCHAR(43) PATH '$[0]', \
                 `hashed` INT PATH '$[1]')) AS w \
                 JOIN {sessions} AS t ON t.`token` = JSON_UNQUOTE(JSON_QUOTE(w.`token`)) AND t.`hashed` = w.`hashed` {joined}",
                wanted = parameters.next(),
                joined = self.joined_to_session("JOIN"),
            ),
        };
        statement + &self.tenant_condition("WHERE", "u.", &mut parameters)
    }

    fn find_by_email(&self) -> String {
        let (all, table) = (self.answered("u."), self.table());
        let mut parameters = self.parameters();
        let parameter = parameters.next();
        let email = self.quoted(self.columns[EMAIL]);
        let condition = match self.dialect {
            Dialect::Sqlite => format!("lower(u.{email}) = {parameter}"),
            Dialect::Postgres => format!("lower(u.{email} COLLATE \"C\") = {parameter}"),
            Dialect::MySql => format!("u.`email_canonical` = {parameter}"),
        };
        let tenant = self.tenant_condition("AND", "u.", &mut parameters);
        format!("SELECT {all} FROM {table} AS u WHERE {condition}{tenant}")
    }

    fn insert(&self) -> String {
        let mut parameters = self.parameters();
        let written = if self.id_made_by_database { &self.columns[1..] } else { &self.columns[..] };
        let mut columns: Vec<String> = written.iter().map(|column| self.quoted(column)).collect();
        let mut values: Vec<String> = written.iter().map(|_| parameters.next()).collect();
        if self.id_made_by_database && self.dialect == Dialect::Sqlite {
            // SQLite may give a deleted user's id away again: a random epoch keeps that user's tokens dead.
            columns.push(self.quoted("auth_epoch"));
            values.push("random() & 9007199254740991".to_owned());
        }
        format!(
            "INSERT INTO {} ({}) VALUES ({}){}",
            self.table(),
            columns.join(", "),
            values.join(", "),
            self.returning(),
        )
    }

    fn update(&self) -> String {
        let mut parameters = self.parameters();
        let assignments: Vec<String> = self.columns[1..]
            .iter()
            .map(|column| {
                let column = self.quoted(column);
                let (write, value) = (parameters.next(), parameters.next());
                format!("{column} = CASE WHEN {write} THEN {value} ELSE {column} END")
            })
            .collect();
        let bytewise = if self.dialect == Dialect::MySql { "BINARY " } else { "" };
        format!(
            "UPDATE {table} SET {assignments}, {epoch} = {epoch} + {step} WHERE {id} = {this} \
             AND {bytewise}{hash} = COALESCE({old_hash}, {hash}) AND {bytewise}{email} = COALESCE({old_email}, {email})\
             {tenant}{returning}",
            table = self.table(),
            assignments = assignments.join(", "),
            epoch = self.quoted("auth_epoch"),
            step = parameters.next(),
            id = self.quoted(self.columns[ID]),
            this = parameters.next(),
            hash = self.quoted(self.columns[HASHED_PASSWORD]),
            old_hash = parameters.next(),
            email = self.quoted(self.columns[EMAIL]),
            old_email = parameters.next(),
            tenant = self.tenant_condition("AND", "", &mut parameters),
            returning = self.returning(),
        )
    }

    fn delete(&self) -> String {
        format!("DELETE FROM {}{}", self.table(), self.of_one_user())
    }

    fn end_sessions(&self) -> String {
        self.raise_epoch() + &self.of_one_user()
    }

    fn end_all_sessions(&self) -> String {
        self.raise_epoch() + &self.tenant_condition("WHERE", "", &mut self.parameters())
    }

    fn raise_epoch(&self) -> String {
        let epoch = self.quoted("auth_epoch");
        format!("UPDATE {} SET {epoch} = {epoch} + 1", self.table())
    }

    /// The condition on one id, in a statement whose only parameter it is.
    fn of_one_user(&self) -> String {
        let mut parameters = self.parameters();
        let (id, this) = (self.quoted(self.columns[ID]), parameters.next());
        format!(" WHERE {id} = {this}{}", self.tenant_condition("AND", "", &mut parameters))
    }

    fn keep_token(&self) -> String {
        self.note_token(
            &["token_id", "user_id", "revoked", "kept_epoch", "expires_at"],
            "FALSE",
            &["user_id", "kept_epoch"],
        )
    }

    fn revoke_token(&self) -> String {
        self.note_token(&["token_id", "revoked", "expires_at"], "TRUE", &["revoked"])
    }

    fn purge_tokens(&self) -> String {
        let (state, token, mut parameters) = (self.state(), self.quoted("token_id"), self.parameters());
        let ended = format!("{} < {}", self.quoted("expires_at"), parameters.next());
        let few = format!("WHERE {ended} LIMIT {}", parameters.next());
        match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => {
                format!("DELETE FROM {state} WHERE {token} IN (SELECT {token} FROM {state} {few})")
            }
            Dialect::MySql => format!("DELETE FROM {state} {few}"),
        }
    }

    /// Adds the state of a token, or writes the columns `overwritten` of the one that is there. Its end only moves back.
    fn note_token(&self, columns: &[&str], revoked: &str, overwritten: &[&str]) -> String {
        let mut parameters = self.parameters();
        let values: Vec<String> = columns
            .iter()
            .map(|column| if *column == "revoked" { revoked.to_owned() } else { parameters.next() })
            .collect();
        let new = |column: &str| match self.dialect {
            _ if column == "revoked" => revoked.to_owned(),
            Dialect::Sqlite | Dialect::Postgres => format!("excluded.{}", self.quoted(column)),
            Dialect::MySql => format!("VALUES({})", self.quoted(column)),
        };
        let end = self.quoted("expires_at");
        let (conflict, old_end, later) = match self.dialect {
            Dialect::Sqlite => ("ON CONFLICT (\"token_id\") DO UPDATE SET", format!("{}.{end}", self.state()), "max"),
            Dialect::Postgres => {
                ("ON CONFLICT (\"token_id\") DO UPDATE SET", format!("{}.{end}", self.state()), "GREATEST")
            }
            Dialect::MySql => ("ON DUPLICATE KEY UPDATE", end.clone(), "GREATEST"),
        };
        let overwritten: Vec<String> =
            overwritten.iter().map(|column| format!("{} = {}", self.quoted(column), new(column))).collect();
        format!(
            "INSERT INTO {state} ({columns}) VALUES ({values}) {conflict} {overwritten}, {end} = {later}({old_end}, {new_end})",
            state = self.state(),
            columns = columns.iter().map(|column| self.quoted(column)).collect::<Vec<_>>().join(", "),
            values = values.join(", "),
            overwritten = overwritten.join(", "),
            new_end = new("expires_at"),
        )
    }

    /// The columns that every statement with a user in its answer has, in their order.
    fn answered(&self, prefix: &str) -> String {
        let columns = self.columns.iter().copied().chain(["auth_epoch"]);
        columns.map(|column| format!("{prefix}{}", self.quoted(column))).collect::<Vec<_>>().join(", ")
    }

    fn token_columns(&self) -> String {
        format!("s.{}, s.{}", self.quoted("revoked"), self.quoted("kept_epoch"))
    }

    /// What is answered of a session: what is answered of its user and of its name, then its own columns. The token is
    /// among them, since a database may find it by a collation that takes other letters for the same.
    fn session_answered(&self) -> String {
        let own = ["session_id", "auth_epoch", "created_at", "last_seen_at", "token"];
        let own = own.map(|column| format!("t.{}", self.quoted(column))).join(", ");
        format!("{}, {}, {own}", self.answered("u."), self.token_columns())
    }

    /// A session's user, and what is noted about the session's name. `join` keeps SQLite from another order.
    fn joined_to_session(&self, join: &str) -> String {
        format!(
            "{join} {table} AS u ON u.{id} = t.{user_id} LEFT JOIN {state} AS s ON s.{token_id} = t.{session_id}",
            table = self.table(),
            id = self.quoted(self.columns[ID]),
            user_id = self.quoted("user_id"),
            state = self.state(),
            token_id = self.quoted("token_id"),
            session_id = self.quoted("session_id"),
        )
    }

    fn returning(&self) -> String {
        match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => format!(" RETURNING {}", self.answered("")),
            Dialect::MySql => String::new(),
        }
    }

    fn table(&self) -> String {
        self.quoted(self.name)
    }

    fn state(&self) -> String {
        self.quoted(&format!("{}_token_state", self.name))
    }

    /// Names are plain words (`check` sees to that), so there is nothing to escape.
    fn quoted(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => format!("\"{name}\""),
            Dialect::MySql => format!("`{name}`"),
        }
    }

    const fn parameters(&self) -> Parameters {
        Parameters { dialect: self.dialect, last: 0 }
    }
}

/// The parameters of one statement, in the order in which they stand in its text.
struct Parameters {
    dialect: Dialect,
    last: usize,
}

impl Parameters {
    fn next(&mut self) -> String {
        self.last += 1;
        match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => format!("${}", self.last),
            Dialect::MySql => "?".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::testing::checked;

    fn statement(user: &User, dialect: Dialect, name: &str) -> String {
        statements(user, dialect).into_iter().find(|(field, _)| *field == name).unwrap().1
    }

    fn user() -> User {
        checked(quote! {
            struct User {
                id: Uuid,
                email: String,
                hashed_password: PasswordHash,
                is_active: bool,
                is_superuser: bool,
                is_verified: bool,
                #[auth(read, create, update)]
                full_name: Option<String>,
            }
        })
    }

    const COLUMNS: &str = r#"u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."auth_epoch""#;

    #[test]
    fn a_user_is_found_by_id_with_the_state_of_the_token() {
        assert_eq!(
            statement(&user(), Dialect::Sqlite, "find"),
            format!(
                r#"SELECT {COLUMNS}, s."revoked", s."kept_epoch" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#
            ),
        );
        assert_eq!(
            statement(&user(), Dialect::MySql, "find"),
            format!(
                "SELECT {}, s.`revoked`, s.`kept_epoch` FROM `user` AS u LEFT JOIN `user_token_state` AS s ON s.`token_id` = ? WHERE u.`id` = ?",
                COLUMNS.replace('"', "`")
            ),
        );
    }

    #[test]
    fn several_users_are_found_by_one_query_on_each_database() {
        let user = user();
        assert_eq!(
            statement(&user, Dialect::Sqlite, "find_many"),
            format!(
                r#"SELECT {COLUMNS}, s."revoked", s."kept_epoch", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#
            ),
        );
        assert_eq!(
            statement(&user, Dialect::Postgres, "find_many"),
            format!(
                r#"SELECT {COLUMNS}, s."revoked", s."kept_epoch", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("id", "token", "n") JOIN "user" AS u ON u."id" = w."id" LEFT JOIN "user_token_state" AS s ON s."token_id" = w."token""#
            ),
        );
        assert_eq!(
            statement(&user, Dialect::MySql, "find_many"),
            format!(
                "SELECT {}, s.`revoked`, s.`kept_epoch`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `id` CHAR(36) PATH '$[0]', `token` VARCHAR(22) PATH '$[1]')) AS w JOIN `user` AS u ON u.`id` = JSON_UNQUOTE(JSON_QUOTE(w.`id`)) LEFT JOIN `user_token_state` AS s ON s.`token_id` = w.`token`",
                COLUMNS.replace('"', "`")
            ),
        );
    }

    #[test]
    fn a_user_is_found_by_a_session_stored_beside_it() {
        let session = r#"s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token""#;
        let joined = r#"LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#;
        assert_eq!(
            statement(&user(), Dialect::Postgres, "find_session"),
            format!(
                r#"SELECT {COLUMNS}, {session} FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" {joined} WHERE t."token" = $1 AND t."hashed" = $2"#
            ),
        );
        assert_eq!(
            statement(&user(), Dialect::Sqlite, "find_sessions"),
            format!(
                r#"SELECT {COLUMNS}, {session}, w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" {joined}"#
            ),
        );
        assert_eq!(
            statement(&user(), Dialect::MySql, "find_session"),
            statement(&user(), Dialect::Sqlite, "find_session").replace('"', "`").replace("$1", "?").replace("$2", "?"),
        );
    }

    #[test]
    fn a_user_is_found_by_the_canonical_address() {
        let user = user();
        assert_eq!(
            statement(&user, Dialect::Sqlite, "find_by_email"),
            format!(r#"SELECT {COLUMNS} FROM "user" AS u WHERE lower(u."email") = $1"#),
        );
        assert_eq!(
            statement(&user, Dialect::Postgres, "find_by_email"),
            format!(r#"SELECT {COLUMNS} FROM "user" AS u WHERE lower(u."email" COLLATE "C") = $1"#),
        );
        assert_eq!(
            statement(&user, Dialect::MySql, "find_by_email"),
            format!("SELECT {} FROM `user` AS u WHERE u.`email_canonical` = ?", COLUMNS.replace('"', "`")),
        );
    }

    #[test]
    fn an_insert_has_the_id_only_if_we_make_it() {
        let returning = r#"RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch""#;
        assert_eq!(
            statement(&user(), Dialect::Postgres, "insert"),
            format!(
                r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name") VALUES ($1, $2, $3, $4, $5, $6, $7) {returning}"#
            ),
        );
        let integers = checked(quote! {
            #[auth(table = "members")]
            struct Member {
                #[auth(id, column = "no")]
                number: i64,
                email: String,
                hashed_password: PasswordHash,
                is_active: bool,
                is_superuser: bool,
                is_verified: bool,
            }
        });
        let columns = r#""email", "hashed_password", "is_active", "is_superuser", "is_verified""#;
        assert_eq!(
            statement(&integers, Dialect::Sqlite, "insert"),
            format!(
                r#"INSERT INTO "members" ({columns}, "auth_epoch") VALUES ($1, $2, $3, $4, $5, random() & 9007199254740991) RETURNING "no", {columns}, "auth_epoch""#
            ),
        );
        assert_eq!(
            statement(&integers, Dialect::Postgres, "insert"),
            format!(
                r#"INSERT INTO "members" ({columns}) VALUES ($1, $2, $3, $4, $5) RETURNING "no", {columns}, "auth_epoch""#
            ),
        );
        assert_eq!(
            statement(&integers, Dialect::MySql, "insert"),
            "INSERT INTO `members` (`email`, `hashed_password`, `is_active`, `is_superuser`, `is_verified`) VALUES (?, ?, ?, ?, ?)",
        );
        assert!(statement(&integers, Dialect::MySql, "find_many").contains("`id` BIGINT PATH '$[0]'"));
    }

    #[test]
    fn an_update_writes_only_the_columns_it_is_told_and_holds_its_conditions() {
        assert_eq!(
            statement(&user(), Dialect::Sqlite, "update"),
            r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "full_name" = CASE WHEN $11 THEN $12 ELSE "full_name" END, "auth_epoch" = "auth_epoch" + $13 WHERE "id" = $14 AND "hashed_password" = COALESCE($15, "hashed_password") AND "email" = COALESCE($16, "email") RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch""#,
        );
        let mysql = statement(&user(), Dialect::MySql, "update");
        assert!(
            mysql.ends_with(
                "`auth_epoch` = `auth_epoch` + ? WHERE `id` = ? AND BINARY `hashed_password` = COALESCE(?, `hashed_password`) AND BINARY `email` = COALESCE(?, `email`)"
            ),
            "{mysql}"
        );
    }

    #[test]
    fn sessions_and_tokens_have_their_own_statements() {
        let user = user();
        let sqlite = |name| statement(&user, Dialect::Sqlite, name);
        assert_eq!(sqlite("delete"), r#"DELETE FROM "user" WHERE "id" = $1"#);
        assert_eq!(sqlite("end_sessions"), r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#);
        assert_eq!(sqlite("end_all_sessions"), r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1"#);
        assert_eq!(
            sqlite("keep_token"),
            r#"INSERT INTO "user_token_state" ("token_id", "user_id", "revoked", "kept_epoch", "expires_at") VALUES ($1, $2, FALSE, $3, $4) ON CONFLICT ("token_id") DO UPDATE SET "user_id" = excluded."user_id", "kept_epoch" = excluded."kept_epoch", "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#,
        );
        assert_eq!(
            sqlite("revoke_token"),
            r#"INSERT INTO "user_token_state" ("token_id", "revoked", "expires_at") VALUES ($1, TRUE, $2) ON CONFLICT ("token_id") DO UPDATE SET "revoked" = TRUE, "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#,
        );
        assert_eq!(
            statement(&user, Dialect::MySql, "revoke_token"),
            "INSERT INTO `user_token_state` (`token_id`, `revoked`, `expires_at`) VALUES (?, TRUE, ?) ON DUPLICATE KEY UPDATE `revoked` = TRUE, `expires_at` = GREATEST(`expires_at`, VALUES(`expires_at`))",
        );
        assert_eq!(
            sqlite("purge_tokens"),
            r#"DELETE FROM "user_token_state" WHERE "token_id" IN (SELECT "token_id" FROM "user_token_state" WHERE "expires_at" < $1 LIMIT $2)"#
        );
    }

    /// Users of tenants, with ids of either kind.
    fn with_tenant() -> [User; 2] {
        let with = |id: proc_macro2::TokenStream| {
            checked(quote! {
                struct User {
                    id: #id,
                    email: String,
                    hashed_password: PasswordHash,
                    is_active: bool,
                    is_superuser: bool,
                    is_verified: bool,
                    #[auth(tenant)]
                    tenant: String,
                    #[auth(read, update)]
                    motto: Option<String>,
                }
            })
        };
        [with(quote!(Uuid)), with(quote!(i64))]
    }

    const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];

    /// What is wrong with a statement of a struct with a tenant: it names the table of users and is not held to a tenant.
    fn unheld(statement: &str) -> Option<&str> {
        let text = statement.replace('`', "\"");
        let names_users = ["FROM \"user\"", "JOIN \"user\"", "UPDATE \"user\"", "INTO \"user\""];
        if !names_users.iter().any(|name| text.contains(name)) {
            return None;
        }
        // A new user is not looked for: it is written with the tenant as one of its columns.
        if let Some(rest) = text.strip_prefix("INSERT INTO \"user\" (") {
            let columns = rest.split(')').next().unwrap_or_default();
            return (!columns.contains("\"tenant\"")).then_some(statement);
        }
        let (before, _) = text.split_once(" RETURNING ").unwrap_or((&text, ""));
        let (rest, parameter) = before.rsplit_once(" = ")?;
        let condition = [" AND ", " WHERE "].iter().any(|joint| {
            rest.ends_with(&format!("{joint}u.\"tenant\"")) || rest.ends_with(&format!("{joint}\"tenant\""))
        });
        let is_parameter = parameter == "?" || parameter.strip_prefix('$').is_some_and(|n| n.parse::<u32>().is_ok());
        let is_single = !text.contains(" OR ") && !text.contains(" UNION ") && text.matches("\"user\"").count() == 1;
        (!(condition && is_parameter && is_single)).then_some(statement)
    }

    #[test]
    fn every_statement_about_users_is_held_to_their_tenant_on_every_database() {
        for (user, dialect) in with_tenant().iter().flat_map(|user| DIALECTS.map(|dialect| (user, dialect))) {
            let all = statements(user, dialect);
            let unheld: Vec<_> = all.iter().filter_map(|(_, text)| unheld(text)).collect();
            assert!(unheld.is_empty(), "{dialect:?}: {unheld:#?}");
            // What names users at all: everything but the three statements that only note something about tokens.
            let about_users = all.iter().filter(|(_, text)| text.replace('`', "\"").contains("\"user\"")).count();
            assert_eq!(about_users, all.len() - 3, "{dialect:?}");
        }
    }

    #[test]
    fn a_statement_without_its_tenant_is_found() {
        for text in [
            r#"SELECT u."id" FROM "user" AS u WHERE u."id" = $1"#,
            r#"SELECT u."id", u."tenant" FROM "user" AS u WHERE u."tenant" = u."tenant""#,
            r#"SELECT u."id" FROM "user" AS u WHERE u."id" = $1 OR u."tenant" = $2"#,
            r#"SELECT u."id" FROM "user" AS u, "user" AS v WHERE v."id" = $1 AND u."tenant" = $2"#,
            r#"UPDATE "user" SET "tenant" = $1"#,
            r#"INSERT INTO "user" ("id") VALUES ($1) RETURNING "tenant""#,
            "DELETE FROM `user` WHERE `id` = ?",
        ] {
            assert_eq!(unheld(text), Some(text));
        }
        assert_eq!(unheld("DELETE FROM `user` WHERE `id` = ? AND `tenant` = ?"), None);
    }

    #[test]
    fn the_tenant_is_the_last_parameter() {
        let [user, _] = with_tenant();
        let sqlite = |name| statement(&user, Dialect::Sqlite, name);
        assert!(sqlite("find").ends_with(r#"s."token_id" = $1 WHERE u."id" = $2 AND u."tenant" = $3"#));
        assert!(sqlite("find_many").ends_with(r#" = json_extract(w."value", '$[1]') WHERE u."tenant" = $2"#));
        assert!(sqlite("find_by_email").ends_with(r#" WHERE lower(u."email") = $1 AND u."tenant" = $2"#));
        assert!(
            sqlite("update").contains(r#" AND "email" = COALESCE($18, "email") AND "tenant" = $19 RETURNING "id""#)
        );
        assert_eq!(sqlite("delete"), r#"DELETE FROM "user" WHERE "id" = $1 AND "tenant" = $2"#);
        assert_eq!(
            sqlite("end_sessions"),
            r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1 AND "tenant" = $2"#
        );
        assert_eq!(
            sqlite("end_all_sessions"),
            r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "tenant" = $1"#
        );
        assert_eq!(statement(&user, Dialect::MySql, "delete"), "DELETE FROM `user` WHERE `id` = ? AND `tenant` = ?");
    }

    #[test]
    fn no_parameter_stands_twice_and_their_numbers_rise() {
        let [with_tenant, _] = with_tenant();
        for (user, dialect) in [user(), with_tenant]
            .iter()
            .flat_map(|user| [Dialect::Sqlite, Dialect::Postgres].map(|dialect| (user, dialect)))
        {
            for (name, text) in statements(user, dialect) {
                let numbers: Vec<usize> = text
                    .split('$')
                    .skip(1)
                    .filter_map(|rest| {
                        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                        digits.parse().ok()
                    })
                    .collect();
                assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{name} on {dialect:?}: {text}");
            }
        }
    }
}
