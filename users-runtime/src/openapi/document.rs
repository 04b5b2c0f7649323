//! Assembles the OpenAPI document.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::{
    Components, Info, OpenApi, Paths, RefOr,
    path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::{RequestBody, RequestBodyBuilder},
    schema::{AnyOfBuilder, Array, Object, Schema, Type},
    security::SecurityRequirement,
    server::Server,
    {ContentBuilder, Ref, Required},
};

use super::{DocumentedOperation, examples, fixed, responses, schemas, security};
use crate::{
    domain::{Error, Relaxation, Result, field::Field},
    flows::{email_change, email_code, invitations, magic_link, mfa_login, reauthenticate, refresh},
    http::{Body, Caller, Content, Endpoint, QueryKind, QueryParameter, RouteGroup},
    inventory::{Prefixes, endpoints},
    service::{ActiveBackend, SOLUTION_HEADER, Users},
    user::{AuthUser, SchemaKind},
};

/// Returns the OpenAPI 3.1 document of a user type's routes, mounted at the prefixes that front ends of fastapi-users
/// expect, under the [base path](crate::UsersBuilder::base_path) of the service. Paths, operation ids, schema names and security schemes are those of fastapi-users.
///
/// Title and version are placeholders: set your own (`document.info.title = …`) and add the application's paths with
/// [`OpenApi::merge`]. [`Document`] has more settings.
#[must_use]
pub fn openapi<U: AuthUser>(users: &Users<U>) -> OpenApi {
    openapi_at(users, &Prefixes::usual())
}

/// Returns the document as [`openapi`] does, for groups of routes that are mounted elsewhere or not at all. The prefixes
/// follow the [base path](crate::UsersBuilder::base_path) of the service.
#[must_use]
pub fn openapi_at<U: AuthUser>(users: &Users<U>, prefixes: &Prefixes) -> OpenApi {
    Document::of(users).prefixes(prefixes.clone()).assemble()
}

/// Chooses a value for an operation.
type Choose<'a, T> = Box<dyn Fn(&DocumentedOperation) -> T + 'a>;

/// The OpenAPI document of a service, with settings. [`openapi`] returns it without any.
///
/// ```
/// # use users_runtime::{AuthUser, Users, openapi::{Document, DocumentedOperation}, routes::{Prefixes, RouteGroup}};
/// # fn document<U: AuthUser>(users: &Users<U>) -> users_runtime::Result<users_runtime::openapi::utoipa::openapi::OpenApi> {
/// let mut document = Document::of(users)
///     .prefixes(Prefixes::usual().with(RouteGroup::Sessions))
///     .operation_ids(DocumentedOperation::camel_case) // authJwtLogin, usersCurrentUser
///     .tags(|operation| [if operation.path().starts_with("/users") { "Accounts" } else { "Login" }])
///     .servers(["https://api.example.com"])
///     .build()?;
/// document.info.title = "Camelot".to_owned();
/// # Ok(document) }
/// ```
#[must_use]
pub struct Document<'a, U: AuthUser> {
    users: &'a Users<U>,
    prefixes: Prefixes,
    operation_id: Choose<'a, String>,
    tags: Choose<'a, Vec<String>>,
    servers: Vec<String>,
}

impl<U: AuthUser> std::fmt::Debug for Document<'_, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("prefixes", &self.prefixes)
            .field("servers", &self.servers)
            .finish_non_exhaustive()
    }
}

impl<'a, U: AuthUser> Document<'a, U> {
    /// Returns the document of the derived `user_routes` at their usual prefixes, with ids and tags as in fastapi-users.
    pub fn of(users: &'a Users<U>) -> Self {
        Self {
            users,
            prefixes: Prefixes::usual(),
            operation_id: Box::new(DocumentedOperation::long_id),
            tags: Box::new(|operation| vec![operation.usual_tag().to_owned()]),
            servers: Vec::new(),
        }
    }

    /// Sets which groups of routes are mounted, and where.
    pub fn prefixes(self, prefixes: Prefixes) -> Self {
        Self { prefixes, ..self }
    }

    /// Sets the function that names the operations, as FastAPI's `generate_unique_id_function` does. Generated clients have
    /// functions of these names. The schema of a body that only one operation has is `Body_` and its id.
    pub fn operation_ids(self, name: impl Fn(&DocumentedOperation) -> String + 'a) -> Self {
        Self { operation_id: Box::new(name), ..self }
    }

