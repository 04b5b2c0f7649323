/// Every statement on the table `user`, per database.
pub const USER_SQL: ::axum_users::__private0_1_0::UserSql = ::axum_users::__private0_1_0::UserSql {
    login: ::axum_users::__private0_1_0::Some(::axum_users::__private0_1_0::LoginSql {
        column: "username",
        sqlite: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."username", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password" FROM "user" AS u WHERE u."username" = $1"#,
        ..::axum_users::__private0_1_0::LoginSql::NONE
    }),
    sqlite: ::axum_users::__private0_1_0::Statements {
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."username", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."username", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."username", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."username", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."username", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password" FROM "user" AS u WHERE lower(u."email") = $1"#,
        insert: r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "username") VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "username", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "username" = CASE WHEN $11 THEN $12 ELSE "username" END, "suspended_until" = CASE WHEN $13 THEN $14 ELSE "suspended_until" END, "suspended_reason" = CASE WHEN $15 THEN $16 ELSE "suspended_reason" END, "must_change_password" = CASE WHEN $17 THEN $18 ELSE "must_change_password" END, "auth_epoch" = "auth_epoch" + $19 WHERE "id" = $20 AND COALESCE("hashed_password", '') = COALESCE($21, "hashed_password", '') AND COALESCE("email", '') = COALESCE($22, "email", '') RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "username", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
        delete: r#"DELETE FROM "user" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1"#,
    },
    ..::axum_users::__private0_1_0::UserSql::USUAL
};
impl rt::AuthUser for User {
    type Id = Uuid;
    type Read = UserRead;
    type Create = UserCreate;
    type Update = UserUpdate;
    type AdminUpdate = UserAdminUpdate;
    const CUSTOM_FIELDS: &'static [rt::CustomField] = &[
        rt::CustomField::new::<String>("username")
            .read()
            .create()
            .required()
            .doc("The user name.")
            .rules(&[rt::LoginName::LENGTH, rt::LoginName::FORM]),
    ];
    const HAS_LOGIN_NAME: rt::bool = true;
    fn account(&self) -> rt::Account<'_, Uuid> {
        let flags = [self.is_active, self.is_superuser, self.is_verified];
        rt::Account::new(&self.id, &self.email, &self.hashed_password, flags)
    }
    fn account_mut(&mut self) -> rt::AccountMut<'_, Uuid> {
        rt::AccountMut {
            id: &mut self.id,
            email: &mut self.email,
            hashed_password: &mut self.hashed_password,
            is_active: &mut self.is_active,
            is_superuser: &mut self.is_superuser,
            is_verified: &mut self.is_verified,
        }
    }
    fn new(account: rt::NewAccount<Uuid>, input: UserCreate) -> Self {
        Self {
            id: account.id,
            email: account.email,
            hashed_password: account.hashed_password,
            is_active: account.status.is_active,
            is_superuser: account.status.is_superuser,
            is_verified: account.status.is_verified,
            username: input.username,
        }
    }
    fn read(&self) -> UserRead {
        UserRead {
            id: rt::Clone::clone(&self.id),
            email: rt::Clone::clone(&self.email),
            is_active: self.is_active,
            is_superuser: self.is_superuser,
            is_verified: self.is_verified,
            username: rt::Clone::clone(&self.username),
        }
    }
    fn credentials(input: &UserCreate) -> (&rt::str, &rt::Password) {
        (&input.email, &input.password)
    }
    fn update(&mut self, update: UserUpdate) -> rt::Changes<Self> {
        rt::Changes::by_owner(update.email, update.password, update.current_password)
    }
    fn admin_update(&mut self, update: UserAdminUpdate) -> rt::Changes<Self> {
        let flags = [update.is_active, update.is_superuser, update.is_verified];
        rt::Changes::by_superuser(update.email, update.password, flags)
    }
    fn copy_custom(&mut self, from: &Self, columns: rt::Columns) {
        let columns = columns.by_name::<Self>();
        columns.copy("username", &mut self.username, &from.username);
    }
    fn login_name(&self) -> rt::Option<&rt::str> {
        rt::Some(&self.username)
    }
    fn login_name_mut(&mut self) -> rt::Option<&mut rt::String> {
        rt::Some(&mut self.username)
    }
}
impl<DB: rt::Dialect> rt::SqlUser<DB> for User
where
    String: rt::Column<DB>,
{
    const SQL: &'static rt::UserSql = &USER_SQL;
    fn columns() -> rt::Vec<rt::SqlColumn> {
        rt::vec![
            rt::column:: < DB, String > ("username", rt::nullable!(DB, String))
            .as_login()
        ]
    }
    fn from_row(row: &mut rt::Row<'_, DB>) -> rt::SqlResult<Self> {
        rt::Ok(Self {
            id: row.id()?,
            email: row.get()?,
            hashed_password: row.hash()?,
            is_active: row.get()?,
            is_superuser: row.get()?,
            is_verified: row.get()?,
            username: row.get()?,
        })
    }
    fn bind_custom(&self, values: &mut rt::Values<'_, DB>) -> rt::SqlResult<()> {
        values.add(&self.username)
    }
}
