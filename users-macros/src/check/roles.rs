//! Rules about fields with a role.

use syn::{DeriveInput, Field, Ident, Type, ext::IdentExt};

use super::{
    fields::{Sorted, docs},
    sql_names::column,
};
use crate::{
    attr::FieldAttrs,
    model::{Role, RoleField, Roles},
    report::{Report, closest},
};

impl Sorted {
    /// Adds a field that has a role.
    pub(super) fn add_role(&mut self, role: Role, field: &Field, ident: &Ident, attrs: FieldAttrs, report: &Report) {
        let name = role.name();
        for key in attrs.custom_only() {
            report.error(
                key,
                format!("a field with the role `{name}` cannot have `{key}`"),
                format!("remove `{key}`: {}", fixed_access(role)),
            );
        }
        role_type(role, ident, &field.ty, report);
        self.id_marks(Some(role), ident, &field.ty, &attrs, report);
        if let Some(first) = &self.roles[role as usize] {
            report.error(
                ident,
                format!("two fields have the role `{name}`: `{}` and `{ident}`", first.ident),
                if *ident == name {
                    format!("rename `{ident}`, which has the role by its name")
                } else {
                    format!("remove `{name}` from the attribute")
                },
            );
            return;
        }
        let (column, place) = column(attrs.column, name, ident, report);
        self.columns.push((column.clone(), place));
        let docs = docs(&field.attrs);
        self.roles[role as usize] = Some(RoleField { role, ident: ident.clone(), ty: field.ty.clone(), column, docs });
    }
}

/// Refuses every type but those of the role. Except for ids, the type must be written by its name: the derive cannot
/// resolve an alias, and the compiler would report each use of a wrong one.
fn role_type(role: Role, ident: &Ident, ty: &Type, report: &Report) {
    if role.accepts(ty) {
        return;
    }
    let wanted = match role {
        Role::Id => "a `Uuid`, an `i64`, an `i32` or a type of yours".to_owned(),
        _ => format!("a `{}`", role.types()[0]),
    };
    let message = if *ident == role.name() {
        format!("`{ident}` must be {wanted}")
    } else {
        format!("`{ident}` has the role `{}` and must be {wanted}", role.name())
    };
    let help = match role {
        Role::Id => {
            "write `uuid::Uuid` for ids that axum-users makes, `i64` or `i32` for ids that the database makes, or a type \
             of your own around a `Uuid`, an `i64` or a `String` that implements `axum_users::schema::UserId`"
        }
        Role::Email => "write `String`, not an alias of it",
        Role::HashedPassword => "write `axum_users::PasswordHash`, which cannot be printed or serialized",
        Role::IsActive | Role::IsSuperuser | Role::IsVerified => "write `bool`, not an `Option` or an alias of it",
    };
    report.error(ty, message, help);
}

/// Returns who may read and write a role; marks cannot change this.
const fn fixed_access(role: Role) -> &'static str {
    match role {
        Role::Id => "clients see the id and cannot set it",
        Role::Email => "clients see the address and can set it",
        Role::HashedPassword => "clients never see the hash and set it through `password`",
        Role::IsActive | Role::IsSuperuser | Role::IsVerified => "clients see the flag and only superusers can set it",
    }
}

/// Returns all six roles; `None` after reporting those that are missing.
pub(super) fn complete(
    roles: [Option<RoleField>; 6],
    unmarked: &[Ident],
    input: &DeriveInput,
    report: &Report,
) -> Option<Roles> {
    let mut meant = Vec::new();
    for (role, field) in Role::ALL.iter().zip(&roles) {
        if field.is_none() {
            let name = role.name();
            let similar = unmarked.iter().find(|ident| is_similar(&ident.unraw().to_string(), *role));
            meant.extend(similar);
            report.error(
                similar.unwrap_or(&input.ident),
                format!("no field has the role `{name}`"),
                match similar {
                    Some(ident) => {
                        format!("if it is `{ident}`, rename the field to `{name}`, or mark it: `#[auth({name})]`")
                    }
                    None => format!("add `{name}: {}`, or mark a field: `#[auth({name})]`", role.types()[0]),
                },
            );
        }
    }
    for ident in unmarked.iter().filter(|ident| !meant.contains(ident)) {
        report.error(
            ident,
            format!("`{ident}` does not say who may read or write it"),
            "add some of `#[auth(read, create, update)]`; `#[auth(read, admin)]` if only superusers write it; `#[auth(private)]` if clients do neither",
        );
    }
    match roles {
        [Some(id), Some(email), Some(hashed_password), Some(is_active), Some(is_superuser), Some(is_verified)] => {
            Some(Roles { id, email, hashed_password, is_active, is_superuser, is_verified })
        }
        _ => None,
    }
}

/// Returns whether a field of this name was probably meant to have the role.
fn is_similar(name: &str, role: Role) -> bool {
    let usual: &[&str] = match role {
        Role::Id => &["uuid", "uid", "user_id", "pk"],
        Role::Email => &["mail", "e_mail", "email_address"],
        Role::HashedPassword => &["password_hash", "passwordhash", "pwhash", "hash", "password_digest"],
        Role::IsActive => &["active", "enabled", "is_enabled"],
        Role::IsSuperuser => &["superuser", "admin", "is_admin"],
        Role::IsVerified => &["verified", "email_verified", "is_confirmed"],
    };
    usual.contains(&name) || closest(name, &[role.name()]).is_some()
}
