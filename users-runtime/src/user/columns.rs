//! Sets of columns. A change writes only the columns that it names.

use std::marker::PhantomData;

use super::AuthUser;

/// A set of columns of a user's table: the six roles, from the id to `is_verified`, followed by the custom fields in
/// the struct's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Columns(u128);

impl Columns {
    /// No column.
    pub const NONE: Self = Self(0);
    /// Every column.
    pub(crate) const ALL: Self = Self(u128::MAX);
    /// The address.
    pub const EMAIL: Self = Self(1 << 1);
    /// The hash.
    pub const HASHED_PASSWORD: Self = Self(1 << 2);
    /// The flag `is_active`.
    pub const IS_ACTIVE: Self = Self(1 << 3);
    /// The flag `is_superuser`.
    pub const IS_SUPERUSER: Self = Self(1 << 4);
    /// The flag `is_verified`.
    pub const IS_VERIFIED: Self = Self(1 << 5);
    /// The maximum number of columns of a table.
    pub const MAX: usize = 128;
    /// The number of columns of the roles, which is the index of the first custom field.
    pub const ROLES: usize = 6;

    /// Returns the set with column number `index` added.
    #[must_use]
    pub const fn with(self, index: usize) -> Self {
        Self(self.0 | (1 << index))
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether the set contains column number `index`.
    #[must_use]
    pub const fn contains(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }

    /// Returns the names of the fields of these columns; that of the hash is `password`.
    pub(crate) fn fields<U: AuthUser>(self) -> Vec<&'static str> {
        const ROLES: [&str; Columns::ROLES] = ["id", "email", "password", "is_active", "is_superuser", "is_verified"];
        let names = ROLES.into_iter().chain(U::CUSTOM_FIELDS.iter().map(|field| field.name));
        names.enumerate().filter(|(index, _)| self.contains(*index)).map(|(_, name)| name).collect()
    }

    /// Returns whether the set contains every column of `other`.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether the set contains a custom column.
    #[must_use]
    pub const fn names_custom(self) -> bool {
        self.0 >> Self::ROLES != 0
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the set of one custom column, or the empty set if `U` has no such column.
    #[must_use]
    pub fn custom<U: AuthUser>(column: &str) -> Self {
        match U::CUSTOM_FIELDS.iter().position(|field| field.column == column) {
            Some(index) => Self::NONE.with(Self::ROLES + index),
            None => Self::NONE,
        }
    }

    /// Returns the set with its custom columns addressed by name.
    #[must_use]
    pub const fn by_name<U>(self) -> CustomColumns<U> {
        CustomColumns { columns: self, user: PhantomData }
    }
}

/// The custom columns of a set, addressed by name.
#[derive(Debug)]
pub struct CustomColumns<U> {
    columns: Columns,
    user: PhantomData<fn() -> U>,
}

impl<U: AuthUser> CustomColumns<U> {
    /// Copies `from` into `field` if the set contains the column.
    pub fn copy<T: Clone>(&self, column: &str, field: &mut T, from: &T) {
        let column = Columns::custom::<U>(column);
        if !column.is_empty() && self.columns.includes(column) {
            field.clone_from(from);
        }
    }
}
