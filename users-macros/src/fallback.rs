//! The expansion after errors: the errors, and placeholders for the items that are missing because of them, so that the
//! compiler reports nothing else.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, ext::IdentExt};

use crate::{attr::StructAttrs, check, model::Role, report::Report};

/// Returns the errors and the placeholders.
pub(crate) fn errors(input: &DeriveInput, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let placeholders = can_have_placeholders(input).then(|| placeholders(input));
    quote! { #errors #placeholders }
}

/// Placeholders must not cause errors: a generic struct would need its parameters, a union cannot be cloned, and equal
/// names would clash.
fn can_have_placeholders(input: &DeriveInput) -> bool {
    let names = check::names(input, &Report::default());
    let mut taken = HashSet::from([input.ident.unraw().to_string()]);
    let can_be_cloned = !matches!(input.data, Data::Union(_));
    can_be_cloned
        && input.generics.params.is_empty()
        && names.items().iter().all(|(name, _)| taken.insert(name.unraw().to_string()))
}

fn placeholders(input: &DeriveInput) -> TokenStream {
    let names = check::names(input, &Report::default());
    let (this, vis, id) = (&input.ident, &input.vis, id_type(input));
    let (read, create, update, admin_update) = (&names.read, &names.create, &names.update, &names.admin_update);
    let (sql, rt, state, database) = (&names.sql, &names.runtime.path, &names.runtime.state, &names.runtime.database);
    let serde = names.runtime.text("serde");
    let all = &names.routes.all;
    let routes = &names.routes;
    let backend = quote!(, _: &#rt::str);
    let krate = &names.runtime.krate;
    let has_oauth = cfg!(feature = "oauth") && StructAttrs::read(&input.attrs, &Report::default()).oauth.is_some();
    let oauth = has_oauth.then(|| quote!(, _: &#krate::oauth::OAuthProvider));
    let functions = [
        (all, None),
        (&routes.auth, Some(backend.clone())),
        (&routes.register, None),
        (&routes.reset, None),
        (&routes.verify, None),
        (&routes.account, None),
    ];
    let of_providers = oauth
        .map(|provider| [(&routes.oauth, Some(quote!(#provider #backend))), (&routes.oauth_associate, Some(provider))]);
    let functions = functions.into_iter().chain(of_providers.into_iter().flatten()).map(|(name, backend)| {
        quote! {
            #[doc(hidden)]
            #vis fn #name<#state: #rt::HasUsers<#this>>(_: &#rt::Users<#this> #backend) -> #rt::Router<#state> { loop {} }
        }
    });
    let schemas = [read, create, update, admin_update];
    quote! {
        #(
            #[doc(hidden)]
            #[derive(::core::fmt::Debug, ::core::clone::Clone, #rt::Serialize, #rt::Deserialize)]
            #[serde(crate = #serde)]
            #vis struct #schemas {}
        )*
        #[doc(hidden)]
        #vis const #sql: #rt::UserSql = #rt::UserSql::USUAL;
        #(#functions)*
        impl #rt::AuthUser for #this {
            type Id = #id;
            type Read = #read;
            type Create = #create;
            type Update = #update;
            type AdminUpdate = #admin_update;
            fn account(&self) -> #rt::Account<'_, #id> { loop {} }
            fn account_mut(&mut self) -> #rt::AccountMut<'_, #id> { loop {} }
            fn new(_: #rt::NewAccount<#id>, _: #create) -> Self { loop {} }
            fn read(&self) -> #read { loop {} }
            fn credentials(_: &#create) -> (&#rt::str, &#rt::Password) { loop {} }
            fn update(&mut self, _: #update) -> #rt::Changes<Self> { loop {} }
            fn admin_update(&mut self, _: #admin_update) -> #rt::Changes<Self> { loop {} }
        }
        impl<#database: #rt::Dialect> #rt::SqlUser<#database> for #this {
            const SQL: &'static #rt::UserSql = &#sql;
            fn columns() -> #rt::Vec<#rt::SqlColumn> { loop {} }
            fn from_row(_: &mut #rt::Row<'_, #database>) -> #rt::SqlResult<Self> { loop {} }
            fn bind_custom(&self, _: &mut #rt::Values<'_, #database>) -> #rt::SqlResult<()> { loop {} }
        }
    }
}

/// Returns the type of the field `id`, so that code which uses it has the same meaning; another type if that one is the
/// mistake.
fn id_type(input: &DeriveInput) -> TokenStream {
    let Data::Struct(data) = &input.data else { return quote!(::core::primitive::i64) };
    let id = data.fields.iter().find(|field| {
        let is_named = field.ident.as_ref().is_some_and(|ident| ident.unraw() == Role::Id.name());
        is_named && Role::Id.accepts(&field.ty)
    });
    id.map_or_else(|| quote!(::core::primitive::i64), |field| field.ty.to_token_stream())
}
