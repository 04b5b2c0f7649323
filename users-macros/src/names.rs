//! Every identifier and path that an expansion contains.

use std::collections::HashSet;

use heck::{ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{Ident, Path, ext::IdentExt};

/// The names of the items that are written for one struct.
pub(crate) struct Names {
    /// The schema of responses: `UserRead`.
    pub(crate) read: Ident,
    /// The schema of a registration: `UserCreate`.
    pub(crate) create: Ident,
    /// The schema of a change of one's own account: `UserUpdate`.
    pub(crate) update: Ident,
    /// The schema of a superuser's change: `UserAdminUpdate`.
    pub(crate) admin_update: Ident,
    /// The statements: `USER_SQL`.
    pub(crate) sql: Ident,
    /// The functions that make routers.
    pub(crate) routes: Routes,
    /// The paths of the runtime.
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
    /// `user_oauth_routes`.
    pub(crate) oauth: Ident,
    /// `user_oauth_associate_routes`.
    pub(crate) oauth_associate: Ident,
}

/// The paths of the runtime, and the short names inside bodies.
pub(crate) struct Runtime {
    /// `::axum_users`.
    pub(crate) krate: TokenStream,
    /// `::axum_users::__private0_1_0`, for items outside of bodies.
    pub(crate) path: TokenStream,
    /// The same as text, for serde's attributes.
    text: String,
    /// `rt`: the alias of `path` inside bodies and the anonymous block.
    pub(crate) rt: Ident,
    /// `DB`: the parameter for the database.
    pub(crate) database: Ident,
    /// `S`: the parameter for the router's state.
    pub(crate) state: Ident,
}

/// Names that an application chose instead of the default ones.
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
    /// Builds the names for the struct `user`. `written` is everything that its author wrote; the generated short names
    /// avoid its words.
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
                oauth: route("_oauth"),
                oauth_associate: route("_oauth_associate"),
            },
            read: schema(chosen.read, "Read"),
            create: schema(chosen.create, "Create"),
            update: schema(chosen.update, "Update"),
            admin_update: schema(chosen.admin_update, "AdminUpdate"),
            runtime: Runtime::new(chosen.krate, written),
        }
    }

    /// Returns the names of the items next to the struct, each with the key that changes it.
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
        let private = private_module();
        let path = quote!(#krate::#private);
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

    /// Returns the full path of an item of the runtime as text, as serde's attributes require.
    pub(crate) fn text(&self, name: &str) -> String {
        format!("{}::{name}", self.text)
    }
}

/// Returns the name of the function that makes a field's default value.
pub(crate) fn default_of(field: &Ident) -> Ident {
    format_ident!("default_{}", field.unraw())
}

/// Returns the name of the runtime's private module. It contains the version, so that a derive and a runtime of
/// different versions do not compile together.
fn private_module() -> Ident {
    let version = env!("CARGO_PKG_VERSION").replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format_ident!("__private{version}")
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
    fn usual_names_are_made_from_the_struct_name() {
        let names = names("ShopUser", Chosen::default(), quote!());
        assert_eq!(names.read, "ShopUserRead");
        assert_eq!(names.admin_update, "ShopUserAdminUpdate");
        assert_eq!(names.sql, "SHOP_USER_SQL");
        assert_eq!(names.routes.all, "shop_user_routes");
        assert_eq!(names.routes.account, "shop_user_account_routes");
        assert_eq!(names.runtime.text("serde"), format!("::axum_users::{}::serde", private_module()));
    }

    #[test]
    fn short_names_avoid_the_words_of_the_author() {
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
    fn another_crate_path_is_used_in_serde_attributes() {
        let krate = Some(syn::parse_quote!(crate::auth));
        let names = names("User", Chosen { krate, ..Chosen::default() }, quote!());
        assert_eq!(names.runtime.text("present"), format!("crate::auth::{}::present", private_module()));
    }
}
