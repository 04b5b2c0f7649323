//! Expansions, compared as text. `tests/golden/NAME.rs` is what an application writes and `NAME.expanded.rs` is what the
//! derive makes of it; `BLESS=1 cargo test -p axum-users-macros golden` writes the latter anew.
//!
//! Two expansions are recorded whole: that of the smallest struct, and that of every kind of custom field. Of the others
//! only some items are, since the rest is the same: their sources name them in a first line, `// Recorded: ITEM, ITEM`,
//! an impl by its trait. The facade's tests compile the whole expansions as text, and every source with the derive.

use std::{env, fs, path::PathBuf};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, DeriveInput, File, Item, Meta, Token, punctuated::Punctuated};

use crate::model::Databases;

/// The database that the facade enables by default.
const SQLITE: Databases = Databases { sqlite: true, postgres: false, mysql: false };

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden"].iter().collect()
}

/// The file as the compiler sees it: every deriving struct is followed by its expansion. If only some items are to be
/// recorded, these.
fn expanded(source: &str, enabled: Databases) -> String {
    let file = syn::parse_file(source).unwrap();
    let mut items = TokenStream::new();
    for item in file.items {
        match item {
            Item::Struct(mut item) if item.attrs.iter().any(derives_auth_user) => {
                let input: DeriveInput = syn::parse2(item.to_token_stream()).unwrap();
                item.attrs = item.attrs.into_iter().filter_map(without_auth).collect();
                for field in &mut item.fields {
                    field.attrs.retain(|attr| !attr.path().is_ident("auth"));
                }
                item.to_tokens(&mut items);
                items.extend(crate::derive(&input, enabled));
            }
            other => other.to_tokens(&mut items),
        }
    }
    let mut file = syn::parse2::<File>(items).unwrap();
    if let Some(recorded) = source.lines().next().and_then(|line| line.strip_prefix("// Recorded: ")) {
        let names: Vec<&str> = recorded.split(", ").collect();
        let all = file.items.into_iter().flat_map(unwrapped);
        file.items = all.filter(|item| names.contains(&name(item).as_str())).collect();
        let found: Vec<String> = file.items.iter().map(name).collect();
        assert!(names.iter().all(|name| found.iter().any(|found| found == name)), "{names:?} in {found:?}");
    }
    prettyplease::unparse(&file)
}

/// The items in the anonymous constant, which holds all impls; any other item alone.
fn unwrapped(item: Item) -> Vec<Item> {
    match item {
        Item::Const(item) if item.ident == "_" => match *item.expr {
            syn::Expr::Block(block) => {
                let statements = block.block.stmts.into_iter();
                statements
                    .filter_map(|statement| if let syn::Stmt::Item(item) = statement { Some(item) } else { None })
                    .collect()
            }
            _ => Vec::new(),
        },
        other => vec![other],
    }
}

fn name(item: &Item) -> String {
    match item {
        Item::Struct(item) => item.ident.to_string(),
        Item::Const(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Impl(item) => {
            let path = item.trait_.as_ref().map(|(path, _)| path);
            path.and_then(|path| path.segments.last()).map(|last| last.ident.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn derives_auth_user(attr: &Attribute) -> bool {
    attr.path().is_ident("derive") && attr.meta.to_token_stream().to_string().contains("AuthUser")
}

fn without_auth(mut attr: Attribute) -> Option<Attribute> {
    if attr.path().is_ident("auth") {
        return None;
    }
    if let (true, Meta::List(list)) = (derives_auth_user(&attr), &mut attr.meta) {
        let derives = list.parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated).unwrap();
        let others = derives.iter().filter(|path| path.segments.last().is_some_and(|last| last.ident != "AuthUser"));
        list.tokens = quote!(#(#others),*);
    }
    Some(attr)
}

fn is_as_recorded(name: &str, enabled: Databases) {
    let source = fs::read_to_string(folder().join(format!("{name}.rs"))).unwrap();
    let found = expanded(&source, enabled);
    let golden = folder().join(format!("{name}.expanded.rs"));
    if env::var_os("BLESS").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{name}.expanded.rs differs from line {}; look at it and run with BLESS=1",
        differs.unwrap_or(found.lines().count().min(expected.lines().count())) + 1,
    );
}

#[test]
fn for_the_smallest_struct_the_derive_writes_at_most_200_lines() {
    is_as_recorded("smallest", SQLITE);
    let expanded = fs::read_to_string(folder().join("smallest.expanded.rs")).unwrap();
    // The struct itself is the author's.
    let lines = expanded.lines().skip_while(|line| *line != "}").skip(1).count();
    assert!((100..=200).contains(&lines), "{lines} lines");
}

#[test]
fn every_kind_of_custom_field_expands_as_recorded() {
    is_as_recorded("custom_fields", SQLITE);
}

#[test]
fn renamed_roles_expand_as_recorded() {
    is_as_recorded("renamed_roles", Databases::ALL);
}

#[test]
fn clashing_names_expand_as_recorded() {
    is_as_recorded("clashing_names", SQLITE);
}

#[test]
fn users_with_tenants_expand_as_recorded() {
    is_as_recorded("tenants", SQLITE);
}

#[test]
fn users_with_a_login_name_expand_as_recorded() {
    is_as_recorded("login", SQLITE);
}

#[test]
fn a_struct_for_one_database_expands_as_recorded() {
    is_as_recorded("named_databases", Databases::ALL);
}

#[test]
fn users_with_oauth_accounts_expand_as_recorded() {
    is_as_recorded("oauth", SQLITE);
}

#[test]
fn schemas_that_clients_send_expand_as_recorded() {
    is_as_recorded("client", SQLITE);
}

#[test]
fn the_readme_shows_the_recorded_routes() {
    let expansion = fs::read_to_string(folder().join("smallest.expanded.rs")).unwrap();
    let start = expansion.find("/// The routes of backends,").unwrap();
    let routes = expansion[start..].split_inclusive("\n}\n").next().unwrap();
    let readme = fs::read_to_string(folder().join("../../../README.md")).unwrap();
    assert!(readme.contains(routes), "between the markers of README.md belongs:\n{routes}");
}
