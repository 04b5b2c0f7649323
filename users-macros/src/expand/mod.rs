//! From the model to tokens: the order of the pieces. Nothing here decides or fails.
//!
//! All of our own tokens are `mixed_site`, so that an expression of the struct's author (`default = …`) cannot see our
//! local variables. Names of items are made in `names`; short ones keep clear of what the author wrote.

mod checks;
mod queries;
mod routes;
mod schemas;
mod tables;
mod user;

use proc_macro2::{Span, TokenStream};

use crate::model::User;

/// `quote!` at our own place.
macro_rules! ours {
    ($($tokens:tt)*) => {
        ::quote::quote_spanned!(::proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}
pub(crate) use ours;

/// Our own place, shown to readers of an error as that of `tokens`.
pub(crate) fn at(tokens: &impl syn::spanned::Spanned) -> Span {
    Span::mixed_site().located_at(tokens.span())
}

/// Everything that is written for one struct.
pub(crate) fn user(user: &User) -> TokenStream {
    let schemas = schemas::structs(user);
    let sql = queries::constant(user);
    let routes = routes::functions(user);

    let rt = &user.names.runtime.rt;
    let runtime = &user.names.runtime.path;
    let auth_user = user::auth_user(user);
    let tables = tables::impls(user);
    let sql_user = queries::sql_user(user);
    let checks = checks::assertions(user);
    let lints = user.has_deprecated_field().then(|| ours!(#[allow(deprecated)]));
    ours! {
        #checks
        #schemas
        #sql
        #routes
        #lints
        const _: () = {
            use #runtime as #rt;
            #auth_user
            #tables
            #sql_user
        };
    }
}
