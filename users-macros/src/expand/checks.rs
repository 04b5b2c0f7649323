//! What only the type checker knows: one assertion per field, shown at the field's type.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, ours};
use crate::model::{Databases, Initial, Storage, User};

/// All assertions. They run at compile time and leave nothing behind.
pub(super) fn assertions(user: &User) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let by_database = user.id_made_by_database();
    let (id, email, hash) = (&user.roles.id.ty, &user.roles.email.ty, &user.roles.hashed_password.ty);
    let id = quote_spanned!(at(id)=> #rt::check::id::<#id>(#by_database););
    let email = quote_spanned!(at(email)=> #rt::check::email::<#email>(););
    let hash = quote_spanned!(at(hash)=> #rt::check::hashed_password::<#hash>(););
    let flags = user.roles.flags().map(|field| {
        let ty = &field.ty;
        quote_spanned!(at(ty)=> #rt::check::flag::<#ty>();)
    });
    let customs = user.customs.iter().map(|custom| {
        let ty = &custom.ty;
        let on_the_wire = custom.access.on_the_wire() || custom.storage != Storage::Native;
        let field = on_the_wire.then(|| quote_spanned!(at(ty)=> #rt::check::field::<#ty>();));
        // A struct that is narrowed to some databases may have columns that only those know.
        let in_a_column = custom.storage == Storage::Native && user.databases == Databases::ALL;
        let column = in_a_column.then(|| quote_spanned!(at(ty)=> #rt::check::column::<#ty>();));
        let unset = !custom.access.create && !matches!(custom.default, Initial::Value(_));
        let new = unset.then(|| quote_spanned!(at(ty)=> #rt::check::new_value::<#ty>();));
        ours!(#field #column #new)
    });
    ours! {
        const _: () = {
            #id
            #email
            #hash
            #(#flags)*
            #(#customs)*
        };
    }
}
