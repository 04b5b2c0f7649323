//! Logins with passkeys, if `PASSKEYS` is on.

use axum::Router;
use axum_users::{AuthUser, Result, Users, UsersBuilder, routes::Prefixes, token::PublicUrl};

use super::switch;

/// Returns whether `PASSKEYS` is on. fastapi-users has no passkeys, so they stay off in a compatible service.
fn is_on(compatible: bool) -> Result<bool> {
    let is_on = switch("PASSKEYS", false)?;
    if is_on && !cfg!(feature = "passkeys") {
        return Err(axum_users::Error::config(
            "PASSKEYS is set, but this program was built without the Cargo feature `passkeys`",
        ));
    }
    if is_on && compatible {
        eprintln!("PASSKEYS has no effect with POLICY=fastapi_users");
    }
    Ok(is_on && !compatible)
}

/// Turns passkeys on. Browsers do not support them on an IP address, so a server on this machine is reached as `localhost`.
#[cfg(feature = "passkeys")]
pub(super) fn with_passkeys<U: AuthUser>(
    users: UsersBuilder<U>,
    public_url: &PublicUrl,
    compatible: bool,
) -> Result<UsersBuilder<U>> {
    use axum_users::passkeys::Passkeys;
    if !is_on(compatible)? {
        return Ok(users);
    }
    let passkeys = Passkeys::new();
    let origin = public_url.origin();
    if !public_url.is_http_on_loopback() || origin.host() == "localhost" {
        return Ok(users.passkeys(passkeys));
    }
    let port = origin.port().map(|port| format!(":{port}")).unwrap_or_default();
    println!("passkeys work at http://localhost{port}");
    Ok(users.passkeys(passkeys.origin(format!("http://localhost{port}"))))
}

#[cfg(not(feature = "passkeys"))]
pub(super) fn with_passkeys<U: AuthUser>(
    users: UsersBuilder<U>,
    _: &PublicUrl,
    compatible: bool,
) -> Result<UsersBuilder<U>> {
    is_on(compatible).map(|_| users)
}

/// Adds the routes of passkeys, if there are any.
#[cfg(feature = "passkeys")]
pub(super) fn mount<U: AuthUser>(
    users: &Users<U>,
    routes: Router<Users<U>>,
    prefixes: Prefixes,
) -> (Router<Users<U>>, Prefixes) {
    use axum_users::{
        passkeys::{passkey_routes, passkey_sign_up_routes},
        routes::RouteGroup,
    };
    if !users.has_passkeys() {
        return (routes, prefixes);
    }
    let routes = routes.nest("/auth", passkey_routes(users)).nest("/auth", passkey_sign_up_routes(users));
    (routes, prefixes.passkeys().with(RouteGroup::PasskeySignUp))
}

#[cfg(not(feature = "passkeys"))]
pub(super) fn mount<U: AuthUser>(
    _: &Users<U>,
    routes: Router<Users<U>>,
    prefixes: Prefixes,
) -> (Router<Users<U>>, Prefixes) {
    (routes, prefixes)
}
