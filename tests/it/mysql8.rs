//! MySQL 8, where `TEST_MYSQL8_URL` names a server.

use crate::servers::pass_on_mysql_8;

/// The tests that meet `CHECK`, collations, defaults, UUIDs, ids, schemas, stored values, triggers and accounts at providers.
/// Those of `columns::as_they_are` use types that only MariaDB has.
const TESTS: [&str; 14] = [
    "adopting::",
    "columns::changed_values::",
    "columns::from_database::",
    "columns::implicit::",
    "columns::nullable::",
    "ids::",
    "named_schema::",
    "oauth::databases::",
    "security::addresses::stored_spellings",
    "security::other_programs::",
    "security::private_registration::",
    "security::refused_values::",
    "security::triggers::",
    "stored_values::",
];

/// Runs the tests about databases once more, with this server instead of MariaDB.
#[test]
fn mysql_8_passes_the_tests_of_mariadb() {
    pass_on_mysql_8(&TESTS);
}
