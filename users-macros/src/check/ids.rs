//! Rules about the marks that select the source of the ids.

use quote::ToTokens;
use syn::{Ident, Type};

use super::fields::Sorted;
use crate::{
    attr::FieldAttrs,
    model::{IdSource, Role},
    report::Report,
    types::is_one_of,
};

impl Sorted {
    /// Checks the marks `uuid_v7` and `made_by_database` of a field. `role` is the field's role, if it has one.
    pub(super) fn id_marks(
        &mut self,
        role: Option<Role>,
        ident: &Ident,
        ty: &Type,
        attrs: &FieldAttrs,
        report: &Report,
    ) {
        if role != Some(Role::Id) {
            for mark in attrs.id_only() {
                report.error(
                    mark,
                    format!("`{mark}` is a mark of the id, and `{ident}` is not the id"),
                    format!("remove `{mark}`"),
                );
            }
            return;
        }
        match (&attrs.uuid_v7, &attrs.made_by_database) {
            (Some(v7), Some(database)) => report.error(
                &database.key,
                "an id is made either by axum-users, as `uuid_v7`, or by the database",
                format!("remove `{}` or `{}`", v7.key, database.key),
            ),
            (Some(v7), None) => {
                if !is_one_of(ty, &["Uuid"]) {
                    let ty = ty.to_token_stream();
                    report.error(
                        &v7.key,
                        format!("`uuid_v7` makes a `Uuid`, and `{ident}` is `{ty}`"),
                        "write `uuid::Uuid`; the ids of a type of your own are made by its `UserId::generate`, which \
                         may call `axum_users::schema::uuid_v7`",
                    );
                }
                self.id_source = IdSource::UuidV7;
            }
            (None, Some(_)) => self.id_source = IdSource::Database,
            (None, None) => {}
        }
    }
}
