//! The custom fields of a user struct: who may read and write each, and the rules its values must meet.

use serde::de::DeserializeOwned;

use super::SchemaKind;
use crate::domain::field::{Field, FieldKind, Rule, Shape};

/// A custom field and its permissions. The four schemas take their custom fields from it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CustomField {
    /// The JSON key.
    pub name: &'static str,
    /// The column.
    pub column: &'static str,
    /// Whether clients see the field.
    pub read: bool,
    /// Whether a registration may set the field.
    pub create: bool,
    /// Whether the account's owner may change the field.
    pub update: bool,
    /// Whether a superuser may change the field.
    pub admin: bool,
    /// Whether the database fills the field.
    pub from_database: bool,
    /// Whether a registration must set the field, unless its type accepts an absent key.
    required: bool,
    /// `None` for a field that no client reads or writes: its type needs no JSON representation.
    on_the_wire: Option<Field>,
}

impl CustomField {
    /// Returns a field of type `T` whose JSON key and column have the same name.
    #[must_use]
    pub const fn new<T: DeserializeOwned>(name: &'static str) -> Self {
        Self { on_the_wire: Some(Field::custom::<T>(name)), ..Self::private(name) }
    }

    /// Returns a field that no client reads or writes.
    #[must_use]
    pub const fn private(name: &'static str) -> Self {
        Self {
            name,
            column: name,
            read: false,
            create: false,
            update: false,
            admin: false,
            from_database: false,
            required: false,
            on_the_wire: None,
        }
    }

    /// Sets the column's name, if it differs from the JSON key.
    #[must_use]
    pub const fn column(mut self, column: &'static str) -> Self {
        self.column = column;
        self
    }

    /// Allows clients to see the field.
    #[must_use]
    pub const fn read(mut self) -> Self {
        self.read = true;
        self
    }

    /// Allows a registration to set the field.
    #[must_use]
    pub const fn create(mut self) -> Self {
        self.create = true;
        self
    }

    /// Allows the account's owner to change the field.
    #[must_use]
    pub const fn update(mut self) -> Self {
        self.update = true;
        self
    }

    /// Allows a superuser to change the field.
    #[must_use]
    pub const fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Marks the field as filled by the database.
    #[must_use]
    pub const fn from_database(mut self) -> Self {
        self.from_database = true;
        self
    }

    /// Requires the field in a registration, unless its type accepts an absent key, as an alias of an `Option` does.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Sets the description in the OpenAPI document.
    #[must_use]
    pub const fn doc(self, doc: &'static str) -> Self {
        match self.on_the_wire {
            Some(field) => Self { on_the_wire: Some(field.doc(doc)), ..self },
            None => self,
        }
    }

    /// Marks the field as deprecated in the OpenAPI document.
    #[must_use]
    pub const fn deprecated(self) -> Self {
        match self.on_the_wire {
            Some(field) => Self { on_the_wire: Some(field.deprecated()), ..self },
            None => self,
        }
    }

    /// Sets the rules that every value in a request must meet.
    #[must_use]
    pub const fn rules(self, rules: &'static [Rule]) -> Self {
        match self.on_the_wire {
            Some(field) => Self { on_the_wire: Some(field.rules(rules)), ..self },
            None => self,
        }
    }

    /// Returns whether any request can set the field.
    pub(crate) const fn is_writable(&self) -> bool {
        self.create || self.update || self.admin
    }

    /// Returns the JSON that the field expects, or `None` if no client reads or writes it.
    pub(crate) fn shape(&self) -> Option<Shape> {
        match self.on_the_wire?.kind {
            FieldKind::Custom(of) => Some((of.shape)()),
            _ => None,
        }
    }

    /// Returns the rules for values in requests.
    pub(crate) const fn rule_values(&self) -> &'static [Rule] {
        match self.on_the_wire {
            Some(field) => field.rules,
            None => &[],
        }
    }

    /// Returns the field as it appears in a schema, or `None` if the schema does not have it.
    pub(super) fn in_schema(&self, schema: SchemaKind) -> Option<Field> {
        let field = self.on_the_wire?;
        match schema {
            SchemaKind::Read => self.read.then_some(Field { rules: &[], ..field }),
            SchemaKind::Create => {
                let required = self.required && !field.may_be_absent();
                self.create.then_some(Field { required, ..field })
            }
            SchemaKind::Update => self.update.then_some(field),
            SchemaKind::AdminUpdate => (self.update || self.admin).then_some(field),
        }
    }
}
