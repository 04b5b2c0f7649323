//! Defaults and limits in tables, compared with the code.

use std::collections::BTreeSet;

use axum_users::{
    Cookie, DatabaseSessions, Jwt, Policy,
    password::{Argon2Params, BreachCheck, HashCost, HashSettings},
    store::PoolSettings,
};
use syn::{BinOp, Expr, ExprLit, ImplItem, Item, Lit};

use super::page::{first_cells, quoted, read, rows, runtime, section};

/// Asserts that a table has exactly these rows: the first cell, and the value of the second in seconds, bytes or pieces.
#[track_caller]
fn assert_numbers(text: &str, expected: &[(&str, u64)]) {
    let table: Vec<_> = rows(text).into_iter().map(|row| (row[0].clone(), value(&row[1]))).collect();
    let expected: Vec<_> = expected.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
    assert_eq!(table, expected);
}

/// The value of a cell such as `16 KiB` or `10 s`.
fn value(cell: &str) -> u64 {
    let (number, unit) = cell.split_once(' ').unwrap_or((cell, ""));
    let unit = match unit {
        "h" => 3600,
        "min" => 60,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => 1024 * MIB,
        "" | "s" | "bytes" => 1,
        other => panic!("unknown unit {other}"),
    };
    unit * number.replace(',', "").parse::<u64>().unwrap()
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The value of a constant of the runtime; times in seconds.
#[track_caller]
fn constant(file: &str, name: &str) -> u64 {
    let file = syn::parse_file(&read(&format!("users-runtime/src/{file}"))).unwrap();
    let in_impl =
        file.items.iter().filter_map(|item| if let Item::Impl(item) = item { Some(&item.items) } else { None });
    let mut constants = in_impl
        .flatten()
        .filter_map(|item| if let ImplItem::Const(item) = item { Some((&item.ident, &item.expr)) } else { None })
        .chain(
            file.items
                .iter()
                .filter_map(|item| if let Item::Const(item) = item { Some((&item.ident, &*item.expr)) } else { None }),
        );
    let (_, expression) = constants.find(|(ident, _)| *ident == name).unwrap_or_else(|| panic!("no constant {name}"));
    evaluated(expression)
}

/// The value of a literal, a product, or a call such as `Duration::from_secs(10)`.
fn evaluated(expression: &Expr) -> u64 {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().unwrap(),
        Expr::Binary(product) if matches!(product.op, BinOp::Mul(_)) => {
            evaluated(&product.left) * evaluated(&product.right)
        }
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) if path.path.segments.last().unwrap().ident == "from_secs" => evaluated(&call.args[0]),
            _ => panic!("an unknown call"),
        },
        _ => panic!("an unknown expression"),
    }
}

#[test]
fn session_page() {
    let sessions = format!("{:?}", DatabaseSessions::new());
    for default in ["lifetime: Some(86400s)", "idle: Some(3600s)", "at_most: 20"] {
        assert!(sessions.contains(default), "{sessions}");
    }
    assert!(format!("{:?}", Policy::recommended()).contains("fresh_login: 300s"));
    assert_numbers(
        section(&read("docs/guide/sessions.md"), "## Time limits"),
        &[
            ("JWT, after login", Jwt::DEFAULT_LIFETIME.as_secs()),
            ("stored session, after login", 86_400),
            ("stored session, after its last use", 3600),
            ("precision of the last use", constant("domain/session.rs", "TOUCH_EVERY")),
            ("login that counts as fresh", 300),
            ("concurrent sessions per user", 20),
        ],
    );
}

