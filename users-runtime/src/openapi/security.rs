//! The security schemes and requirements of the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::openapi::{
    RefOr,
    security::{
        ApiKey, ApiKeyValue, Flow, Http, HttpAuthScheme, OAuth2, Password, Scopes, SecurityRequirement, SecurityScheme,
    },
};

use crate::{
    domain::BasePath, flows::LOGIN, inventory::Prefixes, port::SecurityScheme as Carrier, service::Users,
    user::AuthUser,
};

/// Returns the scheme of each transport under FastAPI's name for it. Of several backends with the same transport only
/// the last one is listed, as in fastapi-users.
pub(super) fn schemes<U: AuthUser>(
    users: &Users<U>,
    prefixes: &Prefixes,
    server: Option<&str>,
) -> BTreeMap<String, RefOr<SecurityScheme>> {
    let base = &users.inner().base_path;
    let described = users.inner().backends.iter().filter_map(|backend| {
        let carrier = backend.transport.security_scheme()?;
        let login = prefixes.path_of(LOGIN, &backend.name).map(|path| token_url(&base.join(&path), server, base));
        Some((name(&carrier).to_owned(), RefOr::T(scheme(carrier, login.as_deref()))))
    });
    described.collect()
}

/// Returns one alternative for each transport, in the order of the backends.
pub(super) fn requirements<U: AuthUser>(users: &Users<U>) -> Vec<SecurityRequirement> {
    let mut names: Vec<&str> = Vec::new();
    for carrier in users.inner().backends.iter().filter_map(|backend| backend.transport.security_scheme()) {
        let name = name(&carrier);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| SecurityRequirement::new(name, [""; 0])).collect()
}

/// Returns the URL of a login. Clients resolve a relative one against the server or against the document, and both end in a path
/// if there is one, so that it is relative only without any path, as in fastapi-users.
fn token_url(path: &str, server: Option<&str>, base: &BasePath) -> String {
    match server {
        Some(server) => under(server, path),
        None if base.as_str().is_empty() => path.trim_start_matches('/').to_owned(),
        None => path.to_owned(),
    }
}

/// Returns a path under the URL of a server.
pub(super) fn under(server: &str, path: &str) -> String {
    format!("{}/{}", server.trim_end_matches('/'), path.trim_start_matches('/'))
}

fn name(carrier: &Carrier) -> &'static str {
    match carrier {
        Carrier::Bearer => "OAuth2PasswordBearer",
        Carrier::Cookie { .. } => "APIKeyCookie",
        Carrier::Header { .. } => "APIKeyHeader",
    }
}

fn scheme(carrier: Carrier, login: Option<&str>) -> SecurityScheme {
    match (carrier, login) {
        (Carrier::Bearer, Some(login)) => {
            SecurityScheme::OAuth2(OAuth2::new([Flow::Password(Password::new(login, Scopes::new()))]))
        }
        (Carrier::Bearer, None) => SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        (Carrier::Cookie { name }, _) => SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(name))),
        (Carrier::Header { name }, _) => SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name))),
    }
}
