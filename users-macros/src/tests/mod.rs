//! Tests of the whole macro, in process.

mod compile_fail;
mod golden;
mod messages;
mod recorded;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::{
    check,
    model::{Databases, User},
};

/// The model of a struct without mistakes.
pub(crate) fn checked(input: TokenStream) -> User {
    let input: DeriveInput = syn::parse2(input).unwrap();
    check::user(&input, Databases::ALL).unwrap()
}

/// The errors about a struct where these databases are enabled, in their order.
fn errors(input: &DeriveInput, enabled: Databases) -> Vec<syn::Error> {
    check::user(input, enabled).err().into_iter().flatten().collect()
}

/// The messages about a struct, in their order.
fn messages(input: TokenStream) -> Vec<String> {
    messages_with(input, Databases::ALL)
}

/// The messages about a struct where these databases are enabled, in their order.
fn messages_with(input: TokenStream, enabled: Databases) -> Vec<String> {
    errors(&syn::parse2(input).unwrap(), enabled).iter().map(ToString::to_string).collect()
}
