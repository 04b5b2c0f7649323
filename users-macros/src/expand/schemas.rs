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
        let words = role_words(field);
        let (name, ty) = (role_ident(field), &field.ty);
        ours! { #words pub #name: #ty, }
    });
    let customs = user.customs_where(|custom| custom.access.read).map(|(_, custom)| {
        let (words, rename) = (custom_words(custom), rename(custom));
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
    let (email, email_words) = (&user.roles.email.ty, role_words(&user.roles.email));
    let customs = user.customs_where(|custom| custom.access.create).map(|(_, custom)| {
        let (words, serde) = (custom_words(custom), create_serde(user, custom));
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
        #[derive(::core::fmt::Debug, ::core::clone::Clone)]
        #[derive(#runtime::Deserialize)]
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
    let flag = user.names.runtime.text("flag");
    let flags = user.roles.flags().into_iter().map(|field| {
        let (words, name, ty) = (role_words(field), role_ident(field), &field.ty);
        ours! { #words #[serde(deserialize_with = #flag)] pub #name: ::core::option::Option<#ty>, }
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
    let (email, words) = (&user.roles.email.ty, role_words(&user.roles.email));
    ours! { #words pub email: ::core::option::Option<#email>, }
}

fn custom_update(user: &User, custom: &Custom) -> TokenStream {
    let (words, rename) = (custom_words(custom), rename(custom));
    let reader = user.names.runtime.text(if custom.is_bool() { "flag" } else { "present" });
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
    let reader = custom.is_bool().then(|| {
        let reader = user.names.runtime.text("flag_required");
        ours!(deserialize_with = #reader)
    });
    let keys: Vec<TokenStream> = default.into_iter().chain(reader).collect();
    let serde = (!keys.is_empty()).then(|| ours!(#[serde(#(#keys),*)]));
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

fn role_words(field: &RoleField) -> TokenStream {
    let usual = match field.role {
        Role::Id => " The user's id.",
        Role::Email => " The e-mail address.",
        Role::HashedPassword => " The stored hash of the password.",
        Role::IsActive => " Whether the user may log in.",
        Role::IsSuperuser => " Whether the user may manage others.",
        Role::IsVerified => " Whether the user has proved the e-mail address.",
    };
    words(&field.words, usual)
}

fn custom_words(custom: &Custom) -> TokenStream {
    words(&custom.words, &format!(" The user's `{}`.", custom.key))
}

fn words(words: &Words, usual: &str) -> TokenStream {
    let docs = &words.docs;
    let deprecated = words.deprecated.iter();
    let docs = if docs.is_empty() { ours!(#[doc = #usual]) } else { ours!(#(#[doc = #docs])*) };
    ours! { #docs #(#[#deprecated])* }
}
