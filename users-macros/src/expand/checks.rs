//! Checks that need the compiler: one assertion per custom field, and one for an id of a type of the
//! application. Each points at the field's type.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::{at, ours};
use crate::{
    model::{Custom, DefaultValue, NewValue, Storage, User},
    names::Runtime,
};

/// Returns all assertions, if there are any. They run at compile time and precede everything else, so that theirs is the
/// first message.
pub(super) fn assertions(user: &User) -> Option<TokenStream> {
    let Runtime { path: runtime, rt, .. } = &user.names.runtime;
    let id = &user.roles.id.ty;
    let id = user.has_own_id().then(|| quote_spanned!(at(id)=> #rt::check::id::<#id>();));
    let customs = user.customs.iter().flat_map(|custom| {
        let ty = &custom.ty;
        let has_json = custom.access.on_the_wire() || custom.storage != Storage::Native;
        let field = has_json.then(|| quote_spanned!(at(ty)=> #rt::check::field::<#ty>();));
        let [new, implicit, tenant] = new_value(user, custom);
        [field, column(user, custom), new, implicit, tenant].into_iter().flatten()
    });
    let checks: Vec<TokenStream> = id.into_iter().chain(customs).collect();
    (!checks.is_empty()).then(|| {
        ours! {
            const _: () = {
                use #runtime as #rt;
                #(#checks)*
            };
        }
    })
}

/// Returns the check that databases can store the type: all that are enabled, or those that the struct names.
fn column(user: &User, custom: &Custom) -> Option<TokenStream> {
    let (rt, ty) = (&user.names.runtime.rt, &custom.ty);
    let check = |name: &str| {
        let name = Ident::new(name, Span::mixed_site());
        quote_spanned!(at(ty)=> #rt::check::#name::<#ty>();)
    };
    if custom.storage != Storage::Native {
        return None;
    }
    if !user.is_narrowed {
        return Some(check("column"));
    }
    let named = user.databases.named();
    let checks = named.into_iter().map(|database| check(&format!("{database}_column")));
    Some(checks.collect())
}

/// Returns the checks of a value that no request sets.
fn new_value(user: &User, custom: &Custom) -> [Option<TokenStream>; 3] {
    let (rt, ty) = (&user.names.runtime.rt, &custom.ty);
    let is_implicit = matches!(custom.new_value, NewValue::Implicit);
    let is_default_of_type = is_implicit
        || matches!(
            custom.new_value,
            NewValue::Fixed(DefaultValue::OfType) | NewValue::FromDatabase(_, None | Some(DefaultValue::OfType))
        );
    [
        is_default_of_type.then(|| quote_spanned!(at(ty)=> #rt::check::new_value::<#ty>();)),
        (is_implicit && !custom.is_tenant).then(|| quote_spanned!(at(ty)=> #rt::implicit_default!(#ty);)),
        custom.is_tenant.then(|| quote_spanned!(at(ty)=> #rt::never_null!(#ty);)),
    ]
}
