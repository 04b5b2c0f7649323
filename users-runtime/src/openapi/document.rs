//! Putting the document together.

use utoipa::openapi::{
    Components, Info, OpenApi, Paths,
    path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::{RequestBody, RequestBodyBuilder},
    security::SecurityRequirement,
    {ContentBuilder, Ref, Required},
};

use super::{answers, bodies, bodies::Body, fixed, schemas, security, sessions};
use crate::{
    inventory::{Caller, Prefixes, Route, RouteGroup},
    service::{ActiveBackend, Users},
    user::{AuthUser, Schema},
};

/// The OpenAPI 3.1 document of a user type's routes at the prefixes that front ends of fastapi-users know, with that
/// library's paths, operation ids, schema names and security schemes.
///
/// Title and version are placeholders: an application sets its own (`document.info.title = …`) and adds its own paths
/// with [`OpenApi::merge`].
#[must_use]
pub fn openapi<U: AuthUser>(users: &Users<U>) -> OpenApi {
    openapi_at(users, &Prefixes::usual())
}

/// As [`openapi`], for groups of routes that stand elsewhere or are not mounted.
#[must_use]
pub fn openapi_at<U: AuthUser>(users: &Users<U>, prefixes: &Prefixes) -> OpenApi {
    let mut document = OpenApi::new(Info::new("User accounts", "1"), Paths::new());
    let mut components = Components::new();
    for (name, schema) in fixed::schemas().into_iter().chain(schemas::of_user::<U>()) {
        components.schemas.insert(name, schema);
    }
    components.security_schemes = security::schemes(users, prefixes);
    let security = security::requirements(users);
    let backends = &users.inner().backends;
    let on_each_backend = backends.iter().flat_map(|backend| {
        let of_auth = Route::ALL.into_iter().filter(|route| route.group() == RouteGroup::Auth);
        of_auth.map(move |route| (route, Some(backend)))
    });
    let once = Route::ALL.into_iter().filter(|route| route.group() != RouteGroup::Auth).map(|route| (route, None));
    for (route, backend) in on_each_backend.chain(once) {
        let name = backend.map_or("", |backend| &*backend.name);
        let Some(path) = prefixes.path_of(route, name) else { continue };
        let id = operation_id(&route.name().replace("{backend}", name), &path, route.method().as_str());
        if let Some((name, schema)) = bodies::of_one_route(route, &id) {
            components.schemas.insert(name, schema);
        }
        if route == Route::Sessions {
            components.schemas.insert(sessions::NAME.to_owned(), sessions::schema().into());
        }
        let operation = operation::<U>(users, route, backend, &id, &security);
        document.paths.add_path_operation(path, vec![http_method(route)], operation);
    }
    document.components = Some(components);
    document
}

fn operation<U: AuthUser>(
    users: &Users<U>,
    route: Route,
    backend: Option<&ActiveBackend>,
    id: &str,
    security: &[SecurityRequirement],
) -> Operation {
    let carrier = backend.and_then(|backend| backend.transport.security_scheme());
    let mut operation = OperationBuilder::new()
        .tag(if route.group() == RouteGroup::Users { "users" } else { "auth" })
        .summary(Some(answers::summary(route)))
        .operation_id(Some(id))
        .request_body(request_body::<U>(route, id))
        .responses(answers::of::<U>(route, carrier.as_ref(), users.policy().requires_verification()));
    if route.path().contains("{id}") {
        operation = operation.parameter(id_in_path());
    }
    if matches!(route.caller(), Caller::Owner | Caller::Superuser) && !security.is_empty() {
        operation = operation.securities(Some(security.to_vec()));
    }
    operation.build()
}

fn request_body<U: AuthUser>(route: Route, id: &str) -> Option<RequestBody> {
    let (media_type, name) = match bodies::of(route)? {
        Body::Form => ("application/x-www-form-urlencoded", bodies::name(id)),
        Body::Loose => ("application/json", bodies::name(id)),
        Body::Create => ("application/json", U::Create::NAME.to_owned()),
        Body::Update => ("application/json", U::Update::NAME.to_owned()),
        Body::AdminUpdate => ("application/json", U::AdminUpdate::NAME.to_owned()),
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    Some(RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build())
}

/// Any text: an id that is none is unknown (404) and never malformed.
fn id_in_path() -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schemas::text("Id")))
        .build()
}

/// Route name, path and method, with `_` for all that is no letter, digit or `_`, as FastAPI makes it.
fn operation_id(name: &str, path: &str, method: &str) -> String {
    let word = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '_' };
    let words: String = format!("{name}{path}").chars().map(word).collect();
    format!("{words}_{}", method.to_ascii_lowercase())
}

fn http_method(route: Route) -> HttpMethod {
    match route.method().as_str() {
        "POST" => HttpMethod::Post,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}
