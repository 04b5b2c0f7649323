//! The functions that make routers: one per router of the wire, and one for all of them.

use proc_macro2::{Ident, TokenStream};

use super::ours;
use crate::model::User;

/// All functions.
pub(super) fn functions(user: &User) -> TokenStream {
    let (rt, names) = (&user.names.runtime.rt, &user.names.routes);
    let this = &user.ident;
    let auth = auth(user);
    let register = router(
        user,
        &names.register,
        "The route of registration, usually under `/auth`: `POST /register`.",
        &ours!(.route("/register", #rt::post(#rt::register::<#this>))),
    );
    let reset = router(
        user,
        &names.reset,
        "The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.",
        &ours! {
            .route("/forgot-password", #rt::post(#rt::forgot_password::<#this>))
            .route("/reset-password", #rt::post(#rt::reset_password::<#this>))
        },
    );
    let verify = router(
        user,
        &names.verify,
        "The routes to prove an address, usually under `/auth`: `POST /request-verify-token` and `/verify`.",
        &ours! {
            .route("/request-verify-token", #rt::post(#rt::request_verify_token::<#this>))
            .route("/verify", #rt::post(#rt::verify::<#this>))
        },
    );
    let account = router(
        user,
        &names.account,
        "The routes of one's own account and, for superusers, of all others, usually under `/users`: `/me` and `/{id}`.",
        &ours! {
            .route("/me", #rt::get(#rt::me::<#this>).patch(#rt::update_me::<#this>).fallback(#rt::me_as_id::<#this>))
            .route(
                "/{id}",
                #rt::get(#rt::user_by_id::<#this>).patch(#rt::update_user::<#this>).delete(#rt::delete_user::<#this>),
            )
        },
    );
    let all = all(user);
    ours! { #all #auth #register #reset #verify #account }
}

fn auth(user: &User) -> TokenStream {
    let (vis, this, name) = (&user.vis, &user.ident, &user.names.routes.auth);
    let (runtime, rt, state) = (&user.names.runtime.path, &user.names.runtime.rt, &user.names.runtime.state);
    let bounds = bounds(user);
    ours! {
        /// The routes of one backend, usually under `/auth/{backend}`: `POST /login` and `/logout`.
        #[must_use]
        #vis fn #name<#state>(users: &#runtime::Users<#this>, backend: &#runtime::str) -> #runtime::Router<#state>
        #bounds
        {
            use #runtime as #rt;
            #rt::Routes::new(users)
                .backend(backend)
                .route("/login", #rt::post(#rt::login::<#this>))
                .route("/logout", #rt::post(#rt::logout::<#this>))
                .into_router()
        }
    }
}

fn all(user: &User) -> TokenStream {
    let (vis, this, names) = (&user.vis, &user.ident, &user.names.routes);
    let (runtime, rt, state) = (&user.names.runtime.path, &user.names.runtime.rt, &user.names.runtime.state);
    let bounds = bounds(user);
    let (all, auth, register, reset) = (&names.all, &names.auth, &names.register, &names.reset);
    let (verify, account) = (&names.verify, &names.account);
    let docs = format!("Every route of [`{this}`] under its usual prefix.");
    ours! {
        #[doc = #docs]
        #[must_use]
        #vis fn #all<#state>(users: &#runtime::Users<#this>) -> #runtime::Router<#state>
        #bounds
        {
            use #runtime as #rt;
            #rt::Routes::at_usual_prefixes(users, #auth, [
                ("/auth", #register(users)),
                ("/auth", #reset(users)),
                ("/auth", #verify(users)),
                ("/users", #account(users)),
            ])
        }
    }
}

fn router(user: &User, name: &Ident, docs: &str, routes: &TokenStream) -> TokenStream {
    let (vis, this) = (&user.vis, &user.ident);
    let (runtime, rt, state) = (&user.names.runtime.path, &user.names.runtime.rt, &user.names.runtime.state);
    let bounds = bounds(user);
    ours! {
        #[doc = #docs]
        #[must_use]
        #vis fn #name<#state>(users: &#runtime::Users<#this>) -> #runtime::Router<#state>
        #bounds
        {
            use #runtime as #rt;
            #rt::Routes::new(users) #routes .into_router()
        }
    }
}

fn bounds(user: &User) -> TokenStream {
    let (this, runtime, state) = (&user.ident, &user.names.runtime.path, &user.names.runtime.state);
    ours! {
        where
            #runtime::Users<#this>: #runtime::FromRef<#state>,
            #state: #runtime::AppState,
    }
}
