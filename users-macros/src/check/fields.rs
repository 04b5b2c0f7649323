//! The fields of a struct, sorted into roles and the application's own; and what must differ between them.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use syn::{Attribute, Field, Ident, Meta, ext::IdentExt};

use crate::{
    attr::FieldAttrs,
    model::{Custom, Role, RoleField, Words},
    report::Report,
};

/// How many fields of its own a struct can have: 128 columns without those of the six roles.
const MOST_CUSTOM_FIELDS: usize = 122;

/// The fields of a struct, sorted into roles and the application's own.
#[derive(Default)]
pub(super) struct Sorted {
    /// In the order of the roles.
    pub(super) roles: [Option<RoleField>; 6],
    pub(super) customs: Vec<Custom>,
    /// The field that is marked `tenant`, if one was seen.
    pub(super) tenant: Option<Ident>,
    /// Fields without a mark; perhaps one of them was meant to be a role.
    pub(super) unmarked: Vec<Ident>,
    /// All columns, with the place to complain about.
    pub(super) columns: Vec<(String, TokenStream)>,
    /// All JSON keys of the application's own fields, with the place to complain about.
    pub(super) keys: Vec<(String, TokenStream)>,
}

impl Sorted {
    /// Sorts in one field.
    pub(super) fn add(&mut self, field: &Field, report: &Report) {
        let Some(ident) = &field.ident else { return };
        let attrs = FieldAttrs::read(&field.attrs, report);
        let by_name = Role::named(&ident.unraw().to_string());
        match (attrs.roles.as_slice(), by_name) {
            ([], None) => self.add_custom(field, ident, attrs, report),
            ([], Some(role)) => self.add_role(role, field, ident, attrs, report),
            ([one], None) => {
                let role = one.value;
                self.add_role(role, field, ident, attrs, report);
            }
            ([one], Some(role)) if one.value == role => {
                report.error(
                    &one.key,
                    format!("`{ident}` has the role `{}` by its name already", role.name()),
                    format!("remove `{}`", one.key),
                );
                self.add_role(role, field, ident, attrs, report);
            }
            ([one], Some(role)) => {
                report.error(
                    &one.key,
                    format!("`{ident}` has the role `{}` by its name, and cannot be `{}`", role.name(), one.key),
                    format!("rename the field, or remove `{}`", one.key),
                );
                self.add_role(role, field, ident, attrs, report);
            }
            ([first, second, ..], _) => {
                let role = first.value;
                report.error(
                    &second.key,
                    if first.value == second.value {
                        format!("`{}` is given twice", second.key)
                    } else {
                        format!("a field has one role: `{ident}` is `{}` already", first.key)
                    },
                    format!("remove `{}`", second.key),
                );
                self.add_role(role, field, ident, attrs, report);
            }
        }
    }

    /// Refuses more fields than a table can have columns.
    pub(super) fn count(&self, user: &Ident, report: &Report) {
        if self.customs.len() > MOST_CUSTOM_FIELDS {
            report.error(
                user,
                format!("`{user}` has {} fields of its own, the most is {MOST_CUSTOM_FIELDS}", self.customs.len()),
                "gather some of them in a struct of their own, stored in one column: `#[auth(read, json)]`",
            );
        }
    }

    /// Refuses one column or JSON key for two fields.
    pub(super) fn collisions(&self, report: &Report) {
        // SQLite and MySQL compare the names of columns without regard to case.
        let columns = self.columns.iter().map(|(name, place)| (name.to_lowercase(), name, place));
        twice(columns, report, "two fields have the column", "give one of them another: `#[auth(column = \"…\")]`");
        let keys = self.keys.iter().map(|(name, place)| (name.clone(), name, place));
        twice(keys, report, "two fields have the JSON key", "give one of them another: `#[auth(rename = \"…\")]`");
    }
}

fn twice<'a>(
    names: impl Iterator<Item = (String, &'a String, &'a TokenStream)>,
    report: &Report,
    message: &str,
    help: &str,
) {
    let mut seen = HashSet::new();
    for (compared, name, place) in names {
        if !seen.insert(compared) {
            report.error(place, format!("{message} `{name}`"), help);
        }
    }
}

/// What the struct's author says to readers about a field.
pub(super) fn words(attrs: &[Attribute]) -> Words {
    let mut words = Words::default();
    for attr in attrs {
        match &attr.meta {
            Meta::NameValue(doc) if doc.path.is_ident("doc") => words.docs.push(doc.value.clone()),
            meta if meta.path().is_ident("deprecated") => words.deprecated = Some(meta.clone()),
            _ => {}
        }
    }
    words
}
