//! Schemas that are the same in every application.

use serde_json::Value;
use utoipa::openapi::{
    RefOr,
    schema::{AdditionalProperties, AnyOfBuilder, Array, Object, ObjectBuilder, Ref, Schema, SchemaType, Type},
};

use super::schemas::{any_of, nullable, password, text, title};

/// The name of the schema of 400 responses.
pub(super) const ERROR: &str = "ErrorModel";
/// The name of the schema of 422 responses.
pub(super) const INVALID: &str = "HTTPValidationError";
/// The name of the schema of a login response with a bearer token.
pub(super) const BEARER: &str = "BearerResponse";
const PROBLEM: &str = "ValidationError";

/// Returns the schemas of errors and of the bearer login, with their names. A service with refresh tokens returns them at
/// backends that have them.
pub(super) fn schemas(has_refresh: bool) -> [(String, RefOr<Schema>); 4] {
    [
        (BEARER, bearer_response(has_refresh)),
        (ERROR, error_model()),
        (INVALID, validation_error()),
        (PROBLEM, problem()),
    ]
    .map(|(name, schema)| (name.to_owned(), schema.into()))
}

/// Returns the schema of the login form. It has the fields of OAuth's password grant, of which the last three are
/// ignored.
pub(super) fn login_form(name: &str, has_mfa: bool) -> RefOr<Schema> {
    let mut grant = Object::with_type(Type::String);
    grant.pattern = Some("^password$".to_owned());
    let mut scope = text("Scope");
    scope.default = Some(Value::from(""));
    let mut username = text("Username");
    username.description = Some("The e-mail address.".to_owned());
    let mut form = titled_object(name)
        .property("grant_type", titled("grant_type", nullable(grant.into())))
        .property("username", username)
        .property("password", titled("password", password()))
        .property("scope", scope)
        .property("client_id", titled("client_id", nullable(Object::with_type(Type::String).into())))
        .property("client_secret", titled("client_secret", nullable(password().into())));
    if has_mfa {
        let mut otp = titled("otp", nullable(Object::with_type(Type::String).into()));
        otp.description =
            Some("The code of an authenticator app, or a recovery code, of a user who has a second factor.".to_owned());
        let mut remember = titled("remember_device", nullable(Object::with_type(Type::Boolean).into()));
        remember.description =
            Some("Whether logins from this device need no code for some time, where the service does that.".to_owned());
        form = form.property("otp", otp).property("remember_device", remember);
    }
    form.required("username").required("password").build().into()
}

fn titled_object(title: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).title(Some(title))
}

fn titled(name: &str, mut object: Object) -> Object {
    object.title = Some(title(name));
    object
}

fn bearer_response(has_refresh: bool) -> Object {
    let mut schema = titled_object(BEARER)
        .property("access_token", text("Access Token"))
        .property("token_type", text("Token Type"))
        .required("access_token")
        .required("token_type");
    if has_refresh {
        let seconds = titled("expires_in", Object::with_type(Type::Integer));
        schema = schema.property("refresh_token", text("Refresh Token")).property("expires_in", seconds);
    }
    schema.build()
}

/// Returns the schema of `{"detail": "CODE"}` or `{"detail": {"code": …, "reason": …}}`.
fn error_model() -> Object {
    let texts = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::RefOr(Object::with_type(Type::String).into())));
    let detail = any_of([Object::with_type(Type::String).into(), texts.build().into()]);
    titled_object(ERROR).property("detail", titled("detail", detail)).required("detail").build()
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
