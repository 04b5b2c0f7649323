//! Random and mutated requests against every route: no panic, no 5xx, no slow response, and no escalation of privileges.
//! `scripts/nightly fuzz` runs it for a given time; the test run sends two thousand requests.
#![expect(clippy::disallowed_methods, reason = "measures real time")]

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::wire_bytes::{exchange, status};
use crate::{
    dice::Dice,
    support::{PASSWORD, TestApp, mounted, path_of},
};

/// The longest time that a response may take.
const PATIENCE: Duration = Duration::from_secs(5);
const KEYS: [&str; 16] = [
    "email",
    "password",
    "current_password",
    "token",
    "first_name",
    "quota",
    "note",
    "id",
    "is_active",
    "is_superuser",
    "is_verified",
    "hashed_password",
    "username",
    "grant_type",
    "scope",
    "",
];
const TEXTS: [&str; 26] = [
    "",
    " ",
    "a",
    "arthur@camelot.bt",
    "ARTHUR@CAMELOT.BT",
    "x@camelot.bt",
    "@",
    "a@b",
    "\"a b\"@camelot.bt",
    "a@[127.0.0.1]",
    "a@xn--",
    "ä@ä.ä",
    "\u{0}",
    "\r\n",
    "\u{202e}",
    "\u{fffd}",
    "%00",
    "../../etc/passwd",
    "' OR 1=1 --",
    "{{7*7}}",
    "null",
    "-1",
    "9223372036854775808",
    "NaN",
    "😀😀😀😀😀😀😀😀",
    PASSWORD,
];

fn text(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => "x".repeat(dice.below(3000)),
        1 => (0..dice.below(12)).filter_map(|_| char::from_u32(dice.next() as u32 % 0x11_0000)).collect(),
        2 => format!("{}{}", dice.pick(&TEXTS), dice.pick(&TEXTS)),
        _ => (*dice.pick(&TEXTS)).to_owned(),
    }
}

fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => json!(dice.below(2) == 0),
        2 => json!(dice.next()),
        3 => json!(i64::MIN),
        4 => json!(f64::MAX / 3.0),
        5 | 6 => json!(text(dice)),
        7 => (0..dice.below(4)).map(|_| value(dice, depth - 1)).collect(),
        _ => object(dice, depth - 1),
    }
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    (0..dice.below(6))
        .map(|_| ((*dice.pick(&KEYS)).to_owned(), value(dice, depth)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Flips, drops, duplicates or truncates bytes.
fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..dice.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.below(bytes.len());
        match dice.below(5) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => {
                bytes.remove(at);
            }
            2 => bytes.insert(at, dice.next() as u8),
            3 => bytes.truncate(at),
            _ => bytes.extend_from_within(at..),
        }
    }
}

fn body(dice: &mut Dice, tokens: &[String]) -> (String, Vec<u8>) {
    let media = [
        "application/json",
        "application/json",
        "application/json",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        "application/json; charset=utf-16",
        "application/merge-patch+json",
        "",
        "\u{7f}",
    ];
    let media = (*dice.pick(&media)).to_owned();
    let mut bytes = match dice.below(8) {
        0 => Vec::new(),
        1 => (0..dice.below(200)).map(|_| dice.next() as u8).collect(),
        2 => format!("--x\r\ncontent-disposition: form-data; name=\"username\"\r\n\r\n{}\r\n--x--\r\n", text(dice))
            .into_bytes(),
        3 => format!("username={}&password={}&grant_type=password", text(dice), text(dice)).into_bytes(),
        4 => {
            json!({ "token": dice.pick(tokens), "password": text(dice), "email": text(dice) }).to_string().into_bytes()
        }
        5 => format!("{}{}", "[".repeat(dice.below(200)), "{\"a\":".repeat(dice.below(200))).into_bytes(),
        _ => object(dice, 3).to_string().into_bytes(),
    };
    if dice.below(3) == 0 {
        mutate(dice, &mut bytes);
    }
    (media, bytes)
}

