//! The impl of `SqlUser`: how users are read from rows and written into statements.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;

use super::{at, ours, values};
use crate::model::{Custom, Role, Storage, User};

/// Returns the impl, which is generic over the database.
pub(super) fn impls(user: &User) -> TokenStream {
    let (rt, db) = (&user.names.runtime.rt, &user.names.runtime.database);
    let (this, sql) = (&user.ident, &user.names.sql);
    let bounds = user.customs.iter().filter(|custom| custom.storage == Storage::Native).map(|custom| {
        let ty = &custom.ty;
        quote_spanned!(at(ty)=> #ty: #rt::Column<#db>,)
    });
    let columns = columns(user);
    let bind_custom = bind_custom(user);
    let bind_tenant = user.tenant().map(|_| {
        ours! {
            fn bind_tenant(tenant: &#rt::Tenant<Self>, values: &mut #rt::Values<'_, #db>) -> #rt::SqlResult<()> {
                values.tenant(tenant)
            }
        }
    });
    // Each call reads the next column, so the order is that of the columns.
    let roles = user.roles.all().into_iter().map(|field| {
        let name = &field.ident;
        let read = match field.role {
            Role::Id => ours!(id),
            Role::HashedPassword => ours!(hash),
            Role::Email | Role::IsActive | Role::IsSuperuser | Role::IsVerified => ours!(get),
        };
        quote_spanned!(at(&field.ty)=> #name: row.#read()?,)
    });
    let customs = user.customs.iter().map(|custom| {
        let (name, read) = (&custom.ident, method(custom, "get"));
        quote_spanned!(at(&custom.ty)=> #name: row.#read()?,)
    });
    ours! {
        impl<#db: #rt::Dialect> #rt::SqlUser<#db> for #this
        where
            #(#bounds)*
        {
            const SQL: &'static #rt::UserSql = &#sql;
            #columns
            fn from_row(row: &mut #rt::Row<'_, #db>) -> #rt::SqlResult<Self> {
                #rt::Ok(Self {
                    #(#roles)*
                    #(#customs)*
                })
            }
            #bind_custom
            #bind_tenant
        }
    }
}

/// Returns `bind_custom`, if there are custom fields.
fn bind_custom(user: &User) -> Option<TokenStream> {
    let (rt, db) = (&user.names.runtime.rt, &user.names.runtime.database);
    let mut calls: Vec<TokenStream> = user
        .customs
        .iter()
        .map(|custom| {
            let (name, add) = (&custom.ident, method(custom, "add"));
            quote_spanned!(at(&custom.ty)=> values.#add(&self.#name))
        })
        .collect();
    // The result of the last call is the function's, as one would write it by hand.
    let last = calls.pop()?;
    Some(ours! {
        fn bind_custom(&self, values: &mut #rt::Values<'_, #db>) -> #rt::SqlResult<()> {
            #(#calls?;)*
            #last
        }
    })
}

/// Returns the name of the method that reads or writes a field: `native` where the column has a type of the database.
fn method(custom: &Custom, native: &str) -> Ident {
    let name = match custom.storage {
        Storage::Native => native,
        Storage::Json => "json",
        Storage::Text => "text",
    };
    Ident::new(name, proc_macro2::Span::mixed_site())
}

/// Returns the description of the custom columns for migrations, if there are any.
fn columns(user: &User) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let columns: Vec<TokenStream> = user.customs.iter().map(|custom| column(user, custom)).collect();
    (!columns.is_empty()).then(|| {
        ours! {
            fn columns() -> #rt::Vec<#rt::SqlColumn> {
                #rt::vec![#(#columns),*]
            }
        }
    })
}

fn column(user: &User, custom: &Custom) -> TokenStream {
    let (rt, db) = (&user.names.runtime.rt, &user.names.runtime.database);
    let (name, ty, nullable) = (&custom.column, &custom.ty, custom.is_nullable());
    let column = match custom.storage {
        Storage::Native => quote_spanned!(at(ty)=> #rt::column::<#db, #ty>(#name, #nullable)),
        Storage::Json => ours!(#rt::json_column::<#db>(#name, #nullable)),
        Storage::Text => ours!(#rt::text_column::<#db>(#name, #nullable)),
    };
    let tenant = custom.is_tenant.then(|| ours!(.as_tenant()));
    let fill = values::of_existing_rows(user, custom).map(|value| match custom.storage {
        Storage::Native | Storage::Text => ours!(.filled_with(&#value)),
        Storage::Json => ours!(.filled_with_json(&#value)),
    });
    ours!(#column #tenant #fill)
}
