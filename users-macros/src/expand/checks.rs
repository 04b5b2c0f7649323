//! Checks that need the compiler: one assertion per custom field, which points at the field's type.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, ours};
use crate::{
    model::{Initial, Storage, User},
    names::Runtime,
};

/// Returns all assertions, if there are any. They run at compile time and precede everything else, so that theirs is the
/// first message.
pub(super) fn assertions(user: &User) -> Option<TokenStream> {
    let Runtime { path: runtime, rt, .. } = &user.names.runtime;
    let checks: Vec<TokenStream> = user
        .customs
        .iter()
        .flat_map(|custom| {
            let ty = &custom.ty;
            let has_json = custom.access.on_the_wire() || custom.storage != Storage::Native;
            let field = has_json.then(|| quote_spanned!(at(ty)=> #rt::check::field::<#ty>();));
            // A struct that names its databases may have columns that only those know.
            let has_column = custom.storage == Storage::Native && !user.is_narrowed;
            let column = has_column.then(|| quote_spanned!(at(ty)=> #rt::check::column::<#ty>();));
            let is_unset = !custom.access.create && !matches!(custom.default, Initial::Value(_));
            let new = is_unset.then(|| quote_spanned!(at(ty)=> #rt::check::new_value::<#ty>();));
            [field, column, new].into_iter().flatten()
        })
        .collect();
    (!checks.is_empty()).then(|| {
        ours! {
            const _: () = {
                use #runtime as #rt;
                #(#checks)*
            };
        }
    })
}
