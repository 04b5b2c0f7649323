//! Messages that depend on more than the struct, and how errors are collected. All other messages are recorded in
//! `tests/messages`.

use quote::quote;
use syn::parse_quote;

use super::{checked, messages, messages_with};
use crate::model::Databases;

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
    let fields = quote! {
        #[auth(read)]
        nickname: String,
        #[auth(tenant, read)]
        tenant: String
    };
    assert_eq!(messages(with_fields(&fields)), Vec::<String>::new());
}

#[test]
fn a_database_that_is_not_enabled_is_reported_with_its_feature() {
    let user = with_fields(&quote!());
    let user = quote!(#[auth(databases(postgres))] #user);
    let found = messages_with(user.clone(), Databases { sqlite: true, postgres: false, mysql: false });
    let help = "help: enable the Cargo feature: `axum-users = { …, features = [\"postgres\"] }`";
    assert_eq!(found, [format!("none of these databases is enabled\n{help}")]);
    assert_eq!(messages(user), Vec::<String>::new());
}

#[test]
fn a_misspelt_mark_is_one_mistake_and_not_two() {
    assert_eq!(messages(with_fields(&quote!(#[auth(raed)] motto: String))).len(), 1);
}

#[test]
fn raw_identifiers_are_roles_and_keys_without_their_prefix() {
    let found = messages(quote! {
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
        found,
        [
            "two fields have the JSON key `type`\nhelp: choose another JSON key for one of them: `#[auth(rename = \"…\")]`"
        ]
    );
}

#[test]
fn paths_to_the_types_of_roles_are_accepted() {
    let user = quote! {
        struct User {
            id: ::uuid::Uuid,
            email: std::string::String,
            hashed_password: axum_users::PasswordHash,
            is_active: ::core::primitive::bool,
            is_superuser: bool,
            is_verified: bool,
        }
    };
    assert_eq!(messages(user), Vec::<String>::new());
}

#[test]
fn types_in_the_groups_of_macro_rules_are_recognized() {
    let group = |ty: syn::Type| -> syn::Type {
        syn::Type::Group(syn::TypeGroup {
            attrs: Vec::new(),
            group_token: syn::token::Group::default(),
            elem: Box::new(ty),
        })
    };
    let (optional, flag) = (group(parse_quote!(Option<String>)), group(parse_quote!(bool)));
    let user = checked(quote! {
        struct User {
            id: Uuid,
            email: String,
            hashed_password: PasswordHash,
            is_active: #flag,
            is_superuser: bool,
            is_verified: bool,
            #[auth(read, create)]
            nickname: #optional
        }
    });
    assert!(user.customs[0].is_option());
}

#[test]
fn a_struct_has_at_most_122_custom_fields() {
    let with = |count: usize| {
        let names = (0..count).map(|n| quote::format_ident!("field_{n}"));
        messages(with_fields(&quote!(#(#[auth(read)] #names: i32),*)))
    };
    let help = "help: move some of them into a struct that is stored in one column: `#[auth(read, json)]`";
    assert_eq!(with(122), Vec::<String>::new());
    assert_eq!(with(123), [format!("`User` has 123 custom fields; at most 122 are possible\n{help}")]);
}
