//! The text of every statement, and that no statement leaves its tenant.

use quote::quote;

use super::*;
use crate::tests::checked;

fn statement(user: &User, dialect: &dyn Dialect, name: &str) -> String {
    statements(user, dialect).into_iter().find(|(field, _)| *field == name).unwrap().1
}

fn user() -> User {
    checked(quote! {
        struct User {
            id: Uuid,
            email: String,
            hashed_password: PasswordHash,
            is_active: bool,
            is_superuser: bool,
            is_verified: bool,
            #[auth(read, create, update)]
            full_name: Option<String>,
        }
    })
}

const COLUMNS: &str = r#"u."id", u."email", u."hashed_password", u."is_active", u."is_superuser", u."is_verified", u."full_name", u."auth_epoch", u."suspended_until", u."suspended_reason", u."must_change_password""#;

#[test]
fn a_user_is_found_by_id_with_the_state_of_the_token() {
    assert_eq!(
        statement(&user(), &Sqlite, "find"),
        format!(
            r#"SELECT {COLUMNS}, s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr" FROM "user" AS u LEFT JOIN "user_token_state" AS s ON s."token_id" = $1 WHERE u."id" = $2"#
        ),
    );
    assert_eq!(
        statement(&user(), &MySql, "find"),
        format!(
            "SELECT {}, s.`revoked`, s.`kept_epoch`, s.`reauthenticated_at`, s.`amr` FROM `user` AS u LEFT JOIN `user_token_state` AS s ON s.`token_id` = ? WHERE u.`id` = ?",
            COLUMNS.replace('"', "`")
        ),
    );
}

#[test]
fn several_users_are_found_by_one_query_on_each_database() {
    let user = user();
    assert_eq!(
        statement(&user, &Sqlite, "find_many"),
        format!(
            r#"SELECT {COLUMNS}, s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."key" FROM json_each($1) AS w CROSS JOIN "user" AS u ON u."id" = json_extract(w."value", '$[0]') LEFT JOIN "user_token_state" AS s ON s."token_id" = json_extract(w."value", '$[1]')"#
        ),
    );
    assert_eq!(
        statement(&user, &Postgres, "find_many"),
        format!(
            r#"SELECT {COLUMNS}, s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", w."n" - 1 FROM unnest($1, $2) WITH ORDINALITY AS w("id", "token", "n") JOIN "user" AS u ON u."id" = w."id" LEFT JOIN "user_token_state" AS s ON s."token_id" = w."token""#
        ),
    );
    assert_eq!(
        statement(&user, &MySql, "find_many"),
        format!(
            "SELECT {}, s.`revoked`, s.`kept_epoch`, s.`reauthenticated_at`, s.`amr`, CAST(w.`n` AS SIGNED) - 1 FROM JSON_TABLE(?, '$[*]' COLUMNS (`n` FOR ORDINALITY, `id` CHAR(36) PATH '$[0]', `token` VARCHAR(22) PATH '$[1]')) AS w JOIN `user` AS u ON u.`id` = JSON_UNQUOTE(JSON_QUOTE(w.`id`)) LEFT JOIN `user_token_state` AS s ON s.`token_id` = w.`token`",
            COLUMNS.replace('"', "`")
        ),
    );
}

#[test]
fn a_user_is_found_by_a_session_in_the_database() {
    let session = r#"s."revoked", s."kept_epoch", s."reauthenticated_at", s."amr", t."session_id", t."auth_epoch", t."created_at", t."last_seen_at", t."token", t."backend", t."amr", t."logged_in_at""#;
    let joined = r#"LEFT JOIN "user_token_state" AS s ON s."token_id" = t."session_id""#;
    assert_eq!(
        statement(&user(), &Postgres, "find_session"),
        format!(
            r#"SELECT {COLUMNS}, {session} FROM "accesstoken" AS t JOIN "user" AS u ON u."id" = t."user_id" {joined} WHERE t."token" = $1 AND t."hashed" = $2"#
        ),
    );
    assert_eq!(
        statement(&user(), &Sqlite, "find_sessions"),
        format!(
            r#"SELECT {COLUMNS}, {session}, w."key" FROM json_each($1) AS w CROSS JOIN "accesstoken" AS t ON t."token" = json_extract(w."value", '$[0]') AND t."hashed" = json_extract(w."value", '$[1]') CROSS JOIN "user" AS u ON u."id" = t."user_id" {joined}"#
        ),
    );
    assert_eq!(
        statement(&user(), &MySql, "find_session"),
        statement(&user(), &Sqlite, "find_session").replace('"', "`").replace("$1", "?").replace("$2", "?"),
    );
}

