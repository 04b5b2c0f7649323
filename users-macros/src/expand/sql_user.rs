//! The impl of `SqlUser`: how users are read from rows and written into statements.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};

use super::{at, ours, values};
use crate::model::{Custom, Databases, NewValue, Role, Storage, User};

/// Returns one impl that is generic over the database. A struct that names its databases has one impl for each of them,
/// because other databases may have no column type for its fields; for every other database it is refused at run time.
pub(super) fn impls(user: &User) -> TokenStream {
    let (rt, generic) = (&user.names.runtime.rt, &user.names.runtime.database);
    if !user.is_narrowed {
        let bounds = user.customs.iter().filter(|custom| custom.storage == Storage::Native).map(|custom| {
            let ty = &custom.ty;
            quote_spanned!(at(ty)=> #ty: #rt::Column<#generic>,)
        });
        let body = body(user, &ours!(#generic));
        return sql_user(user, &ours!(<#generic: #rt::Dialect>), &ours!(#generic), &ours!(where #(#bounds)*), &body);
    }
    let named = user.databases.named();
    let impls = named.iter().map(|name| {
        let database = match *name {
            "sqlite" => ours!(#rt::sqlx::Sqlite),
            "postgres" => ours!(#rt::sqlx::Postgres),
            _ => ours!(#rt::sqlx::MySql),
        };
        sql_user(user, &TokenStream::new(), &database, &TokenStream::new(), &body(user, &database))
    });
    let (this, sql) = (&user.ident, &user.names.sql);
    let refusals = Databases::NAMES.iter().filter(|name| !named.contains(*name)).map(|name| {
        let refusal = format_ident!("not_on_{}", name, span = Span::mixed_site());
        ours!(#rt::#refusal!(#this, #sql);)
    });
    ours!(#(#impls)* #(#refusals)*)
}

fn sql_user(
    user: &User,
    parameters: &TokenStream,
    database: &TokenStream,
    bounds: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let (rt, this, sql) = (&user.names.runtime.rt, &user.ident, &user.names.sql);
    ours! {
        impl #parameters #rt::SqlUser<#database> for #this
        #bounds
        {
            const SQL: &'static #rt::UserSql = &#sql;
            #body
        }
    }
}

/// Returns the methods for one database, which may be the generic parameter.
fn body(user: &User, db: &TokenStream) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let columns = columns(user, db);
    let bind_custom = bind_custom(user, db);
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

/// Returns `bind_custom`, if there are custom fields that statements write.
fn bind_custom(user: &User, db: &TokenStream) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let mut calls: Vec<TokenStream> = user
        .customs
        .iter()
        .filter(|custom| !matches!(custom.new_value, NewValue::FromDatabase(..)))
        .map(|custom| {
            let (name, add) = (&custom.ident, method(custom, "add"));
            quote_spanned!(at(&custom.ty)=> values.#add(&self.#name))
        })
        .collect();
    // The result of the last call is that of the function, as in handwritten code.
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
    Ident::new(name, Span::mixed_site())
}

/// Returns the description of the custom columns for migrations, if there are any.
fn columns(user: &User, db: &TokenStream) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let columns: Vec<TokenStream> = user.customs.iter().map(|custom| column(user, custom, db)).collect();
    (!columns.is_empty()).then(|| {
        ours! {
            fn columns() -> #rt::Vec<#rt::SqlColumn> {
                #rt::vec![#(#columns),*]
            }
        }
    })
}

fn column(user: &User, custom: &Custom, db: &TokenStream) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let (name, ty) = (&custom.column, &custom.ty);
    // The type determines whether the column may be NULL, because it may be an alias of an `Option`.
    let column = match custom.storage {
        Storage::Native => quote_spanned!(at(ty)=> #rt::column::<#db, #ty>(#name, #rt::nullable!(#db, #ty))),
        Storage::Json => quote_spanned!(at(ty)=> #rt::json_column::<#db>(#name, #rt::nullable!(#ty))),
        Storage::Text => quote_spanned!(at(ty)=> #rt::text_column::<#db>(#name, #rt::nullable!(#ty))),
    };
    let tenant = custom.is_tenant.then(|| ours!(.as_tenant()));
    let login = custom.is_login.then(|| ours!(.as_login()));
    let from_database = match &custom.new_value {
        NewValue::FromDatabase(Some(sql), _) => Some(ours!(.from_database(#rt::Some(#sql)))),
        NewValue::FromDatabase(None, _) => Some(ours!(.from_database(#rt::None))),
        NewValue::Sent(_) | NewValue::Fixed(_) | NewValue::Implicit => None,
    };
    let fill = values::of_existing_rows(user, custom).map(|value| match custom.storage {
        // A type that only one database knows may have no JSON.
        Storage::Native => ours!(.filled_with_value(#rt::json_of!(#ty, #value))),
        Storage::Text => ours!(.filled_with(&#value)),
        Storage::Json => ours!(.filled_with_json(&#value)),
    });
    ours!(#column #tenant #login #from_database #fill)
}
