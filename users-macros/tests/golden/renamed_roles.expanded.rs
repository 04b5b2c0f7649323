/// A [`Member`] as clients see it.
#[derive(::core::fmt::Debug, ::axum_users::__private0_1_0::Serialize)]
#[derive(::core::clone::Clone, ::axum_users::__private0_1_0::Deserialize)]
#[serde(crate = "::axum_users::__private0_1_0::serde")]
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
/// Every statement on the table `members`, per database.
pub(crate) const MEMBER_STATEMENTS: ::axum_users::__private0_1_0::UserSql = ::axum_users::__private0_1_0::UserSql {
    table: "members",
    session_table: "members_accesstoken",
    roles: ::axum_users::__private0_1_0::RoleColumns {
        email: "mail",
        is_verified: "confirmed",
        ..::axum_users::__private0_1_0::RoleColumns::USUAL
    },
    id_made_by_database: true,
    sqlite: ::axum_users::__private0_1_0::Statements {
        find: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr" FROM "members" AS u LEFT JOIN "members_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#,
        find_many: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."key" FROM json_each($1) AS w CROSS JOIN "members" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "members_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#,
        find_session: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at" FROM "members_accesstoken" AS t JOIN "members" AS u ON u."id" = t."user_id" LEFT JOIN "members_token_state" AS s ON s."token_id" = t."session_id" WHERE t."token" = $1 AND t."hashed" = $2"#,
        find_sessions: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password", s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at", w."key" FROM json_each($1) AS w CROSS JOIN "members_accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "members" AS u ON u."id" = t."user_id" LEFT JOIN "members_token_state" AS s ON s."token_id" = t."session_id""#,
        find_by_email: r#"SELECT u."id", u."mail", u."hashed_password", u."is_active", u."is_superuser", u."confirmed", u."favourite_genre", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password" FROM "members" AS u WHERE lower(u."mail") = $1"#,
        insert: r#"INSERT INTO "members" ("mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch") VALUES ($1, $2, $3, $4, $5, $6, random() & 9007199254740991) RETURNING "id", "mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
        update: r#"UPDATE "members" SET "mail" = CASE WHEN $1 THEN $2 ELSE "mail" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "confirmed" = CASE WHEN $9 THEN $10 ELSE "confirmed" END, "favourite_genre" = CASE WHEN $11 THEN $12 ELSE "favourite_genre" END, "suspended_until" = CASE WHEN $13 THEN $14 ELSE "suspended_until" END, "suspended_reason" = CASE WHEN $15 THEN $16 ELSE "suspended_reason" END, "must_change_password" = CASE WHEN $17 THEN $18 ELSE "must_change_password" END, "auth_epoch" = "auth_epoch" + $19 WHERE "id" = $20 AND COALESCE("hashed_password", '') = COALESCE($21, "hashed_password", '') AND COALESCE("mail", '') = COALESCE($22, "mail", '') RETURNING "id", "mail", "hashed_password", "is_active", "is_superuser", "confirmed", "favourite_genre", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
        delete: r#"DELETE FROM "members" WHERE "id" = $1"#,
        end_sessions: r#"UPDATE "members" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#,
        end_all_sessions: r#"UPDATE "members" SET "auth_epoch" = "auth_epoch" + 1"#,
    },
    ..::axum_users::__private0_1_0::UserSql::USUAL
};
/// The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.
pub(crate) fn people_reset_routes<S: ::axum_users::HasUsers<Member>>(
    users: &::axum_users::Users<Member>,
) -> ::axum_users::__private0_1_0::Router<S> {
    use ::axum_users::__private0_1_0 as rt;
    rt::Routes::new(users)
        .post("/forgot-password", rt::forgot_password::<Member>)
        .post("/reset-password", rt::reset_password::<Member>)
        .into_router()
}
