//! The fields of the generated schemas as data: their names, types and rules.
//!
//! Validation, the OpenAPI document and the access matrix read the same tables.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use super::shape::Shape;
use super::shape::accepts_absence;
pub(crate) use super::shape::struct_name;

/// One field of a schema.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The JSON key.
    pub name: &'static str,
    /// The kind, which decides how a value is read.
    pub kind: FieldKind,
    /// Whether a request must contain the field.
    pub required: bool,
    /// The documentation of the struct's field.
    pub doc: &'static str,
    /// Whether the struct's field is `#[deprecated]`.
    pub deprecated: bool,
    /// The rules for values of the right type.
    pub rules: &'static [Rule],
}

/// The kind of a field, which decides how a value is read.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum FieldKind {
    /// The id of the user, in read schemas only.
    Id(FieldType),
    /// The email address, which is parsed and normalized.
    Email,
    /// A password, which is never echoed.
    Password,
    /// The current password, sent with a change: a string or null.
    CurrentPassword,
    /// A token, which is never echoed.
    Token,
    /// One of the three flags, in any spelling that Pydantic's lax mode accepts. Null is refused.
    Flag,
    /// A flag that this schema validates and then ignores, as fastapi-users does. Null is accepted.
    DroppedFlag,
    /// A custom field.
    Custom(FieldType),
}

/// The type of a field, as serde sees it.
#[derive(Debug, Clone, Copy)]
pub struct FieldType {
    /// Deserializes a value as the type. The error is serde's message.
    pub check: fn(&Value) -> Result<(), String>,
    /// Returns the JSON that the type expects.
    pub shape: fn() -> Shape,
    /// Returns whether serde accepts that the key is absent.
    pub(crate) may_be_absent: fn() -> bool,
}

impl FieldType {
    /// Describes `T`.
    #[must_use]
    pub const fn of<T: DeserializeOwned>() -> Self {
        Self { check: check::<T>, shape: Shape::of::<T>, may_be_absent: accepts_absence::<T> }
    }
}

fn check<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
    T::deserialize(value).map(drop).map_err(|error| error.to_string())
}

/// A rule for values of the right type, written in an attribute: `#[auth(create, length(min = 1, max = 80))]`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Rule {
    /// The number of code points of a string, or of entries of an array or object. The bounds are inclusive.
    Length {
        /// The minimum, if any.
        min: Option<u64>,
        /// The maximum, if any.
        max: Option<u64>,
    },
    /// The value of a number. The bounds are inclusive.
    Range {
        /// The minimum, if any.
        min: Option<f64>,
        /// The maximum, if any.
        max: Option<f64>,
    },
    /// A regular expression that must match somewhere in a string, like Pydantic's `pattern`. Anchor it with `^` and `$`.
    Pattern(&'static str),
    /// A function of the application that checks the value. Its error is the reason for the refusal.
    Check(fn(&Value) -> Result<(), String>),
}

/// Runs a check of the application on the typed value. A value of another type passes, because its type is already
/// reported.
///
/// # Errors
/// The error of the check as text.
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

    /// Returns the first fields of every read schema.
    #[must_use]
    pub const fn read<Id: DeserializeOwned>() -> [Self; 5] {
        let [is_active, is_superuser, is_verified] = Self::FLAGS;
        [Self::id::<Id>(), Self::email(), is_active, is_superuser, is_verified]
    }

    /// The first fields of every registration. The flags are validated and ignored.
    pub const CREATE: &'static [Self] = &{
        let [is_active, is_superuser, is_verified] = Self::DROPPED_FLAGS;
        [Self::email().required(), Self::password().required(), is_active, is_superuser, is_verified]
    };

    /// The first fields of every update by the user. The flags are validated and ignored.
    pub const UPDATE: &'static [Self] = &{
        let [is_active, is_superuser, is_verified] = Self::DROPPED_FLAGS;
        [Self::password(), Self::current_password(), Self::email(), is_active, is_superuser, is_verified]
    };

    /// The first fields of every update by a superuser.
    pub const ADMIN_UPDATE: &'static [Self] = &{
        let [is_active, is_superuser, is_verified] = Self::FLAGS;
        [Self::password(), Self::email(), is_active, is_superuser, is_verified]
    };

    const FLAGS: [Self; 3] = [Self::flag("is_active"), Self::flag("is_superuser"), Self::flag("is_verified")];

    const DROPPED_FLAGS: [Self; 3] =
        [Self::dropped_flag("is_active"), Self::dropped_flag("is_superuser"), Self::dropped_flag("is_verified")];

    /// Returns the field of the id.
    #[must_use]
    pub const fn id<T: DeserializeOwned>() -> Self {
        Self::new("id", FieldKind::Id(FieldType::of::<T>()))
    }

    /// Returns the field of the email address.
    #[must_use]
    pub const fn email() -> Self {
        Self::new("email", FieldKind::Email)
    }

    /// Returns the field of the password.
    #[must_use]
    pub const fn password() -> Self {
        Self::new("password", FieldKind::Password)
    }

    /// Returns the field of the current password.
    #[must_use]
    pub const fn current_password() -> Self {
        Self::new("current_password", FieldKind::CurrentPassword)
    }

    /// Returns the field of a token from a mail.
    #[must_use]
    pub const fn token() -> Self {
        Self::new("token", FieldKind::Token)
    }

    /// Returns the field of a token with another key.
    #[must_use]
    pub(crate) const fn token_named(name: &'static str) -> Self {
        Self::new(name, FieldKind::Token)
    }

    /// Returns the field of one of the three flags.
    #[must_use]
    pub const fn flag(name: &'static str) -> Self {
        Self::new(name, FieldKind::Flag)
    }

    /// Returns the field of a flag that is validated and ignored.
    #[must_use]
    pub const fn dropped_flag(name: &'static str) -> Self {
        Self::new(name, FieldKind::DroppedFlag)
    }

    /// Returns a custom field.
    #[must_use]
    pub const fn custom<T: DeserializeOwned>(name: &'static str) -> Self {
        Self::new(name, FieldKind::Custom(FieldType::of::<T>()))
    }

    /// Returns whether serde accepts that the key of a custom field is absent.
    pub(crate) fn may_be_absent(&self) -> bool {
        matches!(self.kind, FieldKind::Custom(kind) if (kind.may_be_absent)())
    }

    /// Makes the field required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Sets the documentation.
    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Marks the field as deprecated.
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// Sets the rules.
    #[must_use]
    pub const fn rules(mut self, rules: &'static [Rule]) -> Self {
        self.rules = rules;
        self
    }
}
