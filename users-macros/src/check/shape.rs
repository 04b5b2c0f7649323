//! The kind of the item, and the attributes on the struct.

use std::collections::HashMap;

use quote::ToTokens;
use syn::{Data, DeriveInput, Field, Fields, Token, ext::IdentExt, punctuated::Punctuated};

use crate::{
    attr::{Slot, StructAttrs},
    model::Databases,
    names::{Chosen, Names},
    report::{Report, closest, list},
};

/// Returns the fields of a struct that can be a user; `None` after an error for anything else.
pub(super) fn fields<'a>(input: &'a DeriveInput, report: &Report) -> Option<&'a Punctuated<Field, Token![,]>> {
    if !input.generics.params.is_empty() {
        report.error(
            &input.generics,
            format!("`{}` cannot be generic", input.ident),
            "use concrete types in the fields: a table has one type of user",
        );
    } else if let Some(clause) = &input.generics.where_clause {
        report.error(clause, "a user struct cannot have a `where` clause", "remove it");
    }
    let wrong = |tokens: &dyn ToTokens, what: &str| {
        report.error(
            tokens.to_token_stream(),
            format!("`AuthUser` cannot be derived for {what}"),
            format!("write a struct with named fields: `struct {} {{ id: Uuid, email: String, … }}`", input.ident),
        );
        None
    };
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(&fields.named),
            Fields::Unnamed(fields) => wrong(fields, "a tuple struct"),
            Fields::Unit => wrong(&input.ident, "a struct without fields"),
        },
        Data::Enum(data) => wrong(&data.enum_token, "an enum"),
        Data::Union(data) => wrong(&data.union_token, "a union"),
    }
}

/// Returns the databases for which statements are written.
pub(super) fn databases(attrs: &StructAttrs, enabled: Databases, report: &Report) -> Databases {
    let Some(given) = &attrs.databases else { return enabled };
    let mut databases = Databases { sqlite: false, postgres: false, mysql: false };
    for name in &given.value {
        let word = name.to_string();
        let slot = match word.as_str() {
            "sqlite" => &mut databases.sqlite,
            "postgres" => &mut databases.postgres,
            "mysql" => &mut databases.mysql,
            word => {
                let help = match (word, closest(word, &Databases::NAMES)) {
                    ("mariadb", _) => "write `mysql`, which includes MariaDB".to_owned(),
                    (_, Some(known)) => format!("did you mean `{known}`?"),
                    (_, None) => format!("the databases are {}", list(&Databases::NAMES)),
                };
                report.error(name, format!("unknown database `{word}`"), help);
                continue;
            }
        };
        if *slot {
            report.error(name, format!("`{word}` is given twice"), "keep one of the two");
        }
        *slot = true;
    }
    if databases.and(enabled).is_empty() && !databases.is_empty() {
        let names: Vec<String> = given.value.iter().map(|name| format!("\"{name}\"")).collect();
        report.error(
            &given.key,
            "none of these databases is enabled",
            format!("enable the Cargo feature: `axum-users = {{ …, features = [{}] }}`", names.join(", ")),
        );
    }
    databases.and(enabled)
}

/// Returns the names of the generated items, as far as the attributes can be read. Mistakes go to `report`.
pub(crate) fn names(input: &DeriveInput, report: &Report) -> Names {
    chosen_names(input, StructAttrs::read(&input.attrs, report))
}

pub(super) fn chosen_names(input: &DeriveInput, attrs: StructAttrs) -> Names {
    fn value<T>(slot: Slot<T>) -> Option<T> {
        slot.map(|given| given.value)
    }
    let chosen = Chosen {
        krate: value(attrs.krate),
        read: value(attrs.read),
        create: value(attrs.create),
        update: value(attrs.update),
        admin_update: value(attrs.admin_update),
        sql: value(attrs.sql),
        routes: value(attrs.routes),
    };
    Names::new(&input.ident, chosen, &input.to_token_stream())
}

/// Refuses one name for two items.
pub(super) fn distinct(input: &DeriveInput, names: &Names, report: &Report) {
    let mut taken = HashMap::from([(input.ident.unraw().to_string(), "the struct itself".to_owned())]);
    for (name, key) in names.items() {
        if let Some(other) = taken.insert(name.unraw().to_string(), format!("`{key}`")) {
            report.error(
                name,
                format!("`{name}` is the name of both `{key}` and {other}"),
                format!("choose another name: `#[auth({key} = …)]`"),
            );
        }
    }
}
