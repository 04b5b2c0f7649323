//! The routes of the pages.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::OriginalUri,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};

use super::{
    custom::CustomInput,
    edge::PageEdge,
    invitation, log_in,
    log_in_by_mail::{self, SEND_CODE, SEND_LINK},
    mailed_links, profile, reauthenticate, sessions,
    settings::Pages,
    sign_up,
    site::Site,
};
use crate::{
    http::{ApiError, HasUsers, Routes, see_other},
    service::Users,
    user::AuthUser,
};

const STYLE: &str = include_str!("style.css");
#[cfg(feature = "altcha")]
const SCRIPT: &str = include_str!("challenge.js");

/// Returns the routes of the pages, for `Router::nest("/account", page_routes(&users, Pages::new("cookie")))`. They may be
/// mounted under any prefix.
///
/// | path | page |
/// |---|---|
/// | `/log-in`, `/log-out` | log in and out |
/// | `/log-in-by-mail`, `/magic-link`, `/email-code` | log in with a mailed link or code, where they are on |
/// | `/accept-invitation` | open an invited account, where invitations are on |
/// | `/reauthenticate` | re-authenticate before a sensitive change |
/// | `/sign-up`, `/check-mail`, `/verify` | create an account and verify its address |
/// | `/forgot-password`, `/reset-password` | choose a new password |
/// | `/profile` | the user's own account |
/// | `/change-password`, `/change-email`, `/confirm-email`, `/undo-email` | change the password and the address |
/// | `/sessions` | the user's own sessions |
/// | `/two-factor` | the user's own second factor, with the Cargo feature `totp` |
/// | `/passkeys` | the user's own passkeys, with the Cargo feature `passkeys` |
/// | `/linked-accounts`, `/oauth/{provider}/…`, `/link/{provider}/…` | accounts at OAuth providers, with the Cargo feature `oauth` |
///
/// # Security
/// A form is accepted only from the service's own origin and trusted origins, by the rule of the cookie backend. `GET`
/// changes nothing and uses up no token.
///
/// # Panics
/// If there is no backend of that name, if its tokens are not in a cookie, or if a registration needs a field that no form
/// can show, such as a list. These are errors in the application that are found at startup.
#[expect(clippy::panic, reason = "like axum's own router: a route that cannot be built stops the start")]
pub fn page_routes<U: AuthUser, S: HasUsers<U>>(users: &Users<U>, pages: Pages) -> Router<S> {
    let Some(backend) = users.backends().position(|name| name == pages.backend) else {
        let names: Vec<_> = users.backends().collect();
        panic!("the pages need the backend `{}`; there is {names:?}", pages.backend);
    };
    let found = &users.inner().backends[backend];
    if !found.transport.is_sent_by_browsers() || !found.strategy.issues_tokens() {
        panic!("the pages need a backend with a cookie; `{}` has none: Backend::cookie(\"cookie\", …)", pages.backend);
    }
    let impossible = CustomInput::impossible::<U>();
    if pages.has_sign_up && !impossible.is_empty() {
        panic!(
            "a registration needs {impossible:?}, which no form can show: give the fields a default, or call without_sign_up()"
        );
    }
    let has_sign_up = pages.has_sign_up;
    let site = Arc::new(Site { pages, backend });
    let mut routes = Routes::new(users)
        .get("/", to_profile)
        .get("/log-in", log_in::log_in_page::<U>)
        .post("/log-in", log_in::submit_log_in::<U>)
        .post("/log-out", log_in::log_out::<U>)
        .get("/reauthenticate", reauthenticate::reauthenticate_page::<U>)
        .own_post("/reauthenticate", reauthenticate::submit_reauthenticate::<U>)
        .get("/check-mail", sign_up::check_mail_page::<U>)
        .post("/check-mail", sign_up::submit_check_mail::<U>)
        .get("/verify", sign_up::verify_page::<U>)
        .post("/verify", sign_up::submit_verify::<U>)
        .get("/forgot-password", mailed_links::forgot_password_page::<U>)
        .post("/forgot-password", mailed_links::submit_forgot_password::<U>)
        .get("/reset-password", mailed_links::reset_password_page::<U>)
        .post("/reset-password", mailed_links::submit_reset_password::<U>)
        .get("/confirm-email", mailed_links::confirm_email_page::<U>)
        .post("/confirm-email", mailed_links::submit_confirm_email::<U>)
        .get("/undo-email", mailed_links::undo_email_page::<U>)
        .post("/undo-email", mailed_links::submit_undo_email::<U>)
        .get("/profile", profile::profile_page::<U>)
        .post("/profile", profile::submit_profile::<U>)
        .get("/change-password", profile::change_password_page::<U>)
        .post("/change-password", profile::submit_change_password::<U>)
        .get("/change-email", profile::change_email_page::<U>)
        .post("/change-email", profile::submit_change_email::<U>)
        .get("/sessions", sessions::sessions_page::<U>)
        .post("/end-session", sessions::submit_end_session::<U>)
        .post("/end-other-sessions", sessions::submit_end_other_sessions::<U>)
        .get("/pages.css", || asset("text/css; charset=utf-8", STYLE))
        .get("/{*path}", || std::future::ready(ApiError::NotFound));
    let by_mail = &users.inner().by_mail;
    if by_mail.magic_links.is_some() || by_mail.email_codes.is_some() {
        routes = routes.get("/log-in-by-mail", log_in_by_mail::log_in_by_mail_page::<U>);
    }
    if by_mail.magic_links.is_some() {
        routes = routes
            .post(SEND_LINK, log_in_by_mail::submit_send_link::<U>)
            .get("/magic-link", log_in_by_mail::magic_link_page::<U>)
            .post("/magic-link", log_in_by_mail::submit_magic_link::<U>);
    }
    if by_mail.email_codes.is_some() {
        routes = routes
            .post(SEND_CODE, log_in_by_mail::submit_send_code::<U>)
            .get("/email-code", log_in_by_mail::email_code_page::<U>)
            .post("/email-code", log_in_by_mail::submit_email_code::<U>);
    }
    if by_mail.invitations.is_some() {
        routes = routes
            .get("/accept-invitation", invitation::accept_invitation_page::<U>)
            .post("/accept-invitation", invitation::submit_accept_invitation::<U>);
    }
    if has_sign_up {
        routes = routes.get("/sign-up", sign_up::sign_up_page::<U>).post("/sign-up", sign_up::submit_sign_up::<U>);
    }
    #[cfg(feature = "totp")]
    if users.has_second_factors() {
        use super::two_factor;
        routes = routes
            .get("/two-factor", two_factor::two_factor_page::<U>)
            .post("/two-factor-enroll", two_factor::submit_enroll::<U>)
            .post("/two-factor-confirm", two_factor::submit_confirm::<U>)
            .post("/two-factor-codes", two_factor::submit_codes::<U>)
            .post("/two-factor-disable", two_factor::submit_disable::<U>)
            .post("/second-step", two_factor::submit_second_step::<U>);
    }
    #[cfg(feature = "altcha")]
    {
        routes = routes.get("/challenge.js", || asset("text/javascript; charset=utf-8", SCRIPT));
    }
    #[cfg(feature = "passkeys")]
    if users.has_passkeys() {
        use super::passkeys;
        routes = routes
            .post("/log-in-with-passkey", passkeys::submit_log_in::<U>)
            .get("/passkeys", passkeys::passkeys_page::<U>)
            .post("/passkeys", passkeys::submit_add::<U>)
            .post("/rename-passkey", passkeys::submit_rename::<U>)
            .post("/remove-passkey", passkeys::submit_remove::<U>)
            .get("/passkeys.js", || asset("text/javascript; charset=utf-8", passkeys::SCRIPT));
    }
    #[cfg(feature = "oauth")]
    {
        routes = with_providers(routes, users, &site);
    }
    routes.into_router().layer(Extension(Arc::clone(&site))).layer(PageEdge(site))
}

