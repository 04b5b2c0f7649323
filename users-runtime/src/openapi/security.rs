//! The security schemes and requirements of the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::openapi::{
    RefOr,
    security::{
        ApiKey, ApiKeyValue, Flow, Http, HttpAuthScheme, OAuth2, Password, Scopes, SecurityRequirement, SecurityScheme,
    },
};

use crate::{flows::LOGIN, inventory::Prefixes, port::SecurityScheme as Carrier, service::Users, user::AuthUser};

/// Returns the scheme of each transport under FastAPI's name for it. Of several backends with the same transport only
/// the last one is listed, as in fastapi-users.
pub(super) fn schemes<U: AuthUser>(users: &Users<U>, prefixes: &Prefixes) -> BTreeMap<String, RefOr<SecurityScheme>> {
    let described = users.inner().backends.iter().filter_map(|backend| {
        let carrier = backend.transport.security_scheme()?;
        let login = prefixes.path_of(LOGIN, &backend.name).map(|path| users.inner().base_path.join(&path));
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
            // Relative, as in fastapi-users, so that it is correct on every host.
            let token_url = login.trim_start_matches('/');
            SecurityScheme::OAuth2(OAuth2::new([Flow::Password(Password::new(token_url, Scopes::new()))]))
        }
        (Carrier::Bearer, None) => SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        (Carrier::Cookie { name }, _) => SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(name))),
        (Carrier::Header { name }, _) => SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name))),
    }
}
