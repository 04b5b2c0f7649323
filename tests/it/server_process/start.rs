//! What the server prints, and how it exits, if it cannot start; and that it starts with only `BIND`.

use std::{
    env,
    net::TcpListener,
    process::{Command, Output},
};

use super::{PASSWORD, Running, SECRET, free_port};
use crate::http::Http;

pub fn this_binary() -> Command {
    Command::new(env::current_exe().unwrap())
}

/// Runs the server with these variables until it exits.
pub fn run(variables: &[(&str, &str)]) -> (i32, String) {
    let output: Output = this_binary()
        .args(["--exact", "server_process::the_server", "--nocapture", "--test-threads=1"])
        .env_clear()
        .env("EXIT", "1")
        .env("AUTH_SECRET", SECRET)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_server_without_its_database_says_why_in_one_line_and_exits_with_1() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in
        [format!("postgres://arthur:hunter2@{closed}/camelot"), format!("mysql://arthur:hunter2@{closed}/camelot")]
    {
        let (code, complaint) = run(&[("BIND", "127.0.0.1:0"), ("DATABASE_URL", &url)]);
        assert_eq!((code, complaint.lines().count()), (1, 1), "{complaint}");
        for part in ["server: the database is not available", "onnection refused", "check the host and the port"] {
            assert_eq!(complaint.matches(part).count(), 1, "{part} in {complaint}");
        }
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
}

#[cfg(feature = "redis")]
#[test]
fn a_server_without_its_redis_says_why_in_one_line_and_exits_with_1() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let redis = format!("redis://:hunter2@{closed}");
    let variables = [("BIND", "127.0.0.1:0"), ("DATABASE_URL", "sqlite::memory:"), ("REDIS_URL", &redis)];
    let (code, complaint) = run(&variables);
    assert_eq!((code, complaint.lines().count()), (1, 1), "{complaint}");
    assert!(complaint.contains("no server at this address") && complaint.contains("check the host"), "{complaint}");
    assert!(!complaint.contains("hunter2"), "{complaint}");
}

#[test]
fn an_address_without_a_url_for_mails_says_what_to_set() {
    for bind in ["192.168.1.10:8000", "camelot.bt:8000", ":8000"] {
        let (code, complaint) = run(&[("BIND", bind), ("DATABASE_URL", "sqlite::memory:")]);
        assert_eq!(code, 1, "{complaint}");
        for part in ["PUBLIC_URL is not set", "BIND", "set PUBLIC_URL to", "PRIVATE_NETWORK"] {
            assert!(complaint.contains(part), "{part} in {complaint}");
        }
    }
    let (code, complaint) =
        run(&[("BIND", "127.0.0.1:0"), ("DATABASE_URL", "sqlite::memory:"), ("PUBLIC_URL", "http://camelot.bt")]);
    assert_eq!(code, 1);
    assert!(complaint.starts_with("server: PUBLIC_URL: "), "{complaint}");
}

#[tokio::test]
async fn bind_alone_starts_on_every_address_of_the_machine() {
    for host in ["0.0.0.0", "[::]"] {
        if TcpListener::bind((host.trim_matches(['[', ']']), 0)).is_err() {
            continue; // no IPv6
        }
        let port = free_port();
        let running = Running::at(this_binary(), &format!("{host}:{port}"), port, "sqlite::memory:", &[]);
        let http = Http::at(running.address);
        let body = serde_json::json!({ "email": "arthur@camelot.bt", "password": PASSWORD });
        assert_eq!(http.post("/auth/register").json(body).send().await.status, 201, "{host}");
        let (status, complaints) = running.stop();
        assert!(status.success() && complaints.is_empty(), "{host}: {complaints}");
    }
}

#[tokio::test]
async fn plain_http_in_a_private_network_starts_by_name() {
    let port = free_port();
    let variables = [("PUBLIC_URL", "http://192.168.1.10:8000"), ("PRIVATE_NETWORK", "true")];
    let running = Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, "sqlite::memory:", &variables);
    let http = Http::at(running.address);
    let body = serde_json::json!({ "email": "arthur@camelot.bt", "password": PASSWORD });
    assert_eq!(http.post("/auth/register").json(body).send().await.status, 201);
    let login = http.post("/auth/cookie/login").form(&[("username", "arthur@camelot.bt"), ("password", PASSWORD)]);
    let login = login.header("origin", "http://192.168.1.10:8000").send().await;
    assert!(login.header("set-cookie").unwrap().starts_with("fastapiusersauth="), "{login:?}");
    assert!(!login.header("set-cookie").unwrap().contains("Secure"), "{login:?}");
}

#[cfg(feature = "audit")]
#[tokio::test]
async fn the_audit_log_has_a_variable_and_is_written_before_the_server_ends() {
    use sqlx::Connection as _;

    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}?mode=rwc", folder.path().join("audit.db").display());
    for (variables, status) in [(&[("AUDIT", "on")][..], 401), (&[], 404)] {
        let port = free_port();
        let running = Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, &database, variables);
        let http = Http::at(running.address);
        assert_eq!(http.get("/audit").send().await.status, status);
        let form = [("username", "arthur@camelot.bt"), ("password", "a wrong password")];
        for _ in 0..3 {
            http.post("/auth/jwt/login").form(&form).send().await;
        }
        let (exit, complaints) = running.stop();
        assert!(exit.success(), "{complaints}");
    }
    let mut connection = sqlx::SqliteConnection::connect(&database).await.unwrap();
    let rows = "SELECT count(*) FROM user_audit WHERE event = 'login' AND outcome = 'refused'";
    let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut connection).await.unwrap();
    assert_eq!(rows, 3, "those of the first server");
}

#[tokio::test]
async fn the_limits_are_on_and_have_variables() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}?mode=rwc", folder.path().join("limits.db").display());
    for (variables, failures) in [
        (&[("LIMITS", "")][..], Some(5)),
        (&[("LIMITS", "nist"), ("LIMITS_STORE", "database"), ("LIMITS_REGISTER", "2")], Some(5)),
        (&[("LIMITS", "off")], None),
    ] {
        let port = free_port();
        let running = Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, &database, variables);
        let http = Http::at(running.address);
        let form = [("username", "arthur@camelot.bt"), ("password", "a wrong password")];
        for number in 0..7 {
            let status = http.post("/auth/jwt/login").form(&form).send().await.status;
            assert_eq!(status == 429, failures.is_some_and(|free| number >= free), "{variables:?} {number}: {status}");
        }
    }
    for (variable, value) in [("LIMITS", "x"), ("LIMITS_STORE", "x"), ("LIMITS_STORE", "redis"), ("LIMITS_MAILS", "x")]
    {
        let (code, complaint) = run(&[("BIND", "127.0.0.1:0"), ("DATABASE_URL", "sqlite::memory:"), (variable, value)]);
        assert_eq!(code, 1);
        assert!(complaint.contains(variable) || complaint.contains("REDIS_URL"), "{complaint}");
    }
}
