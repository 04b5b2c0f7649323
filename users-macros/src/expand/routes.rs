//! The functions that make routers: one per router of the wire, and one for all of them.

use proc_macro2::{Ident, TokenStream};

use super::ours;
use crate::{model::User, names::Runtime};

/// All functions.
pub(super) fn functions(user: &User) -> TokenStream {
    let (rt, names) = (&user.names.runtime.rt, &user.names.routes);
    let this = &user.ident;
    let auth = auth(user);
    let register = router(
        user,
        &names.register,
        " The route of registration, usually under `/auth`: `POST /register`.",
        &ours!(.route("/register", #rt::post(#rt::register::<#this>))),
    );
    let reset = router(
        user,
        &names.reset,
        " The routes for a forgotten password, usually under `/auth`: `POST /forgot-password` and `/reset-password`.",
        &ours! {
            .route("/forgot-password", #rt::post(#rt::forgot_password::<#this>))
            .route("/reset-password", #rt::post(#rt::reset_password::<#this>))
        },
    );
    let verify = router(
        user,
        &names.verify,
        " The routes to prove an address, usually under `/auth`: `POST /request-verify-token` and `/verify`.",
        &ours! {
            .route("/request-verify-token", #rt::post(#rt::request_verify_token::<#this>))
            .route("/verify", #rt::post(#rt::verify::<#this>))
        },
    );
    let account = function(
        user,
        &names.account,
        " The routes of one's own account and, for superusers, of all others, usually under `/users`: `/me` and `/{id}`.",
        None,
        &ours! {
            let me = #rt::get(#rt::me::<#this>).patch(#rt::update_me::<#this>);
            let by_id = #rt::get(#rt::user_by_id::<#this>).patch(#rt::update_user::<#this>);
            #rt::Routes::new(users)
                .route("/me", me.fallback(#rt::me_as_id::<#this>))
                .route("/{id}", by_id.delete(#rt::delete_user::<#this>))
                .into_router()
        },
    );
    let all = all(user);
    ours! { #all #auth #register #reset #verify #account }
}

fn auth(user: &User) -> TokenStream {
    let (this, rt) = (&user.ident, &user.names.runtime.rt);
    let runtime = &user.names.runtime.path;
    let routes = ours! {
        #rt::Routes::new(users)
            .backend(backend)
            .route("/login", #rt::post(#rt::login::<#this>))
            .route("/logout", #rt::post(#rt::logout::<#this>))
            .into_router()
    };
    let docs = " The routes of one backend, usually under `/auth/{backend}`: `POST /login` and `/logout`.";
    function(user, &user.names.routes.auth, docs, Some(&ours!(, backend: &#runtime::str)), &routes)
}

fn all(user: &User) -> TokenStream {
    let (this, names, rt) = (&user.ident, &user.names.routes, &user.names.runtime.rt);
    let (auth, register, reset) = (&names.auth, &names.register, &names.reset);
    let (verify, account) = (&names.verify, &names.account);
    let routes = ours! {
        let others = [
            ("/auth", #register(users)),
            ("/auth", #reset(users)),
            ("/auth", #verify(users)),
            ("/users", #account(users)),
        ];
        #rt::Routes::at_usual_prefixes(users, #auth, others)
    };
    function(user, &names.all, &format!(" Every route of [`{this}`] under its usual prefix."), None, &routes)
}

fn router(user: &User, name: &Ident, docs: &str, routes: &TokenStream) -> TokenStream {
    let rt = &user.names.runtime.rt;
    function(user, name, docs, None, &ours!(#rt::Routes::new(users) #routes .into_router()))
}

fn function(user: &User, name: &Ident, docs: &str, parameter: Option<&TokenStream>, body: &TokenStream) -> TokenStream {
    let (vis, this) = (&user.vis, &user.ident);
    let Runtime { krate, path, rt, state, .. } = &user.names.runtime;
    ours! {
        #[doc = #docs]
        #vis fn #name<#state: #krate::HasUsers<#this>>(
            users: &#krate::Users<#this> #parameter
        ) -> #path::Router<#state> {
            use #path as #rt;
            #body
        }
    }
}
