//! The forms of the statement that changes a user: each writes only the columns that one change names. SQLite rewrites
//! the entries of every index on a column that an `UPDATE` names, even if its value does not change, and every database
//! receives and evaluates the whole statement.
//!
//! The derive writes one statement that names all columns ([`Statements::update`](super::Statements::update)). A form of it
//! has the assignments of some of them, and the same conditions. It is built once, when the first change needs it.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{PoisonError, RwLock},
};

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::{SqlColumn, casts::RETURNING, tables::STANDING};
use crate::{port::Change, user::Columns};

/// The number of forms that are kept. The fields in a request determine the columns of a change, so clients choose the forms.
const KEPT: usize = 64;

/// The columns that a change writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ChangedColumns {
    columns: Columns,
    suspension: bool,
    must_change_password: bool,
}

impl ChangedColumns {
    pub(super) fn of(change: &Change<()>) -> Self {
        Self {
            columns: change.columns,
            suspension: change.suspension.is_some(),
            must_change_password: change.must_change_password.is_some(),
        }
    }
}

/// The statement that changes a user of one table.
#[derive(Debug)]
pub(super) struct Updates {
    /// The statement up to the first assignment.
    start: String,
    /// The columns with their numbers, and the values that they are assigned. Those of the standing have no numbers.
    assignments: Vec<(Option<usize>, String, String)>,
    /// The statement from the assignment to the epoch, which every form has.
    end: String,
    forms: RwLock<HashMap<ChangedColumns, SqlStr>>,
}

impl Updates {
    /// Splits the statement. `names` are the columns of the roles and the custom columns.
    pub(super) fn of(statement: &str, names: &[&'static str], custom: &[SqlColumn], quote: fn(&str) -> String) -> Self {
        let (start, mut rest) = statement.split_once(SET).unwrap_or((statement, ""));
        let is_written = |index: usize| {
            index.checked_sub(Columns::ROLES).and_then(|n| custom.get(n)).is_none_or(|own| own.from_database.is_none())
        };
        let own = names.iter().enumerate().skip(1).filter(|(index, _)| is_written(*index));
        let all = own.map(|(index, name)| (Some(index), *name)).chain(STANDING.map(|name| (None, name)));
        let mut assignments = Vec::new();
        for (index, name) in all {
            let name = quote(name);
            let Some((value, after)) = assigned(rest, &name) else { break };
            assignments.push((index, name, value.to_owned()));
            rest = after;
        }
        // Nothing reads the standing after a change.
        let standing = STANDING.map(|name| format!(", {}", quote(name))).concat();
        let end = rest.strip_suffix(&standing).unwrap_or(rest).to_owned();
        Self { start: format!("{start}{SET}"), assignments, end, forms: RwLock::default() }
    }

    /// Returns the statement for a change.
    pub(super) fn form(&self, changed: ChangedColumns) -> SqlStr {
        let known = self.forms.read().unwrap_or_else(PoisonError::into_inner).get(&changed).cloned();
        known.unwrap_or_else(|| {
            let made = AssertSqlSafe(self.text(changed)).into_sql_str();
            let mut forms = self.forms.write().unwrap_or_else(PoisonError::into_inner);
            if forms.len() >= KEPT {
                forms.clear();
            }
            forms.insert(changed, made.clone());
            made
        })
    }

    fn text(&self, changed: ChangedColumns) -> String {
        let (mut text, mut parameters) = (self.start.clone(), 0);
        for (index, name, value) in &self.assignments {
            let is_changed = match index {
                Some(index) => changed.columns.contains(*index),
                None if name.contains(STANDING[2]) => changed.must_change_password,
                None => changed.suspension,
            };
            if is_changed {
                text.push_str(name);
                text.push_str(" = ");
                renumber(value, 1, &mut parameters, &mut text);
                text.push_str(", ");
            }
        }
        let (conditions, returned) = self.end.split_once(RETURNING).map_or((&*self.end, None), |(c, r)| (c, Some(r)));
        renumber(conditions, usize::MAX, &mut parameters, &mut text);
        if let Some(returned) = returned {
            text.push_str(RETURNING);
            text.push_str(returned);
        }
        text
    }
}

const SET: &str = " SET ";

/// Returns the value and the remaining text, for a text that begins with `name = CASE WHEN $1 THEN value ELSE name END, `.
fn assigned<'s>(text: &'s str, name: &str) -> Option<(&'s str, &'s str)> {
    let rest = text.strip_prefix(name)?.strip_prefix(" = CASE WHEN ")?;
    let (_, rest) = rest.split_once(" THEN ")?;
    rest.split_once(&format!(" ELSE {name} END, "))
}

