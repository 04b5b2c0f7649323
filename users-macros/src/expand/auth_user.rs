//! The impl of `AuthUser`: which field has which role, and how users are created, read and changed.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, custom_fields, ours, values};
use crate::model::{Custom, IdSource, NewValue, Role, User};

/// Returns the impl of `AuthUser`, and that of `HasTenant` for a struct with a tenant.
pub(super) fn impls(user: &User) -> TokenStream {
    let (rt, this, id_type) = (&user.names.runtime.rt, &user.ident, &user.roles.id.ty);
    let names = &user.names;
    let (read, create, update, admin_update) = (&names.read, &names.create, &names.update, &names.admin_update);

    // Errors about a role point at the field's type.
    let [id, email, hashed_password, is_active, is_superuser, is_verified] = user.roles.all().map(|field| {
        let name = &field.ident;
        quote_spanned!(at(&field.ty)=> self.#name)
    });
    let custom_fields = custom_fields::constant(user);
    let made_by_database =
        (user.id_source == IdSource::Database).then(|| ours!(const ID_MADE_BY_DATABASE: #rt::bool = true;));
    let new_id = (user.id_source == IdSource::UuidV7)
        .then(|| ours!(fn new_id(seed: #rt::IdSeed) -> #id_type { #rt::uuid_v7(seed) }));
    let has_tenants = user.tenant().map(|_| ours!(const HAS_TENANTS: #rt::bool = true;));
    let has_oauth = user.oauth_table.as_ref().map(|_| ours!(const HAS_OAUTH: #rt::bool = true;));
    let has_login_name = user.login().map(|_| ours!(const HAS_LOGIN_NAME: #rt::bool = true;));
    let login_name = login_name(user);
    let no_accounts = user.oauth_table.as_ref().map(|_| ours!(oauth_accounts: #rt::Vec::new(),));
    let show_accounts = user.oauth_table.as_ref().map(|_| {
        ours! {
            fn show_oauth_accounts(read: &mut #read, accounts: #rt::Vec<#rt::OAuthAccountRead>) {
                read.oauth_accounts = accounts;
            }
        }
    });
    let new = new(user);
    let shown_customs = user.customs.iter().filter(|custom| custom.access.read).map(|custom| {
        let name = &custom.ident;
        let value = quote_spanned!(at(&custom.ty)=> #rt::Clone::clone(&self.#name));
        ours!(#name: #value,)
    });
    let set_by_owner = set(user, |custom| custom.access.update);
    let set_by_superuser = set(user, |custom| custom.access.update || custom.access.admin);
    let copy_custom = copy_custom(user);
    let until_stored = until_stored(user);
    let has_tenant = has_tenant(user);
    ours! {
        impl #rt::AuthUser for #this {
            type Id = #id_type;
            type Read = #read;
            type Create = #create;
            type Update = #update;
            type AdminUpdate = #admin_update;
            #custom_fields
            #has_tenants
            #has_oauth
            #has_login_name
            #made_by_database
            fn account(&self) -> #rt::Account<'_, #id_type> {
                let flags = [#is_active, #is_superuser, #is_verified];
                #rt::Account::new(&#id, &#email, &#hashed_password, flags)
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
            #new
            #new_id
            fn read(&self) -> #read {
                #read {
                    #no_accounts
                    id: #rt::Clone::clone(&#id),
                    email: #rt::Clone::clone(&#email),
                    is_active: #is_active,
                    is_superuser: #is_superuser,
                    is_verified: #is_verified,
                    #(#shown_customs)*
                }
            }
            #show_accounts
            fn credentials(input: &#create) -> (&#rt::str, &#rt::Password) {
                (&input.email, &input.password)
            }
            fn update(&mut self, update: #update) -> #rt::Changes<Self> {
                #rt::Changes::by_owner(update.email, update.password, update.current_password) #set_by_owner
            }
            fn admin_update(&mut self, update: #admin_update) -> #rt::Changes<Self> {
                let flags = [update.is_active, update.is_superuser, update.is_verified];
                #rt::Changes::by_superuser(update.email, update.password, flags) #set_by_superuser
            }
            #copy_custom
            #until_stored
            #login_name
        }
        #has_tenant
    }
}

fn new(user: &User) -> TokenStream {
    let (rt, create, id_type) = (&user.names.runtime.rt, &user.names.create, &user.roles.id.ty);
    let roles = user.roles.all().map(|field| {
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
    let customs = user.customs.iter().map(|custom| {
        let (name, value) = (&custom.ident, values::of_new_user(user, custom));
        ours!(#name: #value,)
    });
    // Without a field that it sets, the input is unused.
    let input = if user.customs.iter().any(|custom| custom.access.create) { ours!(input) } else { ours!(_) };
    ours! {
        fn new(account: #rt::NewAccount<#id_type>, #input: #create) -> Self {
            Self {
                #(#roles)*
                #(#customs)*
            }
        }
    }
}

/// Returns `.set("nick", &mut self.nick, update.nick)` for every field that the change may contain.
fn set(user: &User, may_change: impl Fn(&Custom) -> bool) -> TokenStream {
    let customs = user.customs.iter().filter(|custom| may_change(custom)).map(|custom| {
        let (name, column) = (&custom.ident, &custom.column);
        ours!(.set(#column, &mut self.#name, update.#name))
    });
    ours!(#(#customs)*)
}

/// Returns `copy_custom`, if there are custom fields.
fn copy_custom(user: &User) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let copies = user.customs.iter().map(|custom| {
        let (name, column) = (&custom.ident, &custom.column);
        ours!(columns.copy(#column, &mut self.#name, &from.#name);)
    });
    (!user.customs.is_empty()).then(|| {
        ours! {
            fn copy_custom(&mut self, from: &Self, columns: #rt::Columns) {
                let columns = columns.by_name::<Self>();
                #(#copies)*
            }
        }
    })
}

/// Returns `until_stored`, if the database fills a field for which the author wrote no default.
fn until_stored(user: &User) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let filled = user.customs.iter().filter(|custom| matches!(custom.new_value, NewValue::FromDatabase(_, None)));
    let values: Vec<TokenStream> = filled
        .map(|custom| {
            let (name, ty) = (&custom.ident, &custom.ty);
            quote_spanned!(at(ty)=> self.#name = #rt::until_stored!(#ty, moment);)
        })
        .collect();
    (!values.is_empty()).then(|| {
        ours! {
            fn until_stored(&mut self, moment: &#rt::Moment) {
                #(#values)*
            }
        }
    })
}

/// Returns `login_name` and `login_name_mut`, if there is a field with which users can log in as an alternative to the address.
fn login_name(user: &User) -> Option<TokenStream> {
    let rt = &user.names.runtime.rt;
    let login = user.login()?;
    let (name, ty) = (&login.ident, &login.ty);
    let [shared, unique] = match login.is_option() {
        true => [quote_spanned!(at(ty)=> self.#name.as_deref()), quote_spanned!(at(ty)=> self.#name.as_mut())],
        false => [quote_spanned!(at(ty)=> #rt::Some(&self.#name)), quote_spanned!(at(ty)=> #rt::Some(&mut self.#name))],
    };
    Some(ours! {
        fn login_name(&self) -> #rt::Option<&#rt::str> { #shared }
        fn login_name_mut(&mut self) -> #rt::Option<&mut #rt::String> { #unique }
    })
}

/// Returns the impl of `HasTenant`, if there is a tenant.
fn has_tenant(user: &User) -> Option<TokenStream> {
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
