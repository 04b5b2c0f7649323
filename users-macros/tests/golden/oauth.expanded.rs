/// A [`User`] as clients see it.
#[derive(::core::fmt::Debug, ::axum_users::__private0_1_0::Serialize)]
#[derive(::core::clone::Clone, ::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde")]
pub struct UserRead {
    /// The accounts at OAuth providers.
    pub oauth_accounts: ::axum_users::__private0_1_0::Vec<
        ::axum_users::__private0_1_0::OAuthAccountRead,
    >,
    pub id: uuid::Uuid,
    pub email: String,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
}
/// Every statement on the table `user`, per database.
pub const USER_SQL: ::axum_users::__private0_1_0::UserSql = ::axum_users::__private0_1_0::UserSql {
    oauth_table: ::axum_users::__private0_1_0::Some("oauth_account"),
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
/// The routes of logging in with a provider, usually under `/auth/{provider}`: `GET /authorize` and `/callback`, and `POST /token` for an ID token.
pub fn user_oauth_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
    provider: &::axum_users::oauth::OAuthProvider,
    backend: &::axum_users::__private0_1_0::str,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::of_backend(users, backend)
        .of_provider(provider)
        .creating_users(provider)
        .get("/authorize", rt::oauth_authorize::<User>)
        .callback("/callback", rt::oauth_callback::<User>)
        .id_tokens("/token", rt::oauth_id_token::<User>)
        .into_router()
}
/// The routes of associating an account at a provider with the signed-in user, usually under `/auth/associate/{provider}`: `GET /authorize` and `/callback`.
pub fn user_oauth_associate_routes<S: ::axum_users::HasUsers<User>>(
    users: &::axum_users::Users<User>,
    provider: &::axum_users::oauth::OAuthProvider,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::new(users)
        .of_provider(provider)
        .get("/authorize", rt::oauth_associate_authorize::<User>)
        .callback("/callback", rt::oauth_associate_callback::<User>)
        .into_router()
}
impl rt::AuthUser for User {
    type Id = uuid::Uuid;
    type Read = UserRead;
    type Create = UserCreate;
    type Update = UserUpdate;
    type AdminUpdate = UserAdminUpdate;
    const HAS_OAUTH: rt::bool = true;
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
            oauth_accounts: rt::Vec::new(),
            id: rt::Clone::clone(&self.id),
            email: rt::Clone::clone(&self.email),
            is_active: self.is_active,
            is_superuser: self.is_superuser,
            is_verified: self.is_verified,
        }
    }
    fn show_oauth_accounts(
        read: &mut UserRead,
        accounts: rt::Vec<rt::OAuthAccountRead>,
    ) {
        read.oauth_accounts = accounts;
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
