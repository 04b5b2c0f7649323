//! JSON request bodies. The syntax is checked before authentication and the fields after authorization, as fastapi-users does.

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
        EmailAddress,
        email::ReadEmail,
        field::{Field, FieldKind, struct_name},
    },
    user::{Parsed, Schema},
};

/// A JSON body whose syntax has been checked and whose fields have not. It has no `Debug`, since it holds passwords.
pub(crate) struct JsonBody(Content);

enum Content {
    /// An empty body.
    Absent,
    /// A JSON object.
    Object(Map<String, Value>),
    /// Other JSON, or a body of another media type.
    NoObject,
}

impl JsonBody {
    /// Reads and parses the body of a request.
    ///
    /// # Errors
    /// [`ApiError::PayloadTooLarge`] beyond `limit` bytes, [`ApiError::BadRequest`] for a body that is incomplete or
    /// not UTF-8, [`ApiError::Validation`] for malformed, ambiguous or too deeply nested JSON.
    pub(crate) async fn read(parts: &Parts, body: Body, limit: usize) -> Result<Self, ApiError> {
        let bytes = body::read(body, limit).await?;
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

    /// Returns an object that did not come from a request, to be read by the same rules.
    #[cfg(any(feature = "oauth", feature = "passkeys"))]
    pub(crate) fn of(object: Map<String, Value>) -> Self {
        Self(Content::Object(object))
    }

    /// Sets a value, replacing one that the request sent.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        if let Content::Object(object) = &mut self.0 {
            object.insert(name.to_owned(), value);
        }
        self
    }

    /// Returns the same body, and a copy of its object, or an empty object if it has none.
    #[cfg(feature = "passkeys")]
    pub(crate) fn object(self) -> (Self, Map<String, Value>) {
        let object = if let Content::Object(object) = &self.0 { object.clone() } else { Map::new() };
        (self, object)
    }

    /// Reads the body as one schema.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every problem, in the order of the schema's fields.
    pub(crate) fn schema<T: DeserializeOwned>(
        self,
        fields: impl IntoIterator<Item = Field>,
        rules: &dyn ReadEmail,
    ) -> Result<Parsed<T>, ApiError> {
        match self.0 {
            Content::Absent => Err(Problem::of_body("missing", "Field required").into()),
            Content::NoObject => Err(Problem::of_body(
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            )
            .into()),
            Content::Object(object) => parse(object, fields, rules),
        }
    }

    /// Reads the fields of a small schema, for routes that fastapi-users declares with separate body fields (forgot,
    /// reset, request-verify, verify). They treat a body that is not an object as an object without fields.
    ///
    /// # Errors
    /// As for [`JsonBody::schema`].
    pub(crate) fn embedded<T: Schema + DeserializeOwned>(self, rules: &dyn ReadEmail) -> Result<Parsed<T>, ApiError> {
        let object = match self.0 {
            Content::Object(object) => object,
            Content::Absent | Content::NoObject => Map::new(),
        };
        parse(object, T::FIELDS.iter().copied(), rules)
    }
}

impl<T> Parsed<T> {
    /// Returns the values and the address of a schema that requires one.
    ///
    /// # Errors
    /// [`ApiError::Validation`] if the request sent no address.
    pub(crate) fn with_email(self) -> Result<(T, EmailAddress), ApiError> {
        let email = self.email.ok_or_else(|| Problem::missing("email"))?;
        Ok((self.input, email))
    }
}

fn parse<T: DeserializeOwned>(
    object: Map<String, Value>,
    fields: impl IntoIterator<Item = Field>,
    rules: &dyn ReadEmail,
) -> Result<Parsed<T>, ApiError> {
    let Parsed { input, email, fields } = check(object, &Vec::from_iter(fields), rules)?;
    let input = T::deserialize(input).map_err(|_| misfit(struct_name::<T>()))?;
    Ok(Parsed { input, email, fields })
}

/// Checks an object against the fields of a schema. Compiled once instead of for each schema.
fn check(mut object: Map<String, Value>, fields: &[Field], rules: &dyn ReadEmail) -> Result<Parsed<Value>, ApiError> {
    let email = fields::check(fields, &mut object, rules).map_err(ApiError::Validation)?;
    let changes = |field: &&Field| !matches!(field.kind, FieldKind::DroppedFlag | FieldKind::CurrentPassword);
    let names = fields.iter().filter(changes).map(|field| field.name);
    let sent = names.filter(|name| object.contains_key(*name)).collect();
    Ok(Parsed { input: Value::Object(object), email, fields: sent })
}

/// Returns the error of an object that serde refuses. The fields have been checked, so only serde attributes of the application can
/// fail. Their messages may quote any value, including a password, and are not sent.
fn misfit(name: &str) -> ApiError {
    let text = format!("the body does not fit {name}");
    Problem::of_body("value_error", format!("Value error, {text}")).ctx("error", text).into()
}

#[cfg(test)]
mod tests {
    use http::{Request, header::CONTENT_TYPE};
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::domain::{EmailRules, Password};

    /// The schema of a registration, as the derive generates it.
    #[derive(Deserialize)]
    struct Create {
        email: String,
        password: Password,
    }

    const CREATE: [Field; 3] =
        [Field::email().required(), Field::password().required(), Field::dropped_flag("is_active")];

    /// The body of reset-password.
    #[derive(Deserialize)]
    struct Reset {
        token: String,
        password: Password,
    }

