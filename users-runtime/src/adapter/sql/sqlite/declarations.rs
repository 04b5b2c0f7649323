//! Reads the statements with which SQLite records tables and indexes.

use crate::adapter::sql::sql_text::{Kind, names, tokens};

/// Returns the items in the first parentheses of a statement, without the surrounding spaces: the columns of `CREATE INDEX`,
/// the declarations of `CREATE TABLE`.
pub(super) fn items(sql: &str) -> Vec<&str> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (kind, range) in tokens(sql) {
        match kind {
            Kind::Symbol('(') => {
                depth += 1;
                if depth == 1 {
                    start = range.end;
                }
            }
            Kind::Symbol(',') if depth == 1 => {
                items.push(sql[start..range.start].trim());
                start = range.end;
            }
            Kind::Symbol(')') if depth == 1 => {
                items.push(sql[start..range.start].trim());
                break;
            }
            Kind::Symbol(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    items
}

/// Returns the expression of a generated column from the statement that created its table: `… AS (expression) …`.
pub(super) fn generated<'s>(create_table: &'s str, column: &str) -> Option<&'s str> {
    let declarations = items(create_table).into_iter();
    let mut declarations =
        declarations.filter(|item| names(item).first().is_some_and(|name| name.eq_ignore_ascii_case(column)));
    let declaration = declarations.next()?;
    let tokens = tokens(declaration);
    let at = tokens.windows(2).find(|pair| {
        pair[0].0 == Kind::Word
            && declaration[pair[0].1.clone()].eq_ignore_ascii_case("as")
            && pair[1].0 == Kind::Symbol('(')
    })?;
    let start = at[1].1.start;
    let mut depth = 0_usize;
    for (kind, range) in tokens {
        match kind {
            Kind::Symbol('(') if range.start >= start => depth += 1,
            Kind::Symbol(')') if range.start >= start => {
                depth -= 1;
                if depth == 0 {
                    return declaration.get(start + 1..range.start);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns a part of an index without the direction that may end it.
pub(super) fn without_direction(part: &str) -> &str {
    let last = tokens(part).pop().filter(|(kind, _)| *kind == Kind::Word);
    match last {
        Some((_, range)) if ["asc", "desc"].iter().any(|word| part[range.clone()].eq_ignore_ascii_case(word)) => {
            part[..range.start].trim_end()
        }
        _ => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_split_at_the_outer_commas() {
        let index = "CREATE UNIQUE INDEX x ON \"user\" (coalesce(tenant, ','), lower(email) COLLATE NOCASE DESC) WHERE a IN (1, 2)";
        assert_eq!(items(index), ["coalesce(tenant, ',')", "lower(email) COLLATE NOCASE DESC"]);
        assert_eq!(without_direction("lower(email) COLLATE NOCASE DESC"), "lower(email) COLLATE NOCASE");
        assert_eq!(without_direction("\"desc\""), "\"desc\"");
    }

    #[test]
    fn the_expression_of_a_generated_column_is_found_by_its_name() {
        let table = "CREATE TABLE user (id TEXT, email TEXT, \"as\" TEXT DEFAULT ('as ('), \
                     key TEXT GENERATED ALWAYS AS (lower(email || ')')) STORED)";
        assert_eq!(generated(table, "KEY"), Some("lower(email || ')')"));
        assert_eq!(generated(table, "email"), None);
    }
}
