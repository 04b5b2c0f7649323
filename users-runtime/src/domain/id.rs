//! User ids: the type of their column, who generates them, and their text form.

use std::{fmt, hash::Hash, str::FromStr};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::Timestamp;

/// The maximum length in bytes of an id as text, and in characters of a text column for ids.
pub(crate) const LONGEST_ID: u16 = 255;

/// A type that can be the id of a user: [`Uuid`], which this library generates; `i32` or `i64`, which the database
/// generates; or a type of the application that is stored as one of them or as text.
///
/// The text of an id, in paths (`/users/{id}`) and in tokens (`sub`), is what `Display` prints and `FromStr` reads. Its
/// JSON is its serde representation.
///
/// ```
/// use std::{fmt, str::FromStr};
///
/// use serde::{Deserialize, Serialize};
/// use users_runtime::schema::{IdSeed, UserId};
///
/// /// `usr_` and 32 hexadecimal digits.
/// #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
/// struct UserKey(String);
///
/// impl UserId for UserKey {
///     type Stored = String;
///
///     fn generate(seed: IdSeed) -> Self {
///         Self(format!("usr_{:032x}", u128::from_be_bytes(seed.random)))
///     }
///
///     fn to_stored(&self) -> String {
///         self.0.clone()
///     }
///
///     fn from_stored(stored: String) -> Option<Self> {
///         stored.starts_with("usr_").then_some(Self(stored))
///     }
/// }
///
/// impl fmt::Display for UserKey {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str(&self.0)
///     }
/// }
///
/// impl FromStr for UserKey {
///     type Err = &'static str;
///
///     fn from_str(text: &str) -> Result<Self, Self::Err> {
///         Self::from_stored(text.to_owned()).ok_or("not the key of a user")
///     }
/// }
///
/// assert_eq!(UserKey::parse("usr_7"), Some(UserKey("usr_7".to_owned())));
/// assert_eq!(UserKey::parse("7"), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a user's id",
    label = "`UserId` is not implemented for this type",
    note = "make the id a `uuid::Uuid` (made by axum-users), an `i64` or an `i32` (made by the database)",
    note = "or implement `axum_users::schema::UserId` for a type of your own that is stored as a `Uuid`, an `i64` or a `String`"
)]
pub trait UserId:
    Clone + Eq + Ord + Hash + fmt::Debug + fmt::Display + FromStr + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The type of the column: [`Uuid`], `i64`, or `String` for text of at most 255 characters.
    type Stored: StoredId;

    /// Whether the database generates the id on insert. A field can also be marked so: `#[auth(made_by_database)]`.
    /// Until then a new user has the result of [`UserId::generate`].
    const MADE_BY_DATABASE: bool = false;

    /// Makes a new id. If the database generates ids, the result is a placeholder that the database replaces.
    ///
    /// Must return a different id for every user: the database refuses an id that exists, and the registration gets 400
    /// `CONFLICT`.
    fn generate(seed: IdSeed) -> Self;

    /// Converts the id to the value of its column.
    fn to_stored(&self) -> Self::Stored;

    /// Converts the value of a column to an id. Returns `None` if it cannot be one.
    fn from_stored(stored: Self::Stored) -> Option<Self>;

    /// Parses the text of an id, as in `/users/{id}` and in the `sub` of a token. Returns `None` for any other text.
    ///
    /// An id has exactly one form, the one that `Display` prints: `+7`, `007` and ` 7` are not ids. Every id is 1 to 255
    /// visible characters of ASCII. Only a [`Uuid`] may be in any of the forms that
    /// [`Uuid::parse_str`] accepts.
    #[must_use]
    fn parse(text: &str) -> Option<Self> {
        is_id_text(text).then(|| text.parse().ok()).flatten().filter(|id: &Self| id.to_string() == text)
    }

    /// Converts the id to the form that stores keep, independent of its Rust type.
    fn to_value(&self) -> IdValue {
        self.to_stored().into_value()
    }

    /// Converts the form that stores keep to an id. Returns `None` if it has another type or cannot be such an id.
    #[must_use]
    fn from_value(value: IdValue) -> Option<Self> {
        Self::Stored::of_value(value).and_then(Self::from_stored)
    }
}

/// Returns `true` for 1 to 255 visible characters of ASCII. No other text is an id.
pub(crate) fn is_id_text(text: &str) -> bool {
    (1..=usize::from(LONGEST_ID)).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The data from which a new id is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdSeed {
    /// The time, from the service's clock.
    pub now: Timestamp,
    /// 128 random bits from the service's random number generator.
    pub random: [u8; 16],
}

impl IdSeed {
    /// Combines a time and random bits.
    #[must_use]
    pub const fn new(now: Timestamp, random: [u8; 16]) -> Self {
        Self { now, random }
    }
}

/// Makes a UUID of version 7: the time in milliseconds, followed by 74 random bits. Such ids sort by their time of
/// creation, to the millisecond, and reveal this time to everyone who sees one.
///
/// A field gets such ids with `#[auth(uuid_v7)]`.
#[must_use]
pub fn uuid_v7(seed: IdSeed) -> Uuid {
    let milliseconds = u64::try_from(seed.now.timestamp_millis()).unwrap_or_default();
    let [.., a, b, c, d, e, f, g, h, i, j] = seed.random;
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &[a, b, c, d, e, f, g, h, i, j]).into_uuid()
}

/// The kind of the column of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// UUIDs.
    Uuid,
    /// Integers of 64 bits.
    Integer,
    /// Text of at most 255 characters, compared byte for byte.
    Text,
}

/// An id in the form that stores keep, independent of its Rust type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IdValue {
    /// A UUID.
    Uuid(Uuid),
    /// An integer.
    Integer(i64),
    /// Text.
    Text(String),
}

