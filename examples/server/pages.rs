//! The ready pages of the server, under `/account`, if `PAGES` is set.

use axum::Router;
#[cfg(feature = "oauth")]
use axum_users::oauth::OAuthProvider;
use axum_users::{AuthUser, Error, Mailer, Result, Users};

use super::switch;

#[cfg(feature = "pages")]
const PREFIX: &str = "/account";

/// Adds the pages to the routes.
pub(super) fn mount<U: AuthUser>(
    users: &Users<U>,
    routes: Router<Users<U>>,
    #[cfg(feature = "oauth")] providers: &[OAuthProvider],
) -> Result<Router<Users<U>>> {
    if !is_on()? {
        return Ok(routes);
    }
    #[cfg(not(feature = "pages"))]
    let _unused_without_pages = users;
    #[cfg(all(feature = "oauth", not(feature = "pages")))]
    let _unused_without_pages = providers;
    #[cfg(feature = "pages")]
    let routes = {
        let pages = axum_users::pages::Pages::new("cookie");
        #[cfg(feature = "oauth")]
        let pages = providers.iter().fold(pages, axum_users::pages::Pages::provider);
        routes.nest(PREFIX, axum_users::pages::page_routes(users, pages))
    };
    Ok(routes)
}

/// Makes the links in mails point to the pages.
pub(super) fn link(mailer: Mailer) -> Result<Mailer> {
    if !is_on()? {
        return Ok(mailer);
    }
    #[cfg(feature = "pages")]
    let mailer = mailer.link_to_pages(PREFIX)?;
    Ok(mailer)
}

/// Returns whether the pages are mounted. A verification mail is then sent after each registration.
pub(super) fn is_on() -> Result<bool> {
    let is_on = switch("PAGES", false)?;
    if is_on && !cfg!(feature = "pages") {
        return Err(Error::config("PAGES is set, but this program was built without the Cargo feature `pages`"));
    }
    Ok(is_on)
}
