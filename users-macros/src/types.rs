//! Properties of a field's type that follow from its spelling. A macro knows nothing else about a type.

use syn::{GenericArgument, PathArguments, Type};

/// Returns whether a type is a path, such as `uuid::Uuid`.
pub(crate) fn is_path(ty: &Type) -> bool {
    matches!(bare(ty), Type::Path(_))
}

/// Returns whether a type has one of these names, by the last segment of its path.
pub(crate) fn is_one_of(ty: &Type, names: &[&str]) -> bool {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name)),
        _ => false,
    }
}

/// Returns the type inside an `Option<…>`, recognized by the last path segment as serde and other derives do.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if last.ident == "Option" && arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// Returns whether a type is a time, a date or an id of a well-known crate, by the last segment of its path. Its default
/// is a real value, such as 1970-01-01, that no new user should get by accident.
pub(crate) fn is_time_or_id(ty: &Type) -> bool {
    const NAMES: [&str; 9] = [
        "DateTime",
        "NaiveDateTime",
        "NaiveDate",
        "NaiveTime",
        "OffsetDateTime",
        "PrimitiveDateTime",
        "UtcDateTime",
        "SystemTime",
        "Uuid",
    ];
    is_one_of(ty, &NAMES)
}

/// Returns the type without the invisible groups and parentheses that `macro_rules!` puts around it.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}
