//! The schemas of requests as a client sends them.

use proc_macro2::TokenStream;
use syn::Ident;

use super::ours;
use crate::model::{Custom, User};

/// Returns the impls of `RequestSchema` for a struct with the key `client`.
pub(super) fn impls(user: &User) -> Option<TokenStream> {
    user.client.then(|| {
        let (create, update, admin_update) = (create(user), update(user), admin_update(user));
        ours! { #create #update #admin_update }
    })
}

fn create(user: &User) -> TokenStream {
    let customs = user.customs.iter().filter(|custom| custom.access.create).map(|custom| field(custom, &ours!(field)));
    let fields = ours! { .field("email", &self.email).password("password", &self.password) #(#customs)* };
    schema(user, &user.names.create, &fields)
}

fn update(user: &User) -> TokenStream {
    let customs = user.customs.iter().filter(|custom| custom.access.update).map(|custom| field(custom, &ours!(change)));
    let fields = ours! {
        .change_password("password", &self.password)
        .change_password("current_password", &self.current_password)
        .change("email", &self.email)
        #(#customs)*
    };
    schema(user, &user.names.update, &fields)
}

fn admin_update(user: &User) -> TokenStream {
    let writable = user.customs.iter().filter(|custom| custom.access.update || custom.access.admin);
    let customs = writable.map(|custom| field(custom, &ours!(change)));
    let fields = ours! {
        .change_password("password", &self.password)
        .change("email", &self.email)
        .change("is_active", &self.is_active)
        .change("is_superuser", &self.is_superuser)
        .change("is_verified", &self.is_verified)
        #(#customs)*
    };
    schema(user, &user.names.admin_update, &fields)
}

fn field(custom: &Custom, method: &TokenStream) -> TokenStream {
    let (key, name) = (&custom.key, &custom.ident);
    ours!(.#method(#key, &self.#name))
}

fn schema(user: &User, name: &Ident, fields: &TokenStream) -> TokenStream {
    let rt = &user.names.runtime.rt;
    ours! {
        impl #rt::RequestSchema for #name {
            fn send<M: #rt::SerializeMap>(&self, fields: #rt::RequestFields<M>) -> #rt::RequestFields<M> {
                fields #fields
            }
        }
    }
}
