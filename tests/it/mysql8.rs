//! MySQL 8, where `TEST_MYSQL8_URL` names a server.

use crate::servers::pass_on_mysql_8;

/// The tests that involve `CHECK`, collations, triggers and accounts at providers.
const TESTS: [&str; 6] = [
    "oauth::databases::",
    "security::addresses::stored_spellings",
    "security::other_programs::",
    "security::private_registration::",
    "security::refused_values::",
    "security::triggers::",
];

/// Runs the tests about databases once more, with this server instead of MariaDB.
#[test]
fn mysql_8_passes_the_tests_of_mariadb() {
    pass_on_mysql_8(&TESTS);
}
