//! Assembles the OpenAPI document.

use utoipa::openapi::{
    Components, Info, OpenApi, Paths, RefOr,
    path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::{RequestBody, RequestBodyBuilder},
    schema::{Object, Schema as OwnSchema, Type},
    security::SecurityRequirement,
    {ContentBuilder, Ref, Required},
};

use super::{fixed, responses, schemas, security};
use crate::{
    domain::Relaxation,
    flows::email_change,
    http::{Body, Caller, Content, Endpoint, QueryParameter, RouteGroup},
    inventory::{Prefixes, endpoints},
    service::{ActiveBackend, SOLUTION_HEADER, Users},
    user::{AuthUser, SchemaKind},
};

/// Returns the OpenAPI 3.1 document of a user type's routes, mounted at the prefixes that front ends of fastapi-users
/// expect, under the [base path](crate::UsersBuilder::base_path) of the service. Paths, operation ids, schema names and security schemes are those of fastapi-users.
///
/// Title and version are placeholders: set your own (`document.info.title = …`) and add the application's paths with
/// [`OpenApi::merge`].
#[must_use]
pub fn openapi<U: AuthUser>(users: &Users<U>) -> OpenApi {
    openapi_at(users, &Prefixes::usual())
}

/// Returns the document as [`openapi`] does, for groups of routes that are mounted elsewhere or not at all. The prefixes
/// follow the [base path](crate::UsersBuilder::base_path) of the service.
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
    let on_each_backend = users.backends_with_logins().flat_map(|backend| {
        let of_auth = endpoints().filter(|endpoint| endpoint.group() == RouteGroup::Auth);
        of_auth.map(move |endpoint| (endpoint, Some(backend)))
    });
    // Where addresses change at once, these two answer to no token.
    let changes_at_once = users.policy().allows(Relaxation::EmailChangeAtOnce);
    let is_offered = move |endpoint: &&Endpoint| !(changes_at_once && email_change::is_one(endpoint));
    let once = endpoints().filter(|endpoint| endpoint.group() != RouteGroup::Auth).filter(is_offered);
    let once = once.map(|endpoint| (endpoint, None));
    let mounted = on_each_backend.chain(once).filter_map(|(endpoint, backend)| {
        let name = backend.map_or("", |backend| &*backend.name);
        let path = prefixes.path_of(endpoint, name)?;
        Some((endpoint, backend, path, endpoint.name().replace("{backend}", name)))
    });
    let of_providers = prefixes.providers().iter().flat_map(|routes| {
        let of_group = endpoints().filter(|endpoint| endpoint.group() == routes.group);
        of_group.map(move |endpoint| {
            let backend = backends.iter().find(|backend| *backend.name == *routes.backend);
            let name = endpoint.name().replace("{provider}", &routes.provider).replace("{backend}", &routes.backend);
            (endpoint, backend, routes.path_of(endpoint), name)
        })
    });
    for (endpoint, backend, path, name) in mounted.chain(of_providers) {
        let path = users.inner().base_path.join(&path);
        let id = operation_id(&name, &path, endpoint.method().as_str());
        components.schemas.extend(own_schemas(endpoint, &id));
        let operation = operation::<U>(users, endpoint, backend, &id, &security);
        document.paths.add_path_operation(path, vec![http_method(endpoint)], operation);
    }
    document.components = Some(components);
    document
}

/// Returns the schemas that only this route uses, with their names.
fn own_schemas(endpoint: &Endpoint, id: &str) -> Vec<(String, RefOr<OwnSchema>)> {
    let name = body_name(id);
    let body = match endpoint.body {
        Body::LoginForm => Some((name.clone(), fixed::login_form(&name))),
        Body::Object(fields) => Some((name.clone(), schemas::sent(&name, fields.iter().copied()))),
        Body::None | Body::Query(_) | Body::Create | Body::Update | Body::AdminUpdate => None,
    };
    let returned = endpoint.responses.iter().filter_map(|documented| match documented.content {
        Content::List(item) | Content::Object(item) => Some((item.name.to_owned(), schemas::returned(item).into())),
        _ => None,
    });
    body.into_iter().chain(returned).collect()
}

