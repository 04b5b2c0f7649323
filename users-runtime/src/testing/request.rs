//! Requests that come from a signed-in user.

use axum::http::{
    header::{AUTHORIZATION, COOKIE, SET_COOKIE},
    request::Builder,
};

use crate::{
    account::{SignInError, SignedIn},
    service::Users,
    user::AuthUser,
};

/// Starts a request of `user`: signs the user in at `backend` and returns a builder with the headers that a client or
/// browser would send. The caller sets method, path and body.
///
/// Supports bearer and cookie backends. For other transports, use the token of [`Users::sign_in`].
///
/// # Errors
/// As [`Users::sign_in`]: the user passes the same gates as at the login route.
pub async fn request_as<U: AuthUser>(users: &Users<U>, user: &U, backend: &str) -> Result<Builder, SignInError> {
    let SignedIn { token, response, .. } = users.sign_in(user, backend).await?;
    let cookies: Vec<&str> = response
        .headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .collect();
    let request = Builder::new();
    Ok(if cookies.is_empty() {
        request.header(AUTHORIZATION, format!("Bearer {}", token.secret()))
    } else {
        // A browser adds this header to requests from a page of the same origin.
        request.header(COOKIE, cookies.join("; ")).header("sec-fetch-site", "same-origin")
    })
}
