//! After errors: the errors, and inert stand-ins, so that the rest of the program does not complain about what is
//! missing only because of them.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, ext::IdentExt};

use crate::{check, model::Role, report::Report};

/// The errors and the stand-ins.
pub(crate) fn errors(input: &DeriveInput, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let stand_ins = can_stand_in(input).then(|| stand_ins(input));
    quote! { #errors #stand_ins }
}

/// Stand-ins must not make new errors: a generic struct would need its parameters, a union cannot be cloned, names
/// given twice would clash.
fn can_stand_in(input: &DeriveInput) -> bool {
    let names = check::names(input, &Report::default());
    let mut taken = HashSet::from([input.ident.unraw().to_string()]);
    let can_be_cloned = !matches!(input.data, Data::Union(_));
    can_be_cloned
        && input.generics.params.is_empty()
        && names.items().iter().all(|(name, _)| taken.insert(name.unraw().to_string()))
}

fn stand_ins(input: &DeriveInput) -> TokenStream {
    let names = check::names(input, &Report::default());
    let (this, vis, id) = (&input.ident, &input.vis, id_type(input));
    let (read, create, update, admin_update) = (&names.read, &names.create, &names.update, &names.admin_update);
    let (sql, rt, state, database) = (&names.sql, &names.runtime.path, &names.runtime.state, &names.runtime.database);
    let serde = names.runtime.text("serde");
    let all = &names.routes.all;
    let routes = &names.routes;
    let backend = quote!(, _: &#rt::str);
    let functions = [
        (all, None),
        (&routes.auth, Some(backend)),
        (&routes.register, None),
        (&routes.reset, None),
        (&routes.verify, None),
        (&routes.account, None),
    ]
    .map(|(name, backend)| {
        quote! {
            #[doc(hidden)]
            #vis fn #name<#state: #rt::HasUsers<#this>>(_: &#rt::Users<#this> #backend) -> #rt::Router<#state> { loop {} }
        }
    });
    let schemas = [read, create, update, admin_update];
    let changes = [update, admin_update];
    quote! {
        #(
            #[doc(hidden)]
            #[derive(::core::fmt::Debug, ::core::clone::Clone, #rt::Serialize, #rt::Deserialize)]
            #[serde(crate = #serde)]
            #vis struct #schemas {}
            impl #rt::Schema for #schemas {
                const NAME: &'static #rt::str = "";
                const FIELDS: &'static [&'static [#rt::Field]] = &[];
            }
        )*
        #[doc(hidden)]
        #vis const #sql: #rt::UserSql = #rt::UserSql {
            table: "",
            session_table: "",
            columns: &[],
            id_made_by_database: false,
            sqlite: #rt::Statements::NONE,
            postgres: #rt::Statements::NONE,
            mysql: #rt::Statements::NONE,
        };
        #(#functions)*
        impl #rt::CreateSchema for #create {
            fn credentials(&self) -> (&#rt::str, &#rt::Password) { loop {} }
        }
        #(
            impl #rt::UpdateSchema<#this> for #changes {
                fn take_account(&mut self) -> #rt::AccountUpdate { loop {} }
                fn apply(self, _: &mut #this) -> #rt::Columns { loop {} }
            }
        )*
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
        }
        impl<#database: #rt::Dialect> #rt::SqlUser<#database> for #this {
            const SQL: &'static #rt::UserSql = &#sql;
            fn columns() -> #rt::Vec<#rt::SqlColumn> { loop {} }
            fn from_row(_: &#rt::Row<'_, #database>) -> #rt::SqlResult<Self> { loop {} }
            fn bind(&self, _: &mut #rt::Values<'_, #database>) -> #rt::SqlResult<()> { loop {} }
        }
    }
}

/// The type of the field that is probably the id, so that code which uses it means the same; or any other if that type
/// is the mistake.
fn id_type(input: &DeriveInput) -> TokenStream {
    let Data::Struct(data) = &input.data else { return quote!(::core::primitive::i64) };
    let id = data.fields.iter().find(|field| {
        let is_named = field.ident.as_ref().is_some_and(|ident| ident.unraw() == Role::Id.name());
        is_named && Role::Id.is_usual(&field.ty)
    });
    id.map_or_else(|| quote!(::core::primitive::i64), |field| field.ty.to_token_stream())
}
