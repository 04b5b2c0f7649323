use axum_users::{AuthUser, PasswordHash};
mod rt {
    pub type Words = String;
    pub fn values() -> super::DB {
        7
    }
}
type DB = i32;
fn input() -> Option<String> {
    Some("input".to_owned())
}
#[derive(Debug, Clone)]
pub struct S {
    pub id: i32,
    pub email: rt::Words,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    pub r#type: DB,
    pub user: Option<String>,
    pub account: Option<String>,
    pub values: Option<String>,
    pub row: Option<String>,
    pub users: Option<String>,
}
const _: () = {
    use ::axum_users::__private as rt_;
    rt_::check::email::<rt::Words>();
    rt_::check::field::<DB>();
    rt_::check::column::<DB>();
    rt_::check::field::<Option<String>>();
    rt_::check::column::<Option<String>>();
    rt_::check::field::<Option<String>>();
    rt_::check::column::<Option<String>>();
    rt_::check::field::<Option<String>>();
    rt_::check::column::<Option<String>>();
    rt_::check::field::<Option<String>>();
    rt_::check::column::<Option<String>>();
    rt_::check::field::<Option<String>>();
    rt_::check::column::<Option<String>>();
};
/// What clients see of a [`S`].
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
#[derive(::axum_users::__private::Serialize, ::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde")]
pub struct SRead {
    pub id: i32,
    pub email: rt::Words,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    pub r#type: DB,
    pub user: Option<String>,
    pub account: Option<String>,
    pub values: Option<String>,
    pub row: Option<String>,
    pub users: Option<String>,
}
/// What a person sends to become a [`S`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde")]
pub struct SCreate {
    pub email: rt::Words,
    /// The password in clear.
    pub password: ::axum_users::Password,
    #[serde(default = "SCreate::default_type")]
    pub r#type: DB,
    #[serde(default = "SCreate::default_user")]
    pub user: Option<String>,
    #[serde(default)]
    pub values: Option<String>,
    #[serde(default)]
    pub row: Option<String>,
    #[serde(default)]
    pub users: Option<String>,
}
/// What a [`S`] may change about itself. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde", default)]
pub struct SUpdate {
    /// The new password in clear.
    pub password: ::core::option::Option<::axum_users::Password>,
    /// The present password, where the policy asks for it beside a change.
    pub current_password: ::core::option::Option<::axum_users::Password>,
    pub email: ::core::option::Option<rt::Words>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub r#type: ::core::option::Option<DB>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub user: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub values: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub row: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub users: ::core::option::Option<Option<String>>,
}
/// What a superuser may change about any [`S`]. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde", default)]
pub struct SAdminUpdate {
    /// The new password in clear.
    pub password: ::core::option::Option<::axum_users::Password>,
    pub email: ::core::option::Option<rt::Words>,
    pub is_active: ::core::option::Option<bool>,
    pub is_superuser: ::core::option::Option<bool>,
    pub is_verified: ::core::option::Option<bool>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub r#type: ::core::option::Option<DB>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub user: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub values: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub row: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub users: ::core::option::Option<Option<String>>,
}
/// Every statement that touches the table `user`, per database.
pub const S_SQL: ::axum_users::__private::UserSql = ::axum_users::__private::UserSql {
    table: "user",
    session_table: "accesstoken",
    columns: &[
        "id",
        "email",
        "hashed_password",
        "is_active",
        "is_superuser",
        "is_verified",
        "type",
        "user",
        "account",
        "values",
        "row",
        "users",
    ],
    id_made_by_database: true,
    sqlite: ::axum_users::__private::Statements {
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."type", u."user", u."account", u."values", u."row", u."users", u."auth_epoch", s."revoked", s."kept_epoch" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."type", u."user", u."account", u."values", u."row", u."users", u."auth_epoch", s."revoked", s."kept_epoch", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."type", u."user", u."account", u."values", u."row", u."users", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."type", u."user", u."account", u."values", u."row", u."users", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."type", u."user", u."account", u."values", u."row", u."users", u."auth_epoch" FROM "user" AS u WHERE lower(u."email") = $1"#,
        insert: r#"INSERT INTO "user" ("email", "hashed_password", "is_active", "is_superuser", "is_verified", "type", "user", "account", "values", "row", "users", "auth_epoch") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, random() & 9007199254740991) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "type", "user", "account", "values", "row", "users", "auth_epoch""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "type" = CASE WHEN $11 THEN $12 ELSE "type" END, "user" = CASE WHEN $13 THEN $14 ELSE "user" END, "account" = CASE WHEN $15 THEN $16 ELSE "account" END, "values" = CASE WHEN $17 THEN $18 ELSE "values" END, "row" = CASE WHEN $19 THEN $20 ELSE "row" END, "users" = CASE WHEN $21 THEN $22 ELSE "users" END, "auth_epoch" = "auth_epoch" + $23 WHERE "id" = $24 AND "hashed_password" = COALESCE($25, "hashed_password") AND "email" = COALESCE($26, "email") RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "type", "user", "account", "values", "row", "users", "auth_epoch""#,
        delete: r#"DELETE FROM "user" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1"#,
        keep_token: r#"INSERT INTO "user_token_state" ("token_id", "user_id", "revoked", "kept_epoch", "expires_at") VALUES ($1, $2, FALSE, $3, $4) ON CONFLICT ("token_id") DO UPDATE SET "user_id" = excluded."user_id", "kept_epoch" = excluded."kept_epoch", "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#,
        revoke_token: r#"INSERT INTO "user_token_state" ("token_id", "revoked", "expires_at") VALUES ($1, TRUE, $2) ON CONFLICT ("token_id") DO UPDATE SET "revoked" = TRUE, "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#,
        purge_tokens: r#"DELETE FROM "user_token_state" WHERE "token_id" IN (SELECT "token_id" FROM "user_token_state" WHERE "expires_at" < $1 LIMIT $2)"#,
    },
    postgres: ::axum_users::__private::Statements::NONE,
    mysql: ::axum_users::__private::Statements::NONE,
};
/// Every route of [`S`] under its usual prefix.
pub fn s_routes<S_: ::axum_users::HasUsers<S>>(
    users: &::axum_users::Users<S>,
) -> ::axum_users::__private::Router<S_> {
    use ::axum_users::__private as rt_;
    let others = [
        ("/auth", s_register_routes(users)),
        ("/auth", s_reset_routes(users)),
        ("/auth", s_verify_routes(users)),
        ("/users", s_account_routes(users)),
    ];
    rt_::Routes::at_usual_prefixes(users, s_auth_routes, others)
}
/// The routes of one backend, usually under `/auth/{backend}`: `POST /login` and `/logout`.
pub fn s_auth_routes<S_: ::axum_users::HasUsers<S>>(
    users: &::axum_users::Users<S>,
    backend: &::axum_users::__private::str,
) -> ::axum_users::__private::Router<S_> {
    use ::axum_users::__private as rt_;
    rt_::Routes::new(users)
        .backend(backend)
        .route("/login", rt_::post(rt_::login::<S>))
        .route("/logout", rt_::post(rt_::logout::<S>))
        .into_router()
}
/// The route of registration, usually under `/auth`: `POST /register`.
pub fn s_register_routes<S_: ::axum_users::HasUsers<S>>(
    users: &::axum_users::Users<S>,
) -> ::axum_users::__private::Router<S_> {
    use ::axum_users::__private as rt_;
    rt_::Routes::new(users)
        .route("/register", rt_::post(rt_::register::<S>))
        .into_router()
}
/// The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.
pub fn s_reset_routes<S_: ::axum_users::HasUsers<S>>(
    users: &::axum_users::Users<S>,
) -> ::axum_users::__private::Router<S_> {
    use ::axum_users::__private as rt_;
    rt_::Routes::new(users)
        .route("/forgot-password", rt_::post(rt_::forgot_password::<S>))
        .route("/reset-password", rt_::post(rt_::reset_password::<S>))
        .into_router()
}
/// The routes to prove an address, usually under `/auth`: `POST /request-verify-token` and `/verify`.
pub fn s_verify_routes<S_: ::axum_users::HasUsers<S>>(
    users: &::axum_users::Users<S>,
) -> ::axum_users::__private::Router<S_> {
    use ::axum_users::__private as rt_;
    rt_::Routes::new(users)
        .route("/request-verify-token", rt_::post(rt_::request_verify_token::<S>))
        .route("/verify", rt_::post(rt_::verify::<S>))
        .into_router()
}
/// The routes of one's own account and, for superusers, of all others, usually under `/users`: `/me` and `/{id}`.
pub fn s_account_routes<S_: ::axum_users::HasUsers<S>>(
    users: &::axum_users::Users<S>,
) -> ::axum_users::__private::Router<S_> {
    use ::axum_users::__private as rt_;
    let me = rt_::get(rt_::me::<S>).patch(rt_::update_me::<S>);
    let by_id = rt_::get(rt_::user_by_id::<S>).patch(rt_::update_user::<S>);
    rt_::Routes::new(users)
        .route("/me", me.fallback(rt_::me_as_id::<S>))
        .route("/{id}", by_id.delete(rt_::delete_user::<S>))
        .into_router()
}
const _: () = {
    use ::axum_users::__private as rt_;
    impl rt_::AuthUser for S {
        type Id = i32;
        type Read = SRead;
        type Create = SCreate;
        type Update = SUpdate;
        type AdminUpdate = SAdminUpdate;
        const CUSTOM_FIELDS: &'static [rt_::CustomField] = &[
            rt_::CustomField {
                name: "type",
                column: "type",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt_::CustomField {
                name: "user",
                column: "user",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt_::CustomField {
                name: "account",
                column: "account",
                read: true,
                create: false,
                update: false,
                admin: false,
            },
            rt_::CustomField {
                name: "values",
                column: "values",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt_::CustomField {
                name: "row",
                column: "row",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt_::CustomField {
                name: "users",
                column: "users",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
        ];
        fn account(&self) -> rt_::Account<'_, i32> {
            rt_::Account {
                id: self.id,
                email: &self.email,
                hashed_password: &self.hashed_password,
                status: rt_::Status {
                    is_active: self.is_active,
                    is_superuser: self.is_superuser,
                    is_verified: self.is_verified,
                },
            }
        }
        fn account_mut(&mut self) -> rt_::AccountMut<'_, i32> {
            rt_::AccountMut {
                id: &mut self.id,
                email: &mut self.email,
                hashed_password: &mut self.hashed_password,
                is_active: &mut self.is_active,
                is_superuser: &mut self.is_superuser,
                is_verified: &mut self.is_verified,
            }
        }
        fn new(account: rt_::NewAccount<i32>, input: SCreate) -> Self {
            Self {
                id: account.id,
                email: account.email,
                hashed_password: account.hashed_password,
                is_active: account.status.is_active,
                is_superuser: account.status.is_superuser,
                is_verified: account.status.is_verified,
                r#type: input.r#type,
                user: input.user,
                account: SCreate::default_account(),
                values: input.values,
                row: input.row,
                users: input.users,
            }
        }
        fn copy_custom(&mut self, from: &Self, columns: rt_::Columns) {
            columns.copy(0, &mut self.r#type, &from.r#type);
            columns.copy(1, &mut self.user, &from.user);
            columns.copy(2, &mut self.account, &from.account);
            columns.copy(3, &mut self.values, &from.values);
            columns.copy(4, &mut self.row, &from.row);
            columns.copy(5, &mut self.users, &from.users);
        }
        fn read(&self) -> SRead {
            SRead {
                id: self.id,
                email: rt_::Clone::clone(&self.email),
                is_active: self.is_active,
                is_superuser: self.is_superuser,
                is_verified: self.is_verified,
                r#type: rt_::Clone::clone(&self.r#type),
                user: rt_::Clone::clone(&self.user),
                account: rt_::Clone::clone(&self.account),
                values: rt_::Clone::clone(&self.values),
                row: rt_::Clone::clone(&self.row),
                users: rt_::Clone::clone(&self.users),
            }
        }
    }
    impl rt_::Schema for SRead {
        const NAME: &'static rt_::str = "SRead";
        const FIELDS: &'static [&'static [rt_::Field]] = &[
            &rt_::Field::read::<i32>(),
            &[
                rt_::Field::custom::<DB>("type"),
                rt_::Field::custom::<Option<String>>("user"),
                rt_::Field::custom::<Option<String>>("account"),
                rt_::Field::custom::<Option<String>>("values"),
                rt_::Field::custom::<Option<String>>("row"),
                rt_::Field::custom::<Option<String>>("users"),
            ],
        ];
    }
    impl rt_::Schema for SCreate {
        const NAME: &'static rt_::str = "SCreate";
        const FIELDS: &'static [&'static [rt_::Field]] = &[
            rt_::Field::CREATE,
            &[
                rt_::Field::custom::<DB>("type"),
                rt_::Field::custom::<Option<String>>("user"),
                rt_::Field::custom::<Option<String>>("values"),
                rt_::Field::custom::<Option<String>>("row"),
                rt_::Field::custom::<Option<String>>("users"),
            ],
        ];
    }
    impl rt_::CreateSchema for SCreate {
        fn credentials(&self) -> (&rt_::str, &rt_::Password) {
            (&self.email, &self.password)
        }
    }
    impl SCreate {
        fn default_type() -> DB {
            rt::values()
        }
        fn default_user() -> Option<String> {
            input()
        }
        fn default_account() -> Option<String> {
            input()
        }
    }
    impl rt_::Schema for SUpdate {
        const NAME: &'static rt_::str = "SUpdate";
        const FIELDS: &'static [&'static [rt_::Field]] = &[
            rt_::Field::UPDATE,
            &[
                rt_::Field::custom::<DB>("type"),
                rt_::Field::custom::<Option<String>>("user"),
                rt_::Field::custom::<Option<String>>("values"),
                rt_::Field::custom::<Option<String>>("row"),
                rt_::Field::custom::<Option<String>>("users"),
            ],
        ];
    }
    impl rt_::UpdateSchema<S> for SUpdate {
        fn take_account(&mut self) -> rt_::AccountUpdate {
            rt_::AccountUpdate {
                email: self.email.take(),
                password: self.password.take(),
                current_password: self.current_password.take(),
                ..rt_::Default::default()
            }
        }
        fn apply(self, user: &mut S) -> rt_::Columns {
            rt_::Columns::NONE
                .assign(0, &mut user.r#type, self.r#type)
                .assign(1, &mut user.user, self.user)
                .assign(3, &mut user.values, self.values)
                .assign(4, &mut user.row, self.row)
                .assign(5, &mut user.users, self.users)
        }
    }
    impl rt_::Schema for SAdminUpdate {
        const NAME: &'static rt_::str = "SAdminUpdate";
        const FIELDS: &'static [&'static [rt_::Field]] = &[
            rt_::Field::ADMIN_UPDATE,
            &[
                rt_::Field::custom::<DB>("type"),
                rt_::Field::custom::<Option<String>>("user"),
                rt_::Field::custom::<Option<String>>("values"),
                rt_::Field::custom::<Option<String>>("row"),
                rt_::Field::custom::<Option<String>>("users"),
            ],
        ];
    }
    impl rt_::UpdateSchema<S> for SAdminUpdate {
        fn take_account(&mut self) -> rt_::AccountUpdate {
            rt_::AccountUpdate {
                email: self.email.take(),
                password: self.password.take(),
                current_password: rt_::None,
                is_active: self.is_active.take(),
                is_superuser: self.is_superuser.take(),
                is_verified: self.is_verified.take(),
            }
        }
        fn apply(self, user: &mut S) -> rt_::Columns {
            rt_::Columns::NONE
                .assign(0, &mut user.r#type, self.r#type)
                .assign(1, &mut user.user, self.user)
                .assign(3, &mut user.values, self.values)
                .assign(4, &mut user.row, self.row)
                .assign(5, &mut user.users, self.users)
        }
    }
    impl<DB_: rt_::Dialect> rt_::SqlUser<DB_> for S
    where
        DB: rt_::Column<DB_>,
        Option<String>: rt_::Column<DB_>,
        Option<String>: rt_::Column<DB_>,
        Option<String>: rt_::Column<DB_>,
        Option<String>: rt_::Column<DB_>,
        Option<String>: rt_::Column<DB_>,
    {
        const SQL: &'static rt_::UserSql = &S_SQL;
        fn columns() -> rt_::Vec<rt_::SqlColumn> {
            rt_::vec![
                rt_::column:: < DB_, DB > ("type", false).filled_with(&
                SCreate::default_type()), rt_::column:: < DB_, Option < String > >
                ("user", true), rt_::column:: < DB_, Option < String > > ("account",
                true), rt_::column:: < DB_, Option < String > > ("values", true),
                rt_::column:: < DB_, Option < String > > ("row", true), rt_::column:: <
                DB_, Option < String > > ("users", true)
            ]
        }
        fn from_row(row: &rt_::Row<'_, DB_>) -> rt_::SqlResult<Self> {
            rt_::Ok(Self {
                id: row.id(0)?,
                email: row.get(1)?,
                hashed_password: row.hash(2)?,
                is_active: row.get(3)?,
                is_superuser: row.get(4)?,
                is_verified: row.get(5)?,
                r#type: row.get(6)?,
                user: row.get(7)?,
                account: row.get(8)?,
                values: row.get(9)?,
                row: row.get(10)?,
                users: row.get(11)?,
            })
        }
        fn bind(&self, values: &mut rt_::Values<'_, DB_>) -> rt_::SqlResult<()> {
            values.account(&rt_::AuthUser::account(self))?;
            values.add(&self.r#type)?;
            values.add(&self.user)?;
            values.add(&self.account)?;
            values.add(&self.values)?;
            values.add(&self.row)?;
            values.add(&self.users)
        }
    }
};
