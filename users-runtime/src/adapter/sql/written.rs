//! The values that are written into the columns of a user type, to detect columns that are too narrow for them.

use super::{Driver, SqlColumn};
use crate::{
    domain::field::{Rule, Shape},
    user::{AuthUser, CustomField},
};

/// The values that are written into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Written {
    /// No values from requests, or values of unknown size: the limits of the column are not checked.
    #[default]
    Unknown,
    /// Any value of the column's type.
    Any,
    /// Text.
    Text(WrittenText),
}

/// The text that is written into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenText {
    /// The maximum number of characters.
    pub longest: u32,
    /// The maximum number of bytes in UTF-8.
    pub most_bytes: u32,
    /// `true` if every text has `longest` characters, so that a column of this length pads none.
    pub always_longest: bool,
    /// `true` if it is ASCII.
    pub ascii: bool,
}

/// The size of the longest text in a request: bodies have at most 16 KiB.
const LONGEST_IN_A_REQUEST: u32 = 16 * 1024;

impl WrittenText {
    /// ASCII of at most this many characters.
    pub(super) const fn ascii(longest: u32) -> Self {
        Self { longest, most_bytes: longest, always_longest: false, ascii: true }
    }

    /// Text of at most this many characters and bytes.
    pub(super) const fn unicode(longest: u32, most_bytes: u32) -> Self {
        Self { longest, most_bytes, always_longest: false, ascii: false }
    }

    /// Text of a request with at most this many characters.
    fn in_a_request(longest: Option<u64>) -> Self {
        let longest = longest.and_then(|longest| u32::try_from(longest).ok()).unwrap_or(LONGEST_IN_A_REQUEST);
        let longest = longest.min(LONGEST_IN_A_REQUEST);
        Self::unicode(longest, longest.saturating_mul(4).min(LONGEST_IN_A_REQUEST))
    }

    /// ASCII of exactly this many characters.
    pub(super) const fn exactly(length: u32) -> Self {
        Self { always_longest: true, ..Self::ascii(length) }
    }

    /// Describes the length, for a message.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn describe(&self) -> String {
        if self.longest == LONGEST_IN_A_REQUEST {
            "the field has no `length(max = …)`".to_owned()
        } else {
            format!("up to {} are written", self.longest)
        }
    }
}

/// Adds to each custom column the values that requests write into it.
pub(super) fn with_written<U: AuthUser, DB: Driver>(mut columns: Vec<SqlColumn>) -> Vec<SqlColumn> {
    for column in &mut columns {
        let field = U::CUSTOM_FIELDS.iter().find(|field| field.column == column.name);
        column.written = match field {
            Some(field) if !column.is_tenant && field.is_writable() => by_requests::<DB>(column, field),
            _ => Written::Unknown,
        };
    }
    columns
}

fn by_requests<DB: Driver>(column: &SqlColumn, field: &CustomField) -> Written {
    if column.sql_type != DB::TEXT {
        return Written::Any;
    }
    let longest = |rule: &Rule| if let Rule::Length { max, .. } = rule { *max } else { None };
    match shape_of(field) {
        Shape::String => Written::Text(WrittenText::in_a_request(field.rule_values().iter().find_map(longest))),
        Shape::OneOf(variants) => {
            let longest = variants.iter().map(|variant| variant.chars().count()).max();
            Written::Text(WrittenText::in_a_request(longest.and_then(|longest| u64::try_from(longest).ok())))
        }
        // JSON: the rule counts entries.
        _ => Written::Text(WrittenText::in_a_request(None)),
    }
}

fn shape_of(field: &CustomField) -> Shape {
    match field.shape() {
        Some(Shape::Nullable(inner)) => *inner,
        Some(shape) => shape,
        None => Shape::Any,
    }
}
