//! Rules about fields that have a role.

use syn::{DeriveInput, Field, Ident, Type, ext::IdentExt};

use super::{
    fields::{Sorted, words},
    sql_names::column,
};
use crate::{
    attr::FieldAttrs,
    model::{Role, RoleField, Roles, bare, option_of},
    report::{Report, closest},
};

impl Sorted {
    /// Sorts in a field that has a role.
    pub(super) fn add_role(&mut self, role: Role, field: &Field, ident: &Ident, attrs: FieldAttrs, report: &Report) {
        let name = role.name();
        for key in attrs.custom_only() {
            report.error(
                key,
                format!("the role `{name}` takes no `{key}`"),
                format!("remove `{key}`: {}", fixed_access(role)),
            );
        }
        role_type(role, ident, &field.ty, report);
        if let Some(first) = &self.roles[role as usize] {
            report.error(
                ident,
                format!("two fields have the role `{name}`: `{}` and `{ident}`", first.ident),
                if *ident == name {
                    format!("rename `{ident}`: a field of this name has the role without a mark")
                } else {
                    format!("remove `{name}` from the attribute")
                },
            );
            return;
        }
        let (column, place) = column(attrs.column, name, ident, report);
        self.columns.push((column.clone(), place));
        let words = words(&field.attrs);
        self.roles[role as usize] = Some(RoleField { role, ident: ident.clone(), ty: field.ty.clone(), column, words });
    }
}

/// Refuses the types that are a frequent mistake. Of any other type the type checker knows more than we do.
fn role_type(role: Role, ident: &Ident, ty: &Type, report: &Report) {
    const FREQUENT: [&str; 24] = [
        "String",
        "str",
        "Option",
        "Vec",
        "Box",
        "Cow",
        "Arc",
        "bool",
        "char",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "Uuid",
        "PasswordHash",
        "Password",
        "SecretString",
    ];
    let is_wrong = match bare(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let found = last.ident.to_string();
            FREQUENT.contains(&found.as_str()) && !role.usual_types().contains(&found.as_str())
        }),
        Type::Reference(_) | Type::Tuple(_) | Type::Array(_) => true,
        _ => false,
    };
    if !is_wrong {
        return;
    }
    let wanted = match role {
        Role::Id => "a `Uuid`, an `i64` or an `i32`".to_owned(),
        _ => format!("a `{}`", role.type_name()),
    };
    let message = if *ident == role.name() {
        format!("`{ident}` must be {wanted}")
    } else {
        format!("`{ident}` has the role `{}` and must be {wanted}", role.name())
    };
    let help = match role {
        Role::Id => {
            "write `Uuid`, from `use uuid::Uuid;`, for ids made here; or `i64` or `i32` for ids made by the database"
        }
        Role::Email => "write `String`",
        Role::HashedPassword => {
            "write `PasswordHash`, from `use axum_users::PasswordHash;`: it cannot be printed, serialized or sent by mistake"
        }
        Role::IsActive | Role::IsSuperuser | Role::IsVerified if option_of(ty).is_some() => {
            "write `bool`: the column is NOT NULL"
        }
        Role::IsActive | Role::IsSuperuser | Role::IsVerified => "write `bool`",
    };
    report.error(ty, message, help);
}

/// Why a role takes no marks.
const fn fixed_access(role: Role) -> &'static str {
    match role {
        Role::Id => "clients see the id, and nobody can set it",
        Role::Email => "clients see the address, and send it to register and to change it",
        Role::HashedPassword => "nobody sees the hash, and requests set it through `password`",
        Role::IsActive | Role::IsSuperuser | Role::IsVerified => {
            "clients see the flag, and only a superuser can set it"
        }
    }
}

/// All six roles, or `None` after noting those that are missing.
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
                        format!("is it `{ident}`? Rename the field to `{name}`, or mark it: `#[auth({name})]`")
                    }
                    None => format!("add `{name}: {}`, or mark a field: `#[auth({name})]`", role.type_name()),
                },
            );
        }
    }
    for ident in unmarked.iter().filter(|ident| !meant.contains(ident)) {
        report.error(
            ident,
            format!("`{ident}` does not say who may touch it"),
            "add `#[auth(read, create, update)]` with any of these marks, `admin` for superusers only, or `#[auth(private)]` for nobody",
        );
    }
    match roles {
        [Some(id), Some(email), Some(hashed_password), Some(is_active), Some(is_superuser), Some(is_verified)] => {
            Some(Roles { id, email, hashed_password, is_active, is_superuser, is_verified })
        }
        _ => None,
    }
}

/// Whether a field of this name was probably meant to have the role.
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
