//! The floors of `users-runtime/src`, low to high (docs/contributing/architecture.md):
//! `domain` → `user` → `port` → { `adapter` | `manager` } → { steps of `flows` | `http` } → routes of `flows` →
//! `builder`, `private`. A file uses lower floors only; floors in one brace and rooms of `flows` are blind to each other.

use super::source::{code, is_test, paths, without_tests};
use crate::repository::{Source, read, sources};

const SRC: &str = "users-runtime/src/";

/// Where a file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Higher floors may use lower ones.
    height: u8,
    /// Files with the same name here belong together.
    room: String,
}

/// The floor of a module path such as `["flows", "login", "http"]`; `None` for a name that stands on no floor.
fn place(path: &[String]) -> Option<Place> {
    let part = |at: usize| path.get(at).map(String::as_str);
    let (height, room) = match part(0)? {
        name @ "domain" => (0, name),
        name @ "user" => (1, name),
        "port" | "event" => (2, "port"),
        name @ ("adapter" | "manager") => (3, name),
        name @ "http" => (4, name),
        "flows" => match (part(1), part(2)) {
            (None, _) => (6, "flows"),
            (Some(room), Some("http")) => (5, room),
            (Some(room), _) => (4, room),
        },
        name @ "inventory" => (2, name),
        name @ ("openapi" | "testing") => (6, name),
        name @ "builder" => (7, name),
        name @ "private" => (8, name),
        _ => return None,
    };
    Some(Place { height, room: room.to_owned() })
}

/// The module path of a file: `flows/login/http.rs` is `flows::login::http`.
fn module(path: &str) -> Vec<String> {
    let inner = path.strip_prefix(SRC).unwrap_or(path).trim_end_matches(".rs").trim_end_matches("/mod");
    inner.split('/').map(str::to_owned).collect()
}

/// Crates that a floor must not name, by the first part of its path.
fn foreign(module: &[String]) -> &'static [&'static str] {
    const DATABASE: &[&str] = &["sqlx"];
    const WEB_AND_DATABASE: &[&str] = &["axum", "sqlx"];
    const WORLD: &[&str] = &["axum", "http", "sqlx", "tokio", "lettre", "jsonwebtoken", "argon2", "getrandom"];
    match module.first().map(String::as_str) {
        Some("domain" | "user") => WORLD,
        Some("port") => WEB_AND_DATABASE,
        Some("flows") if module.last().is_none_or(|last| last != "http") => WEB_AND_DATABASE,
        Some("flows" | "http") => DATABASE,
        Some("manager") => DATABASE,
        _ => &[],
    }
}

/// Every break of the rules in one file.
fn breaks(source: &Source) -> Vec<String> {
    let own = module(&source.path);
    if own == ["lib"] {
        return Vec::new();
    }
    let Some(here) = place(&own) else {
        return vec![format!("{}: stands on no floor; add it to the table in tests/it/house/floors.rs", source.path)];
    };
    let is_card = source.path.ends_with("/mod.rs") && own.len() == 2 && own[0] == "flows";
    let code = code(&source.text);
    let code = without_tests(&code);
    let from_root = paths(code, "crate").into_iter();
    // `super` counts from the module that the file is; deeper ones inside the file are tests.
    let from_above = paths(code, "super").into_iter().map(|path| {
        let ups = 1 + path.iter().take_while(|part| *part == "super").count();
        [&own[..own.len().saturating_sub(ups)], &path[ups - 1..]].concat()
    });
    let mut found = Vec::new();
    for target in from_root.chain(from_above) {
        let name = target.join("::");
        let allowed = match place(&target) {
            Some(there) if there.room == here.room => there.height <= here.height || is_card,
            Some(there) => there.height < here.height && (target[0] != "flows" || own[0] != "flows"),
            None => false,
        };
        if !allowed {
            found.push(format!("{}: must not use crate::{name}", source.path));
        }
    }
    for name in foreign(&own) {
        if !paths(code, name).is_empty() {
            found.push(format!("{}: must not name the crate {name}", source.path));
        }
    }
    found
}

#[test]
fn each_file_uses_lower_floors_only() {
    let files = sources(&["users-runtime/src"]);
    assert!(files.len() > 40, "the tree was found");
    let found: Vec<_> = files.iter().filter(|file| !is_test(&file.path)).flat_map(breaks).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_macro_crate_knows_the_runtime_only_as_names() {
    let manifest = read("users-macros/Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or("");
    assert!(dependencies.contains("syn"), "the table was found");
    assert!(!dependencies.contains("users-") && !dependencies.contains("users_"), "{dependencies}");
    assert!(!read("users-runtime/Cargo.toml").contains("users-macros"), "the runtime does not know the macro either");
}

#[test]
fn the_rules_find_what_breaks_them() {
    let cases = [
        ("domain/email.rs", "use crate::port::Clock;", true),
        ("domain/email.rs", "use super::{Error, url::PublicUrl};", false),
        ("domain/email.rs", "use super::super::port::Clock;", true),
        ("domain/email.rs", "/// [`Clock`](crate::port::Clock)\nfn f() {}", false),
        ("domain/email.rs", "use tokio::sync::Mutex;", true),
        ("user.rs", "use crate::domain::Status;", false),
        ("port/store.rs", "fn f() -> crate::adapter::Memory { todo() }", true),
        ("port/store.rs", "use sqlx::Pool;", true),
        ("adapter/sql/mod.rs", "use crate::{port::UserStore, manager::Policy};", true),
        ("adapter/sql/mod.rs", "use sqlx::Pool;\nuse crate::port::{self, UserStore};", false),
        ("manager/mod.rs", "use crate::adapter::Jwt;", true),
        ("manager/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::adapter::Jwt;\n}", false),
        ("http/routes.rs", "use crate::manager::Users;", false),
        ("http/routes.rs", "use crate::flows::login;", true),
        ("flows/login/logic.rs", "use crate::http::ApiError;", true),
        ("flows/login/logic.rs", "use crate::manager::Users;\nuse super::Refused;", false),
        ("flows/login/logic.rs", "use super::http::login;", true),
        ("flows/login/logic.rs", "use axum::Json;", true),
        ("flows/login/http.rs", "use crate::{http::ApiError, flows::login::Refused};\nuse super::logic::steps;", false),
        ("flows/login/http.rs", "use crate::flows::register::steps;", true),
        ("flows/login/http.rs", "use super::super::register::steps;", true),
        ("flows/login/mod.rs", "mod http;\npub(crate) use self::http::login;\nuse super::login::http::x;", false),
        ("builder/mod.rs", "use crate::{adapter::Jwt, manager::Users, flows::login};", false),
        ("builder/mod.rs", "use crate::private::Anything;", true),
        ("private.rs", "pub use crate::{builder::Users, flows::login::http::login};", false),
        ("port/store.rs", "use crate::Users;", true),
        ("cellar/mod.rs", "", true),
    ];
    for (path, text, is_break) in cases {
        let source = Source { path: format!("{SRC}{path}"), text: text.to_owned() };
        let found = breaks(&source);
        assert_eq!(!found.is_empty(), is_break, "{path}: {text}\n{found:?}");
    }
}
