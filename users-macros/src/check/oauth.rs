//! Accounts at OAuth providers: whether a type has them, and their table.

use syn::{Ident, LitStr};

use super::{fields::Sorted, sql_names};
use crate::{
    attr::{Slot, StructAttrs},
    report::Report,
};

/// Returns the table: that of fastapi-users for the table `user`, otherwise one that no other user type shares.
pub(super) fn table(attrs: &StructAttrs, users: &str, sessions: &str, report: &Report) -> Option<String> {
    let Some(given) = &attrs.oauth else {
        if let Some(table) = &attrs.oauth_table {
            report.error(
                &table.key,
                "`oauth_table` names the table of accounts at OAuth providers, which these users do not have",
                "write `#[auth(oauth, oauth_table = \"…\")]`",
            );
        }
        return None;
    };
    if !cfg!(feature = "oauth") && !cfg!(test) {
        report.error(
            &given.key,
            "accounts at OAuth providers are not enabled",
            "enable the Cargo feature: `axum-users = { …, features = [\"oauth\"] }`",
        );
    }
    Some(named(&attrs.oauth_table, users, sessions, report))
}

impl Sorted {
    /// Checks the fields of a struct with the key `oauth`.
    pub(super) fn oauth(&self, key: &Ident, report: &Report) {
        if let Some(tenant) = &self.tenant {
            report.error(
                tenant,
                "users with tenants cannot have accounts at OAuth providers",
                format!("remove `{key}` from the struct, or the tenant"),
            );
        }
    }
}

fn named(given: &Slot<LitStr>, users: &str, sessions: &str, report: &Report) -> String {
    match given {
        Some(given) => {
            let name = sql_names::oauth_table(given, report);
            if [users, sessions].iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
                report.error(
                    &given.value,
                    format!("`{name}` is already the table of users or of their sessions"),
                    "choose another table: `oauth_table = \"…\"`",
                );
            }
            name
        }
        None if users == "user" => "oauth_account".to_owned(),
        None => format!("{users}_oauth_account"),
    }
}
