//! Two user types as the derive would write them: one whose id we make, one whose id the database makes.

use serde::{Deserialize, Serialize};
use users_runtime::{
    __private0_1_0::{
        Column, Dialect, RoleColumns, Row, SqlColumn, SqlResult, SqlUser, Statements, UserSql, Values, column,
        json_column, text_column,
    },
    AuthUser, Password, PasswordHash,
    schema::{Account, AccountMut, Changes, CustomField},
    store::{Columns, NewAccount},
};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    Free,
    Paid,
}

macro_rules! user {
    ($name:ident, $id:ty, $sql:path) => {
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            pub id: $id,
            pub email: String,
            pub hashed_password: PasswordHash,
            pub is_active: bool,
            pub is_superuser: bool,
            pub is_verified: bool,
            pub full_name: Option<String>,
            pub visits: i64,
            pub tags: Vec<String>,
            pub plan: Plan,
        }

        impl AuthUser for $name {
            type Id = $id;
            type Read = Read;
            type Create = Create;
            type Update = Update;
            type AdminUpdate = Update;

            const CUSTOM_FIELDS: &'static [CustomField] = &[
                CustomField::new::<Option<String>>("full_name").read().create().update(),
                CustomField::new::<i64>("visits").read().admin(),
                CustomField::new::<Vec<String>>("tags").read().admin(),
                CustomField::new::<Plan>("plan").read().admin(),
            ];

            fn account(&self) -> Account<'_, $id> {
                let flags = [self.is_active, self.is_superuser, self.is_verified];
                Account::new(self.id, &self.email, &self.hashed_password, flags)
            }

            fn account_mut(&mut self) -> AccountMut<'_, $id> {
                AccountMut {
                    id: &mut self.id,
                    email: &mut self.email,
                    hashed_password: &mut self.hashed_password,
                    is_active: &mut self.is_active,
                    is_superuser: &mut self.is_superuser,
                    is_verified: &mut self.is_verified,
                }
            }

            fn new(account: NewAccount<$id>, input: Create) -> Self {
                Self {
                    id: account.id,
                    email: account.email,
                    hashed_password: account.hashed_password,
                    is_active: account.status.is_active,
                    is_superuser: account.status.is_superuser,
                    is_verified: account.status.is_verified,
                    full_name: input.full_name,
                    visits: 0,
                    tags: Vec::new(),
                    plan: Plan::Free,
                }
            }

            fn read(&self) -> Read {
                Read { email: self.email.clone() }
            }

            fn credentials(input: &Create) -> (&str, &Password) {
                (&input.email, &input.password)
            }

            fn update(&mut self, update: Update) -> Changes<Self> {
                Changes::by_owner(None, None, None).set("full_name", &mut self.full_name, update.full_name)
            }

            fn admin_update(&mut self, update: Update) -> Changes<Self> {
                self.update(update)
            }

            fn copy_custom(&mut self, from: &Self, columns: Columns) {
                let columns = columns.by_name::<Self>();
                columns.copy("full_name", &mut self.full_name, &from.full_name);
                columns.copy("visits", &mut self.visits, &from.visits);
                columns.copy("tags", &mut self.tags, &from.tags);
                columns.copy("plan", &mut self.plan, &from.plan);
            }
        }

        impl<DB: Dialect> SqlUser<DB> for $name
        where
            Option<String>: Column<DB>,
            i64: Column<DB>,
        {
            const SQL: &'static UserSql = &$sql;

            fn columns() -> Vec<SqlColumn> {
                vec![
                    column::<DB, Option<String>>("full_name", true),
                    column::<DB, i64>("visits", false),
                    json_column::<DB>("tags", false).filled_with_json(&Vec::<String>::new()),
                    text_column::<DB>("plan", false).filled_with(&Plan::Free),
                ]
            }

            fn from_row(row: &mut Row<'_, DB>) -> SqlResult<Self> {
                Ok(Self {
                    id: row.id()?,
                    email: row.get()?,
                    hashed_password: row.hash()?,
                    is_active: row.get()?,
                    is_superuser: row.get()?,
                    is_verified: row.get()?,
                    full_name: row.get()?,
                    visits: row.get()?,
                    tags: row.json()?,
                    plan: row.text()?,
                })
            }

            fn bind_custom(&self, values: &mut Values<'_, DB>) -> SqlResult<()> {
                values.add(&self.full_name)?;
                values.add(&self.visits)?;
                values.json(&self.tags)?;
                values.text(&self.plan)
            }
        }
    };
}