#[test]
fn resources_page() {
    let hashing = HashSettings::default();
    assert_numbers(
        &read("docs/guide/resources.md"),
        &[
            (
                "request head, and idle time between two requests (built-in server)",
                constant("builder/serve.rs", "HEAD_TIME"),
            ),
            ("a request to the library's routes, body included", constant("http/edge.rs", "REQUEST_TIMEOUT")),
            ("request body", constant("http/incoming.rs", "BODY_LIMIT")),
            ("nesting depth of JSON", constant("http/json_value.rs", "MAX_DEPTH")),
            ("access token", constant("adapter/jwt/mod.rs", "MAX_TOKEN_BYTES")),
            ("password", constant("domain/password_policy.rs", "MAX_BYTES")),
            ("memory of all running hashes", MIB * u64::from(hashing.memory_budget_mib)),
            ("passwords waiting, per worker", hashing.queue_per_worker.try_into().unwrap()),
            ("waiting time of a password", hashing.max_wait.as_secs()),
            ("memory of a stored hash", KIB * u64::from(Argon2Params::MAX_MEMORY_KIB)),
            ("passes of a stored hash", Argon2Params::MAX_PASSES.into()),
            ("work of a stored hash, in KiB × passes of Argon2", HashCost::MAX_WORK),
            (
                "work of a failed login, in KiB × passes of Argon2",
                constant("adapter/password/hash_kinds.rs", "MAX_WORK"),
            ),
            ("responses of 429 and 503 held back at once", constant("service/holding.rs", "CAPACITY")),
            ("longest delay of such a response", constant("service/holding.rs", "LONGEST")),
            ("refusals (429, 503) on one connection (built-in server)", constant("http/client.rs", "MAX")),
            ("concurrent queries for current users", constant("background/batch_loader/mod.rs", "MAX_QUERIES")),
            ("lookups in one query", constant("background/batch_loader/mod.rs", "MAX_BATCH")),
            (
                "[results of lookups](databases.md#sqlite) kept until the next commit (SQLite), each with a copy of its user",
                constant("adapter/sql/sqlite/lookup_cache.rs", "CAPACITY"),
            ),
            ("waiting time for a database connection", PoolSettings::default().acquire_timeout.as_secs()),
            (
                "waiting time for another process's lock on a SQLite file",
                constant("adapter/sql/sqlite/connect.rs", "BUSY_TIMEOUT"),
            ),
            ("connecting to Redis", constant("adapter/redis/connection.rs", "CONNECT")),
            ("a response from Redis", constant("adapter/redis/connection.rs", "REPLY")),
            ("both, including one retry", constant("adapter/redis/connection.rs", "TOTAL")),
            ("a reply of Redis", constant("adapter/redis/stream.rs", "MAX_REPLY")),
            ("what a mail server sends during one mail", constant("adapter/mail/smtp/connect.rs", "MAX_RECEIVED")),
            ("a lookup of a breached password", BreachCheck::TIME.as_secs()),
            ("a response of the range API", constant("adapter/breached/range_query.rs", "MAX_RESPONSE")),
            ("queued mails", constant("background/jobs.rs", "CAPACITY")),
            ("mails being sent at once", constant("background/jobs.rs", "WORKERS")),
            ("[counters](limits.md) in memory", constant("adapter/memory/counters.rs", "CAPACITY")),
            ("a job after the response", constant("background/jobs.rs", "JOB_TIME")),
            ("a hook after a stored change", constant("service/hooks.rs", "AFTER_HOOK_TIME")),
            ("requests in progress at shutdown (built-in server)", constant("builder/serve.rs", "STOP_TIME")),
            ("queued mails at shutdown (built-in server)", constant("builder/serve.rs", "DRAIN")),
        ],
    );
}

#[test]
fn outbound_page() {
    let table = rows(&read("docs/guide/outbound.md"));
    assert!(table.iter().all(|row| row.len() == 5 && row.iter().all(|cell| !cell.is_empty())), "{table:?}");
    let times: Vec<_> = table.iter().map(|row| row[4].split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(times, ["2 s", "2 s", "10 s", "5 s", "8 s"]);
    assert_eq!(BreachCheck::TIME.as_secs(), 5);
    assert_eq!(constant("adapter/mail/smtp/mod.rs", "TIME"), 10);
    assert_eq!(constant("adapter/oauth/limits.rs", "TIME"), 8);
    // The pages that are served load nothing from elsewhere.
    for page in ["docs.html", "page.js", "page.css"] {
        let text = read(&format!("users-runtime/src/openapi/explorer/{page}"));
        assert!(!["//cdn", "https:", "http:"].iter().any(|other| text.contains(other)), "{page}");
    }
}

#[test]
fn server_setup_page() {
    let page = read("docs/guide/deployment.md");
    let parts = ["by_mail", "front_ends", "hooks", "mails", "mfa", "oauth", "pages", "passkeys", "refresh"]
        .map(|part| read(&format!("examples/server/{part}.rs")));
    let example = read("examples/server.rs") + &parts.concat();
    let table = rows(section(&page, "## The example server"));
    // The names of variables that the example reads, and the ends of those of each provider; RUST_LOG is read by the
    // subscriber.
    let is_variable = |name: &str| {
        name.len() > 2
            && !["OAUTH_", "OIDC_"].contains(&name)
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    let literals = example.split('"').skip(1).step_by(2).filter(|text| is_variable(text)).chain(["RUST_LOG"]);
    let names: BTreeSet<String> =
        literals.map(|name| if name.starts_with('_') { format!("OAUTH_…{name}") } else { name.to_owned() }).collect();
    assert_eq!(first_cells(&table), names);
    for row in &table {
        let (name, default) = (row[0].trim_matches('`'), row[2].trim_matches('`'));
        if let Some(rest) = example.split(&format!("variable(\"{name}\", \"")).nth(1) {
            let in_code = rest.split('"').next().filter(|text| !text.is_empty()).unwrap_or("none");
            assert_eq!(in_code, default, "{name}");
        }
    }
    // The programs of the page set what the built-in server sets.
    for setting in ["header_read_timeout(", "TokioTimer::new()", "into_make_service_with_connect_info::<SocketAddr>()"]
    {
        assert!(runtime().contains(setting) && page.contains(setting), "{setting}");
    }
    assert!(page.contains("users.drain("));
}

#[test]
fn the_settings_of_cookies_are_those_of_the_code() {
    let page = read("docs/guide/cookies.md");
    let table = rows(section(&page, "## Settings"));
    let documented = first_cells(&table).into_iter().map(|cell| cell.split('(').next().unwrap().to_owned());
    let source = read("users-runtime/src/adapter/cookie/mod.rs");
    let setters = source.split("    pub fn ").skip(1).filter_map(|item| item.split_once("("));
    let in_code = setters.filter(|(_, rest)| rest.starts_with("mut self") || rest.starts_with("self"));
    let in_code: BTreeSet<_> = in_code.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(documented.chain(["clear_site_storage".to_owned()]).collect::<BTreeSet<_>>(), in_code);
    assert!(format!("{:?}", Cookie::new()).contains(quoted(&table[0][1])[0]));
}
