//! MySQL and MariaDB: types of columns, and what they can hold.

use crate::adapter::sql::{
    Written,
    schema::{FoundColumn, WantedColumn},
};

/// Types with the same values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    Bytes,
    Integer,
    Flag,
    Time,
    TimeOfDay,
    Json,
    Other(String),
}

pub(super) fn family(declared: &str) -> Family {
    let declared = declared.to_ascii_lowercase();
    if declared == "tinyint(1)" {
        return Family::Flag;
    }
    let words: String = declared.chars().take_while(|c| !matches!(c, '(' | ' ')).collect();
    match words.as_str() {
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" => Family::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Family::Bytes,
        "boolean" | "bool" | "bit" => Family::Flag,
        "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => Family::Integer,
        "datetime" | "timestamp" => Family::Time,
        "time" => Family::TimeOfDay,
        "json" => Family::Json,
        _ => Family::Other(words),
    }
}

/// Returns `true` if a column of the type `found` returns every value of the type `wanted` unchanged.
pub(super) fn holds(found: &str, wanted: &str) -> bool {
    // An unsigned field cannot read a signed column; a signed one reads an unsigned column as far as its range.
    if is_unsigned(wanted) && !is_unsigned(found) {
        return false;
    }
    let (found, wanted) = (family(found), family(wanted));
    found == wanted
        || (wanted == Family::Flag && found == Family::Integer)
        || (wanted == Family::Integer && found == Family::Flag)
        || (wanted == Family::Json && found == Family::Text) // MariaDB's JSON is text
}

/// Returns why a column cannot hold everything that is written into it. Strict mode refuses values that do not fit, but
/// rounds the fractions of seconds.
pub(super) fn shortfall(found: &FoundColumn, wanted: &WantedColumn) -> Option<String> {
    const MICROSECONDS: u64 = 6;
    let declared = &found.sql_type;
    match wanted.written {
        Written::Unknown => None,
        Written::Any => match family(&wanted.sql_type) {
            Family::Time | Family::TimeOfDay => {
                let digits = length(declared).unwrap_or(0);
                if word(declared) == "timestamp" {
                    Some("a TIMESTAMP ends in 2038".to_owned())
                } else {
                    (digits < MICROSECONDS).then(|| {
                        format!("keeps {digits} digits of the fraction of a second, {MICROSECONDS} are written")
                    })
                }
            }
            Family::Integer => {
                let (has, needs) = (bytes_of_integer(declared)?, bytes_of_integer(&wanted.sql_type)?);
                (has < needs).then(|| format!("the type is {declared}, the field wants {}", wanted.sql_type))
            }
            Family::Bytes if wanted.sql_type == "LONGBLOB" => {
                let limit = match word(declared) {
                    "tinyblob" => u64::from(u8::MAX),
                    "binary" | "varbinary" => length(declared)?,
                    _ => return None,
                };
                Some(format!("holds {limit} bytes, and the field has no limit"))
            }
            Family::Other(name) if name == "decimal" => {
                Some(format!("rounds numbers to the digits of {declared}, and the field has no limit"))
            }
            _ => None,
        },
        Written::Text(text) => {
            let bytes = match word(declared) {
                "tinytext" => Some(u64::from(u8::MAX)),
                "text" => Some(u64::from(u16::MAX)),
                _ => None,
            };
            let characters = if matches!(word(declared), "char" | "varchar") { length(declared) } else { None };
            let characters_of = found.encoding.as_ref().map(|encoding| encoding.characters.as_str());
            if let Some(limit) = characters.filter(|limit| *limit < u64::from(text.longest)) {
                Some(format!("holds {limit} characters, and {}", text.describe()))
            } else if let Some(limit) = bytes.filter(|limit| *limit < u64::from(text.most_bytes)) {
                Some(format!("holds {limit} bytes, and {}", text.describe()))
            } else {
                let narrow = characters_of.filter(|characters| !text.ascii && !is_unicode(characters))?;
                Some(format!("the character set {narrow} lacks characters that are written"))
            }
        }
    }
}