#[test]
fn a_user_is_found_by_the_canonical_address() {
    let user = user();
    assert_eq!(
        statement(&user, &Sqlite, "find_by_email"),
        format!(r#"SELECT {COLUMNS} FROM "user" AS u WHERE lower(u."email") = $1"#),
    );
    assert_eq!(
        statement(&user, &Postgres, "find_by_email"),
        format!(r#"SELECT {COLUMNS} FROM "user" AS u WHERE lower(u."email" COLLATE "C") = $1"#),
    );
    assert_eq!(
        statement(&user, &MySql, "find_by_email"),
        format!("SELECT {} FROM `user` AS u WHERE u.`email_canonical` = ?", COLUMNS.replace('"', "`")),
    );
}

#[test]
fn an_insert_has_the_id_only_if_the_library_makes_it() {
    let returning = r#"RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#;
    assert_eq!(
        statement(&user(), &Postgres, "insert"),
        format!(
            r#"INSERT INTO "user" ("id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name") VALUES ($1, $2, $3, $4, $5, $6, $7) {returning}"#
        ),
    );
    let integers = checked(quote! {
        #[auth(table = "members")]
        struct Member {
            #[auth(id, column = "no")]
            number: i64,
            email: String,
            hashed_password: PasswordHash,
            is_active: bool,
            is_superuser: bool,
            is_verified: bool,
        }
    });
    let columns = r#""email", "hashed_password", "is_active", "is_superuser", "is_verified""#;
    assert_eq!(
        statement(&integers, &Sqlite, "insert"),
        format!(
            r#"INSERT INTO "members" ({columns}, "auth_epoch") VALUES ($1, $2, $3, $4, $5, random() & 9007199254740991) RETURNING "no", {columns}, "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#
        ),
    );
    assert_eq!(
        statement(&integers, &Postgres, "insert"),
        format!(
            r#"INSERT INTO "members" ({columns}) VALUES ($1, $2, $3, $4, $5) RETURNING "no", {columns}, "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#
        ),
    );
    assert_eq!(
        statement(&integers, &MySql, "insert"),
        "INSERT INTO `members` (`email`, `hashed_password`, `is_active`, `is_superuser`, `is_verified`) VALUES (?, ?, ?, ?, ?)",
    );
    assert!(statement(&integers, &MySql, "find_many").contains("`id` BIGINT PATH '$[0]'"));
}

#[test]
fn an_update_writes_only_the_named_columns_and_checks_its_conditions() {
    assert_eq!(
        statement(&user(), &Sqlite, "update"),
        r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "hashed_password" = CASE WHEN $3 THEN $4 ELSE "hashed_password" END, "is_active" = CASE WHEN $5 THEN $6 ELSE "is_active" END, "is_superuser" = CASE WHEN $7 THEN $8 ELSE "is_superuser" END, "is_verified" = CASE WHEN $9 THEN $10 ELSE "is_verified" END, "full_name" = CASE WHEN $11 THEN $12 ELSE "full_name" END, "suspended_until" = CASE WHEN $13 THEN $14 ELSE "suspended_until" END, "suspended_reason" = CASE WHEN $15 THEN $16 ELSE "suspended_reason" END, "must_change_password" = CASE WHEN $17 THEN $18 ELSE "must_change_password" END, "auth_epoch" = "auth_epoch" + $19 WHERE "id" = $20 AND COALESCE("hashed_password", '') = COALESCE($21, "hashed_password", '') AND COALESCE("email", '') = COALESCE($22, "email", '') RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "full_name", "auth_epoch", "suspended_until", "suspended_reason", "must_change_password""#,
    );
    let mysql = statement(&user(), &MySql, "update");
    assert!(
        mysql.ends_with(
            "`auth_epoch` = `auth_epoch` + ? WHERE `id` = ? AND BINARY COALESCE(`hashed_password`, '') = COALESCE(?, `hashed_password`, '') AND BINARY COALESCE(`email`, '') = COALESCE(?, `email`, '')"
        ),
        "{mysql}"
    );
}

#[test]
fn columns_that_the_database_fills_are_read_and_never_written() {
    let user = checked(quote! {
        struct User {
            id: Uuid,
            email: String,
            hashed_password: PasswordHash,
            is_active: bool,
            is_superuser: bool,
            is_verified: bool,
            #[auth(read, from_database)]
            created_at: DateTime<Utc>,
            #[auth(read, update)]
            motto: String,
        }
    });
    for (name, dialect) in DIALECTS {
        for statement in ["insert", "update"].map(|name| statement(&user, dialect, name)) {
            let (written, _) = statement.split_once(" RETURNING ").unwrap_or((&statement, ""));
            assert!(!written.contains("created_at") && written.contains("motto"), "{name}: {statement}");
        }
        assert!(statement(&user, dialect, "find").contains("created_at"), "{name}");
    }
    assert!(statement(&user, &Postgres, "update").contains(r#""motto" = CASE WHEN $11 THEN $12 ELSE "motto" END"#));
    assert!(statement(&user, &Postgres, "insert").contains(r#"RETURNING "id", "email", "hashed_password", "is_active", "is_superuser", "is_verified", "created_at", "motto""#));
}

#[test]
fn a_deletion_and_the_end_of_sessions_name_the_user() {
    let sqlite = |name| statement(&user(), &Sqlite, name);
    assert_eq!(sqlite("delete"), r#"DELETE FROM "user" WHERE "id" = $1"#);
    assert_eq!(sqlite("end_sessions"), r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1"#);
    assert_eq!(sqlite("end_all_sessions"), r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1"#);
}

/// Two user types with tenants: with UUIDs and with integer ids.
fn with_tenants() -> [User; 2] {
    let with = |id: proc_macro2::TokenStream| {
        checked(quote! {
            struct User {
                id: #id,
                email: String,
                hashed_password: PasswordHash,
                is_active: bool,
                is_superuser: bool,
                is_verified: bool,
                #[auth(tenant)]
                tenant: String,
                #[auth(read, update)]
                motto: Option<String>,
            }
        })
    };
    [with(quote!(Uuid)), with(quote!(i64))]
}

const DIALECTS: [(&str, &dyn Dialect); 3] = [("SQLite", &Sqlite), ("PostgreSQL", &Postgres), ("MySQL", &MySql)];

/// Returns a statement of a struct with a tenant that names the table of users without limiting it to one tenant.
fn unlimited(statement: &str) -> Option<&str> {
    let text = statement.replace('`', "\"");
    let names_users = ["FROM \"user\"", "JOIN \"user\"", "UPDATE \"user\"", "INTO \"user\""];
    if !names_users.iter().any(|name| text.contains(name)) {
        return None;
    }
    // A new user is not searched for: it is written with the tenant as one of its columns.
    if let Some(rest) = text.strip_prefix("INSERT INTO \"user\" (") {
        let columns = rest.split(')').next().unwrap_or_default();
        return (!columns.contains("\"tenant\"")).then_some(statement);
    }
    let (before, _) = text.split_once(" RETURNING ").unwrap_or((&text, ""));
    let (rest, parameter) = before.rsplit_once(" = ")?;
    let condition = [" AND ", " WHERE "]
        .iter()
        .any(|joint| rest.ends_with(&format!("{joint}u.\"tenant\"")) || rest.ends_with(&format!("{joint}\"tenant\"")));
    let is_parameter = parameter == "?" || parameter.strip_prefix('$').is_some_and(|n| n.parse::<u32>().is_ok());
    let is_single = !text.contains(" OR ") && !text.contains(" UNION ") && text.matches("\"user\"").count() == 1;
    (!(condition && is_parameter && is_single)).then_some(statement)
}

#[test]
fn every_statement_is_limited_to_the_users_of_one_tenant_on_every_database() {
    for (user, (name, dialect)) in with_tenants().iter().flat_map(|user| DIALECTS.map(|dialect| (user, dialect))) {
        let all = statements(user, dialect);
        let unlimited: Vec<_> = all.iter().filter_map(|(_, text)| unlimited(text)).collect();
        assert!(unlimited.is_empty(), "{name}: {unlimited:#?}");
        // The check above looks only at statements that name users, so all of them must.
        assert!(all.iter().all(|(_, text)| text.replace('`', "\"").contains("\"user\"")), "{name}");
    }
}

#[test]
fn a_statement_without_its_tenant_is_found() {
    for text in [
        r#"SELECT u."id" FROM "user" AS u WHERE u."id" = $1"#,
        r#"SELECT u."id", u."tenant" FROM "user" AS u WHERE u."tenant" = u."tenant""#,
        r#"SELECT u."id" FROM "user" AS u WHERE u."id" = $1 OR u."tenant" = $2"#,
        r#"SELECT u."id" FROM "user" AS u, "user" AS v WHERE v."id" = $1 AND u."tenant" = $2"#,
        r#"UPDATE "user" SET "tenant" = $1"#,
        r#"INSERT INTO "user" ("id") VALUES ($1) RETURNING "tenant""#,
        "DELETE FROM `user` WHERE `id` = ?",
    ] {
        assert_eq!(unlimited(text), Some(text));
    }
    assert_eq!(unlimited("DELETE FROM `user` WHERE `id` = ? AND `tenant` = ?"), None);
}

#[test]
fn the_tenant_is_the_last_parameter() {
    let [user, _] = with_tenants();
    let sqlite = |name| statement(&user, &Sqlite, name);
    assert!(sqlite("find").ends_with(r#"s."token_id" = $1 WHERE u."id" = $2 AND u."tenant" = $3"#));
    assert!(sqlite("find_many").ends_with(r#" = json_extract(w."value", '$[1]') WHERE u."tenant" = $2"#));
    assert!(sqlite("find_by_email").ends_with(r#" WHERE lower(u."email") = $1 AND u."tenant" = $2"#));
    assert!(
        sqlite("update")
            .contains(r#" AND COALESCE("email", '') = COALESCE($24, "email", '') AND "tenant" = $25 RETURNING "id""#)
    );
    assert_eq!(sqlite("delete"), r#"DELETE FROM "user" WHERE "id" = $1 AND "tenant" = $2"#);
    assert_eq!(
        sqlite("end_sessions"),
        r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "id" = $1 AND "tenant" = $2"#
    );
    assert_eq!(sqlite("end_all_sessions"), r#"UPDATE "user" SET "auth_epoch" = "auth_epoch" + 1 WHERE "tenant" = $1"#);
    assert_eq!(statement(&user, &MySql, "delete"), "DELETE FROM `user` WHERE `id` = ? AND `tenant` = ?");
}

#[test]
fn every_parameter_is_used_once_and_their_numbers_rise() {
    let [with_tenant, _] = with_tenants();
    let numbered: [&dyn Dialect; 2] = [&Sqlite, &Postgres];
    for (user, dialect) in [user(), with_tenant].iter().flat_map(|user| numbered.map(|dialect| (user, dialect))) {
        for (name, text) in statements(user, dialect) {
            let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
            let numbers: Vec<usize> = text.split('$').skip(1).filter_map(|rest| digits(rest).parse().ok()).collect();
            assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{name}: {text}");
        }
    }
}

#[test]
fn a_named_schema_is_in_every_statement_where_the_database_has_schemas() {
    let user = checked(quote! {
        #[auth(schema = "auth")]
        struct User {
            id: i64,
            email: String,
            hashed_password: PasswordHash,
            is_active: bool,
            is_superuser: bool,
            is_verified: bool,
        }
    });
    for (dialect, quote) in [(&Postgres as &dyn Dialect, '"'), (&MySql, '`')] {
        for (name, statement) in statements(&user, dialect) {
            for table in ["user", "accesstoken", "user_token_state"] {
                let table = format!("{quote}{table}{quote}");
                let qualified = format!("{quote}auth{quote}.{table}");
                assert_eq!(
                    statement.matches(&table).count(),
                    statement.matches(&qualified).count(),
                    "{name}: {statement}"
                );
            }
            assert!(statement.contains("auth"), "{name}: {statement}");
        }
    }
    assert!(statements(&user, &Sqlite).iter().all(|(_, statement)| !statement.contains("\"auth\"")));
}
