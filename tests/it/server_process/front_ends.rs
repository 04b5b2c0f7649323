//! The variables for front ends on other origins, and the health checks of the server.

use super::{
    Running, free_port,
    start::{run, this_binary},
};
use crate::http::Http;

const READER: &str = "http://localhost:3000";
const TRUSTED: &str = "https://app.camelot.bt";

#[test]
fn a_list_of_origins_that_is_wrong_stops_the_start_and_names_the_variable() {
    for (variable, value) in [
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "http://localhost:3000,app.camelot.bt"),
        ("CORS_ORIGINS", "http://app.camelot.bt"),
        ("CORS_ORIGINS", "https://app.camelot.bt/path"),
        ("TRUSTED_ORIGINS", "https://*.camelot.bt"),
        ("TRUSTED_ORIGINS", "null"),
        ("OPERATION_IDS", "snake_case"),
    ] {
        let (code, complaint) = run(&[("BIND", "127.0.0.1:0"), ("DATABASE_URL", "sqlite::memory:"), (variable, value)]);
        assert_eq!(code, 1, "{variable}={value}");
        assert!(complaint.starts_with("server: ") && complaint.contains(variable), "{complaint}");
    }
}

#[tokio::test]
async fn listed_origins_read_responses_and_trusted_ones_also_send_cookies() {
    let port = free_port();
    let readers = format!("{READER}, {TRUSTED}");
    let variables = [("CORS_ORIGINS", readers.as_str()), ("TRUSTED_ORIGINS", TRUSTED)];
    let running = Running::at(this_binary(), &format!("127.0.0.1:{port}"), port, "sqlite::memory:", &variables);
    let http = Http::at(running.address);
    for (origin, reads, sends_cookies) in
        [(READER, true, false), (TRUSTED, true, true), ("https://evil.example", false, false)]
    {
        let asked = http.request("OPTIONS".parse().unwrap(), "/users/me").header("origin", origin);
        let asked = asked.header("access-control-request-method", "PATCH").send().await;
        let read = http.get("/users/me").header("origin", origin).send().await;
        for response in [&asked, &read] {
            assert_eq!(response.header("access-control-allow-origin"), reads.then_some(origin), "{origin}");
            let credentials = response.header("access-control-allow-credentials");
            assert_eq!(credentials == Some("true"), sends_cookies, "{origin}: {credentials:?}");
        }
        assert_eq!(read.status, 401, "the layer decides who reads, not who is logged in");
    }
    // The session cookie: a trusted origin logs in, another one is refused, whether or not it may read responses.
    let body = serde_json::json!({ "email": "arthur@camelot.bt", "password": super::PASSWORD });
    assert_eq!(http.post("/auth/register").json(body).send().await.status, 201);
    let form = [("username", "arthur@camelot.bt"), ("password", super::PASSWORD)];
    for (origin, status) in [(TRUSTED, 204), (READER, 403)] {
        let login = http.post("/auth/cookie/login").form(&form).header("origin", origin).send().await;
        assert_eq!(login.status, status, "{origin}");
    }
}

#[tokio::test]
async fn a_server_without_lists_sends_no_cors_headers_and_is_ready() {
    let running = Running::start("sqlite::memory:", None);
    let http = Http::at(running.address);
    for path in ["/health/live", "/health/ready"] {
        let response = http.get(path).header("origin", READER).send().await;
        assert_eq!((response.status.as_u16(), response.header("access-control-allow-origin")), (200, None), "{path}");
    }
}
