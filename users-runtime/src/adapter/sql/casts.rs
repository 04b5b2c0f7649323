//! Statements for columns whose type differs from the default type of the field: a field that is stored as JSON or as text, in a
//! column of the database's own type, such as `jsonb`, an enum or `inet`.
//!
//! The value is bound and read as text. The database converts it where the statement requests it, depending on the type
//! of the column.

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::{Dialect, LoginSql, SqlColumn, Statements, schema::FoundColumn, short::ShortStatements, uuid_form::Form};
use crate::domain::IdKind;

/// How the value of a column is converted. `{}` stands for the value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cast {
    /// The expression that is read instead of the column: a template.
    pub(super) read: Option<&'static str>,
    /// The type to which the parameter is converted when it is written.
    pub(super) write: Option<String>,
}

/// The statements of a user type that name its columns.
#[derive(Debug, Clone)]
pub(super) struct UserStatements {
    pub(super) find: SqlStr,
    pub(super) find_many: SqlStr,
    pub(super) find_session: SqlStr,
    pub(super) find_sessions: SqlStr,
    /// The short forms of these four statements, if the database has them.
    pub(super) short: Option<ShortStatements>,
    pub(super) find_by_email: SqlStr,
    /// `None` for a type without a login name.
    pub(super) find_by_login_name: Option<SqlStr>,
    pub(super) insert: SqlStr,
    pub(super) update: SqlStr,
}

impl UserStatements {
    /// Returns the statements for an existing table with ids of this kind in this form. They are the generated ones
    /// where no column needs a conversion.
    pub(super) fn of<DB: Dialect>(
        (statements, login): (&'static Statements, Option<&'static LoginSql>),
        custom: &[SqlColumn],
        found: &[FoundColumn],
        (kind, form): (IdKind, Form),
    ) -> Self {
        let casts: Vec<(String, Cast)> = custom
            .iter()
            .filter_map(|column| {
                let stored_as = column.stored_as?;
                let there = found.iter().find(|there| there.name.eq_ignore_ascii_case(column.name))?;
                let cast = DB::cast(stored_as, &there.sql_type);
                (cast != Cast::default()).then(|| (DB::quoted(column.name), cast))
            })
            .collect();
        let read = |text: &'static str| made(with_reads(text, "u.", &casts));
        let write = |text: &'static str| {
            // MySQL has no RETURNING.
            let (before, after) = text.split_once(RETURNING).map_or((text, None), |(b, a)| (b, Some(a)));
            let before = with_writes(before, &casts);
            let before = DB::write_statement(&before).map_or(before, Cow::Owned);
            made(match after {
                Some(after) => Cow::Owned(format!("{before}{RETURNING}{}", with_reads(after, "", &casts))),
                None => before,
            })
        };
        let (find, find_many) = (read(statements.find), DB::find_many(read(statements.find_many), kind, form));
        let (find_session, find_sessions) = (read(statements.find_session), read(statements.find_sessions));
        Self {
            short: ShortStatements::of::<DB>([&find, &find_many, &find_session, &find_sessions]),
            find,
            find_many,
            find_session,
            find_sessions,
            find_by_email: read(statements.find_by_email),
            find_by_login_name: login.map(|login| read(DB::login_statement(login))),
            insert: write(statements.insert),
            update: write(statements.update),
        }
    }
}

pub(super) const RETURNING: &str = " RETURNING ";

fn made(text: Cow<'static, str>) -> SqlStr {
    match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

/// Converts the columns in a list of columns that a statement returns. A comma follows each of them, because the epoch is
/// the last.
fn with_reads<'s>(text: &'s str, prefix: &str, casts: &[(String, Cast)]) -> Cow<'s, str> {
    let mut text = Cow::Borrowed(text);
    for (name, cast) in casts {
        if let Some(read) = cast.read {
            let column = format!("{prefix}{name}");
            text = Cow::Owned(text.replacen(&format!("{column},"), &format!("{},", read.replace("{}", &column)), 1));
        }
    }
    text
}