    impl Schema for Reset {
        const FIELDS: &'static [Field] = &[Field::token().required(), Field::password().required()];
    }

    /// The body of request-verify-token.
    #[derive(Deserialize)]
    struct Request_ {}

    impl Schema for Request_ {
        const FIELDS: &'static [Field] = &[Field::email().required()];
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

    /// Returns the problems of a refused body.
    fn problems<T>(result: Result<T, ApiError>) -> Value {
        match result {
            Err(ApiError::Validation(problems)) => serde_json::to_value(problems).unwrap(),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("accepted"),
        }
    }

    fn create(body: JsonBody) -> Result<Create, ApiError> {
        body.schema(CREATE, &EmailRules::Ascii).map(|parsed| parsed.input)
    }

    fn missing(loc: Value) -> Value {
        json!({"type": "missing", "loc": loc, "msg": "Field required", "input": null})
    }

    #[tokio::test]
    async fn a_valid_body_is_accepted_and_unknown_keys_are_ignored() {
        let body = r#"{"email":"King.Arthur@Camelot.BT","password":" g\u0000 ","is_superuser":[],"is_active":null}"#;
        let create = create(json(body).await).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((create.email.as_str(), create.password.secret()), ("King.Arthur@Camelot.BT", " g\0 "));
    }

    #[tokio::test]
    async fn missing_fields_are_named_and_the_body_is_not_echoed() {
        let email = missing(json!(["body", "email"]));
        let password = missing(json!(["body", "password"]));
        assert_eq!(problems(create(json("{}").await)), json!([email, password]));
        assert_eq!(problems(create(json(r#"{"password":"my-secret"}"#).await)), json!([email]));
    }

    #[tokio::test]
    async fn an_invalid_address_is_refused_with_a_reason() {
        let problem = |input| {
            json!([{"type": "value_error", "loc": ["body", "email"],
                "msg": "value is not a valid email address: An email address must have an @-sign.",
                "input": input, "ctx": {"reason": "An email address must have an @-sign."}}])
        };
        let body = json(r#"{"email":"king.arthur","password":"guinevere"}"#).await;
        assert_eq!(problems(create(body)), problem("king.arthur"));
        let body = json(r#"{"email":"bad"}"#).await;
        assert_eq!(problems(body.embedded::<Request_>(&EmailRules::Ascii)), problem("bad"));
    }

    #[tokio::test]
    async fn wrong_types_are_refused_and_the_password_is_not_echoed() {
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
    async fn an_absent_body_is_reported_as_missing() {
        for body in [read(None, "").await, read(Some("application/json"), "").await] {
            let body = body.unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(problems(create(body)), json!([missing(json!(["body"]))]));
        }
    }

    #[tokio::test]
    async fn malformed_json_is_refused_with_its_offset() {
        for body in ["{bad", "{"] {
            let problems = problems(read(Some("application/json"), body).await);
            assert_eq!((&problems[0]["type"], &problems[0]["loc"]), (&json!("json_invalid"), &json!(["body", 1])));
            assert_eq!(problems[0]["input"], json!({}));
        }
    }

    #[tokio::test]
    async fn other_values_and_media_types_are_refused_without_echo() {
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
    async fn absent_embedded_fields_are_reported_one_by_one() {
        let token = missing(json!(["body", "token"]));
        let password = missing(json!(["body", "password"]));
        for body in ["{}", "null", "[]", "7"] {
            let reset = json(body).await.embedded::<Reset>(&EmailRules::Ascii);
            assert_eq!(problems(reset), json!([token, password]), "{body}");
        }
        let null = json(r#"{"token":null}"#).await.embedded::<Reset>(&EmailRules::Ascii);
        assert_eq!(problems(null)[0]["type"], "string_type");
        let reset = json(r#"{"token":"t","password":"p"}"#).await.embedded::<Reset>(&EmailRules::Ascii);
        let Ok(Parsed { input: Reset { token, password }, .. }) = reset else { panic!("refused") };
        assert_eq!((token.as_str(), password.secret()), ("t", "p"));
    }

    #[tokio::test]
    async fn the_fields_of_a_body_are_listed_in_the_order_of_the_schema() {
        let body = json(r#"{"is_active":true,"other":1,"password":"p","email":"a@camelot.bt"}"#).await;
        assert_eq!(
            body.schema::<Create>(CREATE, &EmailRules::Ascii).map(|parsed| parsed.fields).ok(),
            Some(vec!["email", "password"])
        );
    }

    #[tokio::test]
    async fn the_parsed_address_comes_with_the_schema() {
        let body = json(r#"{"email":" King@CAMELOT.bt ","password":"p"}"#).await;
        let (create, email) = body.schema::<Create>(CREATE, &EmailRules::Ascii).and_then(Parsed::with_email).unwrap();
        assert_eq!((create.email.as_str(), email.as_str()), (" King@CAMELOT.bt ", "King@camelot.bt"));
        let body = json(r#"{"token":"t","password":"p"}"#).await;
        let without = body.embedded::<Reset>(&EmailRules::Ascii).and_then(Parsed::with_email);
        assert_eq!(problems(without), json!([missing(json!(["body", "email"]))]));
    }

    #[tokio::test]
    async fn invalid_utf8_cannot_be_read() {
        let read = read(Some("application/json"), &b"{\"email\":\"\xff\"}"[..]).await;
        assert_eq!(read.err(), Some(ApiError::BadRequest("There was an error parsing the body")));
    }
}
