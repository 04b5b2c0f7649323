//! The documented responses of a route, from its feature's table and from its kind of caller.

use serde_json::json;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, Ref, Response, ResponseBuilder, Responses,
    example::ExampleBuilder,
    schema::{Array, Object, Schema, SchemaType, Type},
};

use super::{
    examples::TOKEN,
    fixed::{BEARER, ERROR, INVALID},
};
use crate::{
    domain::{Code, CodeDetail},
    http::{Body, CHALLENGE_REQUIRED, Caller, Content, Documented, Endpoint},
    port::SecurityScheme as Carrier,
    service::{LOGIN_MFA_BAD_CODE, LOGIN_MFA_REQUIRED, Limits},
    user::{AuthUser, SchemaKind},
};

/// Returns the responses of a route with this body. `carrier` is the transport of its backend, if it belongs to one.
pub(super) fn of<U: AuthUser>(
    endpoint: &Endpoint,
    body: Body,
    carrier: Option<&Carrier>,
    verified_only: bool,
    limits: &Limits,
    challenged: bool,
    has_mfa: bool,
) -> Responses {
    let documented = endpoint.responses.iter().flat_map(|documented| successes::<U>(documented, carrier));
    let mut responses: Vec<(u16, Response)> = documented.collect();
    let codes = endpoint.codes.iter().filter(|code| has_mfa || !is_of_second_factors(code));
    if let Some(bad_request) = bad_request(codes.copied().collect()) {
        responses.push((400, bad_request));
    }
    if matches!(endpoint.caller, Caller::Owner | Caller::Superuser) {
        responses.push((
            401,
            Response::new(match endpoint.fresh {
                true => "Missing token or inactive user, or the login is not fresh.",
                false => "Missing token or inactive user.",
            }),
        ));
    }
    let forbidden = match endpoint.caller {
        Caller::Superuser => Some("Not a superuser."),
        Caller::Owner if verified_only => Some("Not verified."),
        _ => None,
    };
    if challenged {
        responses.push((403, challenge_required(forbidden)));
    } else if let Some(description) = forbidden {
        responses.push((403, Response::new(description)));
    }
    if endpoint.caller == Caller::Superuser && endpoint.path().contains("{id}") {
        responses.push((404, Response::new("The user does not exist.")));
    }
    // fastapi-users documents 422 for the routes by id, too, although those without a body never send it.
    if !matches!(body, Body::None) || endpoint.caller == Caller::Superuser {
        responses.push((422, with_schema("The problems of the request, field by field.", INVALID)));
    }
    if endpoint.limits().any(|limit| limits.rule(limit).is_some()) {
        responses.push((429, too_many_requests()));
    }
    responses.into_iter().map(|(status, response)| (status.to_string(), response)).collect()
}

fn successes<U: AuthUser>(documented: &Documented, carrier: Option<&Carrier>) -> Vec<(u16, Response)> {
    let Documented { status, content, description } = *documented;
    let response = match content {
        Content::Empty => Response::new(description),
        Content::Anything => anything(description),
        Content::User => with_schema(description, SchemaKind::Read.name::<U>()),
        Content::Object(object) => with_schema(description, object.name),
        Content::List(item) => list(description, item.name),
        Content::Token => return token(status, description, carrier),
    };
    vec![(status, response)]
}

/// Returns the responses of a login, which depend on the transport.
fn token(status: u16, description: &str, carrier: Option<&Carrier>) -> Vec<(u16, Response)> {
    match carrier {
        Some(Carrier::Bearer) => {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(BEARER)))
                .example(Some(json!({ "access_token": TOKEN, "token_type": "bearer" })))
                .build();
            let response = ResponseBuilder::new().description(description).content("application/json", content);
            vec![(status, response.build())]
        }
        Some(Carrier::Cookie { .. }) => vec![
            (status, anything("The response of the transport.")),
            (204, Response::new("Logged in. The token is in the cookie.")),
        ],
        _ => vec![(status, anything("The response of the transport."))],
    }
}

/// Returns whether a code belongs to second factors; no response has it if they are off.
fn is_of_second_factors(code: &Code) -> bool {
    [LOGIN_MFA_REQUIRED.code, LOGIN_MFA_BAD_CODE.code].contains(&code.code)
}

fn bad_request(codes: Vec<Code>) -> Option<Response> {
    if codes.is_empty() {
        return None;
    }
    let examples = codes.into_iter().map(|Code { code, when, detail }| {
        let detail = match detail {
            CodeDetail::Code => json!(code),
            CodeDetail::Reason => json!({"code": code, "reason": "Password should be at least 8 characters"}),
            CodeDetail::Suspension => json!({"code": code, "until": "2030-01-01T00:00:00Z", "reason": "Spam"}),
        };
        (code, ExampleBuilder::new().summary(when).value(Some(json!({ "detail": detail }))).build())
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR))).examples_from_iter(examples).build();
    Some(ResponseBuilder::new().description("Refused, with a code.").content("application/json", content).build())
}

fn challenge_required(or: Option<&str>) -> Response {
    let challenge = "A challenge must be solved: send its solution in the header `Challenge-Solution`.";
    let description = or.map_or_else(|| challenge.to_owned(), |or| format!("{or} Or: {challenge}"));
    let detail = json!({ "code": CHALLENGE_REQUIRED, "challenge": {} });
    let example = ExampleBuilder::new().value(Some(json!({ "detail": detail }))).build();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ERROR)))
        .examples_from_iter([(CHALLENGE_REQUIRED, example)])
        .build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

fn too_many_requests() -> Response {
    let example = ExampleBuilder::new().value(Some(json!({ "detail": "TOO_MANY_REQUESTS" }))).build();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ERROR)))
        .examples_from_iter([("TOO_MANY_REQUESTS", example)])
        .build();
    let text = |description: &str| {
        HeaderBuilder::new().schema(Some(Object::with_type(Type::String))).description(Some(description)).build()
    };
    let seconds = HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::Integer)))
        .description(Some("The seconds to wait."))
        .build();
    ResponseBuilder::new()
        .description("A limit is reached.")
        .content("application/json", content)
        .header("Retry-After", seconds)
        .header("RateLimit-Policy", text("The limit: its name, quota `q` and window `w` in seconds."))
        .header(
            "RateLimit",
            text("The state of the limit: what remains, `r`, and the seconds `t` until there is more."),
        )
        .build()
}

fn with_schema(description: &str, name: &str) -> Response {
    json_response(description, Ref::from_schema_name(name).into())
}

fn list(description: &str, item: &str) -> Response {
    json_response(description, Schema::Array(Array::new(Ref::from_schema_name(item))).into())
}

fn anything(description: &str) -> Response {
    json_response(description, Schema::Object(Object::with_type(SchemaType::AnyValue)).into())
}

fn json_response(description: &str, schema: utoipa::openapi::RefOr<Schema>) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}
