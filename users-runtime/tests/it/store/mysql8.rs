//! MySQL 8, where `TEST_MYSQL8_URL` names a server.

use std::{env, process::Command};

/// Runs the tests of the stores once more, with this server instead of MariaDB.
#[test]
fn mysql_8_passes_the_tests_of_mariadb() {
    let Some(url) = env::var_os("TEST_MYSQL8_URL").filter(|url| !url.is_empty()) else {
        eprintln!("skipped: TEST_MYSQL8_URL is not set, so MySQL 8 is not tested");
        return;
    };
    let status = Command::new(env::current_exe().unwrap())
        .args(["store::", "--skip", "mysql_8"])
        .env("TEST_MYSQL_URL", url)
        .env_remove("TEST_MYSQL8_URL")
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}
