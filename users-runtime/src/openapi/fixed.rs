//! Schemas that are the same in every application.

use serde_json::Value;
use utoipa::openapi::{
    RefOr,
    schema::{AdditionalProperties, AnyOfBuilder, Array, Object, ObjectBuilder, Ref, Schema, SchemaType, Type},
};

use super::schemas::{nullable, password, text, title};

/// The name of the schema of 400 responses.
pub(super) const ERROR: &str = "ErrorModel";
/// The name of the schema of 422 responses.
pub(super) const INVALID: &str = "HTTPValidationError";
/// The name of the schema of a login response with a bearer token.
pub(super) const BEARER: &str = "BearerResponse";
const PROBLEM: &str = "ValidationError";

/// Returns the schemas of errors and of the bearer login, with their names.
pub(super) fn schemas() -> [(String, RefOr<Schema>); 4] {
    [(BEARER, bearer_response()), (ERROR, error_model()), (INVALID, validation_error()), (PROBLEM, problem())]
        .map(|(name, schema)| (name.to_owned(), schema.into()))
}

/// Returns the schema of the login form. It has the fields of OAuth's password grant, of which the last three are
/// ignored.
pub(super) fn login_form(name: &str) -> RefOr<Schema> {
    let mut grant = Object::with_type(Type::String);
    grant.pattern = Some("^password$".to_owned());
    let mut scope = text("Scope");
    scope.default = Some(Value::from(""));
    let mut username = text("Username");
    username.description = Some("The e-mail address.".to_owned());
    titled_object(name)
        .property("grant_type", titled("grant_type", nullable(grant.into())))
        .property("username", username)
        .property("password", titled("password", password()))
        .property("scope", scope)
        .property("client_id", titled("client_id", nullable(Object::with_type(Type::String).into())))
        .property("client_secret", titled("client_secret", nullable(password().into())))
        .required("username")
        .required("password")
        .build()
        .into()
}

fn titled_object(title: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).title(Some(title))
}

fn titled(name: &str, mut object: Object) -> Object {
    object.title = Some(title(name));
    object
}

fn bearer_response() -> Object {
    titled_object(BEARER)
        .property("access_token", text("Access Token"))
        .property("token_type", text("Token Type"))
        .required("access_token")
        .required("token_type")
        .build()
}

/// Returns the schema of `{"detail": "CODE"}` or `{"detail": {"code": …, "reason": …}}`.
fn error_model() -> Object {
    let texts = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::RefOr(Object::with_type(Type::String).into())));
    let detail = AnyOfBuilder::new().item(Object::with_type(Type::String)).item(texts);
    titled_object(ERROR).property("detail", detail).required("detail").build()
}

fn validation_error() -> Object {
    let mut problems = Array::new(Ref::from_schema_name(PROBLEM));
    problems.title = Some("Detail".to_owned());
    titled_object(INVALID).property("detail", Schema::Array(problems)).build()
}

fn problem() -> Object {
    let step = AnyOfBuilder::new().item(Object::with_type(Type::String)).item(Object::with_type(Type::Integer)).build();
    let mut location = Array::new(Schema::AnyOf(step));
    location.title = Some("Location".to_owned());
    titled_object(PROBLEM)
        .property("loc", Schema::Array(location))
        .property("msg", text("Message"))
        .property("type", text("Error Type"))
        .property("input", titled("input", Object::with_type(SchemaType::AnyValue)))
        .property("ctx", ObjectBuilder::new().schema_type(Type::Object).title(Some("Context")))
        .required("loc")
        .required("msg")
        .required("type")
        .build()
}
