//! MySQL 8, where `TEST_MYSQL8_URL` names a server.

use crate::servers::pass_on_mysql_8;

/// Runs the tests of the stores once more, with this server instead of MariaDB.
#[test]
fn mysql_8_passes_the_tests_of_mariadb() {
    pass_on_mysql_8(&["store::", "--skip", "mysql_8"]);
}
