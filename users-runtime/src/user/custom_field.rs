//! The custom fields of a user struct: who may read and write each, and the rules its values must meet.

use serde::de::DeserializeOwned;

use super::SchemaKind;
use crate::domain::field::{Field, Rule};

/// A custom field and who may read or write it. The four schemas take their custom fields from it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CustomField {
    /// The JSON key.
    pub name: &'static str,
    /// The column.
    pub column: &'static str,
    /// Shown to clients.
    pub read: bool,
    /// Set at registration.
    pub create: bool,
    /// Changed by the account's owner.
    pub update: bool,
    /// Changed by a superuser.
    pub admin: bool,
    /// Whether a registration must have it.
    required: bool,
    /// `None` for a field that no client reads or writes: its type needs no JSON form.
    on_the_wire: Option<Field>,
}

impl CustomField {
    /// A field of type `T`, with the same name as JSON key and as column.
    #[must_use]
    pub const fn new<T: DeserializeOwned>(name: &'static str) -> Self {
        Self { on_the_wire: Some(Field::custom::<T>(name)), ..Self::private(name) }
    }

    /// A field that no client reads or writes.
    #[must_use]
    pub const fn private(name: &'static str) -> Self {
        Self {
            name,
            column: name,
            read: false,
            create: false,
            update: false,
            admin: false,
            required: false,
            on_the_wire: None,
        }
    }

    /// Names the column, where it differs from the JSON key.
    #[must_use]
    pub const fn column(mut self, column: &'static str) -> Self {
        self.column = column;
        self
    }

    /// Shows the field to clients.
    #[must_use]
    pub const fn read(mut self) -> Self {
        self.read = true;
        self
    }

    /// Lets a registration set the field.
    #[must_use]
    pub const fn create(mut self) -> Self {
        self.create = true;
        self
    }

    /// Lets the account's owner change the field.
    #[must_use]
    pub const fn update(mut self) -> Self {
        self.update = true;
        self
    }

    /// Lets a superuser change the field.
    #[must_use]
    pub const fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Requires the field in a registration.
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

    /// Returns the field as one schema has it, if the schema has it.
    pub(super) fn in_schema(&self, schema: SchemaKind) -> Option<Field> {
        let field = self.on_the_wire?;
        match schema {
            SchemaKind::Read => self.read.then_some(Field { rules: &[], ..field }),
            SchemaKind::Create => self.create.then_some(Field { required: self.required, ..field }),
            SchemaKind::Update => self.update.then_some(field),
            SchemaKind::AdminUpdate => (self.update || self.admin).then_some(field),
        }
    }
}
