//! The table of custom fields: their access, their documentation and the rules for their values.

use proc_macro2::{Literal, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

use super::{at, ours};
use crate::model::{Access, Custom, NewValue, Rule, User};

/// Returns `CUSTOM_FIELDS`, if there are any.
pub(super) fn constant(user: &User) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let fields: Vec<TokenStream> = user.customs.iter().map(|custom| field(user, custom)).collect();
    (!fields.is_empty()).then(|| ours!(const CUSTOM_FIELDS: &'static [#rt::CustomField] = &[#(#fields),*];))
}

fn field(user: &User, custom: &Custom) -> TokenStream {
    let (rt, ty) = (&user.names.runtime.rt, &custom.ty);
    let is_private = !custom.access.on_the_wire();
    let name = if is_private { custom.ident.unraw().to_string() } else { custom.key.clone() };
    let column = &custom.column;
    let column = (*column != name).then(|| ours!(.column(#column)));
    let from_database = matches!(custom.new_value, NewValue::FromDatabase(..)).then(|| ours!(.from_database()));
    if is_private {
        return ours!(#rt::CustomField::private(#name) #column #from_database);
    }
    let Access { read, create, update, admin } = custom.access;
    let read = read.then(|| ours!(.read()));
    let create = create.then(|| ours!(.create()));
    // The runtime determines from the type whether the key may nevertheless be absent.
    let required = matches!(custom.new_value, NewValue::Sent(None)) && !custom.is_option();
    let required = required.then(|| ours!(.required()));
    let update = update.then(|| ours!(.update()));
    let admin = admin.then(|| ours!(.admin()));
    let doc = custom.docs.first_paragraph().map(|doc| ours!(.doc(#doc)));
    let deprecated = custom.docs.deprecated.is_some().then(|| ours!(.deprecated()));
    let rules = rules(user, custom);
    quote_spanned! {at(ty)=>
        #rt::CustomField::new::<#ty>(#name) #column #from_database
            #read #create #required #update #admin #doc #deprecated #rules
    }
}

fn rules(user: &User, custom: &Custom) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let bound = |bound: Option<TokenStream>| match bound {
        Some(bound) => ours!(#rt::Some(#bound)),
        None => ours!(#rt::None),
    };
    let whole = |number: u64| {
        let literal = Literal::u64_unsuffixed(number);
        ours!(#literal)
    };
    // A literal has no sign: `-1.0` is an operator and a literal.
    let number = |number: f64| {
        let minus = number.is_sign_negative().then(|| ours!(-));
        let literal = Literal::f64_unsuffixed(number.abs());
        ours!(#minus #literal)
    };
    let of_names = custom.is_login.then(|| [ours!(#rt::LoginName::LENGTH), ours!(#rt::LoginName::FORM)]);
    let written = custom.rules.iter().map(|rule| match rule {
        Rule::Length { min, max } => {
            let (min, max) = (bound(min.map(whole)), bound(max.map(whole)));
            ours!(#rt::Rule::Length { min: #min, max: #max })
        }
        Rule::Range { min, max } => {
            let (min, max) = (bound(min.map(number)), bound(max.map(number)));
            ours!(#rt::Rule::Range { min: #min, max: #max })
        }
        Rule::Pattern(pattern) => ours!(#rt::Rule::Pattern(#pattern)),
        Rule::Check(check) => {
            let ty = custom.inner_type();
            let call = quote_spanned!(at(check)=> #check(field));
            ours!(#rt::Rule::Check(|value| #rt::check_with(value, |field: &#ty| #call)))
        }
    });
    let rules: Vec<TokenStream> = of_names.into_iter().flatten().chain(written).collect();
    (!rules.is_empty()).then(|| ours!(.rules(&[#(#rules),*])))
}
