//! The layers of `users-runtime/src`, low to high (docs/contributing/architecture.md): `domain` → `user` → `port` →
//! { `adapter` | `background` → `service` → `account` → { steps of `flows` | `http` } → handlers of `flows` } → `inventory`
//! → { `openapi` | `pages` } → `builder` → `private`. A module uses lower layers only. Adapters and the modules beside them do not know
//! each other, and features of `flows` do not know each other.

use super::source::{is_test, paths, tokens};
use crate::repository::{Source, read, sources};

const SRC: &str = "users-runtime/src/";

/// The position of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    /// Higher layers may use lower ones.
    height: u8,
    /// Files of one group may use each other.
    group: String,
}

/// The layer of a module path such as `["flows", "login", "http"]`; `None` for an unknown name.
fn layer(path: &[String]) -> Option<Layer> {
    let part = |at: usize| path.get(at).map(String::as_str);
    let (height, group) = match part(0)? {
        name @ "domain" => (0, name),
        name @ "user" => (1, name),
        "port" | "event" => (2, "port"),
        // Each part of `compat` is in the layer of what it replaces.
        "compat" => match part(1) {
            Some("email") => (0, "domain"),
            Some("http") => (6, "http"),
            Some("policy") => (4, "service"),
            _ => (3, "adapter"),
        },
        name @ ("adapter" | "background") => (3, name),
        name @ "service" => (4, name),
        name @ "account" => (5, name),
        name @ "http" => (6, name),
        "flows" => match (part(1), part(2)) {
            (None | Some("ENDPOINTS" | "LOGIN"), _) => (8, "flows"),
            (Some(feature), Some("http" | "read")) => (7, feature),
            (Some(feature), _) => (6, feature),
        },
        name @ "inventory" => (9, name),
        name @ ("openapi" | "pages" | "testing") => (10, name),
        name @ "builder" => (11, name),
        "private" | "__private0_1_0" => (12, "private"),
        // The macros that generated code calls; `macro_export` puts them into the root.
        name if name.starts_with("__") => (12, "private"),
        _ => return None,
    };
    Some(Layer { height, group: group.to_owned() })
}

/// The module path of a file: `flows/login/http.rs` is `flows::login::http`.
fn module(path: &str) -> Vec<String> {
    let inner = path.strip_prefix(SRC).unwrap_or(path).trim_end_matches(".rs").trim_end_matches("/mod");
    inner.split('/').map(str::to_owned).collect()
}

/// Crates that a layer must not use, by the first part of its path.
fn forbidden_crates(module: &[String]) -> &'static [&'static str] {
    const DATABASE: &[&str] = &["sqlx"];
    const WEB_AND_DATABASE: &[&str] = &["axum", "sqlx"];
    const IO: &[&str] = &["axum", "http", "sqlx", "tokio", "lettre", "jsonwebtoken", "argon2", "getrandom"];
    match module.first().map(String::as_str) {
        Some("domain" | "user") => IO,
        Some("port" | "background" | "account") => WEB_AND_DATABASE,
        Some("flows") if module.last().is_none_or(|last| last != "http") => WEB_AND_DATABASE,
        Some("flows" | "http" | "service") => DATABASE,
        _ => &[],
    }
}

/// Returns whether only the composition root may use this module; the rest uses it through ports.
fn is_behind_a_port(target: &[String], own: &[String]) -> bool {
    let roots = ["adapter", "builder", "compat", "private", "testing"];
    target[0] == "adapter" && !roots.contains(&own[0].as_str())
}

/// Returns every violation in one file.
fn violations(source: &Source) -> Vec<String> {
    let own = module(&source.path);
    if own == ["lib"] {
        return Vec::new();
    }
    let Some(mut here) = layer(&own) else {
        return vec![format!(
            "{}: has no layer; add it to the table in tests/it/repository_rules/layers.rs",
            source.path
        )];
    };
    let is_feature_root = source.path.ends_with("/mod.rs") && own.len() == 2 && own[0] == "flows";
    if is_feature_root {
        here.height = 7;
    }
    let code = tokens(&source.text).code;
    let from_root = paths(&code, "crate").into_iter();
    // `super` is relative to the module of the file; modules inside the file are tests.
    let from_above = paths(&code, "super").into_iter().map(|path| {
        let ups = 1 + path.iter().take_while(|part| *part == "super").count();
        [&own[..own.len().saturating_sub(ups)], &path[ups - 1..]].concat()
    });
    let mut found = Vec::new();
    for target in from_root.chain(from_above) {
        let name = target.join("::");
        let allowed = match layer(&target) {
            Some(_) if is_behind_a_port(&target, &own) => false,
            Some(there) if there.group == here.group => there.height <= here.height,
            Some(there) => there.height < here.height && (target[0] != "flows" || own[0] != "flows" || own.len() == 1),
            None => false,
        };
        if !allowed {
            found.push(format!("{}: must not use crate::{name}", source.path));
        }
    }
    for name in forbidden_crates(&own) {
        if !paths(&code, name).is_empty() {
            found.push(format!("{}: must not use the crate {name}", source.path));
        }
    }
    found
}

