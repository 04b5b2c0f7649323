//! The four schemas: plain structs with serde's derives.

use proc_macro2::{Ident, TokenStream};

use super::ours;
use crate::{
    model::{Custom, DefaultValue, Docs, Role, RoleField, User},
    names::{Runtime, default_of},
};

/// Returns the four structs.
pub(super) fn structs(user: &User) -> TokenStream {
    let (read, create) = (read(user), create(user));
    let (update, admin_update) = (update(user), admin_update(user));
    ours! { #read #create #update #admin_update }
}

fn read(user: &User) -> TokenStream {
    let docs = format!(" A [`{}`] as clients see it.", user.ident);
    let (runtime, serde) = (&user.names.runtime.path, user.names.runtime.text("serde"));
    let roles = user.roles.all().into_iter().filter(|field| field.role != Role::HashedPassword).map(|field| {
        let docs = doc_attributes(&field.docs);
        let (name, ty) = (role_ident(field), &field.ty);
        ours! { #docs pub #name: #ty, }
    });
    let customs = user.customs.iter().filter(|custom| custom.access.read).map(|custom| {
        let (docs, rename) = (doc_attributes(&custom.docs), rename(custom));
        let (name, ty) = (&custom.ident, &custom.ty);
        ours! { #docs #rename pub #name: #ty, }
    });
    let attributes = ours! {
        #[derive(::core::fmt::Debug, #runtime::Serialize)]
        #[derive(::core::clone::Clone, #runtime::Deserialize)]
        #[serde(crate = #serde)]
    };
    let accounts = user.oauth_table.as_ref().map(|_| {
        ours! {
            /// The accounts at OAuth providers.
            pub oauth_accounts: #runtime::Vec<#runtime::OAuthAccountRead>,
        }
    });
    schema(user, &docs, &attributes, &user.names.read, &ours! { #accounts #(#roles)* #(#customs)* })
}

fn create(user: &User) -> TokenStream {
    let docs = format!(" The registration of a [`{}`].", user.ident);
    let Runtime { krate, path: runtime, .. } = &user.names.runtime;
    let serde = user.names.runtime.text("serde");
    let (email, email_docs) = (&user.roles.email.ty, doc_attributes(&user.roles.email.docs));
    let customs = user.customs.iter().filter(|custom| custom.access.create).map(|custom| {
        let (docs, serde) = (doc_attributes(&custom.docs), create_serde(user, custom));
        let (name, ty) = (&custom.ident, &custom.ty);
        ours! { #docs #serde pub #name: #ty, }
    });
    let fields = ours! {
        #email_docs
        pub email: #email,
        /// The password in plain text.
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
    let docs = format!(
        " A change that a [`{}`] makes to its own account. An absent key leaves the field as it is.",
        user.ident
    );
    let krate = &user.names.runtime.krate;
    let email = email_update(user);
    let customs = user.customs.iter().filter(|custom| custom.access.update).map(|custom| custom_update(user, custom));
    let fields = ours! {
        /// The new password in plain text.
        pub password: ::core::option::Option<#krate::Password>,
        /// The current password, where the policy requires it for a change.
        pub current_password: ::core::option::Option<#krate::Password>,
        #email
        #(#customs)*
    };
    update_schema(user, &docs, &user.names.update, &fields)
}

fn admin_update(user: &User) -> TokenStream {
    let docs =
        format!(" A change that a superuser makes to any [`{}`]. An absent key leaves the field as it is.", user.ident);
    let krate = &user.names.runtime.krate;
    let email = email_update(user);
    let flags = user.roles.flags().into_iter().map(|field| {
        let (docs, name, ty) = (doc_attributes(&field.docs), role_ident(field), &field.ty);
        ours! { #docs pub #name: ::core::option::Option<#ty>, }
    });
    let customs = user
        .customs
        .iter()
        .filter(|custom| custom.access.update || custom.access.admin)
        .map(|custom| custom_update(user, custom));
    let fields = ours! {
        /// The new password in plain text.
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
    let (email, docs) = (&user.roles.email.ty, doc_attributes(&user.roles.email.docs));
    ours! { #docs pub email: ::core::option::Option<#email>, }
}

fn custom_update(user: &User, custom: &Custom) -> TokenStream {
    let (docs, rename) = (doc_attributes(&custom.docs), rename(custom));
    let reader = user.names.runtime.text("present");
    let (name, ty) = (&custom.ident, &custom.ty);
    ours! {
        #docs
        #rename
        #[serde(deserialize_with = #reader)]
        pub #name: ::core::option::Option<#ty>,
    }
}

/// Returns serde's attributes for a field of the registration.
fn create_serde(user: &User, custom: &Custom) -> TokenStream {
    let rename = rename(custom);
    let default = match custom.new_value.default() {
        Some(DefaultValue::Written(_)) => {
            let default = format!("{}::{}", user.names.create, default_of(&custom.ident));
            Some(ours!(default = #default))
        }
        Some(DefaultValue::OfType) => Some(ours!(default)),
        // serde accepts the absence of every type that is an `Option`, even behind an alias; this makes it visible to the reader.
        None => custom.is_option().then(|| ours!(default)),
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

/// Returns the name of a role's field in the schemas, which is its JSON key and not the name in the struct.
fn role_ident(field: &RoleField) -> Ident {
    Ident::new(field.role.name(), field.ident.span())
}

/// Returns the documentation of a field as attributes.
fn doc_attributes(docs: &Docs) -> TokenStream {
    let (lines, deprecated) = (&docs.lines, docs.deprecated.iter());
    ours! { #(#[doc = #lines])* #(#[#deprecated])* }
}