/// Returns the kind of the column of a type of ids.
pub(crate) const fn id_kind<I: UserId>() -> IdKind {
    <I::Stored as StoredId>::KIND
}

/// A type of a column for ids: [`Uuid`], `i64` or `String`. Sealed.
pub trait StoredId: sealed::Sealed + Sized {
    /// The kind of the column.
    const KIND: IdKind;

    /// Converts to the form that stores keep.
    fn into_value(self) -> IdValue;

    /// Converts from the form that stores keep. Returns `None` if it has another type.
    fn of_value(value: IdValue) -> Option<Self>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! stored_id {
    ($($stored:ty => $kind:ident),*) => {$(
        impl sealed::Sealed for $stored {}

        impl StoredId for $stored {
            const KIND: IdKind = IdKind::$kind;

            fn into_value(self) -> IdValue {
                IdValue::$kind(self)
            }

            fn of_value(value: IdValue) -> Option<Self> {
                if let IdValue::$kind(stored) = value { Some(stored) } else { None }
            }
        }
    )*};
}

stored_id!(Uuid => Uuid, i64 => Integer, String => Text);

impl UserId for Uuid {
    type Stored = Self;

    fn generate(seed: IdSeed) -> Self {
        uuid::Builder::from_random_bytes(seed.random).into_uuid()
    }

    fn to_stored(&self) -> Self {
        *self
    }

    fn from_stored(stored: Self) -> Option<Self> {
        Some(stored)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::try_parse(text).ok()
    }
}

macro_rules! integer_id {
    ($($integer:ty),*) => {$(
        impl UserId for $integer {
            type Stored = i64;
            const MADE_BY_DATABASE: bool = true;

            fn generate(_: IdSeed) -> Self {
                0
            }

            fn to_stored(&self) -> i64 {
                i64::from(*self)
            }

            fn from_stored(stored: i64) -> Option<Self> {
                Self::try_from(stored).ok()
            }
        }
    )*};
}

integer_id!(i32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_parsed_in_every_form_of_its_crate() {
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
        for text in [
            "",
            "me",
            "bdfc2b97",
            "zzfc2b97-4876-4210-9dba-158745062fcd",
            "+dfc2b97487642109dba158745062fcd",
            "bdfc-2b97-4876-4210-9dba-1587-4506-2fcd",
        ] {
            assert_eq!(Uuid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_integer_is_parsed_in_its_printed_form_only() {
        for id in [0, 7, -7, 1000, i64::MAX, i64::MIN] {
            assert_eq!(i64::parse(&id.to_string()), Some(id));
        }
        for text in [
            "",
            " 7 ",
            "+7",
            "007",
            "-0",
            "1_000",
            "\u{661}\u{ff12}",
            "1.0",
            "0x1",
            "1__0",
            "_1",
            "1_",
            "me",
            "- 7",
            "\u{b2}",
            "9223372036854775808",
        ] {
            assert_eq!(i64::parse(text), None, "{text}");
        }
        assert_eq!(i32::parse("2147483647"), Some(i32::MAX));
        assert_eq!(i32::parse("2147483648"), None);
    }

    /// Text that starts with `k`.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
    struct Key(String);

    impl UserId for Key {
        type Stored = String;

        fn generate(seed: IdSeed) -> Self {
            Self(format!("k{}", seed.random[0]))
        }

        fn to_stored(&self) -> String {
            self.0.clone()
        }

        fn from_stored(stored: String) -> Option<Self> {
            stored.starts_with('k').then_some(Self(stored))
        }
    }

    impl fmt::Display for Key {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl FromStr for Key {
        type Err = ();

        /// Lenient, as parsers often are: ignores case and surrounding spaces.
        fn from_str(text: &str) -> Result<Self, ()> {
            Self::from_stored(text.trim().to_lowercase()).ok_or(())
        }
    }

    #[test]
    fn an_id_of_the_application_is_parsed_in_its_printed_form_only() {
        assert_eq!(Key::parse("k7"), Some(Key("k7".to_owned())));
        let (longest, too_long) = (format!("k{}", "7".repeat(254)), format!("k{}", "7".repeat(255)));
        assert_eq!(Key::parse(&longest), Some(Key(longest.clone())));
        for text in ["", "7", "K7", " k7", "k7 ", "k\0", "k7\n", "k\u{85}", "k\u{e9}", &too_long] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn values_of_another_kind_are_no_ids() {
        let values = [IdValue::Uuid(Uuid::max()), IdValue::Integer(7), IdValue::Text("k7".to_owned())];
        assert_eq!(values.clone().map(|value| Uuid::from_value(value).is_some()), [true, false, false]);
        assert_eq!(values.clone().map(|value| i64::from_value(value).is_some()), [false, true, false]);
        assert_eq!(values.map(|value| Key::from_value(value).is_some()), [false, false, true]);
        assert_eq!(i32::from_value(IdValue::Integer(i64::MAX)), None);
        assert_eq!(Key::from_value(IdValue::Text("other".to_owned())), None);
    }

    #[test]
    fn uuids_of_version_7_contain_the_time_and_are_in_its_order() {
        let at = |milliseconds| Timestamp::from_timestamp_millis(milliseconds).unwrap();
        let id = uuid_v7(IdSeed::new(at(1_764_360_000_123), [0xab; 16]));
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        assert_eq!(id.get_timestamp().unwrap().to_unix(), (1_764_360_000, 123_000_000));
        assert_ne!(id, uuid_v7(IdSeed::new(at(1_764_360_000_123), [0xac; 16])));
        assert!(id < uuid_v7(IdSeed::new(at(1_764_360_000_124), [0; 16])));
    }
}