    /// Sets the function that returns the tags of an operation. Explorers group operations by their first tag; some generated
    /// clients have a class or a module for each.
    pub fn tags<T: Into<String>, L: IntoIterator<Item = T>>(
        self,
        tags: impl Fn(&DocumentedOperation) -> L + 'a,
    ) -> Self {
        Self { tags: Box::new(move |operation| tags(operation).into_iter().map(Into::into).collect()), ..self }
    }

    /// Sets the URLs that the paths are relative to, such as `https://api.example.com` or `/api`. Without any,
    /// [`openapi_routes_of`](super::openapi_routes_of) names the path that it is nested under, if there is one.
    pub fn servers<T: Into<String>>(self, urls: impl IntoIterator<Item = T>) -> Self {
        Self { servers: urls.into_iter().map(Into::into).collect(), ..self }
    }

    /// Returns the document.
    ///
    /// # Errors
    /// [`Error::Config`] if two operations have the same id, or one has an empty id.
    pub fn build(self) -> Result<OpenApi> {
        let mut operations = BTreeMap::new();
        for (operation, _) in self.operations() {
            let place = format!("{} {}", operation.method(), operation.path());
            match (self.operation_id)(&operation) {
                id if id.is_empty() => return Err(Error::config(format!("the operation id of {place} is empty"))),
                id => {
                    if let Some(other) = operations.insert(id.clone(), place.clone()) {
                        return Err(Error::config(format!("{other} and {place} have the same operation id `{id}`")));
                    }
                }
            }
        }
        Ok(self.assemble())
    }

    fn assemble(&self) -> OpenApi {
        let mut document = OpenApi::new(Info::new("User accounts", "1"), Paths::new());
        let mut components = Components::new();
        let has_refresh = self.users.backends_with_logins().any(|backend| backend.refresh.is_some());
        for (name, schema) in fixed::schemas(has_refresh).into_iter().chain(schemas::of_user::<U>()) {
            components.schemas.insert(name, schema);
        }
        let first_server = self.servers.first().map(String::as_str);
        components.security_schemes = security::schemes(self.users, &self.prefixes, first_server);
        let security = security::requirements(self.users);
        for (described, backend) in self.operations() {
            let id = (self.operation_id)(&described);
            components.schemas.extend(own_schemas(self.users, described.endpoint, backend, &id));
            let operation = operation(self.users, described.endpoint, backend, &id, &security)
                .tags(Some((self.tags)(&described)))
                .build();
            document.paths.add_path_operation(described.path, vec![http_method(described.endpoint)], operation);
        }
        document.components = Some(components);
        document.servers = (!self.servers.is_empty()).then(|| self.servers.iter().map(Server::new).collect());
        document
    }

