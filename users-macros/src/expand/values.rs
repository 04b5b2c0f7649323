//! The values of custom fields that no request sets.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, ours};
use crate::{
    model::{Custom, Initial, User},
    names::default_of,
};

/// Returns the functions that make the values which the author wrote: `fn default_quota() -> i64`. serde calls them for
/// absent keys, so they belong to the create schema.
pub(super) fn defaults(user: &User) -> Option<TokenStream> {
    let defaults: Vec<TokenStream> = user
        .customs
        .iter()
        .filter_map(|custom| match &custom.default {
            Initial::Value(value) => {
                let (name, ty) = (default_of(&custom.ident), &custom.ty);
                Some(ours! { fn #name() -> #ty { #value } })
            }
            Initial::TypeDefault | Initial::Unsaid => None,
        })
        .collect();
    let create = &user.names.create;
    (!defaults.is_empty()).then(|| ours! { impl #create { #(#defaults)* } })
}

/// Returns the value of a field in a new user.
pub(super) fn of_new_user(user: &User, custom: &Custom) -> TokenStream {
    let name = &custom.ident;
    match &custom.default {
        _ if custom.access.create => ours!(input.#name),
        Initial::Value(_) => written_default(user, custom),
        Initial::Unsaid | Initial::TypeDefault => default_of_type(user, custom),
    }
}

/// Returns the value that a migration gives to existing rows, if it has to give one.
pub(super) fn of_existing_rows(user: &User, custom: &Custom) -> Option<TokenStream> {
    match &custom.default {
        _ if custom.is_nullable() => None,
        Initial::Unsaid => None,
        Initial::TypeDefault => Some(default_of_type(user, custom)),
        Initial::Value(_) => Some(written_default(user, custom)),
    }
}

fn written_default(user: &User, custom: &Custom) -> TokenStream {
    let (create, default) = (&user.names.create, default_of(&custom.ident));
    ours!(#create::#default())
}

fn default_of_type(user: &User, custom: &Custom) -> TokenStream {
    let (rt, ty) = (&user.names.runtime.rt, &custom.ty);
    quote_spanned!(at(ty)=> <#ty as #rt::Default>::default())
}
