//! The functions that make routers: one per group of routes, and one for all of them. Each route is one line of the
//! expansion: method, path, handler.

use proc_macro2::{Ident, TokenStream};

use super::ours;
use crate::{model::User, names::Runtime};

/// Returns all functions.
pub(super) fn functions(user: &User) -> TokenStream {
    let (rt, names, this) = (&user.names.runtime.rt, &user.names.routes, &user.ident);
    let all = all(user);
    let auth = auth(user);
    let register = group(
        user,
        &names.register,
        " The route of registration, usually under `/auth`: `POST /register`.",
        &ours! {
            .post("/register", #rt::register::<#this>)
        },
    );
    let reset = group(
        user,
        &names.reset,
        " The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.",
        &ours! {
            .post("/forgot-password", #rt::forgot_password::<#this>)
            .post("/reset-password", #rt::reset_password::<#this>)
        },
    );
    let verify = group(
        user,
        &names.verify,
        " The routes that verify and change an e-mail address, usually under `/auth`: `POST /request-verify-token`, `/verify`, \
         `/confirm-email` and `/undo-email`.",
        &ours! {
            .post("/request-verify-token", #rt::request_verify_token::<#this>)
            .post("/verify", #rt::verify::<#this>)
            .post("/confirm-email", #rt::confirm_email::<#this>)
            .post("/undo-email", #rt::undo_email::<#this>)
        },
    );
    let account = group(
        user,
        &names.account,
        " The routes of one's own account and, for superusers, of all accounts, usually under `/users`: `/me` and `/{id}`.",
        &ours! {
            .get("/me", #rt::me::<#this>)
            .patch("/me", #rt::update_me::<#this>)
            .fallback("/me", #rt::me_as_id::<#this>)
            .get("/{id}", #rt::user_by_id::<#this>)
            .patch("/{id}", #rt::update_user::<#this>)
            .delete("/{id}", #rt::delete_user::<#this>)
        },
    );
    let oauth = user.oauth_table.is_some().then(|| oauth(user));
    ours! { #all #auth #register #reset #verify #account #oauth }
}

/// Returns the functions for OAuth providers. `user_routes` does not mount them, because it knows no provider.
fn oauth(user: &User) -> TokenStream {
    let (this, names, Runtime { krate, rt, path, .. }) = (&user.ident, &user.names.routes, &user.names.runtime);
    let login = ours! {
        use #path as #rt;
        #rt::Routes::of_backend(users, backend)
            .of_provider(provider)
            .creating_users(provider)
            .get("/authorize", #rt::oauth_authorize::<#this>)
            .callback("/callback", #rt::oauth_callback::<#this>)
            .id_tokens("/token", #rt::oauth_id_token::<#this>)
            .into_router()
    };
    let associate = ours! {
        use #path as #rt;
        #rt::Routes::new(users)
            .of_provider(provider)
            .get("/authorize", #rt::oauth_associate_authorize::<#this>)
            .callback("/callback", #rt::oauth_associate_callback::<#this>)
            .into_router()
    };
    let provider = ours!(, provider: &#krate::oauth::OAuthProvider);
    let login = function(
        user,
        &names.oauth,
        " The routes of logging in with a provider, usually under `/auth/{provider}`: `GET /authorize` and `/callback`, \
         and `POST /token` for an ID token.",
        Some(&ours!(#provider, backend: &#path::str)),
        &login,
    );
    let associate = function(
        user,
        &names.oauth_associate,
        " The routes of associating an account at a provider with the signed-in user, usually under \
         `/auth/associate/{provider}`: `GET /authorize` and `/callback`.",
        Some(&provider),
        &associate,
    );
    ours! { #login #associate }
}

fn all(user: &User) -> TokenStream {
    let (this, names, path) = (&user.ident, &user.names.routes, &user.names.runtime.path);
    let (auth, register, reset) = (&names.auth, &names.register, &names.reset);
    let (verify, account) = (&names.verify, &names.account);
    let docs = format!(
        " The routes of backends, registration, reset, verification and accounts of [`{this}`] under their usual prefixes."
    );
    let body = ours! {
        #path::Routes::new(users)
            .nest_backends("/auth", #auth)
            .nest("/auth", [#register, #reset, #verify])
            .nest("/users", [#account])
            .into_router()
    };
    function(user, &names.all, &docs, None, &body)
}

fn auth(user: &User) -> TokenStream {
    let (this, Runtime { rt, path, .. }) = (&user.ident, &user.names.runtime);
    let docs = " The routes of one backend, usually under `/auth/{backend}`: `POST /login`, `/logout`, `/reauthenticate` and, if \
                they are turned on, `/second-factor`, `/refresh`, `/magic-link`, `/magic-link/redeem`, `/email-code` and \
                `/email-code/redeem`.";
    let body = ours! {
        use #path as #rt;
        #rt::Routes::of_backend(users, backend)
            .post("/login", #rt::login::<#this>)
            .second_factor("/second-factor", #rt::mfa_login::<#this>)
            .post("/logout", #rt::logout::<#this>)
            .own_post("/reauthenticate", #rt::reauthenticate::<#this>)
            .refresh("/refresh", #rt::refresh::<#this>)
            .magic_link("/magic-link", #rt::request_magic_link::<#this>)
            .magic_link("/magic-link/redeem", #rt::redeem_magic_link::<#this>)
            .email_code("/email-code", #rt::request_email_code::<#this>)
            .email_code("/email-code/redeem", #rt::redeem_email_code::<#this>)
            .into_router()
    };
    function(user, &user.names.routes.auth, docs, Some(&ours!(, backend: &#path::str)), &body)
}

fn group(user: &User, name: &Ident, docs: &str, routes: &TokenStream) -> TokenStream {
    let Runtime { rt, path, .. } = &user.names.runtime;
    let body = ours! {
        use #path as #rt;
        #rt::Routes::new(users) #routes .into_router()
    };
    function(user, name, docs, None, &body)
}

fn function(user: &User, name: &Ident, docs: &str, parameter: Option<&TokenStream>, body: &TokenStream) -> TokenStream {
    let (vis, this) = (&user.vis, &user.ident);
    let Runtime { krate, path, state, .. } = &user.names.runtime;
    ours! {
        #[doc = #docs]
        #vis fn #name<#state: #krate::HasUsers<#this>>(
            users: &#krate::Users<#this> #parameter
        ) -> #path::Router<#state> {
            #body
        }
    }
}
