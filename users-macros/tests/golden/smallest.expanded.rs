#[derive(Debug, Clone)]
pub struct User {
    pub id: uuid::Uuid,
    pub email: String,
    pub hashed_password: axum_users::PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}
/// A [`User`] as clients see it.
#[derive(::core::fmt::Debug, ::axum_users::__private0_1_0::Serialize)]
#[derive(::core::clone::Clone, ::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde")]
pub struct UserRead {
    pub id: uuid::Uuid,
    pub email: String,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}
/// The registration of a [`User`].
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
#[derive(::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde")]
pub struct UserCreate {
    pub email: String,
    /// The password in plain text.
    pub password: ::axum_users::Password,
}
/// A change that a [`User`] makes to its own account. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde", default)]
pub struct UserUpdate {
    /// The new password in plain text.
    pub password: ::core::option::Option<::axum_users::Password>,
    /// The current password, where the policy requires it for a change.
    pub current_password: ::core::option::Option<::axum_users::Password>,
    pub email: ::core::option::Option<String>,
}
/// A change that a superuser makes to any [`User`]. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde", default)]
pub struct UserAdminUpdate {
    /// The new password in plain text.
    pub password: ::core::option::Option<::axum_users::Password>,
    pub email: ::core::option::Option<String>,
    pub is_active: ::core::option::Option<bool>,
    pub is_superuser: ::core::option::Option<bool>,
    pub is_verified: ::core::option::Option<bool>,
}
/// Every statement on the table `user`, per database.
pub const USER_SQL: ::axum_users::__private0_1_0::UserSql = ::axum_users::__private0_1_0::UserSql {
    sqlite: ::axum_users::__private0_1_0::Statements {
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password" FROM "user" AS u WHERE lower(u."email") = $1"#,
        insert: r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified") VALUES ($1, $2, $3, $4, $5, $6) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "suspended_until" = CASE WHEN $11 THEN $12 ELSE "suspended_until" END, "suspended_reason" = CASE WHEN $13 THEN $14 ELSE "suspended_reason" END, "must_change_password" = CASE WHEN $15 THEN $16 ELSE "must_change_password" END, "auth_epoch" = "auth_epoch" + $17 WHERE "id" = $18 AND COALESCE("hashed_password", '') = COALESCE($19, "hashed_password", '') AND COALESCE("email", '') = COALESCE($20, "email", '') RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
        delete: r#"DELETE FROM "user" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1"#,
    },
    ..::axum_users::__private0_1_0::UserSql::USUAL
};
/// The routes of backends, registration, reset, verification and accounts of [`User`] under their usual prefixes.
pub fn user_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private0_1_0::Router<S> {
    ::axum_users::__private0_1_0::Routes::new(users)
        .nest_backends("/auth", user_auth_routes)
        .nest("/auth", [user_register_routes, user_reset_routes, user_verify_routes])
        .nest("/users", [user_account_routes])
        .into_router()
}
/// The routes of one backend, usually under `/auth/{backend}`: `POST /login`, `/logout`, `/reauthenticate` and, if they are turned on, `/second-factor`, `/refresh`, `/magic-link`, `/magic-link/redeem`, `/email-code` and `/email-code/redeem`.
pub fn user_auth_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
    backend: &::axum_users::__private0_1_0::str,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::of_backend(users, backend)
        .post("/login", rt::login::<User>)
        .second_factor("/second-factor", rt::mfa_login::<User>)
        .post("/logout", rt::logout::<User>)
        .own_post("/reauthenticate", rt::reauthenticate::<User>)
        .refresh("/refresh", rt::refresh::<User>)
        .magic_link("/magic-link", rt::request_magic_link::<User>)
        .magic_link("/magic-link/redeem", rt::redeem_magic_link::<User>)
        .email_code("/email-code", rt::request_email_code::<User>)
        .email_code("/email-code/redeem", rt::redeem_email_code::<User>)
        .into_router()
}
/// The route of registration, usually under `/auth`: `POST /register`.
pub fn user_register_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::new(users).post("/register", rt::register::<User>).into_router()
}
/// The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.
pub fn user_reset_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::new(users)
        .post("/forgot-password", rt::forgot_password::<User>)
        .post("/reset-password", rt::reset_password::<User>)
        .into_router()
}
/// The routes that verify and change an e-mail address, usually under `/auth`: `POST /request-verify-token`, `/verify`, `/confirm-email` and `/undo-email`.
pub fn user_verify_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::new(users)
        .post("/request-verify-token", rt::request_verify_token::<User>)
        .post("/verify", rt::verify::<User>)
        .post("/confirm-email", rt::confirm_email::<User>)
        .post("/undo-email", rt::undo_email::<User>)
        .into_router()
}
/// The routes of one's own account and, for superusers, of all accounts, usually under `/users`: `/me` and `/{id}`.
pub fn user_account_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::new(users)
        .get("/me", rt::me::<User>)
        .patch("/me", rt::update_me::<User>)
        .fallback("/me", rt::me_as_id::<User>)
        .get("/{id}", rt::user_by_id::<User>)
        .patch("/{id}", rt::update_user::<User>)
        .delete("/{id}", rt::delete_user::<User>)
        .into_router()
}
const _: () = {
    use ::axum_users::__private0_1_0 as rt;
    impl rt::AuthUser for User {
        type Id = uuid::Uuid;
        type Read = UserRead;
        type Create = UserCreate;
        type Update = UserUpdate;
        type AdminUpdate = UserAdminUpdate;
        fn account(&self) -> rt::Account<'_, uuid::Uuid> {
            let flags = [self.is_active, self.is_superuser, self.is_verified];
            rt::Account::new(&self.id, &self.email, &self.hashed_password, flags)
        }
        fn account_mut(&mut self) -> rt::AccountMut<'_, uuid::Uuid> {
            rt::AccountMut {
                id: &mut self.id,
                email: &mut self.email,
                hashed_password: &mut self.hashed_password,
                is_active: &mut self.is_active,
                is_superuser: &mut self.is_superuser,
                is_verified: &mut self.is_verified,
            }
        }
        fn new(account: rt::NewAccount<uuid::Uuid>, _: UserCreate) -> Self {
            Self {
                id: account.id,
                email: account.email,
                hashed_password: account.hashed_password,
                is_active: account.status.is_active,
                is_superuser: account.status.is_superuser,
                is_verified: account.status.is_verified,
            }
        }
        fn read(&self) -> UserRead {
            UserRead {
                id: rt::Clone::clone(&self.id),
                email: rt::Clone::clone(&self.email),
                is_active: self.is_active,
                is_superuser: self.is_superuser,
                is_verified: self.is_verified,
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
    }
    impl<DB: rt::Dialect> rt::SqlUser<DB> for User {
        const SQL: &'static rt::UserSql = &USER_SQL;
        fn from_row(row: &mut rt::Row<'_, DB>) -> rt::SqlResult<Self> {
            rt::Ok(Self {
                id: row.id()?,
                email: row.get()?,
                hashed_password: row.hash()?,
                is_active: row.get()?,
                is_superuser: row.get()?,
                is_verified: row.get()?,
            })
        }
    }
};
