//! What each schema tells the runtime: the table of its fields, and how its values are handed over.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

use super::{at, ours};
use crate::{
    model::{Custom, Initial, Rule, User},
    names::default_of,
};

/// Every impl of the four schemas.
pub(super) fn impls(user: &User) -> TokenStream {
    let (read, create) = (read_table(user), create_table(user));
    let (update, admin_update) = (update_table(user), admin_update_table(user));
    let (defaults, create_schema) = (defaults(user), create_schema(user));
    let (update_schema, admin_update_schema) = (update_schema(user), admin_update_schema(user));
    ours! {
        #read
        #create
        #create_schema
        #defaults
        #update
        #update_schema
        #admin_update
        #admin_update_schema
    }
}

fn table(user: &User, schema: &Ident, roles: &TokenStream, customs: &[TokenStream]) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let name = schema.unraw().to_string();
    let customs = (!customs.is_empty()).then(|| ours!(, &[#(#customs),*]));
    ours! {
        impl #rt::Schema for #schema {
            const NAME: &'static #rt::str = #name;
            const FIELDS: &'static [&'static [#rt::Field]] = &[#roles #customs];
        }
    }
}

fn read_table(user: &User) -> TokenStream {
    let (rt, id) = (&user.names.runtime.rt, &user.roles.id.ty);
    let customs: Vec<TokenStream> =
        user.customs_where(|custom| custom.access.read).map(|(_, custom)| custom_field(user, custom)).collect();
    table(user, &user.names.read, &ours!(&#rt::Field::read::<#id>()), &customs)
}

fn create_table(user: &User) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let customs: Vec<TokenStream> = user
        .customs_where(|custom| custom.access.create)
        .map(|(_, custom)| {
            let required = (!custom.may_be_absent()).then(|| ours!(.required()));
            let (field, rules) = (custom_field(user, custom), rules(user, custom));
            ours!(#field #required #rules)
        })
        .collect();
    table(user, &user.names.create, &ours!(#rt::Field::CREATE), &customs)
}

fn update_table(user: &User) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let customs: Vec<TokenStream> =
        user.customs_where(|custom| custom.access.update).map(|(_, custom)| changed_field(user, custom)).collect();
    table(user, &user.names.update, &ours!(#rt::Field::UPDATE), &customs)
}

fn admin_update_table(user: &User) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let customs: Vec<TokenStream> = user
        .customs_where(|custom| custom.access.update || custom.access.admin)
        .map(|(_, custom)| changed_field(user, custom))
        .collect();
    table(user, &user.names.admin_update, &ours!(#rt::Field::ADMIN_UPDATE), &customs)
}

fn changed_field(user: &User, custom: &Custom) -> TokenStream {
    let (field, rules) = (custom_field(user, custom), rules(user, custom));
    ours!(#field #rules)
}

fn custom_field(user: &User, custom: &Custom) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let (ty, key) = (&custom.ty, &custom.key);
    let field = quote_spanned!(at(ty)=> #rt::Field::custom::<#ty>(#key));
    documented(field, custom.words.first_paragraph(), custom.words.deprecated.is_some())
}

fn documented(field: TokenStream, doc: Option<String>, deprecated: bool) -> TokenStream {
    let doc = doc.map(|doc| ours!(.doc(#doc)));
    let deprecated = deprecated.then(|| ours!(.deprecated()));
    ours!(#field #doc #deprecated)
}

fn rules(user: &User, custom: &Custom) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    fn bound<T>(rt: &Ident, bound: Option<T>, literal: fn(T) -> Literal) -> TokenStream {
        match bound.map(literal) {
            Some(bound) => ours!(#rt::Some(#bound)),
            None => ours!(#rt::None),
        }
    }
    let rules: Vec<TokenStream> = custom
        .rules
        .iter()
        .map(|rule| match rule {
            Rule::Length { min, max } => {
                let (min, max) = (bound(rt, *min, Literal::u64_unsuffixed), bound(rt, *max, Literal::u64_unsuffixed));
                ours!(#rt::Rule::Length { min: #min, max: #max })
            }
            Rule::Range { min, max } => {
                // A literal has no sign: `-1.0` is an operator and a literal.
                let signed = |bound: Option<f64>| match bound {
                    Some(value) => {
                        let minus = value.is_sign_negative().then(|| ours!(-));
                        let literal = Literal::f64_unsuffixed(value.abs());
                        ours!(#rt::Some(#minus #literal))
                    }
                    None => ours!(#rt::None),
                };
                let (min, max) = (signed(*min), signed(*max));
                ours!(#rt::Rule::Range { min: #min, max: #max })
            }
            Rule::Pattern(pattern) => ours!(#rt::Rule::Pattern(#pattern)),
            Rule::Check(check) => {
                let ty = custom.inner_type();
                let call = quote_spanned!(at(check)=> #check(field));
                ours!(#rt::Rule::Check(|value| #rt::check_with(value, |field: &#ty| #call)))
            }
        })
        .collect();
    (!rules.is_empty()).then(|| ours!(.rules(&[#(#rules),*])))
}

fn create_schema(user: &User) -> TokenStream {
    let (rt, create) = (&user.names.runtime.rt, &user.names.create);
    ours! {
        impl #rt::CreateSchema for #create {
            fn credentials(&self) -> (&#rt::str, &#rt::Password) {
                (&self.email, &self.password)
            }
        }
    }
}

/// What fields hold that nothing was sent for, where the struct's author gives a value.
fn defaults(user: &User) -> Option<TokenStream> {
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

fn update_schema(user: &User) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let taken = ours! {
        email: self.email.take(),
        password: self.password.take(),
        current_password: self.current_password.take(),
        ..#rt::Default::default()
    };
    changes(user, &user.names.update, &taken, |custom| custom.access.update)
}

fn admin_update_schema(user: &User) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let taken = ours! {
        email: self.email.take(),
        password: self.password.take(),
        current_password: #rt::None,
        is_active: self.is_active.take(),
        is_superuser: self.is_superuser.take(),
        is_verified: self.is_verified.take(),
    };
    changes(user, &user.names.admin_update, &taken, |custom| custom.access.update || custom.access.admin)
}

fn changes(user: &User, schema: &Ident, taken: &TokenStream, may_change: impl Fn(&Custom) -> bool) -> TokenStream {
    let (rt, this) = (&user.names.runtime.rt, &user.ident);
    let assignments: Vec<TokenStream> = user
        .customs_where(may_change)
        .map(|(index, custom)| {
            let (index, name) = (Literal::usize_unsuffixed(index), &custom.ident);
            ours!(.assign(#index, &mut user.#name, self.#name))
        })
        .collect();
    let apply = (!assignments.is_empty()).then(|| {
        ours! {
            fn apply(self, user: &mut #this) -> #rt::Columns {
                #rt::Columns::NONE #(#assignments)*
            }
        }
    });
    ours! {
        impl #rt::UpdateSchema<#this> for #schema {
            fn take_account(&mut self) -> #rt::AccountUpdate {
                #rt::AccountUpdate { #taken }
            }
            #apply
        }
    }
}
