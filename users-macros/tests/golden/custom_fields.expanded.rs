use axum_users::{AuthUser, PasswordHash};
use chrono::{DateTime, Utc};
use uuid::Uuid;
#[derive(Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    /// How the person wants to be called.
    ///
    /// Not unique.
    pub nick: String,
    pub age: Option<i32>,
    pub room_temperature: f64,
    pub newsletter: bool,
    pub quota: i64,
    pub plan: Plan,
    pub tags: Vec<String>,
    pub address: Option<Address>,
    #[deprecated = "use `plan`"]
    pub tier: i32,
    pub note: Option<String>,
    pub score: i32,
    pub created_at: DateTime<Utc>,
    pub number: i64,
}
const _: () = {
    use ::axum_users::__private0_1_0 as rt;
    rt::check::field::<String>();
    rt::check::column::<String>();
    rt::check::field::<Option<i32>>();
    rt::check::column::<Option<i32>>();
    rt::check::field::<f64>();
    rt::check::column::<f64>();
    rt::check::field::<bool>();
    rt::check::column::<bool>();
    rt::check::field::<i64>();
    rt::check::column::<i64>();
    rt::check::field::<Plan>();
    rt::check::field::<Vec<String>>();
    rt::check::field::<Option<Address>>();
    rt::check::new_value::<Option<Address>>();
    rt::implicit_default!(Option < Address >);
    rt::check::field::<i32>();
    rt::check::column::<i32>();
    rt::check::new_value::<i32>();
    rt::implicit_default!(i32);
    rt::check::column::<Option<String>>();
    rt::check::new_value::<Option<String>>();
    rt::implicit_default!(Option < String >);
    rt::check::column::<i32>();
    rt::check::field::<DateTime<Utc>>();
    rt::check::column::<DateTime<Utc>>();
    rt::check::new_value::<DateTime<Utc>>();
    rt::check::column::<i64>();
};
/// A [`User`] as clients see it.
#[derive(::core::fmt::Debug, ::axum_users::__private0_1_0::Serialize)]
#[derive(::core::clone::Clone, ::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde")]
pub struct UserRead {
    pub id: Uuid,
    pub email: String,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    /// How the person wants to be called.
    ///
    /// Not unique.
    pub nick: String,
    pub age: Option<i32>,
    pub room_temperature: f64,
    pub quota: i64,
    pub plan: Plan,
    pub tags: Vec<String>,
    pub address: Option<Address>,
    #[deprecated = "use `plan`"]
    pub tier: i32,
    pub created_at: DateTime<Utc>,
}
/// The registration of a [`User`].
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
#[derive(::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde")]
pub struct UserCreate {
    pub email: String,
    /// The password in plain text.
    pub password: ::axum_users::Password,
    /// How the person wants to be called.
    ///
    /// Not unique.
    pub nick: String,
    #[serde(default)]
    pub age: Option<i32>,
    #[serde(default = "UserCreate::default_room_temperature")]
    pub room_temperature: f64,
    #[serde(default)]
    pub newsletter: bool,
    #[serde(default = "UserCreate::default_plan")]
    pub plan: Plan,
    #[serde(default)]
    pub tags: Vec<String>,
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
    /// How the person wants to be called.
    ///
    /// Not unique.
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub nick: ::core::option::Option<String>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub age: ::core::option::Option<Option<i32>>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub room_temperature: ::core::option::Option<f64>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub newsletter: ::core::option::Option<bool>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub tags: ::core::option::Option<Vec<String>>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub address: ::core::option::Option<Option<Address>>,
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
    /// How the person wants to be called.
    ///
    /// Not unique.
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub nick: ::core::option::Option<String>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub age: ::core::option::Option<Option<i32>>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub room_temperature: ::core::option::Option<f64>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub newsletter: ::core::option::Option<bool>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub quota: ::core::option::Option<i64>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub plan: ::core::option::Option<Plan>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub tags: ::core::option::Option<Vec<String>>,
    #[serde(deserialize_with = "::axum_users::__private0_1_0::present")]
    pub address: ::core::option::Option<Option<Address>>,
}
/// Every statement on the table `user`, per database.
pub const USER_SQL: ::axum_users::__private0_1_0::UserSql = ::axum_users::__private0_1_0::UserSql {
    sqlite: ::axum_users::__private0_1_0::Statements {
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."created_at", u."number", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."created_at", u."number", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."created_at", u."number", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."created_at", u."number", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."created_at", u."number", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password" FROM "user" AS u WHERE lower(u."email") = $1"#,
        insert: r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "nick", "age", "room_temperature", "newsletter", "quota", "plan", "tags", "address", "tier", "note", "inner_score") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "nick", "age", "room_temperature", "newsletter", "quota", "plan", "tags", "address", "tier", "note", "inner_score", "created_at", "number", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "nick" = CASE WHEN $11 THEN $12 ELSE "nick" END, "age" = CASE WHEN $13 THEN $14 ELSE "age" END, "room_temperature" = CASE WHEN $15 THEN $16 ELSE "room_temperature" END, "newsletter" = CASE WHEN $17 THEN $18 ELSE "newsletter" END, "quota" = CASE WHEN $19 THEN $20 ELSE "quota" END, "plan" = CASE WHEN $21 THEN $22 ELSE "plan" END, "tags" = CASE WHEN $23 THEN $24 ELSE "tags" END, "address" = CASE WHEN $25 THEN $26 ELSE "address" END, "tier" = CASE WHEN $27 THEN $28 ELSE "tier" END, "note" = CASE WHEN $29 THEN $30 ELSE "note" END, "inner_score" = CASE WHEN $31 THEN $32 ELSE "inner_score" END, "suspended_until" = CASE WHEN $33 THEN $34 ELSE "suspended_until" END, "suspended_reason" = CASE WHEN $35 THEN $36 ELSE "suspended_reason" END, "must_change_password" = CASE WHEN $37 THEN $38 ELSE "must_change_password" END, "auth_epoch" = "auth_epoch" + $39 WHERE "id" = $40 AND COALESCE("hashed_password", '') = COALESCE($41, "hashed_password", '') AND COALESCE("email", '') = COALESCE($42, "email", '') RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "nick", "age", "room_temperature", "newsletter", "quota", "plan", "tags", "address", "tier", "note", "inner_score", "created_at", "number", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
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
#[allow(deprecated)]
const _: () = {
    use ::axum_users::__private0_1_0 as rt;
    impl rt::AuthUser for User {
        type Id = Uuid;
        type Read = UserRead;
        type Create = UserCreate;
        type Update = UserUpdate;
        type AdminUpdate = UserAdminUpdate;
        const CUSTOM_FIELDS: &'static [rt::CustomField] = &[
            rt::CustomField::new::<String>("nick")
                .read()
                .create()
                .required()
                .update()
                .doc("How the person wants to be called.")
                .rules(
                    &[
                        rt::Rule::Length {
                            min: rt::Some(1),
                            max: rt::Some(80),
                        },
                        rt::Rule::Pattern("^\\S"),
                    ],
                ),
            rt::CustomField::new::<Option<i32>>("age")
                .read()
                .create()
                .update()
                .rules(
                    &[
                        rt::Rule::Range {
                            min: rt::Some(0.0),
                            max: rt::Some(150.5),
                        },
                    ],
                ),
            rt::CustomField::new::<f64>("room_temperature")
                .read()
                .create()
                .update()
                .rules(
                    &[
                        rt::Rule::Range {
                            min: rt::Some(-273.15),
                            max: rt::None,
                        },
                    ],
                ),
            rt::CustomField::new::<bool>("newsletter").create().update(),
            rt::CustomField::new::<i64>("quota").read().admin(),
            rt::CustomField::new::<Plan>("plan").read().create().admin(),
            rt::CustomField::new::<Vec<String>>("tags")
                .read()
                .create()
                .update()
                .rules(
                    &[
                        rt::Rule::Check(|value| rt::check_with(
                            value,
                            |field: &Vec<String>| at_most_three(field),
                        )),
                    ],
                ),
            rt::CustomField::new::<Option<Address>>("address").read().update(),
            rt::CustomField::new::<i32>("tier").read().deprecated(),
            rt::CustomField::private("note"),
            rt::CustomField::private("score").column("inner_score"),
            rt::CustomField::new::<DateTime<Utc>>("created_at").from_database().read(),
            rt::CustomField::private("number").from_database(),
        ];
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
                nick: input.nick,
                age: input.age,
                room_temperature: input.room_temperature,
                newsletter: input.newsletter,
                quota: UserCreate::default_quota(),
                plan: input.plan,
                tags: input.tags,
                address: <Option<Address> as rt::Default>::default(),
                tier: <i32 as rt::Default>::default(),
                note: <Option<String> as rt::Default>::default(),
                score: UserCreate::default_score(),
                created_at: <DateTime<Utc> as rt::Default>::default(),
                number: UserCreate::default_number(),
            }
        }
        fn read(&self) -> UserRead {
            UserRead {
                id: rt::Clone::clone(&self.id),
                email: rt::Clone::clone(&self.email),
                is_active: self.is_active,
                is_superuser: self.is_superuser,
                is_verified: self.is_verified,
                nick: rt::Clone::clone(&self.nick),
                age: rt::Clone::clone(&self.age),
                room_temperature: rt::Clone::clone(&self.room_temperature),
                quota: rt::Clone::clone(&self.quota),
                plan: rt::Clone::clone(&self.plan),
                tags: rt::Clone::clone(&self.tags),
                address: rt::Clone::clone(&self.address),
                tier: rt::Clone::clone(&self.tier),
                created_at: rt::Clone::clone(&self.created_at),
            }
        }
        fn credentials(input: &UserCreate) -> (&rt::str, &rt::Password) {
            (&input.email, &input.password)
        }
        fn update(&mut self, update: UserUpdate) -> rt::Changes<Self> {
            rt::Changes::by_owner(update.email, update.password, update.current_password)
                .set("nick", &mut self.nick, update.nick)
                .set("age", &mut self.age, update.age)
                .set(
                    "room_temperature",
                    &mut self.room_temperature,
                    update.room_temperature,
                )
                .set("newsletter", &mut self.newsletter, update.newsletter)
                .set("tags", &mut self.tags, update.tags)
                .set("address", &mut self.address, update.address)
        }
        fn admin_update(&mut self, update: UserAdminUpdate) -> rt::Changes<Self> {
            let flags = [update.is_active, update.is_superuser, update.is_verified];
            rt::Changes::by_superuser(update.email, update.password, flags)
                .set("nick", &mut self.nick, update.nick)
                .set("age", &mut self.age, update.age)
                .set(
                    "room_temperature",
                    &mut self.room_temperature,
                    update.room_temperature,
                )
                .set("newsletter", &mut self.newsletter, update.newsletter)
                .set("quota", &mut self.quota, update.quota)
                .set("plan", &mut self.plan, update.plan)
                .set("tags", &mut self.tags, update.tags)
                .set("address", &mut self.address, update.address)
        }
        fn copy_custom(&mut self, from: &Self, columns: rt::Columns) {
            let columns = columns.by_name::<Self>();
            columns.copy("nick", &mut self.nick, &from.nick);
            columns.copy("age", &mut self.age, &from.age);
            columns
                .copy(
                    "room_temperature",
                    &mut self.room_temperature,
                    &from.room_temperature,
                );
            columns.copy("newsletter", &mut self.newsletter, &from.newsletter);
            columns.copy("quota", &mut self.quota, &from.quota);
            columns.copy("plan", &mut self.plan, &from.plan);
            columns.copy("tags", &mut self.tags, &from.tags);
            columns.copy("address", &mut self.address, &from.address);
            columns.copy("tier", &mut self.tier, &from.tier);
            columns.copy("note", &mut self.note, &from.note);
            columns.copy("inner_score", &mut self.score, &from.score);
            columns.copy("created_at", &mut self.created_at, &from.created_at);
            columns.copy("number", &mut self.number, &from.number);
        }
        fn until_stored(&mut self, moment: &rt::Moment) {
            self.created_at = rt::until_stored!(DateTime < Utc >, moment);
        }
    }
    impl UserCreate {
        fn default_room_temperature() -> f64 {
            20.0
        }
        fn default_quota() -> i64 {
            100
        }
        fn default_plan() -> Plan {
            Plan::Free
        }
        fn default_score() -> i32 {
            7
        }
        fn default_number() -> i64 {
            0
        }
    }
    impl<DB: rt::Dialect> rt::SqlUser<DB> for User
    where
        String: rt::Column<DB>,
        Option<i32>: rt::Column<DB>,
        f64: rt::Column<DB>,
        bool: rt::Column<DB>,
        i64: rt::Column<DB>,
        i32: rt::Column<DB>,
        Option<String>: rt::Column<DB>,
        i32: rt::Column<DB>,
        DateTime<Utc>: rt::Column<DB>,
        i64: rt::Column<DB>,
    {
        const SQL: &'static rt::UserSql = &USER_SQL;
        fn columns() -> rt::Vec<rt::SqlColumn> {
            rt::vec![
                rt::column:: < DB, String > ("nick", rt::nullable!(DB, String)),
                rt::column:: < DB, Option < i32 > > ("age", rt::nullable!(DB, Option <
                i32 >)), rt::column:: < DB, f64 > ("room_temperature", rt::nullable!(DB,
                f64)).filled_with_value(rt::json_of!(f64,
                UserCreate::default_room_temperature())), rt::column:: < DB, bool >
                ("newsletter", rt::nullable!(DB, bool))
                .filled_with_value(rt::json_of!(bool, < bool as rt::Default >
                ::default())), rt::column:: < DB, i64 > ("quota", rt::nullable!(DB, i64))
                .filled_with_value(rt::json_of!(i64, UserCreate::default_quota())),
                rt::text_column:: < DB > ("plan", rt::nullable!(Plan)).filled_with(&
                UserCreate::default_plan()), rt::json_column:: < DB > ("tags",
                rt::nullable!(Vec < String >)).filled_with_json(& < Vec < String > as
                rt::Default > ::default()), rt::json_column:: < DB > ("address",
                rt::nullable!(Option < Address >)), rt::column:: < DB, i32 > ("tier",
                rt::nullable!(DB, i32)), rt::column:: < DB, Option < String > > ("note",
                rt::nullable!(DB, Option < String >)), rt::column:: < DB, i32 >
                ("inner_score", rt::nullable!(DB, i32))
                .filled_with_value(rt::json_of!(i32, UserCreate::default_score())),
                rt::column:: < DB, DateTime < Utc > > ("created_at", rt::nullable!(DB,
                DateTime < Utc >)).from_database(rt::Some("CURRENT_TIMESTAMP")),
                rt::column:: < DB, i64 > ("number", rt::nullable!(DB, i64))
                .from_database(rt::None)
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
                nick: row.get()?,
                age: row.get()?,
                room_temperature: row.get()?,
                newsletter: row.get()?,
                quota: row.get()?,
                plan: row.text()?,
                tags: row.json()?,
                address: row.json()?,
                tier: row.get()?,
                note: row.get()?,
                score: row.get()?,
                created_at: row.get()?,
                number: row.get()?,
            })
        }
        fn bind_custom(&self, values: &mut rt::Values<'_, DB>) -> rt::SqlResult<()> {
            values.add(&self.nick)?;
            values.add(&self.age)?;
            values.add(&self.room_temperature)?;
            values.add(&self.newsletter)?;
            values.add(&self.quota)?;
            values.text(&self.plan)?;
            values.json(&self.tags)?;
            values.json(&self.address)?;
            values.add(&self.tier)?;
            values.add(&self.note)?;
            values.add(&self.score)
        }
    }
};
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    Free,
    Paid,
}
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    pub city: String,
}
fn at_most_three(tags: &[String]) -> Result<(), String> {
    if tags.len() > 3 { Err("at most three tags".to_owned()) } else { Ok(()) }
}
