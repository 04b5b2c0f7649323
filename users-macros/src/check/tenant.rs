//! Rules about the field that every statement is held to.

use syn::{Ident, Type};

use super::fields::Sorted;
use crate::{attr::FieldAttrs, model::option_of, report::Report};

impl Sorted {
    /// Looks at a field that is marked `tenant`, and does nothing about others.
    pub(super) fn tenant(&mut self, ident: &Ident, ty: &Type, attrs: &FieldAttrs, report: &Report) {
        let Some(tenant) = &attrs.tenant else { return };
        match &self.tenant {
            Some(first) => report.error(
                &tenant.key,
                format!("a user has one tenant: `{first}` is it already"),
                "remove `tenant` here or there; what has two parts is one field of a type of its own",
            ),
            None => self.tenant = Some(ident.clone()),
        }
        for mark in [&attrs.create, &attrs.update, &attrs.admin].into_iter().flatten() {
            report.error(
                &mark.key,
                format!("`{ident}` is the tenant and cannot be `{}`: no request's body chooses its tenant", mark.key),
                format!(
                    "remove `{}`; the builder says which tenant a request is for: `.tenant(|request| …)`",
                    mark.key
                ),
            );
        }
        if let Some(inner) = option_of(ty) {
            let inner = quote::ToTokens::to_token_stream(inner);
            report.error(
                ty,
                format!("the tenant `{ident}` cannot be an `Option`: a user without a tenant would be in none"),
                format!("write `{inner}`"),
            );
        }
        for storage in [&attrs.json, &attrs.text].into_iter().flatten() {
            report.error(
                &storage.key,
                format!("the tenant `{ident}` cannot be stored as `{}`: statements compare it", storage.key),
                format!("remove `{}`, and use a type with a column of its own: `String`, `i64`, `Uuid`", storage.key),
            );
        }
    }
}
