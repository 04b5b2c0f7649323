//! The fields of a struct, sorted into roles and custom fields, and the names that must differ between them.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use syn::{Attribute, Field, Ident, Meta, ext::IdentExt};

use crate::{
    attr::FieldAttrs,
    model::{Custom, Docs, IdSource, Role, RoleField},
    report::Report,
};

/// The maximum number of custom fields of a struct: the runtime supports 128 columns, six of which belong to the roles.
const MOST_CUSTOM_FIELDS: usize = 122;

/// The fields of a struct, sorted into roles and custom fields.
#[derive(Default)]
pub(super) struct Sorted {
    /// The roles, in their order.
    pub(super) roles: [Option<RoleField>; 6],
    pub(super) customs: Vec<Custom>,
    /// The source of the ids.
    pub(super) id_source: IdSource,
    /// The field with the mark `tenant`, if there is one so far.
    pub(super) tenant: Option<Ident>,
    /// The field with the mark `login`, if there is one so far.
    pub(super) login: Option<Ident>,
    /// Fields without a mark. One of them may be a misspelled role.
    pub(super) unmarked: Vec<Ident>,
    /// All columns, with the places for errors.
    pub(super) columns: Vec<(String, TokenStream)>,
    /// The JSON keys of all custom fields, with the places for errors.
    pub(super) keys: Vec<(String, TokenStream)>,
}

impl Sorted {
    /// Adds one field.
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
                    format!("`{ident}` already has the role `{}` by its name", role.name()),
                    format!("remove `{}`", one.key),
                );
                self.add_role(role, field, ident, attrs, report);
            }
            ([one], Some(role)) => {
                report.error(
                    &one.key,
                    format!(
                        "`{ident}` has the role `{}` by its name and cannot have the role `{}`",
                        role.name(),
                        one.key
                    ),
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
                        format!("a field has only one role: `{ident}` already has the role `{}`", first.key)
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
                format!("`{user}` has {} custom fields; at most {MOST_CUSTOM_FIELDS} are possible", self.customs.len()),
                "move some of them into a struct that is stored in one column: `#[auth(read, json)]`",
            );
        }
    }

    /// Refuses one column or JSON key for two fields.
    pub(super) fn collisions(&self, report: &Report) {
        // SQLite and MySQL ignore case in column names.
        let columns = self.columns.iter().map(|(name, place)| (name.to_lowercase(), name, place));
        twice(
            columns,
            report,
            "two fields have the column",
            "choose another column for one of them: `#[auth(column = \"…\")]`",
        );
        let keys = self.keys.iter().map(|(name, place)| (name.clone(), name, place));
        twice(
            keys,
            report,
            "two fields have the JSON key",
            "choose another JSON key for one of them: `#[auth(rename = \"…\")]`",
        );
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

/// Returns the documentation that the struct's author wrote for a field.
pub(super) fn docs(attrs: &[Attribute]) -> Docs {
    let mut docs = Docs::default();
    for attr in attrs {
        match &attr.meta {
            Meta::NameValue(doc) if doc.path.is_ident("doc") => docs.lines.push(doc.value.clone()),
            meta if meta.path().is_ident("deprecated") => docs.deprecated = Some(meta.clone()),
            _ => {}
        }
    }
    docs
}
