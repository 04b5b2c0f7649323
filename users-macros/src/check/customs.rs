//! Rules about custom fields.

use quote::ToTokens;
use syn::{Field, Ident, LitStr, Type, ext::IdentExt};

use super::{
    fields::{Sorted, docs},
    sql_names::column,
};
use crate::{
    attr::{Bounds, FieldAttrs, Given, Slot},
    model::{Access, Custom, DefaultValue, NewValue, Role, Rule, Storage},
    report::Report,
    types::is_time_or_id,
};

/// JSON keys with another meaning in requests and responses.
const RESERVED: [(&str, &str); 3] = [
    ("password", "the plain-text password in requests"),
    ("current_password", "the current password in requests"),
    ("oauth_accounts", "the accounts at OAuth providers"),
];

impl Sorted {
    /// Adds a custom field.
    pub(super) fn add_custom(&mut self, field: &Field, ident: &Ident, attrs: FieldAttrs, report: &Report) {
        let name = ident.unraw().to_string();
        if let Some((word, meaning)) = RESERVED.iter().find(|(word, _)| *word == name) {
            report.error(
                ident,
                format!("a field cannot have the name `{word}`: it is the JSON key of {meaning}"),
                if *word == "password" {
                    "store the hash: `hashed_password: PasswordHash`"
                } else {
                    "rename the field"
                },
            );
        }
        let access = access(ident, &attrs, report);
        if access.is_none() && !attrs.broken {
            self.unmarked.push(ident.clone());
        }
        let access = access.unwrap_or_default();
        if !access.writable()
            && !attrs.broken
            && (access.on_the_wire() || attrs.private.is_some() || attrs.tenant.is_some())
        {
            for rule in attrs.rules() {
                report.error(
                    rule,
                    format!("`{rule}` checks nothing: no request can set `{ident}`"),
                    format!("remove `{rule}`, or add `create`, `update` or `admin`"),
                );
            }
        }
        if let (Some(json), Some(text)) = (&attrs.json, &attrs.text) {
            report.error(
                &text.key,
                "a field is stored either as `json` or as `text`",
                format!("remove `{}` or `{}`", json.key, text.key),
            );
        }
        let rules = rules(&attrs, report);
        self.tenant(ident, &field.ty, &attrs, report);
        self.login(ident, &field.ty, &attrs, report);
        self.id_marks(None, ident, &field.ty, &attrs, report);
        let storage = match (&attrs.json, &attrs.text) {
            (Some(_), _) => Storage::Json,
            (None, Some(_)) => Storage::Text,
            (None, None) => Storage::Native,
        };
        let new_value = new_value(ident, &field.ty, access, &attrs, report);
        let (column, place) = column(attrs.column, &name, ident, report);
        self.columns.push((column.clone(), place));
        let key = self.key(ident, &name, access, attrs.private.is_some(), attrs.rename, report);
        self.customs.push(Custom {
            ident: ident.clone(),
            ty: field.ty.clone(),
            key,
            column,
            access,
            new_value,
            storage,
            rules,
            is_tenant: attrs.tenant.is_some(),
            is_login: attrs.login.is_some(),
            docs: docs(&field.attrs),
        });
    }

    /// Returns the JSON key of a custom field.
    fn key(
        &mut self,
        ident: &Ident,
        name: &str,
        access: Access,
        private: bool,
        rename: Slot<LitStr>,
        report: &Report,
    ) -> String {
        let (key, place) = match &rename {
            None => (name.to_owned(), ident.to_token_stream()),
            Some(given) => {
                if private {
                    report.error(
                        &given.key,
                        format!("`{ident}` is private and has no JSON key to rename"),
                        "remove `rename`, or use `column = \"…\"` to rename the column",
                    );
                }
                if given.value.value().is_empty() {
                    report.error(&given.value, "a JSON key cannot be empty", "write `rename = \"fullName\"`");
                }
                (given.value.value(), given.value.to_token_stream())
            }
        };
        let taken = RESERVED
            .iter()
            .map(|(word, meaning)| (*word, *meaning))
            .chain(Role::ALL.map(|role| (role.name(), "a role")))
            .find(|(word, _)| *word == key);
        if let (Some((word, meaning)), Some(_)) = (taken, &rename) {
            report.error(
                &place,
                format!("`{word}` cannot be the JSON key of `{ident}`: it is the key of {meaning}"),
                "choose another key",
            );
        } else if access.on_the_wire() {
            self.keys.push((key.clone(), place));
        }
        key
    }
}

