//! Who may call which route, and who may touch which field, as a page (OWASP ASVS 8.1.1, 8.1.2).

use std::fmt::Write as _;

use super::{Prefixes, endpoints};
use crate::{
    domain::field::{Field, FieldKind},
    http::{Caller, RouteGroup},
    user::{AuthUser, SchemaKind},
};

/// Two tables in Markdown: route × who may call it, and field × who may read or write it.
///
/// The fields are those of the schemas that requests are read into and answers written from, so the page cannot promise
/// another thing than the code does. Commit it and let a test compare.
#[must_use]
pub fn access_matrix<U: AuthUser>() -> String {
    let mut page = String::from("| route | who may call it |\n|---|---|\n");
    let prefixes = Prefixes::usual().with(RouteGroup::Sessions);
    for endpoint in endpoints() {
        let path = prefixes.path_of(endpoint, "{backend}").unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{} {path}` | {} |", endpoint.method(), who(endpoint.caller()));
    }
    page.push_str(
        "\n| field | read: its owner, superusers | set at registration: anyone | changed by its owner | changed by \
         superusers |\n|---|---|---|---|---|\n",
    );
    for field in fields::<U>() {
        let _ = writeln!(
            page,
            "| `{field}` | {} | {} | {} | {} |",
            mark::<U>(SchemaKind::Read, field),
            mark::<U>(SchemaKind::Create, field),
            mark::<U>(SchemaKind::Update, field),
            mark::<U>(SchemaKind::AdminUpdate, field),
        );
    }
    page
}

fn who(caller: Caller) -> &'static str {
    match caller {
        Caller::Anyone => "anyone",
        Caller::MailedToken => "the holder of a token that was mailed to the account's address",
        Caller::Owner => "an active user, for their own account",
        Caller::Superuser => "an active superuser, for any account",
    }
}

/// Every field: the roles in the order of contract.md section 14, what only requests have, the application's own.
fn fields<U: AuthUser>() -> Vec<&'static str> {
    let roles = ["id", "email", "hashed_password", "is_active", "is_superuser", "is_verified"];
    let sent = ["password", "current_password"];
    let own = U::CUSTOM_FIELDS.iter().map(|field| field.name);
    roles.into_iter().chain(sent).chain(own).collect()
}

fn mark<U: AuthUser>(schema: SchemaKind, name: &str) -> &'static str {
    // A flag that is checked and dropped is not a field of the schema: nothing can be written through it.
    let mut fields = schema.fields::<U>();
    let has = |field: Field| field.name == name && !matches!(field.kind, FieldKind::DroppedFlag);
    if fields.any(has) { "yes" } else { "no" }
}
