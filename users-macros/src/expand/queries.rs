//! The statements as a public constant, and columns in, columns out.

use std::iter::once;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;

use super::{at, ours};
use crate::{
    model::{Custom, Initial, Role, Storage, User},
    names::default_of,
    sql::{self, Dialect},
};

/// `USER_SQL`.
pub(super) fn constant(user: &User) -> TokenStream {
    let (vis, name, runtime) = (&user.vis, &user.names.sql, &user.names.runtime.path);
    let docs = format!(" Every statement that touches the table `{}`, per database.", user.table);
    let (table, session_table) = (&user.table, &user.session_table);
    let columns = user.columns();
    let id_made_by_database = user.id_made_by_database();
    let sqlite = statements(user, user.databases.sqlite, Dialect::Sqlite);
    let postgres = statements(user, user.databases.postgres, Dialect::Postgres);
    let mysql = statements(user, user.databases.mysql, Dialect::MySql);
    ours! {
        #[doc = #docs]
        #vis const #name: #runtime::UserSql = #runtime::UserSql {
            table: #table,
            session_table: #session_table,
            columns: &[#(#columns),*],
            id_made_by_database: #id_made_by_database,
            sqlite: #sqlite,
            postgres: #postgres,
            mysql: #mysql,
        };
    }
}

fn statements(user: &User, wanted: bool, dialect: Dialect) -> TokenStream {
    let runtime = &user.names.runtime.path;
    if !wanted {
        return ours!(#runtime::Statements::NONE);
    }
    let statements = sql::statements(user, dialect).into_iter().map(|(field, text)| {
        let field = Ident::new(field, Span::mixed_site());
        let text = raw(&text);
        ours!(#field: #text,)
    });
    ours!(#runtime::Statements { #(#statements)* })
}

/// A text as it would be written by hand: raw if it has quotes in it.
fn raw(text: &str) -> Literal {
    if text.contains('"') {
        // The text has no `"#`, since `#` stands in no name and no statement.
        if let Ok(literal) = format!("r#\"{text}\"#").parse() {
            return literal;
        }
    }
    Literal::string(text)
}

/// The impl of `SqlUser`, one for all databases.
pub(super) fn sql_user(user: &User) -> TokenStream {
    let (rt, db) = (&user.names.runtime.rt, &user.names.runtime.database);
    let (this, sql) = (&user.ident, &user.names.sql);
    let bounds = user.customs_where(|custom| custom.storage == Storage::Native).map(|(_, custom)| {
        let ty = &custom.ty;
        quote_spanned!(at(ty)=> #ty: #rt::Column<#db>,)
    });
    let columns = columns(user);
    let bind_tenant = user.tenant().map(|_| {
        ours! {
            fn bind_tenant(tenant: &#rt::Tenant<Self>, values: &mut #rt::Values<'_, #db>) -> #rt::SqlResult<()> {
                values.tenant(tenant)
            }
        }
    });

    let read_roles = user.roles.all().into_iter().zip(0..).map(|(field, index)| {
        let (name, index) = (&field.ident, Literal::usize_unsuffixed(index));
        let read = match field.role {
            Role::Id => ours!(id),
            Role::HashedPassword => ours!(hash),
            Role::Email | Role::IsActive | Role::IsSuperuser | Role::IsVerified => ours!(get),
        };
        quote_spanned!(at(&field.ty)=> #name: row.#read(#index)?,)
    });
    let read_customs = user.customs.iter().zip(6..).map(|(custom, index)| {
        let (name, index) = (&custom.ident, Literal::usize_unsuffixed(index));
        let read = match custom.storage {
            Storage::Native => ours!(get),
            Storage::Json => ours!(json),
            Storage::Text => ours!(text),
        };
        quote_spanned!(at(&custom.ty)=> #name: row.#read(#index)?,)
    });
    let bind_customs = user.customs.iter().map(|custom| {
        let name = &custom.ident;
        let add = match custom.storage {
            Storage::Native => ours!(add),
            Storage::Json => ours!(json),
            Storage::Text => ours!(text),
        };
        quote_spanned!(at(&custom.ty)=> values.#add(&self.#name))
    });
    // The last call answers for all, as it would if written by hand.
    let calls: Vec<_> = once(ours!(values.account(&#rt::AuthUser::account(self)))).chain(bind_customs).collect();
    let last = calls.len() - 1;
    let bind = calls.iter().enumerate().map(|(n, call)| if n < last { ours!(#call?;) } else { call.clone() });
    ours! {
        impl<#db: #rt::Dialect> #rt::SqlUser<#db> for #this
        where
            #(#bounds)*
        {
            const SQL: &'static #rt::UserSql = &#sql;
            #columns
            fn from_row(row: &#rt::Row<'_, #db>) -> #rt::SqlResult<Self> {
                #rt::Ok(Self {
                    #(#read_roles)*
                    #(#read_customs)*
                })
            }
            fn bind(&self, values: &mut #rt::Values<'_, #db>) -> #rt::SqlResult<()> {
                #(#bind)*
            }
            #bind_tenant
        }
    }
}

/// What the schema must know about the columns of the application's own fields, if there are any.
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
    let column = if custom.is_tenant { ours!(#column.as_tenant()) } else { column };
    let value = match &custom.default {
        _ if nullable => return column,
        Initial::Unsaid => return column,
        Initial::TypeDefault => quote_spanned!(at(ty)=> <#ty as #rt::Default>::default()),
        Initial::Value(_) => {
            let (create, default) = (&user.names.create, default_of(&custom.ident));
            ours!(#create::#default())
        }
    };
    let filled_with = match custom.storage {
        Storage::Native | Storage::Text => ours!(filled_with),
        Storage::Json => ours!(filled_with_json),
    };
    ours!(#column.#filled_with(&#value))
}