/// Returns `true` for a type of text that may change the text that it stores.
pub(super) fn changes_texts(declared: &str) -> bool {
    matches!(word(&declared.to_ascii_lowercase()), "char" | "enum")
}

/// Returns `true` if `wide` holds every value of `narrow`, of the same kind of number.
pub(super) fn is_wider(wide: &str, narrow: &str) -> bool {
    matches!((word(&wide.to_ascii_lowercase()), word(&narrow.to_ascii_lowercase())), ("double", "float"))
}

/// Returns the type to which a column of the type `found` is changed to hold values of the type `wanted`: the latter,
/// or `found` if it is longer.
pub(super) fn wider<'t>(found: &'t str, wanted: &'t str) -> &'t str {
    let longer = length(found).zip(length(wanted)).is_some_and(|(found, wanted)| found > wanted);
    let unlimited = family(found) == Family::Text && length(found).is_none() && length(wanted).is_some();
    if word(found) == word(&wanted.to_ascii_lowercase()) && longer || unlimited { found } else { wanted }
}

/// Returns `true` if a character set has all characters. `utf8` and `utf8mb3` lack those of four bytes.
pub(super) fn is_unicode(characters: &str) -> bool {
    ["utf8mb4", "utf16", "utf16le", "utf32"].contains(&characters)
}

fn is_unsigned(declared: &str) -> bool {
    declared.to_ascii_lowercase().contains("unsigned")
}

/// Returns the first word of a type.
fn word(declared: &str) -> &str {
    declared.split(['(', ' ']).next().unwrap_or_default()
}

/// Returns the number in parentheses: the length of a text, or the precision of a time.
fn length(declared: &str) -> Option<u64> {
    declared.split_once('(')?.1.split_once(')')?.0.parse().ok()
}

fn bytes_of_integer(declared: &str) -> Option<u8> {
    Some(match word(&declared.to_ascii_lowercase()) {
        "tinyint" => 1,
        "smallint" => 2,
        "mediumint" => 3,
        "int" | "integer" => 4,
        "bigint" => 8,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_each_kind_are_compared_with_what_the_column_holds() {
        let column = |declared: &str| FoundColumn {
            name: "own".to_owned(),
            sql_type: declared.to_owned(),
            nullable: false,
            filled: false,
            generated: false,
            encoding: None,
            rest: None,
        };
        let field = |sql_type: &str| WantedColumn {
            name: "own".to_owned(),
            sql_type: sql_type.to_owned(),
            nullable: false,
            fill: None,
            generated: None,
            written: Written::Any,
            made_by_database: false,
            reads_null: false,
            is_shaped_bytes: false,
            from_database: None,
            stored_as: None,
        };
        for (declared, sql_type, is_narrow) in [
            ("time", "TIME(6)", true),
            ("time(6)", "TIME(6)", false),
            ("datetime(3)", "DATETIME(6)", true),
            ("tinyblob", "LONGBLOB", true),
            ("varbinary(64)", "LONGBLOB", true),
            ("blob", "LONGBLOB", false),
            ("binary(16)", "BINARY(16)", false),
            ("mediumint(8) unsigned", "INT", true),
            ("int(10) unsigned", "INT", false),
            ("date", "DATE", false),
        ] {
            assert!(holds(declared, sql_type), "{declared} for {sql_type}");
            assert_eq!(
                shortfall(&column(declared), &field(sql_type)).is_some(),
                is_narrow,
                "{declared} for {sql_type}"
            );
        }
        for (declared, sql_type) in [("float", "DOUBLE"), ("int(11)", "BIGINT UNSIGNED"), ("datetime", "DATE")] {
            assert!(!holds(declared, sql_type), "{declared} for {sql_type}");
        }
        assert!(is_wider("DOUBLE", "float") && !is_wider("FLOAT", "double"));
    }
}
