//! The JSON body of a request: read first, understood later (contract.md section 3, order of checks).

use axum::body::Body;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    ApiError, Problem,
    body::{self, MediaType, UNREADABLE},
    fields, json_value,
};
use crate::{
    domain::{
        EmailRules,
        field::{Field, FieldKind},
    },
    user::Schema,
};

/// A JSON body whose syntax is checked and whose fields are not yet.
///
/// Reading comes before authentication and fields come after rights, as on the wire, so the two are apart. It has no
/// `Debug`, since it holds passwords.
pub(crate) struct JsonBody(Content);

enum Content {
    /// No byte at all.
    Absent,
    /// A JSON object.
    Object(Map<String, Value>),
    /// Other JSON, or a body that does not claim to be JSON.
    NoObject,
}

impl JsonBody {
    /// Reads and parses the body of a request.
    ///
    /// # Errors
    /// [`ApiError::PayloadTooLarge`] beyond `limit` bytes, [`ApiError::BadRequest`] for a body that breaks off or is
    /// not UTF-8, [`ApiError::Validation`] for malformed, ambiguous or too deep JSON.
    pub(crate) async fn read(parts: &Parts, body: Body, limit: usize) -> Result<Self, ApiError> {
        let bytes = body::read(&parts.headers, body, limit).await?;
        if bytes.is_empty() {
            return Ok(Self(Content::Absent));
        }
        if MediaType::of(&parts.headers) != MediaType::Json {
            return Ok(Self(Content::NoObject));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| UNREADABLE)?;
        Ok(Self(match json_value::parse(text)? {
            Value::Object(object) => Content::Object(object),
            _ => Content::NoObject,
        }))
    }

    /// The keys of `T` that the body has, null or not, in the order of the schema: what an update's hook is told.
    /// Flags that `T` drops and the present password are not among them, since they change nothing.
    pub(crate) fn present<T: Schema>(&self) -> Vec<&'static str> {
        let Content::Object(object) = &self.0 else {
            return Vec::new();
        };
        let changes = |field: &&Field| !matches!(field.kind, FieldKind::DroppedFlag | FieldKind::CurrentPassword);
        T::fields().filter(changes).map(|field| field.name).filter(|name| object.contains_key(*name)).collect()
    }

    /// Takes the body as one schema and reports everything that is wrong with it.
    ///
    /// # Errors
    /// [`ApiError::Validation`], in the order of the schema's fields.
    pub(crate) fn schema<T: Schema + DeserializeOwned>(self, rules: EmailRules) -> Result<T, ApiError> {
        match self.0 {
            Content::Absent => Err(Problem::of_body("missing", "Field required").into()),
            Content::NoObject => Err(Problem::of_body(
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            )
            .into()),
            Content::Object(object) => understand(object, rules),
        }
    }

    /// Takes the fields of a small schema out of the body, as the routes do that upstream declares with loose fields
    /// (forgot, reset, request-verify, verify). There, a body that is no object counts as one without fields.
    ///
    /// # Errors
    /// As for [`JsonBody::schema`].
    pub(crate) fn embedded<T: Schema + DeserializeOwned>(self, rules: EmailRules) -> Result<T, ApiError> {
        let object = match self.0 {
            Content::Object(object) => object,
            Content::Absent | Content::NoObject => Map::new(),
        };
        understand(object, rules)
    }
}

fn understand<T: Schema + DeserializeOwned>(mut object: Map<String, Value>, rules: EmailRules) -> Result<T, ApiError> {
    let problems = fields::check(T::fields(), &mut object, rules);
    if !problems.is_empty() {
        return Err(ApiError::Validation(problems));
    }
    // What the table passes and the type refuses comes from the application's own serde attributes. serde's text may
    // quote any value, a password as well, so it is not sent.
    T::deserialize(Value::Object(object)).map_err(|_| {
        let text = format!("the body does not fit {}", T::NAME);
        Problem::of_body("value_error", format!("Value error, {text}")).ctx("error", text).into()
    })
}

#[cfg(test)]
mod tests {
    use http::{Request, header::CONTENT_TYPE};
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::domain::Password;

    /// The schema of a registration, as the derive writes it.
    #[derive(Deserialize)]
    struct Create {
        email: String,
        password: Password,
    }

