//! Rules about the field that names the tenant.

use syn::{Ident, Type};

use super::fields::Sorted;
use crate::{attr::FieldAttrs, report::Report, types::option_of};

impl Sorted {
    /// Checks a field with the mark `tenant`.
    pub(super) fn tenant(&mut self, ident: &Ident, ty: &Type, attrs: &FieldAttrs, report: &Report) {
        let Some(tenant) = &attrs.tenant else { return };
        match &self.tenant {
            Some(first) => report.error(
                &tenant.key,
                format!("a user has only one tenant: `{first}` is it already"),
                "remove one of the marks; a tenant with two parts is one field whose type has both",
            ),
            None => self.tenant = Some(ident.clone()),
        }
        for mark in [&attrs.create, &attrs.update, &attrs.admin].into_iter().flatten() {
            report.error(
                &mark.key,
                format!("the tenant `{ident}` cannot be `{}`: no request body chooses the tenant", mark.key),
                format!("remove `{}`; the builder finds the tenant of a request: `.tenant(|request| …)`", mark.key),
            );
        }
        if let Some(inner) = option_of(ty) {
            let inner = quote::ToTokens::to_token_stream(inner);
            report.error(
                ty,
                format!("the tenant `{ident}` cannot be an `Option`: every user belongs to a tenant"),
                format!("write `{inner}`"),
            );
        }
        for storage in [&attrs.json, &attrs.text].into_iter().flatten() {
            report.error(
                &storage.key,
                format!("the tenant `{ident}` cannot be stored as `{}`: statements compare its column", storage.key),
                format!("remove `{}`, and use a type with a native column: `String`, `i64`, `Uuid`", storage.key),
            );
        }
    }
}
