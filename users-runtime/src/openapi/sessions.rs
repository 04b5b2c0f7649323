//! The schema of a session as its owner sees it, and the answer that lists them. fastapi-users has neither.

use utoipa::openapi::{
    ContentBuilder, Ref, Response, ResponseBuilder,
    schema::{Array, Object, ObjectBuilder, Schema, Type},
};

use super::schemas::{formatted, nullable, text, title};

/// The name of the schema.
pub(super) const NAME: &str = "SessionRead";

pub(super) fn schema() -> Object {
    let time = || nullable(formatted("date-time").into());
    let words = || nullable(Object::with_type(Type::String).into());
    let fields: [(&str, Object, &str); 7] = [
        ("id", text("Id"), "Its name, by which it can be ended. It logs nobody in."),
        ("created_at", time(), "The time of the login."),
        ("last_seen_at", time(), "The last use, to the minute; null if there was none since the login."),
        ("expires_at", time(), "When it ends however much it is used; null for never."),
        ("client", words(), "The address that the login came from."),
        ("user_agent", words(), "What the client called itself."),
        ("current", Object::with_type(Type::Boolean), "Whether it is the session of this request."),
    ];
    let mut schema = ObjectBuilder::new().schema_type(Type::Object).title(Some(NAME));
    for (name, mut field, description) in fields {
        (field.title, field.description) = (Some(title(name)), Some(description.to_owned()));
        schema = schema.property(name, field).required(name);
    }
    schema.build()
}

pub(super) fn listed(description: &str) -> Response {
    let sessions = Schema::Array(Array::new(Ref::from_schema_name(NAME)));
    let content = ContentBuilder::new().schema(Some(sessions)).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}