/// Returns the name of a schema that belongs to one route, as FastAPI builds it.
fn body_name(id: &str) -> String {
    format!("Body_{id}")
}

fn operation<U: AuthUser>(
    users: &Users<U>,
    endpoint: &Endpoint,
    backend: Option<&ActiveBackend>,
    id: &str,
    security: &[SecurityRequirement],
) -> Operation {
    let carrier = backend.and_then(|backend| backend.transport.security_scheme());
    let challenges = users.inner().challenges.as_ref();
    let challenged =
        challenges.is_some_and(|challenges| endpoint.limits().any(|limit| challenges.may_be_needed(limit)));
    let mut operation = OperationBuilder::new()
        .tag(if matches!(endpoint.group(), RouteGroup::Users | RouteGroup::AccountStatus) { "users" } else { "auth" })
        .summary(Some(endpoint.summary))
        .operation_id(Some(id))
        .request_body(request_body::<U>(endpoint, id))
        .responses(responses::of::<U>(
            endpoint,
            carrier.as_ref(),
            users.policy().requires_verification(),
            &users.inner().limits,
            challenged,
        ));
    if challenged {
        operation = operation.parameter(solution_in_header());
    }
    if endpoint.path().contains("{id}") {
        operation = operation.parameter(id_in_path());
    }
    if let Body::Query(parameters) = endpoint.body {
        operation = parameters.iter().fold(operation, |operation, parameter| operation.parameter(in_query(parameter)));
    }
    if matches!(endpoint.caller(), Caller::Owner | Caller::Superuser) && !security.is_empty() {
        operation = operation.securities(Some(security.to_vec()));
    }
    operation.build()
}

fn request_body<U: AuthUser>(endpoint: &Endpoint, id: &str) -> Option<RequestBody> {
    let (media_type, name) = match endpoint.body {
        Body::None | Body::Query(_) => return None,
        Body::LoginForm => ("application/x-www-form-urlencoded", body_name(id)),
        Body::Object(_) => ("application/json", body_name(id)),
        Body::Create => ("application/json", SchemaKind::Create.name::<U>().to_owned()),
        Body::Update => ("application/json", SchemaKind::Update.name::<U>().to_owned()),
        Body::AdminUpdate => ("application/json", SchemaKind::AdminUpdate.name::<U>().to_owned()),
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    Some(RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build())
}

/// Returns the parameter for the solution of a challenge.
fn solution_in_header() -> Parameter {
    ParameterBuilder::new()
        .name(SOLUTION_HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The solution of the challenge in a response of 403 with the code CHALLENGE_REQUIRED."))
        .schema(Some(Object::with_type(Type::String)))
        .build()
}

/// Returns the parameter for an id: any string. An id that does not parse is unknown (404), not malformed (422).
fn id_in_path() -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schemas::text("Id")))
        .build()
}

/// Returns an optional parameter of the query.
fn in_query(parameter: &QueryParameter) -> Parameter {
    let title = schemas::title(parameter.name);
    let builder = ParameterBuilder::new().name(parameter.name).parameter_in(ParameterIn::Query);
    let builder = builder.required(Required::False);
    match parameter.is_list {
        true => builder.schema(Some(schemas::texts(&title))).build(),
        false => builder.schema(Some(schemas::text(&title))).build(),
    }
}

/// Returns the route name, path and method, with `_` for every character other than letters, digits and `_`, as FastAPI
/// builds it.
fn operation_id(name: &str, path: &str, method: &str) -> String {
    let word = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '_' };
    let words: String = format!("{name}{path}").chars().map(word).collect();
    format!("{words}_{}", method.to_ascii_lowercase())
}

fn http_method(endpoint: &Endpoint) -> HttpMethod {
    match endpoint.method().as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}
