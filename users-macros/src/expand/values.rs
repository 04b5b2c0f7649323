//! The values of custom fields that no request sets.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, ours};
use crate::{
    model::{Custom, DefaultValue, NewValue, User},
    names::default_of,
};

/// Returns the functions that return the explicit defaults: `fn default_quota() -> i64`. serde calls them for absent
/// keys, so they belong to the create schema.
pub(super) fn defaults(user: &User) -> Option<TokenStream> {
    let defaults: Vec<TokenStream> = user
        .customs
        .iter()
        .filter_map(|custom| match custom.new_value.default() {
            Some(DefaultValue::Written(value)) => {
                let (name, ty) = (default_of(&custom.ident), &custom.ty);
                Some(ours! { fn #name() -> #ty { #value } })
            }
            Some(DefaultValue::OfType) | None => None,
        })
        .collect();
    let create = &user.names.create;
    (!defaults.is_empty()).then(|| ours! { impl #create { #(#defaults)* } })
}

/// Returns the value of a field in a new user.
pub(super) fn of_new_user(user: &User, custom: &Custom) -> TokenStream {
    let name = &custom.ident;
    match &custom.new_value {
        NewValue::Sent(_) => ours!(input.#name),
        NewValue::Fixed(default) | NewValue::FromDatabase(_, Some(default)) => default_value(user, custom, default),
        NewValue::Implicit | NewValue::FromDatabase(_, None) => default_value(user, custom, &DefaultValue::OfType),
    }
}

/// Returns the value that a migration gives to existing rows, if it has to give one.
pub(super) fn of_existing_rows(user: &User, custom: &Custom) -> Option<TokenStream> {
    match &custom.new_value {
        _ if custom.is_option() => None,
        NewValue::Sent(Some(default)) | NewValue::Fixed(default) => Some(default_value(user, custom, default)),
        // The database has its own value for existing rows.
        NewValue::Sent(None) | NewValue::Implicit | NewValue::FromDatabase(..) => None,
    }
}

fn default_value(user: &User, custom: &Custom, default: &DefaultValue) -> TokenStream {
    match default {
        DefaultValue::Written(_) => {
            let (create, default) = (&user.names.create, default_of(&custom.ident));
            ours!(#create::#default())
        }
        DefaultValue::OfType => {
            let (rt, ty) = (&user.names.runtime.rt, &custom.ty);
            quote_spanned!(at(ty)=> <#ty as #rt::Default>::default())
        }
    }
}
