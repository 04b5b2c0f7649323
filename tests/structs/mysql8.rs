//! MySQL 8, where `TEST_MYSQL8_URL` names a server.

use crate::servers::pass_on_mysql_8;

/// The tests that meet `CHECK`, collations, defaults, UUIDs, ids, schemas and stored values. Those of `columns::as_they_are` use
/// types that only MariaDB has.
const TESTS: [&str; 8] = [
    "adopting::",
    "columns::changed_values::",
    "columns::from_database::",
    "columns::implicit::",
    "columns::nullable::",
    "ids::",
    "named_schema::",
    "stored_values::",
];

/// Runs the tests about databases once more, with this server instead of MariaDB.
#[test]
fn mysql_8_passes_the_tests_of_mariadb() {
    pass_on_mysql_8(&TESTS);
}
