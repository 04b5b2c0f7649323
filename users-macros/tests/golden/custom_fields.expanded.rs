use axum_users::{AuthUser, PasswordHash, __private::serde};
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
    pub full_name: Option<String>,
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
}
const _: () = {
    use ::axum_users::__private as rt;
    rt::check::field::<String>();
    rt::check::column::<String>();
    rt::check::field::<Option<String>>();
    rt::check::column::<Option<String>>();
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
    rt::check::field::<i32>();
    rt::check::column::<i32>();
    rt::check::new_value::<i32>();
    rt::check::column::<Option<String>>();
    rt::check::new_value::<Option<String>>();
    rt::check::column::<i32>();
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
    /// How the person wants to be called.
    ///
    /// Not unique.
    pub nick: String,
    pub full_name: Option<String>,
    pub age: Option<i32>,
    pub room_temperature: f64,
    pub quota: i64,
    pub plan: Plan,
    pub tags: Vec<String>,
    pub address: Option<Address>,
    #[deprecated = "use `plan`"]
    pub tier: i32,
}
/// What a person sends to become a [`User`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde")]
pub struct UserCreate {
    pub email: String,
    /// The password in clear.
    pub password: ::axum_users::Password,
    /// How the person wants to be called.
    ///
    /// Not unique.
    pub nick: String,
    #[serde(default)]
    pub full_name: Option<String>,
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
    /// How the person wants to be called.
    ///
    /// Not unique.
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub nick: ::core::option::Option<String>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub full_name: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub age: ::core::option::Option<Option<i32>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub room_temperature: ::core::option::Option<f64>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub newsletter: ::core::option::Option<bool>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub tags: ::core::option::Option<Vec<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub address: ::core::option::Option<Option<Address>>,
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
    /// How the person wants to be called.
    ///
    /// Not unique.
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub nick: ::core::option::Option<String>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub full_name: ::core::option::Option<Option<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub age: ::core::option::Option<Option<i32>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub room_temperature: ::core::option::Option<f64>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub newsletter: ::core::option::Option<bool>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub quota: ::core::option::Option<i64>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub plan: ::core::option::Option<Plan>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub tags: ::core::option::Option<Vec<String>>,
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub address: ::core::option::Option<Option<Address>>,
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
        "nick",
        "full_name",
        "age",
        "room_temperature",
        "newsletter",
        "quota",
        "plan",
        "tags",
        "address",
        "tier",
        "note",
        "inner_score",
    ],
    id_made_by_database: false,
    sqlite: ::axum_users::__private::Statements {
        find: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."full_name", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."auth_epoch", s."revoked", s."kept_epoch" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."full_name", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."auth_epoch", s."revoked", s."kept_epoch", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."full_name", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."full_name", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."nick", u."full_name", u."age", u."room_temperature", u."newsletter", u."quota", u."plan", u."tags", u."address", u."tier", u."note", u."inner_score", u."auth_epoch" FROM "user" AS u WHERE lower(u."email") = $1"#,
        insert: r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "nick", "full_name", "age", "room_temperature", "newsletter", "quota", "plan", "tags", "address", "tier", "note", "inner_score") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "nick", "full_name", "age", "room_temperature", "newsletter", "quota", "plan", "tags", "address", "tier", "note", "inner_score", "auth_epoch""#,
        update: r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "nick" = CASE WHEN $11 THEN $12 ELSE "nick" END, "full_name" = CASE WHEN $13 THEN $14 ELSE "full_name" END, "age" = CASE WHEN $15 THEN $16 ELSE "age" END, "room_temperature" = CASE WHEN $17 THEN $18 ELSE "room_temperature" END, "newsletter" = CASE WHEN $19 THEN $20 ELSE "newsletter" END, "quota" = CASE WHEN $21 THEN $22 ELSE "quota" END, "plan" = CASE WHEN $23 THEN $24 ELSE "plan" END, "tags" = CASE WHEN $25 THEN $26 ELSE "tags" END, "address" = CASE WHEN $27 THEN $28 ELSE "address" END, "tier" = CASE WHEN $29 THEN $30 ELSE "tier" END, "note" = CASE WHEN $31 THEN $32 ELSE "note" END, "inner_score" = CASE WHEN $33 THEN $34 ELSE "inner_score" END, "auth_epoch" = "auth_epoch" + $35 WHERE "id" = $36 AND "hashed_password" = COALESCE($37, "hashed_password") AND "email" = COALESCE($38, "email") RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "nick", "full_name", "age", "room_temperature", "newsletter", "quota", "plan", "tags", "address", "tier", "note", "inner_score", "auth_epoch""#,
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
#[allow(deprecated)]
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
                name: "nick",
                column: "nick",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt::CustomField {
                name: "full_name",
                column: "full_name",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt::CustomField {
                name: "age",
                column: "age",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt::CustomField {
                name: "room_temperature",
                column: "room_temperature",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt::CustomField {
                name: "newsletter",
                column: "newsletter",
                read: false,
                create: true,
                update: true,
                admin: false,
            },
            rt::CustomField {
                name: "quota",
                column: "quota",
                read: true,
                create: false,
                update: false,
                admin: true,
            },
            rt::CustomField {
                name: "plan",
                column: "plan",
                read: true,
                create: true,
                update: false,
                admin: true,
            },
            rt::CustomField {
                name: "tags",
                column: "tags",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
            rt::CustomField {
                name: "address",
                column: "address",
                read: true,
                create: false,
                update: true,
                admin: false,
            },
            rt::CustomField {
                name: "tier",
                column: "tier",
                read: true,
                create: false,
                update: false,
                admin: false,
            },
            rt::CustomField {
                name: "note",
                column: "note",
                read: false,
                create: false,
                update: false,
                admin: false,
            },
            rt::CustomField {
                name: "score",
                column: "inner_score",
                read: false,
                create: false,
                update: false,
                admin: false,
            },
        ];
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
        fn new(account: rt::NewAccount<Uuid>, input: UserCreate) -> Self {
            Self {
                id: account.id,
                email: account.email,
                hashed_password: account.hashed_password,
                is_active: account.status.is_active,
                is_superuser: account.status.is_superuser,
                is_verified: account.status.is_verified,
                nick: input.nick,
                full_name: input.full_name,
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
            }
        }
        fn copy_custom(&mut self, from: &Self, columns: rt::Columns) {
            columns.copy(0, &mut self.nick, &from.nick);
            columns.copy(1, &mut self.full_name, &from.full_name);
            columns.copy(2, &mut self.age, &from.age);
            columns.copy(3, &mut self.room_temperature, &from.room_temperature);
            columns.copy(4, &mut self.newsletter, &from.newsletter);
            columns.copy(5, &mut self.quota, &from.quota);
            columns.copy(6, &mut self.plan, &from.plan);
            columns.copy(7, &mut self.tags, &from.tags);
            columns.copy(8, &mut self.address, &from.address);
            columns.copy(9, &mut self.tier, &from.tier);
            columns.copy(10, &mut self.note, &from.note);
            columns.copy(11, &mut self.score, &from.score);
        }
        fn read(&self) -> UserRead {
            UserRead {
                id: self.id,
                email: rt::Clone::clone(&self.email),
                is_active: self.is_active,
                is_superuser: self.is_superuser,
                is_verified: self.is_verified,
                nick: rt::Clone::clone(&self.nick),
                full_name: rt::Clone::clone(&self.full_name),
                age: rt::Clone::clone(&self.age),
                room_temperature: rt::Clone::clone(&self.room_temperature),
                quota: rt::Clone::clone(&self.quota),
                plan: rt::Clone::clone(&self.plan),
                tags: rt::Clone::clone(&self.tags),
                address: rt::Clone::clone(&self.address),
                tier: rt::Clone::clone(&self.tier),
            }
        }
    }
    impl rt::Schema for UserRead {
        const NAME: &'static rt::str = "UserRead";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            &rt::Field::read::<Uuid>(),
            &[
                rt::Field::custom::<String>("nick")
                    .doc("How the person wants to be called. Not unique."),
                rt::Field::custom::<Option<String>>("full_name"),
                rt::Field::custom::<Option<i32>>("age"),
                rt::Field::custom::<f64>("room_temperature"),
                rt::Field::custom::<i64>("quota"),
                rt::Field::custom::<Plan>("plan"),
                rt::Field::custom::<Vec<String>>("tags"),
                rt::Field::custom::<Option<Address>>("address"),
                rt::Field::custom::<i32>("tier").deprecated(),
            ],
        ];
    }
    impl rt::Schema for UserCreate {
        const NAME: &'static rt::str = "UserCreate";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            rt::Field::CREATE,
            &[
                rt::Field::custom::<String>("nick")
                    .doc("How the person wants to be called. Not unique.")
                    .required()
                    .rules(
                        &[
                            rt::Rule::Length {
                                min: rt::Some(1),
                                max: rt::Some(80),
                            },
                            rt::Rule::Pattern("^\\S"),
                        ],
                    ),
                rt::Field::custom::<Option<String>>("full_name"),
                rt::Field::custom::<Option<i32>>("age")
                    .rules(
                        &[
                            rt::Rule::Range {
                                min: rt::Some(0.0),
                                max: rt::Some(150.5),
                            },
                        ],
                    ),
                rt::Field::custom::<f64>("room_temperature")
                    .rules(
                        &[
                            rt::Rule::Range {
                                min: rt::Some(-273.15),
                                max: rt::None,
                            },
                        ],
                    ),
                rt::Field::custom::<bool>("newsletter"),
                rt::Field::custom::<Plan>("plan"),
                rt::Field::custom::<Vec<String>>("tags")
                    .rules(
                        &[
                            rt::Rule::Check(|value| rt::check_with(
                                value,
                                |field: &Vec<String>| at_most_three(field),
                            )),
                        ],
                    ),
            ],
        ];
    }
    impl rt::CreateSchema for UserCreate {
        fn credentials(&self) -> (&rt::str, &rt::Password) {
            (&self.email, &self.password)
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
    }
    impl rt::Schema for UserUpdate {
        const NAME: &'static rt::str = "UserUpdate";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            rt::Field::UPDATE,
            &[
                rt::Field::custom::<String>("nick")
                    .doc("How the person wants to be called. Not unique.")
                    .rules(
                        &[
                            rt::Rule::Length {
                                min: rt::Some(1),
                                max: rt::Some(80),
                            },
                            rt::Rule::Pattern("^\\S"),
                        ],
                    ),
                rt::Field::custom::<Option<String>>("full_name"),
                rt::Field::custom::<Option<i32>>("age")
                    .rules(
                        &[
                            rt::Rule::Range {
                                min: rt::Some(0.0),
                                max: rt::Some(150.5),
                            },
                        ],
                    ),
                rt::Field::custom::<f64>("room_temperature")
                    .rules(
                        &[
                            rt::Rule::Range {
                                min: rt::Some(-273.15),
                                max: rt::None,
                            },
                        ],
                    ),
                rt::Field::custom::<bool>("newsletter"),
                rt::Field::custom::<Vec<String>>("tags")
                    .rules(
                        &[
                            rt::Rule::Check(|value| rt::check_with(
                                value,
                                |field: &Vec<String>| at_most_three(field),
                            )),
                        ],
                    ),
                rt::Field::custom::<Option<Address>>("address"),
            ],
        ];
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
        fn apply(self, user: &mut User) -> rt::Columns {
            rt::Columns::NONE
                .assign(0, &mut user.nick, self.nick)
                .assign(1, &mut user.full_name, self.full_name)
                .assign(2, &mut user.age, self.age)
                .assign(3, &mut user.room_temperature, self.room_temperature)
                .assign(4, &mut user.newsletter, self.newsletter)
                .assign(7, &mut user.tags, self.tags)
                .assign(8, &mut user.address, self.address)
        }
    }
    impl rt::Schema for UserAdminUpdate {
        const NAME: &'static rt::str = "UserAdminUpdate";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            rt::Field::ADMIN_UPDATE,
            &[
                rt::Field::custom::<String>("nick")
                    .doc("How the person wants to be called. Not unique.")
                    .rules(
                        &[
                            rt::Rule::Length {
                                min: rt::Some(1),
                                max: rt::Some(80),
                            },
                            rt::Rule::Pattern("^\\S"),
                        ],
                    ),
                rt::Field::custom::<Option<String>>("full_name"),
                rt::Field::custom::<Option<i32>>("age")
                    .rules(
                        &[
                            rt::Rule::Range {
                                min: rt::Some(0.0),
                                max: rt::Some(150.5),
                            },
                        ],
                    ),
                rt::Field::custom::<f64>("room_temperature")
                    .rules(
                        &[
                            rt::Rule::Range {
                                min: rt::Some(-273.15),
                                max: rt::None,
                            },
                        ],
                    ),
                rt::Field::custom::<bool>("newsletter"),
                rt::Field::custom::<i64>("quota"),
                rt::Field::custom::<Plan>("plan"),
                rt::Field::custom::<Vec<String>>("tags")
                    .rules(
                        &[
                            rt::Rule::Check(|value| rt::check_with(
                                value,
                                |field: &Vec<String>| at_most_three(field),
                            )),
                        ],
                    ),
                rt::Field::custom::<Option<Address>>("address"),
            ],
        ];
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
        fn apply(self, user: &mut User) -> rt::Columns {
            rt::Columns::NONE
                .assign(0, &mut user.nick, self.nick)
                .assign(1, &mut user.full_name, self.full_name)
                .assign(2, &mut user.age, self.age)
                .assign(3, &mut user.room_temperature, self.room_temperature)
                .assign(4, &mut user.newsletter, self.newsletter)
                .assign(5, &mut user.quota, self.quota)
                .assign(6, &mut user.plan, self.plan)
                .assign(7, &mut user.tags, self.tags)
                .assign(8, &mut user.address, self.address)
        }
    }
    impl<DB: rt::Dialect> rt::SqlUser<DB> for User
    where
        String: rt::Column<DB>,
        Option<String>: rt::Column<DB>,
        Option<i32>: rt::Column<DB>,
        f64: rt::Column<DB>,
        bool: rt::Column<DB>,
        i64: rt::Column<DB>,
        i32: rt::Column<DB>,
        Option<String>: rt::Column<DB>,
        i32: rt::Column<DB>,
    {
        const SQL: &'static rt::UserSql = &USER_SQL;
        fn columns() -> rt::Vec<rt::SqlColumn> {
            rt::vec![
                rt::column:: < DB, String > ("nick", false), rt::column:: < DB, Option <
                String > > ("full_name", true), rt::column:: < DB, Option < i32 > >
                ("age", true), rt::column:: < DB, f64 > ("room_temperature", false)
                .filled_with(& UserCreate::default_room_temperature()), rt::column:: <
                DB, bool > ("newsletter", false).filled_with(& < bool as rt::Default >
                ::default()), rt::column:: < DB, i64 > ("quota", false).filled_with(&
                UserCreate::default_quota()), rt::text_column:: < DB > ("plan", false)
                .filled_with(& UserCreate::default_plan()), rt::json_column:: < DB >
                ("tags", false).filled_with_json(& < Vec < String > as rt::Default >
                ::default()), rt::json_column:: < DB > ("address", true), rt::column:: <
                DB, i32 > ("tier", false), rt::column:: < DB, Option < String > >
                ("note", true), rt::column:: < DB, i32 > ("inner_score", false)
                .filled_with(& UserCreate::default_score())
            ]
        }
        fn from_row(row: &rt::Row<'_, DB>) -> rt::SqlResult<Self> {
            rt::Ok(Self {
                id: row.id(0)?,
                email: row.get(1)?,
                hashed_password: row.hash(2)?,
                is_active: row.get(3)?,
                is_superuser: row.get(4)?,
                is_verified: row.get(5)?,
                nick: row.get(6)?,
                full_name: row.get(7)?,
                age: row.get(8)?,
                room_temperature: row.get(9)?,
                newsletter: row.get(10)?,
                quota: row.get(11)?,
                plan: row.text(12)?,
                tags: row.json(13)?,
                address: row.json(14)?,
                tier: row.get(15)?,
                note: row.get(16)?,
                score: row.get(17)?,
            })
        }
        fn bind(&self, values: &mut rt::Values<'_, DB>) -> rt::SqlResult<()> {
            values.account(&rt::AuthUser::account(self))?;
            values.add(&self.nick)?;
            values.add(&self.full_name)?;
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
#[serde(crate = "axum_users::__private::serde", rename_all = "lowercase")]
pub enum Plan {
    Free,
    Paid,
}
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(crate = "axum_users::__private::serde")]
pub struct Address {
    pub city: String,
}
fn at_most_three(tags: &[String]) -> Result<(), String> {
    if tags.len() > 3 { Err("at most three tags".to_owned()) } else { Ok(()) }
}
