//! Compares a row that was written with the values that were sent, for columns whose type may change a value: a `CHAR`
//! that loses trailing spaces, a scale that rounds, an affinity that turns a text into a number. The transaction of
//! such a write is rolled back, and the value is refused.

use serde_json::{Number, Value};

use super::{
    Dialect, SqlColumn, SqlResult, SqlUser, StoredAs, Values,
    adapted::Adapted,
    base::Base,
    error::{changed_value, unreadable_value},
    schema::FoundColumn,
    store::Store,
};
use crate::user::Columns;

/// How to decide whether a stored value equals the one that was sent, in a column that may change values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// All characters are the same.
    Exact,
    /// The numbers are equal: `12.5` and `12.50`.
    Number,
    /// The UUIDs are equal: their letters may differ in case.
    Uuid,
}

/// A value that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// Text, of a field that is stored as text or JSON.
    Text(Option<String>),
    /// The value of another field, as the driver encodes it.
    Encoded(String),
}

/// A column whose type may change values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changing {
    /// The number of the custom column.
    index: usize,
    stored_as: Option<StoredAs>,
    same: Sameness,
}

/// Returns the custom columns of a table whose types may change values.
pub(super) fn changing<DB: Dialect>(custom: &[SqlColumn], found: &[FoundColumn]) -> Vec<Changing> {
    let changing = custom.iter().enumerate().filter_map(|(index, own)| {
        let there = found.iter().find(|there| there.name.eq_ignore_ascii_case(own.name))?;
        let same = if own.from_database.is_none() { DB::may_change(own, &there.sql_type) } else { None };
        same.map(|same| Changing { index, stored_as: own.stored_as, same })
    });
    changing.collect()
}

impl<U: SqlUser<DB>, DB: Dialect> Store<U, DB> {
    /// Refuses a write that changed a value in one of these columns. The caller rolls back.
    pub(super) fn refuse_changed_values(
        &self,
        table: &Adapted,
        user: &U,
        columns: Columns,
        row: &DB::Row,
    ) -> SqlResult<()> {
        if table.changing.iter().all(|changing| !changing.is_in(columns)) {
            return Ok(());
        }
        let stored = self.user(row).map_err(|error| unreadable_value(error, &self.base.columns))?;
        let written: Vec<_> = table.changing.iter().filter(|changing| changing.is_in(columns)).collect();
        self.base.refuse_changed(&written, row, &self.sent(user, table)?, &self.sent(&stored, table)?)
    }

    /// Returns the values of the custom columns of a user.
    fn sent(&self, user: &U, table: &Adapted) -> SqlResult<Vec<(usize, Sent)>> {
        let mut values = Values::compared(&self.base.custom, &table.forms);
        user.bind_custom(&mut values)?;
        Ok(values.into_sent())
    }
}

impl<DB: Dialect> Base<DB> {
    /// Refuses a row if one of these columns differs from the value that was sent. `read` are the values of the user in the row.
    pub(super) fn refuse_changed(
        &self,
        written: &[&Changing],
        row: &DB::Row,
        sent: &[(usize, Sent)],
        read: &[(usize, Sent)],
    ) -> SqlResult<()> {
        for Changing { index, stored_as, same } in written {
            let column = Columns::ROLES + index;
            let value =
                |values: &[(usize, Sent)]| values.iter().find(|(at, _)| *at == column).map(|(_, sent)| sent.clone());
            let is_same = match (value(sent), stored_as) {
                (Some(Sent::Text(sent)), stored_as) => {
                    let read = DB::text_at(row, column)?;
                    match (sent, read) {
                        (Some(sent), Some(read)) if *stored_as == Some(StoredAs::Json) => is_same_json(&sent, &read),
                        (Some(sent), Some(read)) => same.holds(&sent, &read),
                        (sent, read) => sent == read,
                    }
                }
                (sent, _) => sent == value(read),
            };
            if !is_same {
                return Err(changed_value(column));
            }
        }
        Ok(())
    }
}

impl Changing {
    fn is_in(&self, columns: Columns) -> bool {
        columns.contains(Columns::ROLES + self.index)
    }
}

impl Sameness {
    fn holds(self, sent: &str, read: &str) -> bool {
        sent == read
            || match self {
                Self::Exact => false,
                Self::Number => decimal(sent).is_some_and(|sent| decimal(read) == Some(sent)),
                Self::Uuid => sent.eq_ignore_ascii_case(read),
            }
    }
}

/// Returns the sign and the digits before and after the point, without insignificant zeros. `None` if the text is not a
/// number in this form.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let is_zero = whole.is_empty() && fraction.is_empty();
    Some((negative && !is_zero, whole, fraction))
}

fn is_same_json(sent: &str, read: &str) -> bool {
    fn is_same(one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => is_same_number(one, other),
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
            }
            (Value::Object(one), Value::Object(other)) => {
                one.len() == other.len()
                    && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| is_same(one, other)))
            }
            (one, other) => one == other,
        }
    }
    match (serde_json::from_str(sent), serde_json::from_str(read)) {
        (Ok(sent), Ok(read)) => is_same(&sent, &read),
        _ => false,
    }
}

/// Returns whether two numbers of JSON are equal. A database may write a whole number without a fraction.
fn is_same_number(one: &Number, other: &Number) -> bool {
    if one == other {
        return true;
    }
    let is_integer = |number: &Number| number.is_i64() || number.is_u64();
    if is_integer(one) == is_integer(other) {
        return false;
    }
    let digits = |number: &Number| if is_integer(number) { Some(number.to_string()) } else { whole(number.as_f64()?) };
    digits(one).is_some_and(|one| digits(other) == Some(one))
}

/// Returns the digits of a number without a fraction.
fn whole(number: f64) -> Option<String> {
    (number.fract() == 0.0).then(|| format!("{number:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_whatever_their_zeros() {
        for (one, other) in
            [("12.5", "12.50"), ("012.5", "12.5"), ("-0", "0.00"), ("+7", "7"), (".5", "0.5"), ("7.", "7")]
        {
            assert!(Sameness::Number.holds(one, other), "{one} {other}");
        }
        for (one, other) in [("12.555", "12.56"), ("12.5", "-12.5"), ("1e2", "100"), ("", "0"), (".", "0"), ("x", "y")]
        {
            assert!(!Sameness::Number.holds(one, other), "{one} {other}");
        }
        assert!(!Sameness::Exact.holds("12.5", "12.50"));
        assert!(Sameness::Uuid.holds("BDFC", "bdfc") && !Sameness::Uuid.holds("bdfc", "bdfd"));
    }

    #[test]
    fn json_is_the_same_if_its_values_are() {
        for (sent, read) in [
            (r#"{"a":1,"b":[2.0,null]}"#, r#"{"b": [2, null], "a": 1}"#),
            ("7.0", "7"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("18446744073709551615", "18446744073709551615"),
            ("100000000000000000000.0", "1e20"),
        ] {
            assert!(is_same_json(sent, read), "{sent} {read}");
        }
        for (sent, read) in [
            ("0.30000000000000004", "0.3"),
            ("18446744073709551615", "18446744073709552000.0"),
            ("9007199254740993", "9007199254740992.0"),
            ("[1,2]", "[2,1]"),
            (r#"{"a":1}"#, "{}"),
            ("\"12\"", "12"),
            ("7", "not JSON"),
        ] {
            assert!(!is_same_json(sent, read), "{sent} {read}");
        }
    }
}
