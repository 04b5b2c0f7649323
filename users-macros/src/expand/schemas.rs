//! The four schemas: plain structs with serde's derives.

use proc_macro2::{Ident, TokenStream};

use super::ours;
use crate::{
    model::{Custom, Initial, Role, RoleField, User, Words},
    names::{Runtime, default_of},
};

/// The public structs.
pub(super) fn structs(user: &User) -> TokenStream {
    let (read, create) = (read(user), create(user));
    let (update, admin_update) = (update(user), admin_update(user));
    ours! { #read #create #update #admin_update }
}

fn read(user: &User) -> TokenStream {
    let docs = format!(" What clients see of a [`{}`].", user.ident);
    let (runtime, serde) = (&user.names.runtime.path, user.names.runtime.text("serde"));
    let roles = user.roles.all().into_iter().filter(|field| field.role != Role::HashedPassword).map(|field| {
        let words = words(&field.words);
        let (name, ty) = (role_ident(field), &field.ty);
        ours! { #words pub #name: #ty, }
    });
    let customs = user.customs_where(|custom| custom.access.read).map(|(_, custom)| {
        let (words, rename) = (words(&custom.words), rename(custom));
        let (name, ty) = (&custom.ident, &custom.ty);
        ours! { #words #rename pub #name: #ty, }
    });
    let attributes = ours! {
        #[derive(::core::fmt::Debug, ::core::clone::Clone)]
        #[derive(#runtime::Serialize, #runtime::Deserialize)]
        #[serde(crate = #serde)]
    };
    schema(user, &docs, &attributes, &user.names.read, &ours! { #(#roles)* #(#customs)* })
}

fn create(user: &User) -> TokenStream {
    let docs = format!(" What a person sends to become a [`{}`].", user.ident);
    let Runtime { krate, path: runtime, .. } = &user.names.runtime;
    let serde = user.names.runtime.text("serde");
    let (email, email_words) = (&user.roles.email.ty, words(&user.roles.email.words));
    let customs = user.customs_where(|custom| custom.access.create).map(|(_, custom)| {
        let (words, serde) = (words(&custom.words), create_serde(user, custom));
        let (name, ty) = (&custom.ident, &custom.ty);
        ours! { #words #serde pub #name: #ty, }
    });
    let fields = ours! {
        #email_words
        pub email: #email,
        /// The password in clear.
        pub password: #krate::Password,
        #(#customs)*
    };
    let attributes = ours! {
        #[derive(::core::fmt::Debug, ::core::clone::Clone, #runtime::Deserialize)]
        #[serde(crate = #serde)]
    };
    schema(user, &docs, &attributes, &user.names.create, &fields)
}

fn update(user: &User) -> TokenStream {
    let docs = format!(" What a [`{}`] may change about itself. An absent key leaves the field as it is.", user.ident);
    let krate = &user.names.runtime.krate;
    let email = email_update(user);
    let customs = user.customs_where(|custom| custom.access.update).map(|(_, custom)| custom_update(user, custom));
    let fields = ours! {
        /// The new password in clear.
        pub password: ::core::option::Option<#krate::Password>,
        /// The present password, where the policy asks for it beside a change.
        pub current_password: ::core::option::Option<#krate::Password>,
        #email
        #(#customs)*
    };
    update_schema(user, &docs, &user.names.update, &fields)
}

fn admin_update(user: &User) -> TokenStream {
    let docs =
        format!(" What a superuser may change about any [`{}`]. An absent key leaves the field as it is.", user.ident);
    let krate = &user.names.runtime.krate;
    let email = email_update(user);
    let flags = user.roles.flags().into_iter().map(|field| {
        let (words, name, ty) = (words(&field.words), role_ident(field), &field.ty);
        ours! { #words pub #name: ::core::option::Option<#ty>, }
    });
    let customs = user
        .customs_where(|custom| custom.access.update || custom.access.admin)
        .map(|(_, custom)| custom_update(user, custom));
    let fields = ours! {
        /// The new password in clear.
        pub password: ::core::option::Option<#krate::Password>,
        #email
        #(#flags)*
        #(#customs)*
    };
    update_schema(user, &docs, &user.names.admin_update, &fields)
}

fn update_schema(user: &User, docs: &str, name: &Ident, fields: &TokenStream) -> TokenStream {
    let (runtime, serde) = (&user.names.runtime.path, user.names.runtime.text("serde"));
    let attributes = ours! {
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::default::Default)]
        #[derive(#runtime::Deserialize)]
        #[serde(crate = #serde, default)]
    };
    schema(user, docs, &attributes, name, fields)
}

fn schema(user: &User, docs: &str, attributes: &TokenStream, name: &Ident, fields: &TokenStream) -> TokenStream {
    let vis = &user.vis;
    ours! {
        #[doc = #docs]
        #attributes
        #vis struct #name { #fields }
    }
}

fn email_update(user: &User) -> TokenStream {
    let (email, words) = (&user.roles.email.ty, words(&user.roles.email.words));
    ours! { #words pub email: ::core::option::Option<#email>, }
}

fn custom_update(user: &User, custom: &Custom) -> TokenStream {
    let (words, rename) = (words(&custom.words), rename(custom));
    let reader = user.names.runtime.text("present");
    let (name, ty) = (&custom.ident, &custom.ty);
    ours! {
        #words
        #rename
        #[serde(deserialize_with = #reader)]
        pub #name: ::core::option::Option<#ty>,
    }
}

/// How a registration reads a field.
fn create_serde(user: &User, custom: &Custom) -> TokenStream {
    let rename = rename(custom);
    let default = match &custom.default {
        Initial::Value(_) => {
            let default = format!("{}::{}", user.names.create, default_of(&custom.ident));
            Some(ours!(default = #default))
        }
        Initial::TypeDefault => Some(ours!(default)),
        Initial::Unsaid => custom.is_nullable().then(|| ours!(default)),
    };
    let serde = default.map(|default| ours!(#[serde(#default)]));
    ours! { #rename #serde }
}

fn rename(custom: &Custom) -> Option<TokenStream> {
    custom.is_renamed().then(|| {
        let key = &custom.key;
        ours!(#[serde(rename = #key)])
    })
}

/// The fields of the six roles are named as on the wire, whatever the struct calls them.
fn role_ident(field: &RoleField) -> Ident {
    Ident::new(field.role.name(), field.ident.span())
}

/// What the struct's author says to readers about a field, carried over.
fn words(words: &Words) -> TokenStream {
    let (docs, deprecated) = (&words.docs, words.deprecated.iter());
    ours! { #(#[doc = #docs])* #(#[#deprecated])* }
}
