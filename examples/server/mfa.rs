//! Second factors, if `MFA` is `optional` or `required`.

use axum::Router;
use axum_users::{AuthUser, Error, Result, Users, UsersBuilder, routes::Prefixes};

use super::variable;

/// Returns whether `MFA` turns second factors on. fastapi-users has none, so they stay off in a compatible service.
fn level(compatible: bool) -> Result<Option<String>> {
    let level = variable("MFA", "off");
    match level.as_str() {
        "off" | "false" => Ok(None),
        "optional" | "required" if compatible => {
            eprintln!("MFA has no effect with POLICY=fastapi_users");
            Ok(None)
        }
        "optional" | "required" => Ok(Some(level)),
        other => Err(Error::config(format!("MFA is `{other}`; it takes `off`, `optional` or `required`"))),
    }
}

/// Sets which users may or must have a second factor.
#[cfg(feature = "totp")]
pub fn with_second_factor<U: AuthUser>(users: UsersBuilder<U>, compatible: bool) -> Result<UsersBuilder<U>> {
    use axum_users::Mfa;
    Ok(match level(compatible)?.as_deref() {
        Some("required") => users.mfa(Mfa::required()),
        Some(_) => users.mfa(Mfa::optional()),
        None => users,
    })
}

/// Adds the routes to enroll, if there are any.
#[cfg(feature = "totp")]
pub fn mount<U: AuthUser>(
    users: &Users<U>,
    routes: Router<Users<U>>,
    prefixes: Prefixes,
) -> Result<(Router<Users<U>>, Prefixes)> {
    use axum_users::routes::RouteGroup;
    let compatible = variable("POLICY", "recommended") == "fastapi_users";
    Ok(match level(compatible)? {
        Some(_) => (routes.nest("/auth", axum_users::totp_routes(users)), prefixes.with(RouteGroup::SecondFactor)),
        None => (routes, prefixes),
    })
}

#[cfg(not(feature = "totp"))]
pub fn with_second_factor<U: AuthUser>(users: UsersBuilder<U>, compatible: bool) -> Result<UsersBuilder<U>> {
    match level(compatible)? {
        Some(_) => Err(Error::config("MFA is set, but this program was built without the Cargo feature `totp`")),
        None => Ok(users),
    }
}

#[cfg(not(feature = "totp"))]
pub fn mount<U: AuthUser>(
    _: &Users<U>,
    routes: Router<Users<U>>,
    prefixes: Prefixes,
) -> Result<(Router<Users<U>>, Prefixes)> {
    Ok((routes, prefixes))
}