fn path(dice: &mut Dice, ids: &[String]) -> String {
    let all: Vec<_> = mounted().collect();
    let route = *dice.pick(&all);
    let id: String = match dice.below(4) {
        0 => text(dice).bytes().take(200).map(|byte| format!("%{byte:02X}")).collect(),
        1 => "me".to_owned(),
        _ => dice.pick(ids).clone(),
    };
    let mut path = path_of(route).replace("{id}", &id);
    match dice.below(12) {
        0 => path.push('/'),
        1 => path.push_str("?access_token=x&%ff=%00&&=&email=a"),
        2 => path = format!("/{path}"),
        3 => path = path.to_uppercase(),
        _ => {}
    }
    path
}

const METHODS: [&str; 10] = ["GET", "POST", "POST", "POST", "PATCH", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"];

/// The number of requests if no time is given.
const SHORT: usize = 2000;

#[tokio::test]
async fn no_route_ever_panics_or_5xx() {
    let seconds: Option<u64> = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut dice = Dice::new(seed);
    let app = TestApp::start().await;
    let king = app.superuser("uther@camelot.bt").await;
    let plain = app.member("arthur@camelot.bt").await;
    app.post("/auth/forgot-password").json(json!({ "email": "arthur@camelot.bt" })).send().await;
    let reset = app.hooks.token("on_after_forgot_password").await;
    let forged = format!("{}AAAA", &plain[..plain.len() - 4]);
    // No superuser token, since a superuser may change rights, and no mailed token, since the first use would consume it.
    let tokens = [plain.clone(), forged, format!("{reset}x"), "garbage".to_owned(), String::new()];
    let ids = [
        app.stored("uther@camelot.bt").await.id.to_string(),
        "0".to_owned(),
        "00000000-0000-4000-8000-000000000000".to_owned(),
    ];
    let kings = format!("{:?}", app.stored("uther@camelot.bt").await);

    let start = std::time::Instant::now();
    let mut sent = 0;
    while seconds.map_or(sent < SHORT, |seconds| start.elapsed().as_secs() < seconds) {
        sent += 1;
        let method = *dice.pick(&METHODS);
        let path = path(&mut dice, &ids);
        let (media, bytes) = body(&mut dice, &tokens);
        let token = dice.pick(&tokens).clone();
        let label =
            format!("request {sent} of seed {seed}: {method} {path} {media:?} {:?}", String::from_utf8_lossy(&bytes));
        if dice.below(40) == 0 {
            // Sent as raw bytes, including the head.
            let mut raw = format!(
                "{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {media}\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
                bytes.len()
            )
            .into_bytes();
            raw.extend(&bytes);
            mutate(&mut dice, &mut raw);
            // An unfinished head or body makes the server wait; another test covers that.
            let response =
                tokio::time::timeout(Duration::from_millis(200), exchange(&app, &raw)).await.unwrap_or_default();
            assert!(status(&response).is_none_or(|status| status < 500), "{label}: {response}");
            continue;
        }
        let mut call = app.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
        if !token.is_empty() {
            call = call.bearer(&token);
        }
        if !media.contains('\u{7f}') {
            call = call.raw(&media, bytes);
        }
        let response = tokio::time::timeout(PATIENCE, call.send())
            .await
            .unwrap_or_else(|_| panic!("no response in time: {label}"));
        assert!(response.status.as_u16() < 500, "{label}: {response:?}");
        assert!(
            response.body.is_empty() || response.header("content-type") == Some("application/json"),
            "{label}: {response:?}"
        );
        assert!(!response.text().contains("$argon2"), "{label}: {response:?}");
    }
    println!("{sent} requests");
    assert_eq!(format!("{:?}", app.stored("uther@camelot.bt").await), kings, "the superuser is unchanged");
    assert_eq!(app.me(&king).await.status, 200);
    let pool = app.sqlite().await;
    let raised: i64 = sqlx::query_scalar("SELECT count(*) FROM user WHERE is_superuser OR quota <> 0 OR note <> ''")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(raised, 1, "only the superuser has rights");
}