/// Converts the parameters of an insert or an update, which have one parameter per column.
fn with_writes<'s>(text: &'s str, casts: &[(String, Cast)]) -> Cow<'s, str> {
    let mut text = Cow::Borrowed(text);
    for (name, cast) in casts {
        let Some(sql_type) = &cast.write else { continue };
        let parameter = if text.starts_with("INSERT") {
            parameter_of_insert(&text, name)
        } else {
            parameter_of_update(&text, name)
        };
        if let Some((start, end)) = parameter {
            let cast = format!("CAST({} AS {sql_type})", &text[start..end]);
            text = Cow::Owned(format!("{}{cast}{}", &text[..start], &text[end..]));
        }
    }
    text
}

/// Returns the place of a column's parameter in `INSERT INTO t (a, b) VALUES ($1, $2)`.
fn parameter_of_insert(text: &str, name: &str) -> Option<(usize, usize)> {
    let (columns, _) = text.split_once(") VALUES (")?;
    let first = columns.find('(')? + 1;
    let position = columns[first..].split(", ").position(|column| column == name)?;
    let mut start = columns.len() + ") VALUES (".len();
    for (index, value) in text[start..].split(", ").enumerate() {
        if index == position {
            return Some((start, start + value.trim_end_matches(')').len()));
        }
        start += value.len() + ", ".len();
    }
    None
}

/// Returns the place of a column's parameter in `UPDATE t SET a = CASE WHEN $1 THEN $2 ELSE a END`.
fn parameter_of_update(text: &str, name: &str) -> Option<(usize, usize)> {
    const THEN: &str = " THEN ";
    let assignment = text.find(&format!("{name} = CASE WHEN "))?;
    let start = assignment + text[assignment..].find(THEN)? + THEN.len();
    let end = start + text[start..].find(" ELSE ")?;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn casts() -> Vec<(String, Cast)> {
        vec![
            ("\"plan\"".to_owned(), Cast { read: Some("CAST({} AS TEXT)"), write: Some("mood".to_owned()) }),
            ("\"ip\"".to_owned(), Cast { read: Some("abbrev({})"), write: Some("inet".to_owned()) }),
        ]
    }

    #[test]
    fn the_parameters_of_converted_columns_are_cast() {
        assert_eq!(
            with_writes(r#"INSERT INTO "user" ("id", "plan", "motto", "ip") VALUES ($1, $2, $3, $4)"#, &casts()),
            r#"INSERT INTO "user" ("id", "plan", "motto", "ip") VALUES ($1, CAST($2 AS mood), $3, CAST($4 AS inet))"#,
        );
        assert_eq!(
            with_writes(
                r#"UPDATE "user" SET "motto" = CASE WHEN $1 THEN $2 ELSE "motto" END, "plan" = CASE WHEN $3 THEN $4 ELSE "plan" END WHERE "id" = $5"#,
                &casts()
            ),
            r#"UPDATE "user" SET "motto" = CASE WHEN $1 THEN $2 ELSE "motto" END, "plan" = CASE WHEN $3 THEN CAST($4 AS mood) ELSE "plan" END WHERE "id" = $5"#,
        );
    }

    #[test]
    fn converted_columns_are_read_as_text() {
        assert_eq!(
            with_reads(r#"SELECT u."id", u."plan", u."ip", u."auth_epoch" FROM "user" AS u"#, "u.", &casts()),
            r#"SELECT u."id", CAST(u."plan" AS TEXT), abbrev(u."ip"), u."auth_epoch" FROM "user" AS u"#,
        );
        assert_eq!(
            with_reads(r#""id", "plan", "ip", "auth_epoch""#, "", &casts()),
            r#""id", CAST("plan" AS TEXT), abbrev("ip"), "auth_epoch""#,
        );
    }

    #[test]
    fn statements_without_such_columns_are_the_written_ones() {
        let text = r#"INSERT INTO "user" ("id") VALUES ($1)"#;
        assert!(matches!(with_writes(text, &casts()), Cow::Borrowed(same) if same == text));
        assert!(matches!(with_reads(text, "u.", &[]), Cow::Borrowed(same) if same == text));
    }
}
