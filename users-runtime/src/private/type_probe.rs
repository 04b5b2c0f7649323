//! Properties of a field's type that the compiler determines for a concrete type, even behind an alias.
//!
//! Each property has an inherent item, for the types that have it, and a trait item for all others. The compiler
//! prefers the inherent one.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    adapter::sql::{Column, Dialect},
    domain::field::Shape,
    user::{Moment, NoImplicitDefault, UntilStored},
};

/// The type whose properties are determined.
pub struct TypeProbe<T>(PhantomData<T>);

impl<T> TypeProbe<Option<T>> {
    /// Whether the type is an `Option`.
    pub const IS_OPTION: bool = true;
}

/// Every other type.
pub trait NoOption {
    /// Whether the type is an `Option`.
    const IS_OPTION: bool = false;
}
impl<T> NoOption for TypeProbe<T> {}

impl<T: DeserializeOwned> TypeProbe<T> {
    /// Returns whether the type's JSON may be null because it is an `Option` or wraps one.
    #[must_use]
    pub fn accepts_null() -> bool {
        matches!(Shape::of::<T>(), Shape::Nullable(_))
    }

    /// Returns the value of null.
    #[must_use]
    pub fn of_null() -> Option<T> {
        serde_json::from_value(Value::Null).ok()
    }
}

/// A type without JSON.
pub trait NoJson<T> {
    /// Returns `false`.
    #[must_use]
    fn accepts_null() -> bool {
        false
    }

    /// Returns `None`.
    #[must_use]
    fn of_null() -> Option<T> {
        None
    }
}
impl<T> NoJson<T> for TypeProbe<T> {}

impl<T: Serialize> TypeProbe<T> {
    /// Returns the JSON of a value.
    #[must_use]
    pub fn json(value: &T) -> Option<Value> {
        serde_json::to_value(value).ok()
    }
}

/// A type that cannot be serialized.
pub trait NoSerialize<T> {
    /// Returns `None`.
    #[must_use]
    fn json(_: &T) -> Option<Value> {
        None
    }
}
impl<T> NoSerialize<T> for TypeProbe<T> {}

impl<T: Default> TypeProbe<T> {
    /// Returns the default.
    #[must_use]
    pub fn default_value() -> Option<T> {
        Some(T::default())
    }
}

/// A type without a default.
pub trait NoDefault<T> {
    /// Returns `None`.
    #[must_use]
    fn default_value() -> Option<T> {
        None
    }
}
impl<T> NoDefault<T> for TypeProbe<T> {}

impl<T: NoImplicitDefault> TypeProbe<T> {
    /// Whether the default must be written.
    pub const MUST_SAY: bool = true;
}

/// Every other type.
pub trait MayBeSilent {
    /// Whether the default must be written.
    const MUST_SAY: bool = false;
}
impl<T> MayBeSilent for TypeProbe<T> {}

impl<T: UntilStored> TypeProbe<T> {
    /// Returns the value of a field that the database fills, until it has done so.
    #[must_use]
    pub fn until_stored(moment: &Moment) -> T {
        T::until_stored(moment)
    }
}

/// Every other type.
pub trait DefaultUntilStored<T: Default> {
    /// Returns the default.
    #[must_use]
    fn until_stored(_: &Moment) -> T {
        T::default()
    }
}
impl<T: Default> DefaultUntilStored<T> for TypeProbe<T> {}

/// Returns whether one of these values is stored as NULL.
#[must_use]
pub fn any_is_null<DB: Dialect, T: Column<DB>>(values: [Option<T>; 2]) -> bool {
    values.iter().flatten().any(Column::<DB>::is_null)
}

/// Returns whether a column of this type may be NULL: for a database and a type, or for a type that is stored as JSON or
/// text.
#[doc(hidden)]
#[macro_export]
macro_rules! __nullable {
    ($type:ty) => {{
        #[allow(unused_imports, reason = "an inherent item hides that of the trait")]
        use $crate::__private0_1_0::type_probe::{NoJson as _, NoOption as _, TypeProbe};
        <TypeProbe<$type>>::IS_OPTION || <TypeProbe<$type>>::accepts_null()
    }};
    ($database:ty, $type:ty) => {{
        #[allow(unused_imports, reason = "an inherent item hides that of the trait")]
        use $crate::__private0_1_0::type_probe::{NoDefault as _, NoJson as _, NoOption as _, TypeProbe, any_is_null};
        <TypeProbe<$type>>::IS_OPTION
            || any_is_null::<$database, $type>([<TypeProbe<$type>>::of_null(), <TypeProbe<$type>>::default_value()])
    }};
}

