//! Whole expansions, compared as text. `tests/golden/NAME.rs` is what an application writes, `NAME.expanded.rs` is what
//! the compiler sees of it; `BLESS=1 cargo test -p axum-users-macros golden` writes the latter anew.
//!
//! The facade's tests compile the expanded files.

use std::{env, fs, path::PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, DeriveInput, File, Item, Meta};

use crate::model::Databases;

/// What the facade enables by default.
const SQLITE: Databases = Databases { sqlite: true, postgres: false, mysql: false };

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden"].iter().collect()
}

/// The file with every deriving struct followed by what is written for it.
fn expanded(file: File, enabled: Databases) -> String {
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
    let items = syn::parse2::<File>(items).unwrap().items;
    prettyplease::unparse(&File { items, attrs: Vec::new(), ..file })
}

fn derives_auth_user(attr: &Attribute) -> bool {
    attr.path().is_ident("derive") && attr.meta.to_token_stream().to_string().contains("AuthUser")
}

fn without_auth(mut attr: Attribute) -> Option<Attribute> {
    if attr.path().is_ident("auth") {
        return None;
    }
    if let (true, Meta::List(list)) = (derives_auth_user(&attr), &mut attr.meta) {
        let rest = list.tokens.to_string().replace("AuthUser ,", "");
        list.tokens = rest.parse().unwrap();
    }
    Some(attr)
}

fn is_as_blessed(name: &str, enabled: Databases) {
    let source = fs::read_to_string(folder().join(format!("{name}.rs"))).unwrap();
    let found = expanded(syn::parse_file(&source).unwrap(), enabled);
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
fn the_smallest_struct_expands_as_blessed() {
    is_as_blessed("smallest", SQLITE);
}

#[test]
fn renamed_roles_expand_as_blessed() {
    is_as_blessed("renamed_roles", Databases::ALL);
}

#[test]
fn every_kind_of_custom_field_expands_as_blessed() {
    is_as_blessed("custom_fields", SQLITE);
}

#[test]
fn clashing_names_expand_as_blessed() {
    is_as_blessed("clashing_names", SQLITE);
}

#[test]
fn users_with_tenants_expand_as_blessed() {
    is_as_blessed("tenants", SQLITE);
}

#[test]
fn six_field_expansion_is_under_250_lines() {
    let source = fs::read_to_string(folder().join("smallest.rs")).unwrap();
    let file = syn::parse_file(&source).unwrap();
    let Some(Item::Struct(user)) = file.items.last() else { unreachable!() };
    assert_eq!(user.fields.len(), 6);
    let input = syn::parse2(user.to_token_stream()).unwrap();
    let lines = prettyplease::unparse(&syn::parse2(crate::derive(&input, SQLITE)).unwrap()).lines().count();
    assert!(lines < 250, "{lines} lines");
}
