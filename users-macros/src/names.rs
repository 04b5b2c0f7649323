//! Every identifier and path that an expansion may contain is made here.

use std::collections::HashSet;

use heck::{ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{Ident, Path, ext::IdentExt};

/// The names of what is written for one struct.
pub(crate) struct Names {
    /// What clients see: `UserRead`.
    pub(crate) read: Ident,
    /// What a registration sends: `UserCreate`.
    pub(crate) create: Ident,
    /// What a person may change about themselves: `UserUpdate`.
    pub(crate) update: Ident,
    /// What a superuser may change: `UserAdminUpdate`.
    pub(crate) admin_update: Ident,
    /// The statements: `USER_SQL`.
    pub(crate) sql: Ident,
    /// The functions that make routers.
    pub(crate) routes: Routes,
    /// Where the runtime is found.
    pub(crate) runtime: Runtime,
}

/// The functions that make routers.
pub(crate) struct Routes {
    /// All of them: `user_routes`.
    pub(crate) all: Ident,
    /// `user_auth_routes`.
    pub(crate) auth: Ident,
    /// `user_register_routes`.
    pub(crate) register: Ident,
    /// `user_reset_routes`.
    pub(crate) reset: Ident,
    /// `user_verify_routes`.
    pub(crate) verify: Ident,
    /// `user_account_routes`.
    pub(crate) account: Ident,
}

/// Where the runtime is found, and the short names that stand for it inside bodies.
pub(crate) struct Runtime {
    /// `::axum_users`.
    pub(crate) krate: TokenStream,
    /// `::axum_users::__private`, for items that an application can name.
    pub(crate) path: TokenStream,
    /// The same as text, for serde's attributes.
    text: String,
    /// `rt`: the alias inside bodies and the anonymous block.
    pub(crate) rt: Ident,
    /// `DB`: the parameter for the database.
    pub(crate) database: Ident,
    /// `S`: the parameter for the router's state.
    pub(crate) state: Ident,
}

/// Names that an application gave instead of the usual ones.
#[derive(Default)]
pub(crate) struct Chosen {
    pub(crate) krate: Option<Path>,
    pub(crate) read: Option<Ident>,
    pub(crate) create: Option<Ident>,
    pub(crate) update: Option<Ident>,
    pub(crate) admin_update: Option<Ident>,
    pub(crate) sql: Option<Ident>,
    /// The prefix of the route functions.
    pub(crate) routes: Option<Ident>,
}

impl Names {
    /// The names for the struct `user`. `written` is all that its author wrote; our short names keep clear of it.
    pub(crate) fn new(user: &Ident, chosen: Chosen, written: &TokenStream) -> Self {
        let name = user.unraw().to_string();
        let span = user.span();
        let schema = |chosen: Option<Ident>, suffix: &str| {
            chosen.unwrap_or_else(|| Ident::new(&format!("{name}{suffix}"), span))
        };
        let prefix = match &chosen.routes {
            Some(prefix) => prefix.unraw().to_string(),
            None => name.to_snake_case(),
        };
        let routes_span = chosen.routes.as_ref().map_or(span, Ident::span);
        let route = |suffix: &str| Ident::new(&format!("{prefix}{suffix}_routes"), routes_span);
        Self {
            sql: chosen.sql.unwrap_or_else(|| Ident::new(&format!("{}_SQL", name.to_shouty_snake_case()), span)),
            routes: Routes {
                all: route(""),
                auth: route("_auth"),
                register: route("_register"),
                reset: route("_reset"),
                verify: route("_verify"),
                account: route("_account"),
            },
            read: schema(chosen.read, "Read"),
            create: schema(chosen.create, "Create"),
            update: schema(chosen.update, "Update"),
            admin_update: schema(chosen.admin_update, "AdminUpdate"),
            runtime: Runtime::new(chosen.krate, written),
        }
    }

    /// The names that stand beside the struct, with what they are.
    pub(crate) fn items(&self) -> [(&Ident, &'static str); 5] {
        [
            (&self.read, "read"),
            (&self.create, "create"),
            (&self.update, "update"),
            (&self.admin_update, "admin_update"),
            (&self.sql, "sql"),
        ]
    }
}

impl Runtime {
    fn new(krate: Option<Path>, written: &TokenStream) -> Self {
        let krate = krate.map_or_else(|| quote!(::axum_users), |krate| quote!(#krate));
        let path = quote!(#krate::__private);
        let mut words = HashSet::new();
        collect_words(written.clone(), &mut words);
        let fresh = |wanted: &str| {
            let mut name = wanted.to_owned();
            while words.contains(&name) {
                name.push('_');
            }
            Ident::new(&name, Span::mixed_site())
        };
        Self {
            text: path.to_string().replace(' ', ""),
            rt: fresh("rt"),
            database: fresh("DB"),
            state: fresh("S"),
            krate,
            path,
        }
    }

    /// The full path of something the runtime offers, as serde's attributes want it: a text.
    pub(crate) fn text(&self, name: &str) -> String {
        format!("{}::{name}", self.text)
    }
}

/// The function that makes the value of a field that a registration left out.
pub(crate) fn default_of(field: &Ident) -> Ident {
    format_ident!("default_{}", field.unraw())
}

fn collect_words(tokens: TokenStream, words: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                words.insert(word.unraw().to_string());
            }
            TokenTree::Group(group) => collect_words(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(user: &str, chosen: Chosen, written: TokenStream) -> Names {
        Names::new(&Ident::new(user, Span::call_site()), chosen, &written)
    }

    #[test]
    fn the_usual_names_follow_the_structs() {
        let names = names("ShopUser", Chosen::default(), quote!());
        assert_eq!(names.read, "ShopUserRead");
        assert_eq!(names.admin_update, "ShopUserAdminUpdate");
        assert_eq!(names.sql, "SHOP_USER_SQL");
        assert_eq!(names.routes.all, "shop_user_routes");
        assert_eq!(names.routes.account, "shop_user_account_routes");
        assert_eq!(names.runtime.text("serde"), "::axum_users::__private::serde");
    }

    #[test]
    fn short_names_keep_clear_of_what_the_author_wrote() {
        let names = names(
            "S",
            Chosen::default(),
            quote!(
                struct S {
                    plan: rt::Plan,
                    database: Vec<DB>,
                }
            ),
        );
        assert_eq!(names.runtime.rt, "rt_");
        assert_eq!(names.runtime.database, "DB_");
        assert_eq!(names.runtime.state, "S_");
    }

    #[test]
    fn another_crate_path_reaches_serde_too() {
        let krate = Some(syn::parse_quote!(crate::auth));
        let names = names("User", Chosen { krate, ..Chosen::default() }, quote!());
        assert_eq!(names.runtime.text("present"), "crate::auth::__private::present");
    }
}
