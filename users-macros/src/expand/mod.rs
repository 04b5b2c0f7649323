//! From the model to tokens: the order of the pieces. Nothing here decides or fails.
//!
//! Generated tokens have `mixed_site` hygiene, so an expression of the struct's author (`default = …`) cannot refer to
//! generated local variables. Names of items are built in `names`; the short ones avoid every word that the author wrote.

mod auth_user;
mod checks;
mod client;
mod custom_fields;
mod routes;
mod schemas;
mod sql_user;
mod statements;
mod values;

use proc_macro2::{Span, TokenStream};

use crate::model::User;

/// `quote!` with our hygiene.
macro_rules! ours {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}
pub(crate) use ours;

/// Returns a span with our hygiene; errors point at the place of `tokens`.
pub(crate) fn at(tokens: &impl syn::spanned::Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// Returns everything that the derive generates for one struct.
pub(crate) fn user(user: &User) -> TokenStream {
    let checks = checks::assertions(user);
    let schemas = schemas::structs(user);
    let statements = statements::constant(user);
    let routes = routes::functions(user);

    let rt = &user.names.runtime.rt;
    let runtime = &user.names.runtime.path;
    let auth_user = auth_user::impls(user);
    let defaults = values::defaults(user);
    let client = client::impls(user);
    let sql_user = sql_user::impls(user);
    let lints = user.has_deprecated_field().then(|| ours!(#[allow(deprecated)]));
    ours! {
        #checks
        #schemas
        #statements
        #routes
        #lints
        const _: () = {
            use #runtime as #rt;
            #auth_user
            #defaults
            #client
            #sql_user
        };
    }
}
