//! What only the type checker knows: one assertion per field, shown at the field's type.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, ours};
use crate::{
    model::{Initial, Role, Storage, User},
    names::Runtime,
};

/// All assertions, if there is anything to ask. They run at compile time and leave nothing behind. They stand before
/// everything else, so that their message is the first one.
pub(super) fn assertions(user: &User) -> Option<TokenStream> {
    let Runtime { path: runtime, rt, .. } = &user.names.runtime;
    let by_database = user.id_made_by_database();
    // Where the type is written as usual there is nothing to find out.
    let unusual = user.roles.all().into_iter().filter(|field| !field.role.is_usual(&field.ty)).map(|field| {
        let ty = &field.ty;
        let check = match field.role {
            Role::Id => ours!(id::<#ty>(#by_database)),
            Role::Email => ours!(email::<#ty>()),
            Role::HashedPassword => ours!(hashed_password::<#ty>()),
            Role::IsActive | Role::IsSuperuser | Role::IsVerified => ours!(flag::<#ty>()),
        };
        quote_spanned!(at(ty)=> #rt::check::#check;)
    });
    let customs = user.customs.iter().flat_map(|custom| {
        let ty = &custom.ty;
        let on_the_wire = custom.access.on_the_wire() || custom.storage != Storage::Native;
        let field = on_the_wire.then(|| quote_spanned!(at(ty)=> #rt::check::field::<#ty>();));
        // A struct that is narrowed to some databases may have columns that only those know.
        let in_a_column = custom.storage == Storage::Native && !user.is_narrowed;
        let column = in_a_column.then(|| quote_spanned!(at(ty)=> #rt::check::column::<#ty>();));
        let unset = !custom.access.create && !matches!(custom.default, Initial::Value(_));
        let new = unset.then(|| quote_spanned!(at(ty)=> #rt::check::new_value::<#ty>();));
        [field, column, new].into_iter().flatten()
    });
    let checks: Vec<TokenStream> = unusual.chain(customs).collect();
    (!checks.is_empty()).then(|| {
        ours! {
            const _: () = {
                use #runtime as #rt;
                #(#checks)*
            };
        }
    })
}