    /// Returns the mounted operations in the order of the document, with the backends of logins and logouts.
    fn operations(&self) -> Vec<(DocumentedOperation, Option<&'a ActiveBackend>)> {
        let (users, prefixes) = (self.users, &self.prefixes);
        // Where addresses change at once, these two routes accept no token.
        let changes_at_once = users.policy().allows(Relaxation::EmailChangeAtOnce);
        let is_upstream = users.policy().keeps_quirks();
        let has_mfa = users.has_second_factors();
        let by_mail = &users.inner().by_mail;
        let is_offered = move |endpoint: &&Endpoint| {
            let is_off = changes_at_once && email_change::is_one(endpoint)
                || is_upstream && reauthenticate::is_one(endpoint)
                || !has_mfa && is_of_second_factors(endpoint)
                || by_mail.magic_links.is_none() && magic_link::is_one(endpoint)
                || by_mail.email_codes.is_none() && email_code::is_one(endpoint)
                || by_mail.invitations.is_none() && invitations::is_one(endpoint);
            !is_off
        };
        let on_each_backend = users.backends_with_logins().flat_map(|backend| {
            let has_refresh = backend.refresh.is_some();
            let is_on_backend = move |endpoint: &&Endpoint| has_refresh || !refresh::is_one(endpoint);
            let of_auth = endpoints().filter(|endpoint| endpoint.group().is_of_each_backend()).filter(is_offered);
            let of_auth = of_auth.filter(is_on_backend);
            of_auth.map(move |endpoint| (endpoint, Some(backend)))
        });
        let once = endpoints().filter(|endpoint| !endpoint.group().is_of_each_backend()).filter(is_offered);
        let once = once.map(|endpoint| (endpoint, None));
        let mounted = on_each_backend.chain(once).filter_map(|(endpoint, backend)| {
            let name = backend.map_or("", |backend| &*backend.name);
            let path = prefixes.path_of(endpoint, name)?;
            Some((endpoint, backend, path, endpoint.name().replace("{backend}", name)))
        });
        let of_providers = prefixes.providers().iter().flat_map(|routes| {
            let of_group = endpoints().filter(|endpoint| endpoint.group() == routes.group);
            of_group.map(move |endpoint| {
                let backend = users.inner().backends.iter().find(|backend| *backend.name == *routes.backend);
                let name =
                    endpoint.name().replace("{provider}", &routes.provider).replace("{backend}", &routes.backend);
                (endpoint, backend, routes.path_of(endpoint), name)
            })
        });
        let base = &users.inner().base_path;
        let described = mounted.chain(of_providers).map(|(endpoint, backend, path, name)| {
            (DocumentedOperation { endpoint, name, path: base.join(&path) }, backend)
        });
        described.collect()
    }
}

/// Returns whether a route exists only if users can have a second factor.
fn is_of_second_factors(endpoint: &Endpoint) -> bool {
    #[cfg(feature = "totp")]
    if crate::flows::account_status::revokes_factor(endpoint) {
        return true;
    }
    endpoint.group() == RouteGroup::SecondFactor || mfa_login::is_one(endpoint)
}

/// Returns the body of a route. A refresh or a logout with a cookie has none. The body has no code if second factors
/// are off, and no passkey if passkeys are off.
fn body_of<U: AuthUser>(users: &Users<U>, endpoint: &Endpoint, backend: Option<&ActiveBackend>) -> Body {
    let has_mfa = users.has_second_factors();
    let in_cookie = backend.is_some_and(|backend| backend.transport.is_sent_by_browsers());
    let has_refresh = backend.is_some_and(|backend| backend.refresh.is_some());
    match endpoint.body {
        Body::Object(_) if in_cookie && refresh::is_one(endpoint) => Body::None,
        Body::Object(_) if reauthenticate::is_one(endpoint) => {
            Body::Object(reauthenticate::fields(has_mfa, users.has_passkeys()))
        }
        Body::Object(fields) if !has_mfa => Body::Object(without_code(fields)),
        Body::RefreshToken(_) if in_cookie || !has_refresh => Body::None,
        body => body,
    }
}

