use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;
#[derive(Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    /// The tenant.
    pub tenant: String,
}
const _: () = {
    use ::axum_users::__private as rt;
    rt::check::field::<String>();
    rt::check::column::<String>();
    rt::check::new_value::<String>();
};
/// What clients see of a [`User`].
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
#[derive(::axum_users::__private::Serialize, ::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde")]
pub struct UserRead {
    pub id: Uuid,
    pub email: String,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    /// The tenant.
    pub tenant: String,
}
/// What a person sends to become a [`User`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde")]
pub struct UserCreate {
    pub email: String,
    /// The password in clear.
    pub password: ::axum_users::Password,
}
/// What a [`User`] may change about itself. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde", default)]
pub struct UserUpdate {
    /// The new password in clear.
    pub password: ::core::option::Option<::axum_users::Password>,
    /// The present password, where the policy asks for it beside a change.
    pub current_password: ::core::option::Option<::axum_users::Password>,
    pub email: ::core::option::Option<String>,
}
/// What a superuser may change about any [`User`]. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde", default)]
pub struct UserAdminUpdate {
    /// The new password in clear.
    pub password: ::core::option::Option<::axum_users::Password>,
    pub email: ::core::option::Option<String>,
    pub is_active: ::core::option::Option<bool>,
    pub is_superuser: ::core::option::Option<bool>,
    pub is_verified: ::core::option::Option<bool>,
}
/// Every statement that touches the table `user`, per database.
pub const USER_SQL: ::axum_users::__private::UserSql = ::axum_users::__private::UserSql {
    table: "user",
    session_table: "accesstoken",
    columns: &[
        "id",
        "email",
        "hashed_password",
        "is_active",
        "is_superuser",
        "is_verified",
        "tenant",
    ],
    id_made_by_database: false,
    sqlite: ::axum_users::__private::Statements {
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."tenant", u."auth_epoch", s."revoked", s."kept_epoch" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2 AND u."tenant" = $3"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."tenant", u."auth_epoch", s."revoked", s."kept_epoch", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]') WHERE u."tenant" = $2"#,
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."tenant", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2 AND u."tenant" = $3"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."tenant", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE u."tenant" = $2"#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."tenant", u."auth_epoch" FROM "user" AS u WHERE lower(u."email") = $1 AND u."tenant" = $2"#,
        insert: r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "tenant") VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "tenant", "auth_epoch""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "tenant" = CASE WHEN $11 THEN $12 ELSE "tenant" END, "auth_epoch" = "auth_epoch" + $13 WHERE "id" = $14 AND "hashed_password" = COALESCE($15, "hashed_password") AND "email" = COALESCE($16, "email") AND "tenant" = $17 RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "tenant", "auth_epoch""#,
        delete: r#"DELETE FROM "user" WHERE "id" = $1 AND "tenant" = $2"#,
        end_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1 AND "tenant" = $2"#,
        end_all_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "tenant" = $1"#,
        keep_token: r#"INSERT INTO "user_token_state" ("token_id", "user_id", "revoked", "kept_epoch", "expires_at") VALUES ($1, $2, FALSE, $3, $4) ON CONFLICT ("token_id") DO UPDATE SET "user_id" = excluded."user_id", "kept_epoch" = excluded."kept_epoch", "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#,
        revoke_token: r#"INSERT INTO "user_token_state" ("token_id", "revoked", "expires_at") VALUES ($1, TRUE, $2) ON CONFLICT ("token_id") DO UPDATE SET "revoked" = TRUE, "expires_at" = max("user_token_state"."expires_at", excluded."expires_at")"#,
        purge_tokens: r#"DELETE FROM "user_token_state" WHERE "token_id" IN (SELECT "token_id" FROM "user_token_state" WHERE "expires_at" < $1 LIMIT $2)"#,
    },
    postgres: ::axum_users::__private::Statements::NONE,
    mysql: ::axum_users::__private::Statements::NONE,
};
/// Every route of [`User`] under its usual prefix.
pub fn user_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    let others = [
        ("/auth", user_register_routes(users)),
        ("/auth", user_reset_routes(users)),
        ("/auth", user_verify_routes(users)),
        ("/users", user_account_routes(users)),
    ];
    rt::Routes::at_usual_prefixes(users, user_auth_routes, others)
}
/// The routes of one backend, usually under `/auth/{backend}`: `POST /login` and `/logout`.
pub fn user_auth_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
    backend: &::axum_users::__private::str,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .backend(backend)
        .route("/login", rt::post(rt::login::<User>))
        .route("/logout", rt::post(rt::logout::<User>))
        .into_router()
}
/// The route of registration, usually under `/auth`: `POST /register`.
pub fn user_register_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .route("/register", rt::post(rt::register::<User>))
        .into_router()
}
/// The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.
pub fn user_reset_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .route("/forgot-password", rt::post(rt::forgot_password::<User>))
        .route("/reset-password", rt::post(rt::reset_password::<User>))
        .into_router()
}
/// The routes to prove an address, usually under `/auth`: `POST /request-verify-token` and `/verify`.
pub fn user_verify_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .route("/request-verify-token", rt::post(rt::request_verify_token::<User>))
        .route("/verify", rt::post(rt::verify::<User>))
        .into_router()
}
/// The routes of one's own account and, for superusers, of all others, usually under `/users`: `/me` and `/{id}`.
pub fn user_account_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    let me = rt::get(rt::me::<User>).patch(rt::update_me::<User>);
    let by_id = rt::get(rt::user_by_id::<User>).patch(rt::update_user::<User>);
    rt::Routes::new(users)
        .route("/me", me.fallback(rt::me_as_id::<User>))
        .route("/{id}", by_id.delete(rt::delete_user::<User>))
        .into_router()
}
const _: () = {
    use ::axum_users::__private as rt;
    impl rt::AuthUser for User {
        type Id = Uuid;
        type Read = UserRead;
        type Create = UserCreate;
        type Update = UserUpdate;
        type AdminUpdate = UserAdminUpdate;
        const CUSTOM_FIELDS: &'static [rt::CustomField] = &[
            rt::CustomField {
                name: "tenant",
                column: "tenant",
                read: true,
                create: false,
                update: false,
                admin: false,
            },
        ];
        const HAS_TENANTS: rt::bool = true;
        fn account(&self) -> rt::Account<'_, Uuid> {
            rt::Account {
                id: self.id,
                email: &self.email,
                hashed_password: &self.hashed_password,
                status: rt::Status {
                    is_active: self.is_active,
                    is_superuser: self.is_superuser,
                    is_verified: self.is_verified,
                },
            }
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
        fn new(account: rt::NewAccount<Uuid>, _: UserCreate) -> Self {
            Self {
                id: account.id,
                email: account.email,
                hashed_password: account.hashed_password,
                is_active: account.status.is_active,
                is_superuser: account.status.is_superuser,
                is_verified: account.status.is_verified,
                tenant: <String as rt::Default>::default(),
            }
        }
        fn copy_custom(&mut self, from: &Self, columns: rt::Columns) {
            columns.copy(0, &mut self.tenant, &from.tenant);
        }
        fn read(&self) -> UserRead {
            UserRead {
                id: self.id,
                email: rt::Clone::clone(&self.email),
                is_active: self.is_active,
                is_superuser: self.is_superuser,
                is_verified: self.is_verified,
                tenant: rt::Clone::clone(&self.tenant),
            }
        }
    }
    impl rt::HasTenant for User {
        type Tenant = String;
        fn tenant(&self) -> &String {
            &self.tenant
        }
        fn tenant_mut(&mut self) -> &mut String {
            &mut self.tenant
        }
    }
    impl rt::Schema for UserRead {
        const NAME: &'static rt::str = "UserRead";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            &rt::Field::read::<Uuid>(),
            &[rt::Field::custom::<String>("tenant").doc("The tenant.")],
        ];
    }
    impl rt::Schema for UserCreate {
        const NAME: &'static rt::str = "UserCreate";
        const FIELDS: &'static [&'static [rt::Field]] = &[rt::Field::CREATE];
    }
    impl rt::CreateSchema for UserCreate {
        fn credentials(&self) -> (&rt::str, &rt::Password) {
            (&self.email, &self.password)
        }
    }
    impl rt::Schema for UserUpdate {
        const NAME: &'static rt::str = "UserUpdate";
        const FIELDS: &'static [&'static [rt::Field]] = &[rt::Field::UPDATE];
    }
    impl rt::UpdateSchema<User> for UserUpdate {
        fn take_account(&mut self) -> rt::AccountUpdate {
            rt::AccountUpdate {
                email: self.email.take(),
                password: self.password.take(),
                current_password: self.current_password.take(),
                ..rt::Default::default()
            }
        }
    }
    impl rt::Schema for UserAdminUpdate {
        const NAME: &'static rt::str = "UserAdminUpdate";
        const FIELDS: &'static [&'static [rt::Field]] = &[rt::Field::ADMIN_UPDATE];
    }
    impl rt::UpdateSchema<User> for UserAdminUpdate {
        fn take_account(&mut self) -> rt::AccountUpdate {
            rt::AccountUpdate {
                email: self.email.take(),
                password: self.password.take(),
                current_password: rt::None,
                is_active: self.is_active.take(),
                is_superuser: self.is_superuser.take(),
                is_verified: self.is_verified.take(),
            }
        }
    }
    impl<DB: rt::Dialect> rt::SqlUser<DB> for User
    where
        String: rt::Column<DB>,
    {
        const SQL: &'static rt::UserSql = &USER_SQL;
        fn columns() -> rt::Vec<rt::SqlColumn> {
            rt::vec![rt::column:: < DB, String > ("tenant", false).as_tenant()]
        }
        fn from_row(row: &rt::Row<'_, DB>) -> rt::SqlResult<Self> {
            rt::Ok(Self {
                id: row.id(0)?,
                email: row.get(1)?,
                hashed_password: row.hash(2)?,
                is_active: row.get(3)?,
                is_superuser: row.get(4)?,
                is_verified: row.get(5)?,
                tenant: row.get(6)?,
            })
        }
        fn bind(&self, values: &mut rt::Values<'_, DB>) -> rt::SqlResult<()> {
            values.account(&rt::AuthUser::account(self))?;
            values.add(&self.tenant)
        }
        fn bind_tenant(
            tenant: &rt::Tenant<Self>,
            values: &mut rt::Values<'_, DB>,
        ) -> rt::SqlResult<()> {
            values.tenant(tenant)
        }
    }
};
