//! The items of an attribute: `key …, key …`.

use proc_macro2::TokenTree;
use syn::{
    Attribute, Ident, Meta, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use super::{FIELD_KEYS, Given, STRUCT_KEYS, Slot};
use crate::{
    model::Role,
    report::{Report, closest, error, list},
};

/// Returns the attributes `#[auth(…)]`.
pub(super) fn auth_attrs(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("auth"))
}

/// Reads the items one by one. An item with a mistake is reported and skipped, so that the next one is read too. Returns
/// whether there was a mistake.
pub(super) fn each_item(
    attr: &Attribute,
    example: &str,
    report: &Report,
    mut read: impl FnMut(Ident, ParseStream) -> syn::Result<()>,
) -> bool {
    let Meta::List(list) = &attr.meta else {
        report.error(&attr.meta, "`auth` needs its keys in parentheses", format!("write `{example}`"));
        return true;
    };
    if list.tokens.is_empty() {
        report.error(&attr.meta, "`#[auth()]` is empty", format!("write `{example}`, or remove it"));
        return true;
    }
    let mut broken = false;
    let parser = |input: ParseStream| {
        while !input.is_empty() {
            let item = key(input, example).and_then(|key| read(key, input)).and_then(|()| end_of_item(input));
            if let Err(mistake) = item {
                report.push(mistake);
                broken = true;
                skip(input, |rest| rest.peek(Token![,]))?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(mistake) = parser.parse2(list.tokens.clone()) {
        report.push(mistake);
        broken = true;
    }
    broken
}

fn key(input: ParseStream, example: &str) -> syn::Result<Ident> {
    input.call(Ident::parse_any).map_err(|at| error(at.span(), "expected a key", format!("write `{example}`")))
}

fn end_of_item(input: ParseStream) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(error(input.span(), "expected `,`", "separate the keys with commas: `#[auth(read, create)]`"))
}

pub(super) fn fill<T>(slot: &mut Slot<T>, key: &Ident, value: T) -> syn::Result<()> {
    if slot.is_some() {
        return Err(error(key.span(), format!("`{key}` is given twice"), "keep one of the two"));
    }
    *slot = Some(Given { key: key.clone(), value });
    Ok(())
}

pub(super) fn unknown_on_struct(key: &Ident, word: &str) -> syn::Error {
    let help = match closest(word, &STRUCT_KEYS) {
        Some(known) => format!("did you mean `{known}`?"),
        None if FIELD_KEYS.contains(&word) || Role::named(word).is_some() => {
            format!("`#[auth({word})]` goes on a field")
        }
        None => format!("the keys of a struct are {}", list(&STRUCT_KEYS)),
    };
    error(key.span(), format!("unknown key `{word}`"), help)
}

pub(super) fn unknown_on_field(key: &Ident, word: &str) -> syn::Error {
    let known: Vec<&str> = FIELD_KEYS.into_iter().chain(Role::ALL.map(Role::name)).collect();
    let help = match closest(word, &known) {
        // The name of the schema, which older documentation used for the mark.
        _ if word == "admin_update" => "did you mean `admin`?".to_owned(),
        _ if STRUCT_KEYS.contains(&word) => format!("`#[auth({word} …)]` goes on the struct"),
        Some(known) => format!("did you mean `{known}`?"),
        None => {
            format!("the keys of a field are {}, and the roles {}", list(&FIELD_KEYS), list(&Role::ALL.map(Role::name)))
        }
    };
    error(key.span(), format!("unknown key `{word}`"), help)
}

/// Skips tokens until `until` is true, or to the end.
pub(super) fn skip(input: ParseStream, until: impl Fn(ParseStream) -> bool) -> syn::Result<()> {
    while !input.is_empty() && !until(input) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