user!(User, Uuid, USER_SQL);
user!(Member, i64, MEMBER_SQL);
user!(Elsewhere, Uuid, ELSEWHERE_SQL);

#[derive(Debug, Serialize, Deserialize)]
pub struct Read {
    pub email: String,
}

#[derive(Debug, Deserialize)]
pub struct Create {
    pub email: String,
    pub password: Password,
    #[serde(default)]
    pub full_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Update {
    #[serde(default)]
    pub full_name: Option<Option<String>>,
}

pub const USER_SQL: UserSql = UserSql {
    table: "user",
    session_table: "accesstoken",
    roles: RoleColumns::USUAL,
    id_made_by_database: false,
    sqlite: Statements {
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch" FROM "user" AS u WHERE lower(u."email") = $1"#,
        insert: r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan", "auth_epoch""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "full_name" = CASE WHEN $11 THEN $12 ELSE "full_name" END, "visits" = CASE WHEN $13 THEN $14 ELSE "visits" END, "tags" = CASE WHEN $15 THEN $16 ELSE "tags" END, "plan" = CASE WHEN $17 THEN $18 ELSE "plan" END, "auth_epoch" = "auth_epoch" + $19 WHERE "id" = $20 AND "hashed_password" = COALESCE($21, "hashed_password") AND "email" = COALESCE($22, "email") RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan", "auth_epoch""#,
        delete: r#"DELETE FROM "user" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1"#,
    },
    postgres: Statements {
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("token", "hashed", "n") JOIN "accesstoken" AS t ON t."token" = w."token" AND t."hashed" = w."hashed" JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#,
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch", s."revoked", s."kept_epoch", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("id", "token", "n") JOIN "user" AS u ON u."id" = w."id" LEFT JOIN "user_token_state" AS s ON s."token_id" = w."token""#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."visits", u."tags", u."plan", u."auth_epoch" FROM "user" AS u WHERE lower(u."email" COLLATE "C") = $1"#,
        insert: r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan", "auth_epoch""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "full_name" = CASE WHEN $11 THEN $12 ELSE "full_name" END, "visits" = CASE WHEN $13 THEN $14 ELSE "visits" END, "tags" = CASE WHEN $15 THEN $16 ELSE "tags" END, "plan" = CASE WHEN $17 THEN $18 ELSE "plan" END, "auth_epoch" = "auth_epoch" + $19 WHERE "id" = $20 AND "hashed_password" = COALESCE($21, "hashed_password") AND "email" = COALESCE($22, "email") RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan", "auth_epoch""#,
        delete: r#"DELETE FROM "user" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1"#,
    },
    mysql: Statements {
        find_session: "SELECT u.`id`, u.`email`, u.`hashed_password`, u.`is_active`, u.`is_superuser`, u.`is_verified`, u.`full_name`, u.`visits`, u.`tags`, u.`plan`, u.`auth_epoch`, s.`revoked`, s.`kept_epoch`, t.`session_id`, t.`auth_epoch`, t.`created_at`, t.`last_seen_at`, t.`token` FROM `accesstoken` AS t JOIN `user` AS u ON u.`id` = t.`user_id` LEFT JOIN `user_token_state` AS s ON s.`token_id` = t.`session_id` WHERE t.`token` = ? AND t.`hashed` = ?",
        find_sessions: "SELECT u.`id`, u.`email`, u.`hashed_password`, u.`is_active`, u.`is_superuser`, u.`is_verified`, u.`full_name`, u.`visits`, u.`tags`, u.`plan`, u.`auth_epoch`, s.`revoked`, s.`kept_epoch`, t.`session_id`, t.`auth_epoch`, t.`created_at`, t.`last_seen_at`, t.`token`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `token` VARCHAR(43) PATH '$[0]', `hashed` INT PATH '$[1]')) AS w JOIN `accesstoken` AS t ON t.`token` = JSON_UNQUOTE(JSON_QUOTE(w.`token`)) AND t.`hashed` = w.`hashed` JOIN `user` AS u ON u.`id` = t.`user_id` LEFT JOIN `user_token_state` AS s ON s.`token_id` = t.`session_id`",
        find: "SELECT u.`id`, u.`email`, u.`hashed_password`, u.`is_active`, u.`is_superuser`, u.`is_verified`, u.`full_name`, u.`visits`, u.`tags`, u.`plan`, u.`auth_epoch`, s.`revoked`, s.`kept_epoch` FROM `user` AS u LEFT JOIN `user_token_state` AS s ON s.`token_id` = ? WHERE u.`id` = ?",
        find_many: "SELECT u.`id`, u.`email`, u.`hashed_password`, u.`is_active`, u.`is_superuser`, u.`is_verified`, u.`full_name`, u.`visits`, u.`tags`, u.`plan`, u.`auth_epoch`, s.`revoked`, s.`kept_epoch`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `id` CHAR(36) PATH '$[0]', `token` VARCHAR(22) PATH '$[1]')) AS w JOIN `user` AS u ON u.`id` = JSON_UNQUOTE(JSON_QUOTE(w.`id`)) LEFT JOIN `user_token_state` AS s ON s.`token_id` = w.`token`",
        find_by_email: "SELECT u.`id`, u.`email`, u.`hashed_password`, u.`is_active`, u.`is_superuser`, u.`is_verified`, u.`full_name`, u.`visits`, u.`tags`, u.`plan`, u.`auth_epoch` FROM `user` AS u WHERE u.`email_canonical` = ?",
        insert: "INSERT INTO `user` (`id`, `email`, `hashed_password`, `is_active`, `is_superuser`, `is_verified`, `full_name`, `visits`, `tags`, `plan`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        update: "UPDATE `user` SET `email` = CASE WHEN ? THEN ? ELSE `email` END, `hashed_password` = CASE WHEN ? THEN ? ELSE `hashed_password` END, `is_active` = CASE WHEN ? THEN ? ELSE `is_active` END, `is_superuser` = CASE WHEN ? THEN ? ELSE `is_superuser` END, `is_verified` = CASE WHEN ? THEN ? ELSE `is_verified` END, `full_name` = CASE WHEN ? THEN ? ELSE `full_name` END, `visits` = CASE WHEN ? THEN ? ELSE `visits` END, `tags` = CASE WHEN ? THEN ? ELSE `tags` END, `plan` = CASE WHEN ? THEN ? ELSE `plan` END, `auth_epoch` = `auth_epoch` + ? WHERE `id` = ? AND BINARY `hashed_password` = COALESCE(?, `hashed_password`) AND BINARY `email` = COALESCE(?, `email`)",
        delete: "DELETE FROM `user` WHERE `id` = ?",
        end_sessions: "UPDATE `user` SET `auth_epoch` = `auth_epoch` + 1 WHERE `id` = ?",
        end_all_sessions: "UPDATE `user` SET `auth_epoch` = `auth_epoch` + 1",
    },
};

pub const MEMBER_SQL: UserSql = UserSql {
    id_made_by_database: true,
    sqlite: Statements {
        insert: r#"INSERT INTO "user" ("email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan", "auth_epoch") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, random() & 9007199254740991) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan", "auth_epoch""#,
        ..USER_SQL.sqlite
    },
    postgres: Statements {
        insert: r#"INSERT INTO "user" ("email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "visits", "tags", "plan", "auth_epoch""#,
        ..USER_SQL.postgres
    },
    mysql: Statements {
        insert: "INSERT INTO `user` (`email`, `hashed_password`, `is_active`, `is_superuser`, `is_verified`, `full_name`, `visits`, `tags`, `plan`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        find_many: "SELECT u.`id`, u.`email`, u.`hashed_password`, u.`is_active`, u.`is_superuser`, u.`is_verified`, u.`full_name`, u.`visits`, u.`tags`, u.`plan`, u.`auth_epoch`, s.`revoked`, s.`kept_epoch`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `id` BIGINT PATH '$[0]', `token` VARCHAR(22) PATH '$[1]')) AS w JOIN `user` AS u ON u.`id` = w.`id` LEFT JOIN `user_token_state` AS s ON s.`token_id` = w.`token`",
        ..USER_SQL.mysql
    },
    ..USER_SQL
};

/// Of a struct that is not meant for SQLite.
pub const ELSEWHERE_SQL: UserSql = UserSql { sqlite: Statements::NONE, ..USER_SQL };

/// A user with something in every field.
pub fn user(account: NewAccount<Uuid>) -> User {
    let input = Create { email: String::new(), password: Password::new(""), full_name: Some("Arthur".to_owned()) };
    User { visits: 7, tags: vec!["king".to_owned()], plan: Plan::Paid, ..User::new(account, input) }
}

/// A member with something in every field.
pub fn member(account: NewAccount<i64>) -> Member {
    let input = Create { email: String::new(), password: Password::new(""), full_name: None };
    Member { visits: -7, tags: Vec::new(), plan: Plan::Free, ..Member::new(account, input) }
}
