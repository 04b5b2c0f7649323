//! Ids of users: UUIDs made by us, or integers made by the database.

use std::{fmt, hash::Hash};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A type that can be a user's id: [`Uuid`] (made by us), `i32` or `i64` (made by the database).
///
/// The same parser serves `/users/{id}` and the `sub` of a token, as on the wire (contract.md section 10).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a user's id",
    label = "neither a UUID nor an integer id",
    note = "help: make the id a `uuid::Uuid` (made by axum-users), an `i64` or an `i32` (made by the database)"
)]
pub trait UserId:
    Copy + Eq + Ord + Hash + fmt::Debug + fmt::Display + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Whether the database makes the id on insert. Until then a new user holds what [`UserId::generate`] answers.
    const MADE_BY_DATABASE: bool;

    /// Makes an id from 16 random bytes; integer types answer a placeholder that the database replaces.
    fn generate(random: [u8; 16]) -> Self;

    /// Parses the text form as leniently as the wire does; `None` for anything else, out-of-range integers included.
    fn parse(text: &str) -> Option<Self>;

    /// The id as a store keeps it.
    fn to_value(self) -> IdValue;

    /// The id that a store keeps; `None` if it is of the other kind or out of range.
    fn from_value(value: IdValue) -> Option<Self>;
}

/// An id as stores keep it, whatever its Rust type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdValue {
    /// Made by us.
    Uuid(Uuid),
    /// Made by the database.
    Integer(i64),
}

impl UserId for Uuid {
    const MADE_BY_DATABASE: bool = false;

    fn generate(random: [u8; 16]) -> Self {
        uuid::Builder::from_random_bytes(random).into_uuid()
    }

    fn parse(text: &str) -> Option<Self> {
        // Python's uuid.UUID() removes "urn:", "uuid:", braces and every hyphen, wherever they stand.
        let hex: String = text.replace("urn:", "").replace("uuid:", "");
        let hex: String = hex.trim_matches(['{', '}']).chars().filter(|c| *c != '-').collect();
        (hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self::try_parse(&hex).ok()).flatten()
    }

    fn to_value(self) -> IdValue {
        IdValue::Uuid(self)
    }

    fn from_value(value: IdValue) -> Option<Self> {
        match value {
            IdValue::Uuid(id) => Some(id),
            IdValue::Integer(_) => None,
        }
    }
}

/// The zeros of all decimal digits that Unicode 14 knows (general category Nd); nine more digits follow each.
const ZEROS: [char; 66] = [
    '0',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e950}',
    '\u{1fbf0}',
];

/// The value of a decimal digit of any script.
fn digit(c: char) -> Option<i64> {
    let value = |zero: &char| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10);
    ZEROS.iter().find_map(value).map(i64::from)
}

/// Python's `int()`: optional sign, surrounding spaces, leading zeros, single underscores between digits of any script.
fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let mut value: i64 = 0;
    let mut last_was_digit = false;
    for c in digits.chars() {
        match c {
            '_' if last_was_digit => last_was_digit = false,
            _ => {
                value = value.checked_mul(10)?.checked_add(digit(c)?)?;
                last_was_digit = true;
            }
        }
    }
    last_was_digit.then_some(if negative { -value } else { value })
}

macro_rules! integer_id {
    ($($integer:ty),*) => {$(
        impl UserId for $integer {
            const MADE_BY_DATABASE: bool = true;

            fn generate(_: [u8; 16]) -> Self {
                0
            }

            fn parse(text: &str) -> Option<Self> {
                Self::try_from(parse_integer(text)?).ok()
            }

            fn to_value(self) -> IdValue {
                IdValue::Integer(i64::from(self))
            }

            fn from_value(value: IdValue) -> Option<Self> {
                match value {
                    IdValue::Integer(id) => Self::try_from(id).ok(),
                    IdValue::Uuid(_) => None,
                }
            }
        }
    )*};
}

integer_id!(i32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_read_as_leniently_as_python_reads_them() {
        let id = Uuid::from_u128(0xbdfc_2b97_4876_4210_9dba_1587_4506_2fcd);
        for text in [
            "bdfc2b97-4876-4210-9dba-158745062fcd",
            "BDFC2B97-4876-4210-9DBA-158745062FCD",
            "bdfc2b97487642109dba158745062fcd",
            "{bdfc2b97-4876-4210-9dba-158745062fcd}",
            "urn:uuid:bdfc2b97-4876-4210-9dba-158745062fcd",
        ] {
            assert_eq!(Uuid::parse(text), Some(id), "{text}");
        }
        for text in ["", "me", "bdfc2b97", "zzfc2b97-4876-4210-9dba-158745062fcd", "+dfc2b97487642109dba158745062fcd"] {
            assert_eq!(Uuid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn integers_are_read_as_python_reads_them_and_out_of_range_is_none() {
        for (text, id) in
            [("7", 7), (" 7 ", 7), ("+7", 7), ("-7", -7), ("007", 7), ("1_000", 1000), ("\u{661}\u{ff12}", 12)]
        {
            assert_eq!(i64::parse(text), Some(id), "{text}");
        }
        for text in ["", "1.0", "0x1", "1__0", "_1", "1_", "9223372036854775808", "me", "- 7", "\u{b2}", "\u{216b}"] {
            assert_eq!(i64::parse(text), None, "{text}");
        }
        assert_eq!(i32::parse("2147483648"), None);
    }
}
