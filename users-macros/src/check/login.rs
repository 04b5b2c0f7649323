//! Rules about the field with which users can log in as an alternative to the address.

use syn::{Ident, Type};

use super::fields::Sorted;
use crate::{
    attr::FieldAttrs,
    report::Report,
    types::{is_one_of, option_of},
};

impl Sorted {
    /// Checks a field with the mark `login`.
    pub(super) fn login(&mut self, ident: &Ident, ty: &Type, attrs: &FieldAttrs, report: &Report) {
        let Some(login) = &attrs.login else { return };
        match &self.login {
            Some(first) => report.error(
                &login.key,
                format!("a user logs in with the address or with one other field: `{first}` is it already"),
                "remove one of the marks",
            ),
            None => self.login = Some(ident.clone()),
        }
        if !is_one_of(option_of(ty).unwrap_or(ty), &["String"]) {
            report.error(
                ty,
                format!("`{ident}` is typed into the login form, so it must be a string"),
                "write `String`, or `Option<String>` for users who have only an address",
            );
        }
        for storage in [&attrs.json, &attrs.text].into_iter().flatten() {
            report.error(
                &storage.key,
                format!("`{ident}` cannot be stored as `{}`: statements compare its column", storage.key),
                format!("remove `{}`", storage.key),
            );
        }
        if let Some(tenant) = &attrs.tenant {
            report.error(
                &tenant.key,
                format!("`{ident}` cannot be both the tenant and what a user logs in with"),
                format!("remove `{}` or `{}`", tenant.key, login.key),
            );
        }
        if let Some(made) = &attrs.from_database {
            report.error(
                &made.key,
                format!("`{ident}` cannot be filled by the database: names have one form, which is checked before"),
                format!("remove `{}` or `{}`", made.key, login.key),
            );
        }
        if let Some(default) = &attrs.default {
            report.error(
                &default.key,
                format!("`{ident}` is unique, so only one user could have a default"),
                format!("remove `{}`, or write `Option<String>` for users without a name", default.key),
            );
        }
        if option_of(ty).is_none() && attrs.create.is_none() && attrs.tenant.is_none() && !attrs.broken {
            report.error(
                &login.key,
                format!("every new user would get an empty `{ident}`, which is unique"),
                "add `create` so that the registration sends it, or write `Option<String>`",
            );
        }
    }
}