/// Returns the JSON of a value, or `None` if its type has none.
#[doc(hidden)]
#[macro_export]
macro_rules! __json_of {
    ($type:ty, $value:expr) => {{
        #[allow(unused_imports, reason = "an inherent item hides that of the trait")]
        use $crate::__private0_1_0::type_probe::{NoSerialize as _, TypeProbe};
        <TypeProbe<$type>>::json(&$value)
    }};
}

/// Refuses the implicit default of a time, a date or an id.
#[doc(hidden)]
#[macro_export]
macro_rules! __implicit_default {
    ($type:ty) => {{
        #[allow(unused_imports, reason = "an inherent item hides that of the trait")]
        use $crate::__private0_1_0::type_probe::{MayBeSilent as _, TypeProbe};
        ::core::assert!(
            !<TypeProbe<$type>>::MUST_SAY,
            "every new user would get the default of this type, such as 1970-01-01 or a nil id. help: write \
             `from_database` if the database fills the column, `default = …` for another value, or `create` if the \
             registration sends it"
        );
    }};
}

/// Refuses a tenant whose type is an `Option`.
#[doc(hidden)]
#[macro_export]
macro_rules! __never_null {
    ($type:ty) => {{
        #[allow(unused_imports, reason = "an inherent item hides that of the trait")]
        use $crate::__private0_1_0::type_probe::{NoOption as _, TypeProbe};
        ::core::assert!(
            !<TypeProbe<$type>>::IS_OPTION,
            "the tenant cannot be an `Option`: every user belongs to a tenant. help: write the type inside"
        );
    }};
}

/// Returns the value of a field that the database fills, until it has done so.
#[doc(hidden)]
#[macro_export]
macro_rules! __until_stored {
    ($type:ty, $moment:expr) => {{
        #[allow(unused_imports, reason = "an inherent item hides that of the trait")]
        use $crate::__private0_1_0::type_probe::{DefaultUntilStored as _, TypeProbe};
        <TypeProbe<$type>>::until_stored($moment)
    }};
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Serialize};

    type Nickname = Option<String>;
    type Since = DateTime<Utc>;

    #[derive(Serialize, Deserialize)]
    struct Wrapped(Option<String>);

    #[test]
    fn an_alias_of_an_option_is_an_option() {
        assert!(crate::__nullable!(Nickname));
        assert!(crate::__nullable!(Option<Option<String>>));
        assert!(!crate::__nullable!(String));
        assert!(!crate::__nullable!(serde_json::Value));
    }

    #[test]
    fn a_type_that_wraps_an_option_may_be_null_as_text_or_json() {
        assert!(crate::__nullable!(Wrapped));
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_type_whose_value_is_stored_as_null_may_be_null() {
        use sqlx::{Encode, Sqlite, Type, encode::IsNull, error::BoxDynError};

        #[derive(Default)]
        struct Note(Option<String>);
        impl Type<Sqlite> for Note {
            fn type_info() -> sqlx::sqlite::SqliteTypeInfo {
                <String as Type<Sqlite>>::type_info()
            }
        }
        impl Encode<'_, Sqlite> for Note {
            fn encode_by_ref(&self, buffer: &mut sqlx::sqlite::SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
                Encode::<Sqlite>::encode_by_ref(&self.0, buffer)
            }
        }
        impl sqlx::Decode<'_, Sqlite> for Note {
            fn decode(value: sqlx::sqlite::SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
                <Option<String> as sqlx::Decode<'_, Sqlite>>::decode(value).map(Self)
            }
        }
        assert!(crate::__nullable!(Sqlite, Note));
        assert!(crate::__nullable!(Sqlite, Nickname));
        assert!(!crate::__nullable!(Sqlite, String));
        assert!(!crate::__nullable!(Sqlite, Since));
    }

    #[test]
    fn a_time_behind_an_alias_must_have_a_written_default() {
        use super::{MayBeSilent as _, TypeProbe};
        assert_eq!([<TypeProbe<Since>>::MUST_SAY, <TypeProbe<uuid::Uuid>>::MUST_SAY], [true; 2]);
        assert_eq!([<TypeProbe<Option<Since>>>::MUST_SAY, <TypeProbe<i64>>::MUST_SAY], [false; 2]);
    }
}
