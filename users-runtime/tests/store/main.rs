//! Every store against a real database: conformance, races, plans of the hot queries, migration, drift, durability.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod users;

use users_runtime::adapter::sql::StoredUser;

fn stored<U: StoredUser>() {}

#[test]
fn every_enabled_database_keeps_both_kinds_of_user() {
    stored::<users::User>();
    stored::<users::Member>();
}
