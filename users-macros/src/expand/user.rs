//! What the runtime must know of the struct itself: which field has which role, and how users are made and shown.

use proc_macro2::{Literal, TokenStream};
use quote::quote_spanned;

use super::{at, ours};
use crate::{
    model::{Custom, Initial, Role, User},
    names::default_of,
};

/// The impl of `AuthUser`.
pub(super) fn auth_user(user: &User) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let this = &user.ident;
    let names = &user.names;
    let (read, create, update, admin_update) = (&names.read, &names.create, &names.update, &names.admin_update);
    let id_type = &user.roles.id.ty;

    // What is about a field is shown at its type.
    let [id, email, hashed_password, is_active, is_superuser, is_verified] = user.roles.all().map(|field| {
        let name = &field.ident;
        quote_spanned!(at(&field.ty)=> self.#name)
    });

    let custom_fields: Vec<_> = user.customs.iter().map(|custom| custom_field(user, custom)).collect();
    let custom_fields = (!custom_fields.is_empty())
        .then(|| ours!(const CUSTOM_FIELDS: &'static [#rt::CustomField] = &[#(#custom_fields),*];));
    let new_roles = user.roles.all().map(|field| {
        let name = &field.ident;
        let value = match field.role {
            Role::Id => ours!(id),
            Role::Email => ours!(email),
            Role::HashedPassword => ours!(hashed_password),
            Role::IsActive => ours!(status.is_active),
            Role::IsSuperuser => ours!(status.is_superuser),
            Role::IsVerified => ours!(status.is_verified),
        };
        quote_spanned!(at(&field.ty)=> #name: account.#value,)
    });
    let new_customs = user.customs.iter().map(|custom| {
        let (name, value) = (&custom.ident, new_value(user, custom));
        ours!(#name: #value,)
    });
    // Without a field to set, the input has no use.
    let input = if user.customs.iter().any(|custom| custom.access.create) { ours!(input) } else { ours!(_) };
    let shown_customs = user.customs_where(|custom| custom.access.read).map(|(_, custom)| {
        let name = &custom.ident;
        let value = quote_spanned!(at(&custom.ty)=> #rt::Clone::clone(&self.#name));
        ours!(#name: #value,)
    });

    let copy_custom = copy_custom(user);
    let has_tenants = user.tenant().map(|_| ours!(const HAS_TENANTS: #rt::bool = true;));
    let with_tenant = with_tenant(user);
    ours! {
        impl #rt::AuthUser for #this {
            type Id = #id_type;
            type Read = #read;
            type Create = #create;
            type Update = #update;
            type AdminUpdate = #admin_update;
            #custom_fields
            #has_tenants
            fn account(&self) -> #rt::Account<'_, #id_type> {
                #rt::Account {
                    id: #id,
                    email: &#email,
                    hashed_password: &#hashed_password,
                    status: #rt::Status {
                        is_active: #is_active,
                        is_superuser: #is_superuser,
                        is_verified: #is_verified,
                    },
                }
            }
            fn account_mut(&mut self) -> #rt::AccountMut<'_, #id_type> {
                #rt::AccountMut {
                    id: &mut #id,
                    email: &mut #email,
                    hashed_password: &mut #hashed_password,
                    is_active: &mut #is_active,
                    is_superuser: &mut #is_superuser,
                    is_verified: &mut #is_verified,
                }
            }
            fn new(account: #rt::NewAccount<#id_type>, #input: #create) -> Self {
                Self {
                    #(#new_roles)*
                    #(#new_customs)*
                }
            }
            #copy_custom
            fn read(&self) -> #read {
                #read {
                    id: #id,
                    email: #rt::Clone::clone(&#email),
                    is_active: #is_active,
                    is_superuser: #is_superuser,
                    is_verified: #is_verified,
                    #(#shown_customs)*
                }
            }
        }
        #with_tenant
    }
}

/// Where the tenant stands, if there is one.
fn with_tenant(user: &User) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let (this, tenant) = (&user.ident, user.tenant()?);
    let (name, ty) = (&tenant.ident, &tenant.ty);
    Some(quote_spanned! {at(ty)=>
        impl #rt::HasTenant for #this {
            type Tenant = #ty;
            fn tenant(&self) -> &#ty { &self.#name }
            fn tenant_mut(&mut self) -> &mut #ty { &mut self.#name }
        }
    })
}

/// How the application's own fields are copied, one by one, if there are any.
fn copy_custom(user: &User) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let copies = user.customs.iter().enumerate().map(|(index, custom)| {
        let (index, name) = (Literal::usize_unsuffixed(index), &custom.ident);
        ours!(columns.copy(#index, &mut self.#name, &from.#name);)
    });
    (!user.customs.is_empty()).then(|| {
        ours! {
            fn copy_custom(&mut self, from: &Self, columns: #rt::Columns) {
                #(#copies)*
            }
        }
    })
}

fn custom_field(user: &User, custom: &Custom) -> TokenStream {
    let rt = &user.names.runtime.rt;
    let (key, column) = (&custom.key, &custom.column);
    let access = custom.access;
    let (read, create, update) = (access.read, access.create, access.update);
    let admin = access.admin;
    ours! {
        #rt::CustomField {
            name: #key, column: #column, read: #read, create: #create, update: #update, admin: #admin,
        }
    }
}

/// What a field of a new user holds.
fn new_value(user: &User, custom: &Custom) -> TokenStream {
    let (rt, create) = (&user.names.runtime.rt, &user.names.create);
    let name = &custom.ident;
    match &custom.default {
        _ if custom.access.create => ours!(input.#name),
        Initial::Value(_) => {
            let default = default_of(name);
            ours!(#create::#default())
        }
        Initial::Unsaid | Initial::TypeDefault => {
            let ty = &custom.ty;
            quote_spanned!(at(ty)=> <#ty as #rt::Default>::default())
        }
    }
}
