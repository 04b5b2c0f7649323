//! Fields of the generated schemas as data: what a client may send or read, and the rules a value must meet.
//!
//! The derive writes one table per schema; validation (422), OpenAPI and the access matrix read the same table.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// One field of a schema.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its JSON key.
    pub name: &'static str,
    /// What it is.
    pub kind: FieldKind,
    /// Whether a request must have it.
    pub required: bool,
    /// The first lines of the struct field's documentation.
    pub doc: &'static str,
    /// Whether the struct's field is `#[deprecated]`.
    pub deprecated: bool,
    /// What a value must meet beyond its type.
    pub rules: &'static [Rule],
}

/// What a field is, and with that how its value is read.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum FieldKind {
    /// The user's id; only in read schemas.
    Id(FieldType),
    /// The address: checked and normalised.
    Email,
    /// A password: a string that is never echoed.
    Password,
    /// The present password, sent beside a change; a string or null.
    CurrentPassword,
    /// A token out of a mail: a string that is never echoed.
    Token,
    /// One of the three flags, in the spellings of contract.md 4.1; null is refused.
    Flag,
    /// A flag that this schema checks but does not have (contract.md 4.2); null is allowed.
    DroppedFlag,
    /// A field of the application's own.
    Custom(FieldType),
}

/// A Rust type as seen through serde.
#[derive(Debug, Clone, Copy)]
pub struct FieldType {
    /// Tries to read the value as the Rust type; the error is serde's text.
    pub check: fn(&Value) -> Result<(), String>,
    /// What the type expects to find, learnt by asking it to deserialize.
    pub shape: fn() -> Shape,
}

impl FieldType {
    /// The description of `T`.
    #[must_use]
    pub const fn of<T: DeserializeOwned>() -> Self {
        Self { check: check::<T>, shape: Shape::of::<T> }
    }
}

fn check<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
    T::deserialize(value).map(drop).map_err(|error| error.to_string())
}

/// What a Rust type expects to find in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Text.
    String,
    /// One of these texts: a Rust enum of unit variants.
    OneOf(&'static [&'static str]),
    /// A list.
    Array,
    /// An object.
    Object,
    /// Anything.
    Any,
    /// The inner shape, or null.
    Nullable(Box<Shape>),
}

impl Shape {
    /// Asks `T` what it expects, by letting it deserialize from a probe that notes the question and then fails.
    #[must_use]
    pub fn of<T: DeserializeOwned>() -> Self {
        super::shape::of::<T>()
    }

    /// Whether it is a boolean, or one or null.
    pub(crate) fn is_boolean(&self) -> bool {
        match self {
            Self::Boolean => true,
            Self::Nullable(inner) => inner.is_boolean(),
            _ => false,
        }
    }
}

/// What a value must meet beyond its type. Written as marks: `#[auth(create, length(min = 1, max = 80))]`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Rule {
    /// Number of code points of a text or items of a list, both ends included.
    Length {
        /// The least, if any.
        min: Option<u64>,
        /// The most, if any.
        max: Option<u64>,
    },
    /// Bounds of a number, both ends included.
    Range {
        /// The least, if any.
        min: Option<f64>,
        /// The most, if any.
        max: Option<f64>,
    },
    /// A regular expression that a text must match somewhere (as Pydantic's `pattern`; anchor it with `^` and `$`).
    Pattern(&'static str),
    /// A function of the application's own over the typed value, which answers why it refuses.
    Check(fn(&Value) -> Result<(), String>),
}

/// Runs an application's check over the typed value. A value of another type passes: its type is reported already.
///
/// # Errors
/// The check's error as text.
pub fn check_with<T: DeserializeOwned, E: Display>(
    value: &Value,
    check: impl FnOnce(&T) -> Result<(), E>,
) -> Result<(), String> {
    match T::deserialize(value) {
        Ok(typed) => check(&typed).map_err(|error| error.to_string()),
        Err(_) => Ok(()),
    }
}

impl Field {
    const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, required: false, doc: "", deprecated: false, rules: &[] }
    }

    /// What every read schema begins with.
    #[must_use]
    pub const fn read<Id: DeserializeOwned>() -> [Self; 5] {
        let [is_active, is_superuser, is_verified] = Self::FLAGS;
        [Self::id::<Id>(), Self::email(), is_active, is_superuser, is_verified]
    }

    /// What every registration begins with. The flags are checked and dropped (contract.md 4.2).
    pub const CREATE: &'static [Self] = &{
        let [is_active, is_superuser, is_verified] = Self::DROPPED_FLAGS;
        [Self::email().required(), Self::password().required(), is_active, is_superuser, is_verified]
    };

    /// What every change of one's own account begins with. The flags are checked and dropped (contract.md 4.2).
    pub const UPDATE: &'static [Self] = &{
        let [is_active, is_superuser, is_verified] = Self::DROPPED_FLAGS;
        [Self::password(), Self::current_password(), Self::email(), is_active, is_superuser, is_verified]
    };

    /// What every change by a superuser begins with.
    pub const ADMIN_UPDATE: &'static [Self] = &{
        let [is_active, is_superuser, is_verified] = Self::FLAGS;
        [Self::password(), Self::email(), is_active, is_superuser, is_verified]
    };

    const FLAGS: [Self; 3] = [Self::flag("is_active"), Self::flag("is_superuser"), Self::flag("is_verified")];

    const DROPPED_FLAGS: [Self; 3] =
        [Self::dropped_flag("is_active"), Self::dropped_flag("is_superuser"), Self::dropped_flag("is_verified")];

    /// The id of a read schema.
    #[must_use]
    pub const fn id<T: DeserializeOwned>() -> Self {
        Self::new("id", FieldKind::Id(FieldType::of::<T>()))
    }

    /// The address.
    #[must_use]
    pub const fn email() -> Self {
        Self::new("email", FieldKind::Email)
    }

    /// The password.
    #[must_use]
    pub const fn password() -> Self {
        Self::new("password", FieldKind::Password)
    }

    /// The present password, beside a change.
    #[must_use]
    pub const fn current_password() -> Self {
        Self::new("current_password", FieldKind::CurrentPassword)
    }

    /// A token out of a mail.
    #[must_use]
    pub const fn token() -> Self {
        Self::new("token", FieldKind::Token)
    }

    /// One of the three flags.
    #[must_use]
    pub const fn flag(name: &'static str) -> Self {
        Self::new(name, FieldKind::Flag)
    }

    /// A flag that is checked and dropped.
    #[must_use]
    pub const fn dropped_flag(name: &'static str) -> Self {
        Self::new(name, FieldKind::DroppedFlag)
    }

    /// A field of the application's own.
    #[must_use]
    pub const fn custom<T: DeserializeOwned>(name: &'static str) -> Self {
        Self::new(name, FieldKind::Custom(FieldType::of::<T>()))
    }

    /// A request must have it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its documentation.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// It is deprecated.
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// What a value must meet.
    #[must_use]
    pub const fn rules(mut self, rules: &'static [Rule]) -> Self {
        self.rules = rules;
        self
    }
}