/// Appends a text, and gives the first `most` of its numbered parameters the next numbers. Those of MySQL have none.
fn renumber(text: &str, most: usize, last: &mut usize, into: &mut String) {
    let mut parts = text.split('$');
    into.push_str(parts.next().unwrap_or_default());
    for (index, part) in parts.enumerate() {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == part.len() || index >= most {
            into.push('$');
            into.push_str(part);
        } else {
            *last += 1;
            // Writing to a string does not fail.
            let _written = write!(into, "${last}{rest}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATE: &str = r#"UPDATE "user" SET "email" = CASE WHEN $1 THEN $2 ELSE "email" END, "plan" = CASE WHEN $3 THEN CAST($4 AS mood) ELSE "plan" END, "suspended_until" = CASE WHEN $5 THEN $6 ELSE "suspended_until" END, "suspended_reason" = CASE WHEN $7 THEN $8 ELSE "suspended_reason" END, "must_change_password" = CASE WHEN $9 THEN $10 ELSE "must_change_password" END, "auth_epoch" = "auth_epoch" + $11 WHERE "id" = $12 AND COALESCE("email", '') = COALESCE($13, "email", '') RETURNING "id", "a$1""#;
    const END: &str = r#" AND COALESCE("email", '') = COALESCE($N, "email", '') RETURNING "id", "a$1""#;

    fn updates(statement: &str, quote: char) -> Updates {
        // A role, and then one that stands for a custom column.
        let quoted = if quote == '`' { |name: &str| format!("`{name}`") } else { |name: &str| format!("\"{name}\"") };
        Updates::of(statement, &["id", "email", "plan"], &[], quoted)
    }

    fn changed(columns: Columns, suspension: bool, must_change_password: bool) -> ChangedColumns {
        ChangedColumns { columns, suspension, must_change_password }
    }

    #[test]
    fn a_form_names_only_the_columns_of_its_change() {
        let updates = updates(UPDATE, '"');
        for (columns, suspension, must_change, set) in [
            (
                Columns::NONE.with(2),
                false,
                false,
                r#""plan" = CAST($1 AS mood), "auth_epoch" = "auth_epoch" + $2 WHERE "id" = $3"#,
            ),
            (
                Columns::EMAIL,
                false,
                true,
                r#""email" = $1, "must_change_password" = $2, "auth_epoch" = "auth_epoch" + $3 WHERE "id" = $4"#,
            ),
            (
                Columns::NONE,
                true,
                false,
                r#""suspended_until" = $1, "suspended_reason" = $2, "auth_epoch" = "auth_epoch" + $3 WHERE "id" = $4"#,
            ),
            (Columns::NONE, false, false, r#""auth_epoch" = "auth_epoch" + $1 WHERE "id" = $2"#),
        ] {
            let parameters = set.matches('$').count();
            let expected = format!(r#"UPDATE "user" SET {set}{}"#, END.replace("$N", &format!("${}", parameters + 1)));
            assert_eq!(updates.form(changed(columns, suspension, must_change)).as_str(), expected);
        }
    }

    #[test]
    fn the_parameters_of_mysql_have_no_numbers() {
        let mut statement = UPDATE.replace('"', "`").replace("a$1", "a");
        for number in (1..=13).rev() {
            statement = statement.replace(&format!("${number}"), "?");
        }
        let (before, _) = statement.split_once(RETURNING).unwrap();
        let form = updates(before, '`').form(changed(Columns::EMAIL, false, false));
        assert_eq!(
            form.as_str(),
            "UPDATE `user` SET `email` = ?, `auth_epoch` = `auth_epoch` + ? WHERE `id` = ? AND COALESCE(`email`, '') = COALESCE(?, `email`, '')"
        );
    }

    #[test]
    fn as_many_forms_are_kept_as_an_application_needs() {
        let updates = updates(UPDATE, '"');
        for number in 0..1000 {
            let columns =
                (0..10).filter(|bit| number >> bit & 1 == 1).fold(Columns::NONE, |all, bit| all.with(bit + 10));
            updates.form(changed(columns, false, false));
            assert!(updates.forms.read().unwrap().len() <= KEPT);
        }
    }
}
