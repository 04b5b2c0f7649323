use axum_users::{AuthUser, PasswordHash};
/// Somebody who reads here.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The number on the card.
    pub(crate) number: i64,
    /// Where news goes to.
    pub(crate) address: String,
    secret: PasswordHash,
    pub(crate) enabled: bool,
    pub(crate) librarian: bool,
    pub(crate) has_confirmed: bool,
    /// What the person likes to read.
    pub(crate) genre: Option<String>,
}
const _: () = {
    use ::axum_users::__private as rt;
    rt::check::field::<Option<String>>();
};
/// What clients see of a [`Member`].
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
#[derive(::axum_users::__private::Serialize, ::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde")]
pub(crate) struct PublicMember {
    /// The number on the card.
    pub id: i64,
    /// Where news goes to.
    pub email: String,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    /// What the person likes to read.
    #[serde(rename = "favouriteGenre")]
    pub genre: Option<String>,
}
/// What a person sends to become a [`Member`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde")]
pub(crate) struct NewMember {
    /// Where news goes to.
    pub email: String,
    /// The password in clear.
    pub password: ::axum_users::Password,
    /// What the person likes to read.
    #[serde(rename = "favouriteGenre")]
    #[serde(default)]
    pub genre: Option<String>,
}
/// What a [`Member`] may change about itself. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde", default)]
pub(crate) struct MemberPatch {
    /// The new password in clear.
    pub password: ::core::option::Option<::axum_users::Password>,
    /// The present password, where the policy asks for it beside a change.
    pub current_password: ::core::option::Option<::axum_users::Password>,
    /// Where news goes to.
    pub email: ::core::option::Option<String>,
    /// What the person likes to read.
    #[serde(rename = "favouriteGenre")]
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub genre: ::core::option::Option<Option<String>>,
}
/// What a superuser may change about any [`Member`]. An absent key leaves the field as it is.
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
#[derive(::axum_users::__private::Deserialize)]
#[serde(crate = "::axum_users::__private::serde", default)]
pub(crate) struct MemberAdminPatch {
    /// The new password in clear.
    pub password: ::core::option::Option<::axum_users::Password>,
    /// Where news goes to.
    pub email: ::core::option::Option<String>,
    pub is_active: ::core::option::Option<bool>,
    pub is_superuser: ::core::option::Option<bool>,
    pub is_verified: ::core::option::Option<bool>,
    /// What the person likes to read.
    #[serde(rename = "favouriteGenre")]
    #[serde(deserialize_with = "::axum_users::__private::present")]
    pub genre: ::core::option::Option<Option<String>>,
}
/// Every statement that touches the table `members`, per database.
pub(crate) const MEMBER_STATEMENTS: ::axum_users::__private::UserSql = ::axum_users::__private::UserSql {
    table: "members",
    session_table: "members_accesstoken",
    columns: &[
        "id",
        "mail",
        "hashed_password",
        "is_active",
        "is_superuser",
        "confirmed",
        "favourite_genre",
    ],
    id_made_by_database: true,
    sqlite: ::axum_users::__private::Statements {
        find: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch" FROM "members" AS u LEFT JOIN "members_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch", w."key" FROM json_each($1) AS w CROSS JOIN "members" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "members_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "members_accesstoken" AS t JOIN "members" AS u ON u."id" = t."user_id" LEFT JOIN "members_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", w."key" FROM json_each($1) AS w CROSS JOIN "members_accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "members" AS u ON u."id" = t."user_id" LEFT JOIN "members_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch" FROM "members" AS u WHERE lower(u."mail") = $1"#,
        insert: r#"INSERT INTO "members" ("mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch") VALUES ($1, $2, $3, $4, $5, $6, random() & 9007199254740991) RETURNING "id", "mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch""#,
        update: r#"UPDATE "members" SET "mail" = CASE WHEN $1 THEN $2 ELSE "mail" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "confirmed" = CASE WHEN $9 THEN $10 ELSE "confirmed" END, "favourite_genre" = CASE WHEN $11 THEN $12 ELSE "favourite_genre" END, "auth_epoch" = "auth_epoch" + $13 WHERE "id" = $14 AND "hashed_password" = COALESCE($15, "hashed_password") AND "mail" = COALESCE($16, "mail") RETURNING "id", "mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch""#,
        delete: r#"DELETE FROM "members" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "members" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "members" SET "auth_epoch" = "auth_epoch" + 1"#,
        keep_token: r#"INSERT INTO "members_token_state" ("token_id", "user_id", "revoked", "kept_epoch", "expires_at") VALUES ($1, $2, FALSE, $3, $4) ON CONFLICT ("token_id") DO UPDATE SET "user_id" = excluded."user_id", "kept_epoch" = excluded."kept_epoch", "expires_at" = max("members_token_state"."expires_at", excluded."expires_at")"#,
        revoke_token: r#"INSERT INTO "members_token_state" ("token_id", "revoked", "expires_at") VALUES ($1, TRUE, $2) ON CONFLICT ("token_id") DO UPDATE SET "revoked" = TRUE, "expires_at" = max("members_token_state"."expires_at", excluded."expires_at")"#,
        purge_tokens: r#"DELETE FROM "members_token_state" WHERE "token_id" IN (SELECT "token_id" FROM "members_token_state" WHERE "expires_at" < $1 LIMIT $2)"#,
    },
    postgres: ::axum_users::__private::Statements {
        find: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch" FROM "members" AS u LEFT JOIN "members_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("id", "token", "n") JOIN "members" AS u ON u."id" = w."id" LEFT JOIN "members_token_state" AS s ON s."token_id" = w."token""#,
        find_session: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token" FROM "members_accesstoken" AS t JOIN "members" AS u ON u."id" = t."user_id" LEFT JOIN "members_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", s."revoked", s."kept_epoch", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("token", "hashed", "n") JOIN "members_accesstoken" AS t ON t."token" = w."token" AND t."hashed" = w."hashed" JOIN "members" AS u ON u."id" = t."user_id" LEFT JOIN "members_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch" FROM "members" AS u WHERE lower(u."mail" COLLATE "C") = $1"#,
        insert: r#"INSERT INTO "members" ("mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre") VALUES ($1, $2, $3, $4, $5, $6) RETURNING "id", "mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch""#,
        update: r#"UPDATE "members" SET "mail" = CASE WHEN $1 THEN $2 ELSE "mail" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "confirmed" = CASE WHEN $9 THEN $10 ELSE "confirmed" END, "favourite_genre" = CASE WHEN $11 THEN $12 ELSE "favourite_genre" END, "auth_epoch" = "auth_epoch" + $13 WHERE "id" = $14 AND "hashed_password" = COALESCE($15, "hashed_password") AND "mail" = COALESCE($16, "mail") RETURNING "id", "mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch""#,
        delete: r#"DELETE FROM "members" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "members" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "members" SET "auth_epoch" = "auth_epoch" + 1"#,
        keep_token: r#"INSERT INTO "members_token_state" ("token_id", "user_id", "revoked", "kept_epoch", "expires_at") VALUES ($1, $2, FALSE, $3, $4) ON CONFLICT ("token_id") DO UPDATE SET "user_id" = excluded."user_id", "kept_epoch" = excluded."kept_epoch", "expires_at" = GREATEST("members_token_state"."expires_at", excluded."expires_at")"#,
        revoke_token: r#"INSERT INTO "members_token_state" ("token_id", "revoked", "expires_at") VALUES ($1, TRUE, $2) ON CONFLICT ("token_id") DO UPDATE SET "revoked" = TRUE, "expires_at" = GREATEST("members_token_state"."expires_at", excluded."expires_at")"#,
        purge_tokens: r#"DELETE FROM "members_token_state" WHERE "token_id" IN (SELECT "token_id" FROM "members_token_state" WHERE "expires_at" < $1 LIMIT $2)"#,
    },
    mysql: ::axum_users::__private::Statements::NONE,
};
/// Every route of [`Member`] under its usual prefix.
pub(crate) fn people_routes<S: ::axum_users::HasUsers<Member>>(
    users: &::axum_users::Users<Member>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    let others = [
        ("/auth", people_register_routes(users)),
        ("/auth", people_reset_routes(users)),
        ("/auth", people_verify_routes(users)),
        ("/users", people_account_routes(users)),
    ];
    rt::Routes::at_usual_prefixes(users, people_auth_routes, others)
}
/// The routes of one backend, usually under `/auth/{backend}`: `POST /login` and `/logout`.
pub(crate) fn people_auth_routes<S: ::axum_users::HasUsers<Member>>(
    users: &::axum_users::Users<Member>,
    backend: &::axum_users::__private::str,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .backend(backend)
        .route("/login", rt::post(rt::login::<Member>))
        .route("/logout", rt::post(rt::logout::<Member>))
        .into_router()
}
/// The route of registration, usually under `/auth`: `POST /register`.
pub(crate) fn people_register_routes<S: ::axum_users::HasUsers<Member>>(
    users: &::axum_users::Users<Member>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .route("/register", rt::post(rt::register::<Member>))
        .into_router()
}
/// The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.
pub(crate) fn people_reset_routes<S: ::axum_users::HasUsers<Member>>(
    users: &::axum_users::Users<Member>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .route("/forgot-password", rt::post(rt::forgot_password::<Member>))
        .route("/reset-password", rt::post(rt::reset_password::<Member>))
        .into_router()
}
/// The routes to prove an address, usually under `/auth`: `POST /request-verify-token` and `/verify`.
pub(crate) fn people_verify_routes<S: ::axum_users::HasUsers<Member>>(
    users: &::axum_users::Users<Member>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    rt::Routes::new(users)
        .route("/request-verify-token", rt::post(rt::request_verify_token::<Member>))
        .route("/verify", rt::post(rt::verify::<Member>))
        .into_router()
}
/// The routes of one's own account and, for superusers, of all others, usually under `/users`: `/me` and `/{id}`.
pub(crate) fn people_account_routes<S: ::axum_users::HasUsers<Member>>(
    users: &::axum_users::Users<Member>,
) -> ::axum_users::__private::Router<S> {
    use ::axum_users::__private as rt;
    let me = rt::get(rt::me::<Member>).patch(rt::update_me::<Member>);
    let by_id = rt::get(rt::user_by_id::<Member>).patch(rt::update_user::<Member>);
    rt::Routes::new(users)
        .route("/me", me.fallback(rt::me_as_id::<Member>))
        .route("/{id}", by_id.delete(rt::delete_user::<Member>))
        .into_router()
}
const _: () = {
    use ::axum_users::__private as rt;
    impl rt::AuthUser for Member {
        type Id = i64;
        type Read = PublicMember;
        type Create = NewMember;
        type Update = MemberPatch;
        type AdminUpdate = MemberAdminPatch;
        const CUSTOM_FIELDS: &'static [rt::CustomField] = &[
            rt::CustomField {
                name: "favouriteGenre",
                column: "favourite_genre",
                read: true,
                create: true,
                update: true,
                admin: false,
            },
        ];
        fn account(&self) -> rt::Account<'_, i64> {
            rt::Account {
                id: self.number,
                email: &self.address,
                hashed_password: &self.secret,
                status: rt::Status {
                    is_active: self.enabled,
                    is_superuser: self.librarian,
                    is_verified: self.has_confirmed,
                },
            }
        }
        fn account_mut(&mut self) -> rt::AccountMut<'_, i64> {
            rt::AccountMut {
                id: &mut self.number,
                email: &mut self.address,
                hashed_password: &mut self.secret,
                is_active: &mut self.enabled,
                is_superuser: &mut self.librarian,
                is_verified: &mut self.has_confirmed,
            }
        }
        fn new(account: rt::NewAccount<i64>, input: NewMember) -> Self {
            Self {
                number: account.id,
                address: account.email,
                secret: account.hashed_password,
                enabled: account.status.is_active,
                librarian: account.status.is_superuser,
                has_confirmed: account.status.is_verified,
                genre: input.genre,
            }
        }
        fn copy_custom(&mut self, from: &Self, columns: rt::Columns) {
            columns.copy(0, &mut self.genre, &from.genre);
        }
        fn read(&self) -> PublicMember {
            PublicMember {
                id: self.number,
                email: rt::Clone::clone(&self.address),
                is_active: self.enabled,
                is_superuser: self.librarian,
                is_verified: self.has_confirmed,
                genre: rt::Clone::clone(&self.genre),
            }
        }
    }
    impl rt::Schema for PublicMember {
        const NAME: &'static rt::str = "PublicMember";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            &rt::Field::read::<i64>(),
            &[
                rt::Field::custom::<Option<String>>("favouriteGenre")
                    .doc("What the person likes to read."),
            ],
        ];
    }
    impl rt::Schema for NewMember {
        const NAME: &'static rt::str = "NewMember";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            rt::Field::CREATE,
            &[
                rt::Field::custom::<Option<String>>("favouriteGenre")
                    .doc("What the person likes to read."),
            ],
        ];
    }
    impl rt::CreateSchema for NewMember {
        fn credentials(&self) -> (&rt::str, &rt::Password) {
            (&self.email, &self.password)
        }
    }
    impl rt::Schema for MemberPatch {
        const NAME: &'static rt::str = "MemberPatch";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            rt::Field::UPDATE,
            &[
                rt::Field::custom::<Option<String>>("favouriteGenre")
                    .doc("What the person likes to read."),
            ],
        ];
    }
    impl rt::UpdateSchema<Member> for MemberPatch {
        fn take_account(&mut self) -> rt::AccountUpdate {
            rt::AccountUpdate {
                email: self.email.take(),
                password: self.password.take(),
                current_password: self.current_password.take(),
                ..rt::Default::default()
            }
        }
        fn apply(self, user: &mut Member) -> rt::Columns {
            rt::Columns::NONE.assign(0, &mut user.genre, self.genre)
        }
    }
    impl rt::Schema for MemberAdminPatch {
        const NAME: &'static rt::str = "MemberAdminPatch";
        const FIELDS: &'static [&'static [rt::Field]] = &[
            rt::Field::ADMIN_UPDATE,
            &[
                rt::Field::custom::<Option<String>>("favouriteGenre")
                    .doc("What the person likes to read."),
            ],
        ];
    }
    impl rt::UpdateSchema<Member> for MemberAdminPatch {
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
        fn apply(self, user: &mut Member) -> rt::Columns {
            rt::Columns::NONE.assign(0, &mut user.genre, self.genre)
        }
    }
    impl<DB: rt::Dialect> rt::SqlUser<DB> for Member
    where
        Option<String>: rt::Column<DB>,
    {
        const SQL: &'static rt::UserSql = &MEMBER_STATEMENTS;
        fn columns() -> rt::Vec<rt::SqlColumn> {
            rt::vec![rt::column:: < DB, Option < String > > ("favourite_genre", true)]
        }
        fn from_row(row: &rt::Row<'_, DB>) -> rt::SqlResult<Self> {
            rt::Ok(Self {
                number: row.id(0)?,
                address: row.get(1)?,
                secret: row.hash(2)?,
                enabled: row.get(3)?,
                librarian: row.get(4)?,
                has_confirmed: row.get(5)?,
                genre: row.get(6)?,
            })
        }
        fn bind(&self, values: &mut rt::Values<'_, DB>) -> rt::SqlResult<()> {
            values.account(&rt::AuthUser::account(self))?;
            values.add(&self.genre)
        }
    }
};
