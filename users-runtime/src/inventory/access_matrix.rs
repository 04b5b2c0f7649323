//! The access matrix: who may call which route, and who may read or write which field (OWASP ASVS 8.1.1, 8.1.2).

use std::fmt::Write as _;

use super::{Prefixes, endpoints};
use crate::{
    domain::field::{Field, FieldKind},
    http::{Caller, RouteGroup},
    user::{AuthUser, SchemaKind},
};

/// Returns two tables in Markdown: the routes with who may call them, and the fields with who may read or write them.
///
/// The tables are generated from the schemas that parse requests and build responses, so they cannot differ from the
/// code. Commit the output and compare it in a test.
#[must_use]
pub fn access_matrix<U: AuthUser>() -> String {
    let mut page = String::from("| route | who may call it |\n|---|---|\n");
    let further = [RouteGroup::Invitations, RouteGroup::Sessions, RouteGroup::AccountStatus, RouteGroup::Health];
    let further = further.into_iter().chain(RouteGroup::OF_PASSKEYS).chain([RouteGroup::PasskeySignUp]);
    let mut prefixes = further.into_iter().fold(Prefixes::usual(), Prefixes::with);
    if cfg!(feature = "audit") {
        prefixes = prefixes.with(RouteGroup::Audit);
    }
    if cfg!(feature = "totp") {
        prefixes = prefixes.with(RouteGroup::SecondFactor);
    }
    if U::HAS_OAUTH {
        let groups =
            [RouteGroup::OAuth, RouteGroup::OAuthIdTokens, RouteGroup::OAuthAssociate, RouteGroup::OAuthAccounts];
        prefixes = groups.into_iter().fold(prefixes, Prefixes::with);
    }
    for endpoint in endpoints() {
        let Some(path) = prefixes.path_of(endpoint, "{backend}") else { continue };
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
    if U::HAS_OAUTH {
        page.push_str("| `oauth_accounts` | yes | no | no | no |\n");
    }
    page
}

fn who(caller: Caller) -> &'static str {
    match caller {
        Caller::Anyone => "anyone",
        Caller::MailedToken => "the holder of a token that was mailed to the account's address",
        Caller::RefreshToken => "the holder of a refresh token",
        Caller::Owner => "an active user, for their own account",
        Caller::Superuser => "an active superuser, for any account",
    }
}

/// Returns every field: the six roles, the fields of requests only, and the custom fields.
fn fields<U: AuthUser>() -> Vec<&'static str> {
    let roles = ["id", "email", "hashed_password", "is_active", "is_superuser", "is_verified"];
    let sent = ["password", "current_password"];
    let own = U::CUSTOM_FIELDS.iter().map(|field| field.name);
    roles.into_iter().chain(sent).chain(own).collect()
}

fn mark<U: AuthUser>(schema: SchemaKind, name: &str) -> &'static str {
    // A flag that is validated and ignored is not a field of the schema: it cannot be written.
    let mut fields = schema.fields::<U>();
    let has = |field: Field| field.name == name && !matches!(field.kind, FieldKind::DroppedFlag);
    if fields.any(has) { "yes" } else { "no" }
}
