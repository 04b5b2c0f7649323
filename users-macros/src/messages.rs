//! What a person reads after a mistake: one sentence and the repair, for every mistake in one run. The facade's
//! `tests/ui` shows the same messages at their places.

use std::{fs, path::PathBuf};

use quote::quote;
use syn::{Item, parse_quote};

use crate::{
    model::Databases,
    testing::{messages, messages_with},
};

/// A struct with the six roles and these fields.
fn with_fields(fields: &proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    quote! {
        struct User {
            id: Uuid,
            email: String,
            hashed_password: PasswordHash,
            is_active: bool,
            is_superuser: bool,
            is_verified: bool,
            #fields
        }
    }
}

#[test]
fn a_struct_without_mistakes_has_no_message() {
    assert_eq!(messages(with_fields(&quote!(#[auth(read)] nickname: String))), Vec::<String>::new());
}

/// Not among the facade's cases, since its tests enable all databases.
#[test]
fn a_database_that_is_not_enabled_is_told_with_its_feature() {
    let user = with_fields(&quote!());
    let user = quote!(#[auth(databases(postgres))] #user);
    let told = messages_with(user.clone(), Databases { sqlite: true, postgres: false, mysql: false });
    let help = "help: turn the Cargo feature on: `axum-users = { …, features = [\"postgres\"] }`";
    assert_eq!(told, [format!("none of these databases is enabled\n{help}")]);
    assert_eq!(messages(user), Vec::<String>::new());
}

#[test]
fn an_unmarked_field_is_offered_the_marks() {
    assert_eq!(
        messages(with_fields(&quote!(nickname: String))),
        [
            "`nickname` does not say who may touch it\nhelp: add `#[auth(read, create, update)]` with any of these marks, \
             `admin` for superusers only, or `#[auth(private)]` for nobody"
        ]
    );
}

#[test]
fn every_mistake_of_a_struct_is_told_at_once() {
    let told = messages(quote! {
        #[auth(tabel = "people")]
        struct User {
            id: Uuid,
            emial: String,
            hashed_password: String,
            #[auth(update)]
            is_active: bool,
            is_superuser: bool,
            is_verified: bool,
            nickname: String,
            #[auth(raed)]
            motto: String,
        }
    });
    let first_lines: Vec<&str> = told.iter().filter_map(|message| message.lines().next()).collect();
    assert_eq!(
        first_lines,
        [
            "unknown key `tabel`",
            "`hashed_password` must be a `PasswordHash`",
            "the role `is_active` takes no `update`",
            "unknown key `raed`",
            "no field has the role `email`",
            "`nickname` does not say who may touch it",
        ]
    );
}

#[test]
fn a_broken_mark_is_one_mistake_and_not_two() {
    assert_eq!(messages(with_fields(&quote!(#[auth(raed)] motto: String))).len(), 1);
}

#[test]
fn raw_identifiers_are_roles_and_keys_without_their_prefix() {
    let told = messages(quote! {
        struct User {
            r#id: Uuid,
            r#email: String,
            hashed_password: PasswordHash,
            is_active: bool,
            is_superuser: bool,
            is_verified: bool,
            #[auth(read, create)]
            r#type: String,
            #[auth(read, rename = "type", column = "kind")]
            second: String,
        }
    });
    assert_eq!(
        told,
        ["two fields have the JSON key `type`\nhelp: give one of them another: `#[auth(rename = \"…\")]`"]
    );
}

#[test]
fn a_tenant_is_required_and_never_read_from_a_body() {
    let told = messages(with_fields(&quote! {
        #[auth(tenant, read, create, admin, json)]
        tenant: Option<String>,
        #[auth(tenant)]
        country: String
    }));
    let first_lines: Vec<&str> = told.iter().filter_map(|message| message.lines().next()).collect();
    assert_eq!(
        first_lines,
        [
            "`tenant` is the tenant and cannot be `create`: no request's body chooses its tenant",
            "`tenant` is the tenant and cannot be `admin`: no request's body chooses its tenant",
            "the tenant `tenant` cannot be an `Option`: a user without a tenant would be in none",
            "the tenant `tenant` cannot be stored as `json`: statements compare it",
            "a user has one tenant: `tenant` is it already",
        ]
    );
    assert_eq!(messages(with_fields(&quote!(#[auth(tenant, read)] tenant: String))), Vec::<String>::new());
}

#[test]
fn types_from_a_macro_by_example_are_seen_through() {
    let ty: syn::Type = syn::Type::Group(syn::TypeGroup {
        attrs: Vec::new(),
        group_token: syn::token::Group::default(),
        elem: Box::new(parse_quote!(Option<String>)),
    });
    let user = crate::testing::checked(with_fields(&quote!(#[auth(read, create)] nickname: #ty)));
    assert!(user.customs[0].is_nullable());
}

#[test]
fn every_message_of_the_ui_cases_has_a_line_that_helps() {
    let ui: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "tests", "ui"].iter().collect();
    let mut seen = 0;
    for topic in ["attribute", "role", "field", "schema"] {
        for entry in fs::read_dir(ui.join(topic)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            for item in syn::parse_file(&source).unwrap().items {
                if let Item::Struct(item) = item
                    && item.attrs.iter().any(|attr| attr.path().is_ident("derive"))
                    && source.contains("AuthUser")
                    && (item.ident == "User")
                {
                    for message in messages(quote!(#item)) {
                        seen += 1;
                        let lines: Vec<&str> = message.lines().collect();
                        assert!(lines.len() == 2 && lines[1].starts_with("help: "), "{}: {message}", path.display());
                        assert!(!lines[0].ends_with('.'), "{}: {message}", path.display());
                    }
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} messages");
}