/// Returns the fields without that of a second factor, which is the last one.
fn without_code(fields: &'static [Field]) -> &'static [Field] {
    match fields {
        [others @ .., code] if code.name == "otp" => others,
        fields => fields,
    }
}

/// Returns the schemas that only this route uses, with their names.
fn own_schemas<U: AuthUser>(
    users: &Users<U>,
    endpoint: &Endpoint,
    backend: Option<&ActiveBackend>,
    id: &str,
) -> Vec<(String, RefOr<Schema>)> {
    let name = body_name(id);
    let body = match body_of(users, endpoint, backend) {
        Body::LoginForm => Some((name.clone(), fixed::login_form(&name, users.has_second_factors()))),
        Body::Object(fields) | Body::RefreshToken(fields) => {
            Some((name.clone(), schemas::sent(&name, fields.iter().copied())))
        }
        Body::Invitation => Some((name.clone(), schemas::sent(&name, schemas::of_invitation::<U>()))),
        Body::CreateWithoutPassword => {
            Some((name.clone(), schemas::sent(&name, SchemaKind::Create.fields_without_password::<U>())))
        }
        Body::None | Body::Query(_) | Body::Create | Body::Update | Body::AdminUpdate => None,
    };
    let returned = endpoint.responses.iter().filter_map(|documented| match documented.content {
        Content::List(item) | Content::Object(item) => Some((item.name.to_owned(), schemas::returned(item).into())),
        _ => None,
    });
    body.into_iter().chain(returned).collect()
}

/// Returns the name of a schema that belongs to one route, as FastAPI builds it. Names of schemas contain only letters,
/// digits and `._-`.
fn body_name(id: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("Body_{}", id.chars().map(allowed).collect::<String>())
}

fn operation<U: AuthUser>(
    users: &Users<U>,
    endpoint: &Endpoint,
    backend: Option<&ActiveBackend>,
    id: &str,
    security: &[SecurityRequirement],
) -> OperationBuilder {
    let carrier = backend.and_then(|backend| backend.transport.security_scheme());
    let challenges = users.inner().challenges.as_ref();
    let challenged =
        challenges.is_some_and(|challenges| endpoint.limits().any(|limit| challenges.may_be_needed(limit)));
    let body = body_of(users, endpoint, backend);
    let mut operation = OperationBuilder::new()
        .summary(Some(endpoint.summary))
        .operation_id(Some(id))
        .request_body(request_body::<U>(body, id))
        .responses(responses::of::<U>(
            endpoint,
            body,
            carrier.as_ref(),
            users.policy().requires_verification(),
            &users.inner().limits,
            challenged,
            users.has_second_factors(),
        ));
    if challenged {
        operation = operation.parameter(solution_in_header());
    }
    if endpoint.path().contains("{id}") {
        operation = operation.parameter(id_in_path::<U>());
    }
    if let Body::Query(parameters) = endpoint.body {
        operation = parameters.iter().fold(operation, |operation, parameter| operation.parameter(in_query(parameter)));
    }
    if matches!(endpoint.caller(), Caller::Owner | Caller::Superuser) && !security.is_empty() {
        // A refresh token in the body is sufficient.
        let optional = matches!(body, Body::RefreshToken(_)).then(SecurityRequirement::default);
        operation = operation.securities(Some(security.iter().cloned().chain(optional)));
    }
    operation
}

fn request_body<U: AuthUser>(body: Body, id: &str) -> Option<RequestBody> {
    let of_user = |kind: SchemaKind| RefOr::Ref(Ref::from_schema_name(kind.name::<U>()));
    let of_route = || RefOr::Ref(Ref::from_schema_name(body_name(id)));
    let (media_type, schema) = match body {
        Body::None | Body::Query(_) => return None,
        Body::LoginForm => ("application/x-www-form-urlencoded", of_route()),
        Body::Object(_) | Body::RefreshToken(_) | Body::Invitation | Body::CreateWithoutPassword => {
            ("application/json", of_route())
        }
        Body::Create => ("application/json", of_user(SchemaKind::Create)),
        Body::Update => ("application/json", of_user(SchemaKind::Update)),
        // fastapi-users has one schema for both kinds of updates, so programs send it here as well.
        Body::AdminUpdate => {
            let either = AnyOfBuilder::new().item(of_user(SchemaKind::AdminUpdate)).item(of_user(SchemaKind::Update));
            ("application/json", RefOr::T(either.build().into()))
        }
    };
    let content = ContentBuilder::new().schema(Some(schema)).example(examples::of_body::<U>(body)).build();
    let required = if matches!(body, Body::RefreshToken(_)) { Required::False } else { Required::True };
    Some(RequestBodyBuilder::new().content(media_type, content).required(Some(required)).build())
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
fn id_in_path<U: AuthUser>() -> Parameter {
    let mut schema = schemas::text("Id");
    schema.examples = vec![schemas::sample_id::<U::Id>().to_string().into()];
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

/// Returns an optional parameter of the query.
fn in_query(parameter: &QueryParameter) -> Parameter {
    let title = schemas::title(parameter.name);
    let example = Value::from(parameter.example);
    let schema = match parameter.kind {
        QueryKind::Text => {
            let mut text = schemas::text(&title);
            text.examples = vec![example];
            Schema::Object(text)
        }
        QueryKind::OptionalText => {
            let mut text = schemas::nullable(Object::with_type(Type::String).into());
            (text.title, text.examples) = (Some(title), vec![example]);
            Schema::Object(text)
        }
        QueryKind::List => {
            let mut list = Array::new(Object::with_type(Type::String));
            (list.title, list.examples) = (Some(title), vec![vec![example].into()]);
            Schema::Array(list)
        }
    };
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .schema(Some(schema))
        .build()
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