/// Returns who may read and write a custom field; `None` if it is not specified.
fn access(ident: &Ident, attrs: &FieldAttrs, report: &Report) -> Option<Access> {
    let access = Access {
        read: attrs.read.is_some(),
        create: attrs.create.is_some(),
        update: attrs.update.is_some(),
        admin: attrs.admin.is_some(),
    };
    if let (true, Some(admin)) = (access.update, &attrs.admin) {
        report.error(
            &admin.key,
            format!("`admin` is redundant with `update`: a superuser may change `{ident}` anyway"),
            "remove `admin`, or remove `update` so that only a superuser may change the field",
        );
    }
    if let (true, Some(private)) = (access.on_the_wire(), &attrs.private) {
        report.error(
            &private.key,
            format!("`{ident}` cannot be both private and readable or writable"),
            "remove `private`, or `read`, `create`, `update` and `admin`",
        );
    }
    (access.on_the_wire() || attrs.private.is_some() || attrs.tenant.is_some()).then_some(access)
}

/// Returns the source of the value in a new user.
fn new_value(ident: &Ident, ty: &Type, access: Access, attrs: &FieldAttrs, report: &Report) -> NewValue {
    let default = attrs.default.as_ref().map(|given| match &given.value {
        None => DefaultValue::OfType,
        Some(value) => DefaultValue::Written(Box::new(value.clone())),
    });
    if let Some(given) = &attrs.from_database {
        for mark in [&attrs.create, &attrs.update, &attrs.admin, &attrs.tenant].into_iter().flatten() {
            report.error(
                &mark.key,
                format!("`{ident}` is filled by the database and cannot be marked `{}`", mark.key),
                format!("remove `{}` or `{}`", mark.key, given.key),
            );
        }
        if let Some(sql) = given.value.as_ref().filter(|sql| sql.value().trim().is_empty()) {
            report.error(sql, "an SQL default cannot be empty", "write `from_database = \"CURRENT_TIMESTAMP\"`");
        }
        return NewValue::FromDatabase(given.value.as_ref().map(LitStr::value), default);
    }
    if access.create {
        return NewValue::Sent(default);
    }
    let Some(default) = default else {
        // The store writes the tenant.
        if is_time_or_id(ty) && attrs.tenant.is_none() && !attrs.broken {
            report.error(
                ty,
                format!("every new user would get the default of this type as `{ident}`, such as 1970-01-01 or a nil id"),
                "write `from_database` if the database fills the column, `default = …` for another value, or `create` if \
                 the registration sends it",
            );
        }
        return NewValue::Implicit;
    };
    NewValue::Fixed(default)
}

fn rules(attrs: &FieldAttrs, report: &Report) -> Vec<Rule> {
    fn both<T: Copy + PartialOrd>(given: &Given<Bounds<T>>, report: &Report) -> (Option<T>, Option<T>) {
        let Given { key, value: Bounds { min, max } } = given;
        let (min, max) = (min.as_ref().map(|min| min.value), max.as_ref().map(|max| max.value));
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            report.error(key, format!("`{key}` allows no value: `min` is greater than `max`"), "swap the two");
        }
        (min, max)
    }
    let mut rules = Vec::new();
    if let Some(length) = &attrs.length {
        let (min, max) = both(length, report);
        rules.push(Rule::Length { min, max });
    }
    if let Some(range) = &attrs.range {
        let (min, max) = both(range, report);
        rules.push(Rule::Range { min, max });
    }
    rules.extend(attrs.pattern.iter().map(|pattern| Rule::Pattern(pattern.value.value())));
    rules.extend(attrs.check.iter().map(|check| Rule::Check(check.value.clone())));
    rules
}