    impl Schema for Create {
        const NAME: &'static str = "UserCreate";
        const FIELDS: &'static [&'static [Field]] =
            &[&[Field::email().required(), Field::password().required(), Field::dropped_flag("is_active")]];
    }

    /// The body of reset-password.
    #[derive(Deserialize)]
    struct Reset {
        token: String,
        password: Password,
    }

    impl Schema for Reset {
        const NAME: &'static str = "Reset";
        const FIELDS: &'static [&'static [Field]] = &[&[Field::token().required(), Field::password().required()]];
    }

    /// The body of request-verify-token.
    #[derive(Deserialize)]
    struct Request_ {
        #[expect(dead_code, reason = "only errors are looked at")]
        email: String,
    }

    impl Schema for Request_ {
        const NAME: &'static str = "Request";
        const FIELDS: &'static [&'static [Field]] = &[&[Field::email().required()]];
    }

    async fn read(content_type: Option<&str>, body: impl Into<Body>) -> Result<JsonBody, ApiError> {
        let mut request = Request::builder();
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let (parts, body) = request.body(body.into()).unwrap().into_parts();
        JsonBody::read(&parts, body, 16 * 1024).await
    }

    async fn json(body: &'static str) -> JsonBody {
        read(Some("application/json"), body).await.unwrap_or_else(|error| panic!("{body}: {error:?}"))
    }

    /// The answer's list of problems.
    fn problems<T>(result: Result<T, ApiError>) -> Value {
        match result {
            Err(ApiError::Validation(problems)) => serde_json::to_value(problems).unwrap(),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("accepted"),
        }
    }

    fn create(body: JsonBody) -> Result<Create, ApiError> {
        body.schema(EmailRules::Ascii)
    }

    fn missing(loc: Value) -> Value {
        json!({"type": "missing", "loc": loc, "msg": "Field required", "input": null})
    }

    #[tokio::test]
    async fn a_good_body_is_taken_and_unknown_keys_are_ignored() {
        let body = r#"{"email":"King.Arthur@Camelot.BT","password":" g\u0000 ","is_superuser":[],"is_active":null}"#;
        let create = create(json(body).await).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((create.email.as_str(), create.password.secret()), ("King.Arthur@Camelot.BT", " g\0 "));
    }

    #[tokio::test]
    async fn r5_and_r6_missing_fields_are_named_and_the_body_is_not_echoed() {
        let email = missing(json!(["body", "email"]));
        let password = missing(json!(["body", "password"]));
        assert_eq!(problems(create(json("{}").await)), json!([email, password]));
        assert_eq!(problems(create(json(r#"{"password":"my-secret"}"#).await)), json!([email]));
    }

    #[tokio::test]
    async fn r7_and_r31_no_address() {
        let problem = |input| {
            json!([{"type": "value_error", "loc": ["body", "email"],
                "msg": "value is not a valid email address: An email address must have an @-sign.",
                "input": input, "ctx": {"reason": "An email address must have an @-sign."}}])
        };
        let body = json(r#"{"email":"king.arthur","password":"guinevere"}"#).await;
        assert_eq!(problems(create(body)), problem("king.arthur"));
        let body = json(r#"{"email":"bad"}"#).await;
        assert_eq!(problems(body.embedded::<Request_>(EmailRules::Ascii)), problem("bad"));
    }

    #[tokio::test]
    async fn r8_wrong_types_and_the_password_is_not_echoed() {
        let body = json(r#"{"email":"a@camelot.bt","password":12345,"is_active":"maybe"}"#).await;
        assert_eq!(
            problems(create(body)),
            json!([
                {"type": "string_type", "loc": ["body", "password"], "msg": "Input should be a valid string",
                    "input": null},
                {"type": "bool_parsing", "loc": ["body", "is_active"],
                    "msg": "Input should be a valid boolean, unable to interpret input", "input": "maybe"},
            ])
        );
    }

    #[tokio::test]
    async fn r9_no_body_is_a_missing_body() {
        for body in [read(None, "").await, read(Some("application/json"), "").await] {
            let body = body.unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(problems(create(body)), json!([missing(json!(["body"]))]));
        }
    }

    #[tokio::test]
    async fn r10_and_r51_malformed_json_is_told_with_pythons_words_and_offset() {
        for body in ["{bad", "{"] {
            assert_eq!(
                problems(read(Some("application/json"), body).await),
                json!([{"type": "json_invalid", "loc": ["body", 1], "msg": "JSON decode error", "input": {},
                    "ctx": {"error": "Expecting property name enclosed in double quotes"}}])
            );
        }
    }

    #[tokio::test]
    async fn r11_what_is_no_json_object_is_refused_without_echo() {
        let text = r#"{"email":"x@camelot.bt","password":"p"}"#;
        for body in [
            read(None, text).await,
            read(Some("text/plain"), text).await,
            read(Some("application/x-www-form-urlencoded"), text).await,
            read(Some("application/json"), "[1]").await,
            read(Some("application/json"), "\"hunter2\"").await,
            read(Some("application/json"), "null").await,
            read(None, "\u{ff}").await,
        ] {
            let body = body.unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(
                problems(create(body)),
                json!([{"type": "model_attributes_type", "loc": ["body"],
                    "msg": "Input should be a valid dictionary or object to extract fields from", "input": null}])
            );
        }
    }

    #[tokio::test]
    async fn r32_and_r41_loose_fields_are_missing_one_by_one() {
        let token = missing(json!(["body", "token"]));
        let password = missing(json!(["body", "password"]));
        for body in ["{}", "null", "[]", "7"] {
            let reset = json(body).await.embedded::<Reset>(EmailRules::Ascii);
            assert_eq!(problems(reset), json!([token, password]), "{body}");
        }
        let null = json(r#"{"token":null}"#).await.embedded::<Reset>(EmailRules::Ascii);
        assert_eq!(problems(null)[0]["type"], "string_type");
        let reset = json(r#"{"token":"t","password":"p"}"#).await.embedded::<Reset>(EmailRules::Ascii);
        let Ok(Reset { token, password }) = reset else { panic!("refused") };
        assert_eq!((token.as_str(), password.secret()), ("t", "p"));
    }

    #[tokio::test]
    async fn the_fields_that_a_body_has_are_told_in_the_schemas_order() {
        let body = json(r#"{"is_active":true,"other":1,"password":null,"email":"a@camelot.bt"}"#).await;
        assert_eq!(body.present::<Create>(), ["email", "password"]);
        assert!(json("[]").await.present::<Create>().is_empty());
    }

    #[tokio::test]
    async fn bytes_that_are_no_text_cannot_be_read() {
        let read = read(Some("application/json"), &b"{\"email\":\"\xff\"}"[..]).await;
        assert_eq!(read.err(), Some(ApiError::BadRequest("There was an error parsing the body")));
    }
}
