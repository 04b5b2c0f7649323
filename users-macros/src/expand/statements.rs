//! The statements as a public constant: `USER_SQL`.

use proc_macro2::{Ident, Literal, Span, TokenStream};

use super::ours;
use crate::{
    model::User,
    sql::{self, Dialect, MySql, Postgres, Sqlite},
};

/// Returns the constant. Only the parts that differ from the usual ones are written out.
pub(super) fn constant(user: &User) -> TokenStream {
    let (vis, name, runtime) = (&user.vis, &user.names.sql, &user.names.runtime.path);
    let docs = format!(" Every statement on the table `{}`, per database.", user.table);
    let named = |field: &str, name: &str, usual: &str| {
        let field = Ident::new(field, Span::mixed_site());
        (name != usual).then(|| ours!(#field: #name,))
    };
    let table = named("table", &user.table, "user");
    let session_table = named("session_table", &user.session_table, "accesstoken");
    let schema = user.schema.as_deref().map(|schema| ours!(schema: #runtime::Some(#schema),));
    let oauth_table = user.oauth_table.as_deref().map(|table| ours!(oauth_table: #runtime::Some(#table),));
    let roles = role_columns(user);
    let integers = user.id_made_by_database().then(|| ours!(id_made_by_database: true,));
    let login = user.login().map(|login| login_statements(user, &login.column));
    let sqlite = user.databases.sqlite.then(|| statements(user, "sqlite", &Sqlite));
    let postgres = user.databases.postgres.then(|| statements(user, "postgres", &Postgres));
    let mysql = user.databases.mysql.then(|| statements(user, "mysql", &MySql));
    ours! {
        #[doc = #docs]
        #vis const #name: #runtime::UserSql = #runtime::UserSql {
            #table
            #session_table
            #oauth_table
            #schema
            #roles
            #integers
            #login
            #sqlite
            #postgres
            #mysql
            ..#runtime::UserSql::USUAL
        };
    }
}

/// Returns the columns of the roles that are not named like their role, if there are any.
fn role_columns(user: &User) -> Option<TokenStream> {
    let runtime = &user.names.runtime.path;
    let roles = user.roles.all();
    let renamed: Vec<TokenStream> = roles
        .iter()
        .filter(|field| field.column != field.role.name())
        .map(|field| {
            let (role, column) = (Ident::new(field.role.name(), Span::mixed_site()), &field.column);
            ours!(#role: #column,)
        })
        .collect();
    let others = (renamed.len() < roles.len()).then(|| ours!(..#runtime::RoleColumns::USUAL));
    (!renamed.is_empty()).then(|| ours!(roles: #runtime::RoleColumns { #(#renamed)* #others },))
}

fn statements(user: &User, database: &str, dialect: &dyn Dialect) -> TokenStream {
    let (runtime, database) = (&user.names.runtime.path, Ident::new(database, Span::mixed_site()));
    let statements = sql::statements(user, dialect).into_iter().map(|(field, text)| {
        let field = Ident::new(field, Span::mixed_site());
        let text = raw(&text);
        ours!(#field: #text,)
    });
    ours!(#database: #runtime::Statements { #(#statements)* },)
}

/// Returns the statements that find a user by the login name.
fn login_statements(user: &User, column: &str) -> TokenStream {
    let runtime = &user.names.runtime.path;
    let named: [(&str, bool, &dyn Dialect); 3] = [
        ("sqlite", user.databases.sqlite, &Sqlite),
        ("postgres", user.databases.postgres, &Postgres),
        ("mysql", user.databases.mysql, &MySql),
    ];
    let is_complete = named.iter().all(|(_, is_named, _)| *is_named);
    let statements = named.into_iter().filter(|(_, is_named, _)| *is_named).map(|(database, _, dialect)| {
        let database = Ident::new(database, Span::mixed_site());
        let text = raw(&sql::find_by_login_name(user, column, dialect));
        ours!(#database: #text,)
    });
    let others = (!is_complete).then(|| ours!(..#runtime::LoginSql::NONE));
    ours!(login: #runtime::Some(#runtime::LoginSql { column: #column, #(#statements)* #others }),)
}

/// Returns a string literal as in handwritten code: raw if the text contains quotes.
fn raw(text: &str) -> Literal {
    if text.contains('"') {
        // The text contains no `"#`, since no name and no statement contains `#`.
        if let Ok(literal) = format!("r#\"{text}\"#").parse() {
            return literal;
        }
    }
    Literal::string(text)
}