#[test]
fn each_module_uses_lower_layers_only() {
    let files = sources(&["users-runtime/src"]);
    assert!(files.len() > 40, "the source tree was found");
    let found: Vec<_> = files.iter().filter(|file| !is_test(&file.path)).flat_map(violations).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_macro_crate_does_not_depend_on_the_runtime() {
    let manifest = read("users-macros/Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or("");
    assert!(dependencies.contains("syn"), "the table was found");
    assert!(!dependencies.contains("users-") && !dependencies.contains("users_"), "{dependencies}");
    assert!(
        !read("users-runtime/Cargo.toml").contains("users-macros"),
        "the runtime does not depend on the macro crate"
    );
}

#[test]
fn violations_of_the_layers_are_detected() {
    let cases = [
        ("domain/email.rs", "use crate::port::Clock;", true),
        ("domain/email.rs", "use super::{Error, url::PublicUrl};", false),
        ("domain/email.rs", "use super::super::port::Clock;", true),
        ("domain/email.rs", "/// [`Clock`](crate::port::Clock)\nfn f() {}", false),
        ("domain/email.rs", "use tokio::sync::Mutex;", true),
        ("user.rs", "use crate::domain::Status;", false),
        ("port/store.rs", "fn f() -> crate::adapter::Memory { todo() }", true),
        ("port/store.rs", "use sqlx::Pool;", true),
        ("adapter/sql/mod.rs", "use crate::{port::UserStore, service::Policy};", true),
        ("adapter/sql/mod.rs", "use sqlx::Pool;\nuse crate::port::{self, UserStore};", false),
        ("service/mod.rs", "use crate::adapter::Jwt;", true),
        ("service/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::adapter::Jwt;\n}", false),
        ("http/routes.rs", "use crate::service::Users;", false),
        ("http/routes.rs", "use crate::flows::login;", true),
        ("flows/login/logic.rs", "use crate::http::ApiError;", true),
        ("flows/login/logic.rs", "use crate::service::Users;\nuse super::Refused;", false),
        ("flows/login/logic.rs", "use super::http::login;", true),
        ("flows/login/logic.rs", "use axum::Json;", true),
        ("flows/login/http.rs", "use crate::{http::ApiError, flows::login::Refused};\nuse super::logic::steps;", false),
        ("flows/login/http.rs", "use crate::flows::register::steps;", true),
        ("flows/login/http.rs", "use super::super::register::steps;", true),
        ("flows/login/mod.rs", "mod http;\npub(crate) use self::http::login;\nuse super::login::http::x;", false),
        ("builder/mod.rs", "use crate::{adapter::Jwt, service::Users, flows::login};", false),
        ("builder/mod.rs", "use crate::private::Anything;", true),
        ("private.rs", "pub use crate::{builder::Users, flows::login::http::login};", false),
        ("port/store.rs", "use crate::Users;", true),
        ("somewhere_new/mod.rs", "", true),
        ("account/create.rs", "use crate::service::Users;", false),
        ("service/mod.rs", "use crate::account::CreateError;", true),
        ("http/json.rs", "use crate::adapter::Bearer;", true),
        ("pages/log_in.rs", "use crate::flows::login::login;\nuse super::visit::Visit;", false),
        ("pages/log_in.rs", "use crate::adapter::Cookie;", true),
        ("flows/login/http.rs", "use crate::pages::page_routes;", true),
    ];
    for (path, text, is_violation) in cases {
        let source = Source { path: format!("{SRC}{path}"), text: text.to_owned() };
        let found = violations(&source);
        assert_eq!(!found.is_empty(), is_violation, "{path}: {text}\n{found:?}");
    }
}
