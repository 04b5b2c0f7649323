//! The server on a disk that is full, simulated by a limit on the size of its files.

use std::process::Command;

use serde_json::json;

use super::{PASSWORD, Running, patient_login};
use crate::http::Http;

/// Registers until the disk is full. Every acknowledged registration, change and reset is there after a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_acknowledged_on_a_full_disk_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("server.db").display());
    // Creates the tables.
    let (status, complaints) = Running::start(&url, None).stop();
    assert!(status.success(), "{complaints}");

    // The shell ignores the signal of the limit, so that a write fails instead of ending the process. 96 blocks of 1 KiB.
    let limited = "trap '' XFSZ; ulimit -f 96; exec \"$0\" \"$@\"";
    let mut shell = Command::new("bash");
    shell.args(["-c", limited]).arg(std::env::current_exe().unwrap());
    let running = Running::start_with(shell, &url, None);
    let http = Http::at(running.address);
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for number in 0..200 {
        let email = format!("{number}@camelot.bt");
        let body = json!({ "email": email, "password": PASSWORD, "first_name": "x".repeat(80) });
        let response = http.post("/auth/register").json(body).send().await;
        match response.status.as_u16() {
            201 => acknowledged.push(email),
            503 => refused += 1,
            _ => panic!("{response:?}"),
        }
        if refused > 8 {
            break;
        }
    }
    assert!(!acknowledged.is_empty() && refused > 0, "{} acknowledged, {refused} refused", acknowledged.len());
    let mut renamed = Vec::new();
    for email in acknowledged.iter().take(5) {
        let response = patient_login(&http, "jwt", email, PASSWORD).await;
        if response.status != 200 {
            assert_eq!(response.status, 503, "{response:?}");
            continue;
        }
        let token = response.access_token();
        let changed = http.patch("/users/me").bearer(&token).json(json!({ "first_name": "Arthur" })).send().await;
        match changed.status.as_u16() {
            200 => renamed.push((email, "Arthur".to_owned())),
            503 => renamed.push((email, "x".repeat(80))),
            _ => panic!("{changed:?}"),
        }
    }
    drop(running);

    let running = Running::start(&url, None);
    let http = Http::at(running.address);
    for email in &acknowledged {
        let response = patient_login(&http, "jwt", email, PASSWORD).await;
        assert_eq!(response.status, 200, "{email} was acknowledged: {response:?}");
        if let Some((_, name)) = renamed.iter().find(|(renamed, _)| *renamed == email) {
            let me = http.get("/users/me").bearer(&response.access_token()).send().await.json();
            assert_eq!(me["first_name"], json!(name), "{email}");
        }
    }
}