/// Adds the routes of OAuth providers, if there are any, and checks that they can work.
#[cfg(feature = "oauth")]
fn with_providers<U: AuthUser, S: HasUsers<U>>(routes: Routes<U, S>, users: &Users<U>, site: &Site) -> Routes<U, S> {
    use super::oauth;
    use crate::http::form_as_query;

    let providers = &site.pages.providers;
    for provider in providers {
        drop(Routes::<U, S>::new(users).of_provider(provider).creating_users(provider));
    }
    if providers.is_empty() {
        return routes;
    }
    let routes = match providers.iter().any(|provider| provider.provider().posts_its_callback()) {
        true => {
            routes.post("/oauth/{provider}/callback", form_as_query).post("/link/{provider}/callback", form_as_query)
        }
        false => routes,
    };
    routes
        .get("/oauth/{provider}/authorize", oauth::start_log_in::<U>)
        .get("/oauth/{provider}/callback", oauth::finish_log_in::<U>)
        .get("/link/{provider}/authorize", oauth::start_link::<U>)
        .get("/link/{provider}/callback", oauth::finish_link::<U>)
        .get("/linked-accounts", oauth::linked_accounts_page::<U>)
        .post("/remove-account", oauth::submit_remove_account::<U>)
}

/// Handles the prefix itself. Its path has no trailing slash, so the relative URL of a page starts with its last segment.
async fn to_profile(OriginalUri(uri): OriginalUri) -> Response {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    let page = if last.is_empty() { "profile".to_owned() } else { format!("{last}/profile") };
    // A colon in a first segment would make it a scheme.
    see_other(&format!("./{page}"), HeaderMap::new()).unwrap_or_else(IntoResponse::into_response)
}

async fn asset(content_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], text).into_response()
}
