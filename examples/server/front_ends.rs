//! Front ends on other origins, from the variables `CORS_ORIGINS` and `TRUSTED_ORIGINS`.

use axum::http::{HeaderName, HeaderValue, Method, header};
use axum_users::{
    AuthUser, Error, Result, UsersBuilder,
    token::{Origin, TrustedOrigins},
};
use tower_http::cors::{AllowCredentials, CorsLayer};

use super::{switch, variable};

/// Lets the pages of `TRUSTED_ORIGINS` act on behalf of users who are logged in with a cookie.
pub fn with_trusted_origins<U: AuthUser>(users: UsersBuilder<U>) -> Result<UsersBuilder<U>> {
    let origins = origins("TRUSTED_ORIGINS")?;
    if origins.is_empty() {
        return Ok(users);
    }
    let texts = origins.iter().map(Origin::as_str);
    let trusted = match switch("PRIVATE_NETWORK", false)? {
        true => TrustedOrigins::in_private_network(texts)?,
        false => TrustedOrigins::new(texts)?,
    };
    Ok(users.trusted_origins(trusted))
}

/// Returns the layer that lets the pages of `CORS_ORIGINS` read responses. Only those that are also in `TRUSTED_ORIGINS` may send
/// cookies.
pub fn cors() -> Result<Option<CorsLayer>> {
    let readers = origins("CORS_ORIGINS")?.iter().map(value).collect::<Result<Vec<_>>>()?;
    let trusted = origins("TRUSTED_ORIGINS")?.iter().map(value).collect::<Result<Vec<_>>>()?;
    if readers.is_empty() {
        return Ok(None);
    }
    let headers = [header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("challenge-solution")];
    let readable = ["retry-after", "ratelimit", "ratelimit-policy"].map(HeaderName::from_static);
    let layer = CorsLayer::new()
        .allow_origin(readers)
        .allow_credentials(AllowCredentials::predicate(move |origin, _| trusted.contains(origin)))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(headers)
        .expose_headers(readable);
    Ok(Some(layer))
}

/// Returns the origins in a variable, separated by commas.
fn origins(name: &str) -> Result<Vec<Origin>> {
    let parse = if switch("PRIVATE_NETWORK", false)? { Origin::in_private_network } else { Origin::parse };
    let list = variable(name, "");
    let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    texts.map(|text| parse(text).map_err(|error| Error::config(format!("{name}: {error}")))).collect()
}

fn value(origin: &Origin) -> Result<HeaderValue> {
    HeaderValue::from_str(origin.as_str()).map_err(|_| Error::config("an origin cannot be sent in a header"))
}
