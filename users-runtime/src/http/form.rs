//! The login form, which has the fields of the OAuth 2.0 password grant.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use http::{header::CONTENT_TYPE, request::Parts};
use url::form_urlencoded;

use super::{
    ApiError, Problem,
    body::{self, MediaType, UNREADABLE},
};
use crate::domain::Password;

/// The credentials of a login. It has no `Debug`, since users sometimes type their password into the user name field.
pub(crate) struct LoginForm {
    /// The email address, exactly as typed.
    pub(crate) username: String,
    /// The password, exactly as typed.
    pub(crate) password: Password,
}

/// The fields that are read. `scope`, `client_id` and `client_secret` are accepted and ignored.
#[derive(Default)]
struct Fields {
    grant_type: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl LoginForm {
    /// Reads a form, URL-encoded or multipart. A body of another type counts as a form without fields.
    ///
    /// # Errors
    /// [`ApiError::PayloadTooLarge`] beyond `limit` bytes, [`ApiError::BadRequest`] for a form that cannot be read,
    /// [`ApiError::Validation`] for missing fields and for a grant that is not `password`.
    pub(crate) async fn read(parts: &Parts, body: Body, limit: usize) -> Result<Self, ApiError> {
        let bytes = body::read(body, limit).await?;
        match MediaType::of(&parts.headers) {
            MediaType::UrlEncoded => Fields::of_urlencoded(&bytes),
            MediaType::Multipart if bytes.is_empty() => Fields::default(),
            MediaType::Multipart => {
                let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                Fields::of_multipart(content_type.unwrap_or_default(), bytes).await?
            }
            MediaType::Json | MediaType::Other => Fields::default(),
        }
        .check()
    }
}

impl Fields {
    /// Sets a field. The last of several values wins and an empty value counts as absent, as in fastapi-users. No other
    /// code reads the form, so two parsers cannot disagree about it.
    fn set(&mut self, name: &str, value: String) {
        let field = match name {
            "grant_type" => &mut self.grant_type,
            "username" => &mut self.username,
            "password" => &mut self.password,
            _ => return,
        };
        *field = (!value.is_empty()).then_some(value);
    }

    fn of_urlencoded(bytes: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(bytes) {
            fields.set(&name, value.into_owned());
        }
        fields
    }

    /// Reads a multipart form. A part with a file name is not a field.
    async fn of_multipart(content_type: &str, bytes: Bytes) -> Result<Self, ApiError> {
        let boundary = multer::parse_boundary(content_type).map_err(|_| UNREADABLE)?;
        let whole = futures_util::stream::iter([Ok::<_, Infallible>(bytes)]);
        let mut parts = multer::Multipart::new(whole, boundary);
        let mut fields = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|_| UNREADABLE)? {
            let Some(name) = part.name().filter(|_| part.file_name().is_none()).map(str::to_owned) else {
                continue;
            };
            let bytes = part.bytes().await.map_err(|_| UNREADABLE)?;
            fields.set(&name, String::from_utf8(bytes.into()).map_err(|_| UNREADABLE)?);
        }
        Ok(fields)
    }

    fn check(self) -> Result<LoginForm, ApiError> {
        const PATTERN: &str = "^password$";
        let mut problems = Vec::new();
        if let Some(grant) = self.grant_type.filter(|grant| grant != "password") {
            let msg = format!("String should match pattern '{PATTERN}'");
            problems.push(
                Problem::at("grant_type", "string_pattern_mismatch", msg).input(&grant.into()).ctx("pattern", PATTERN),
            );
        }
        for (name, value) in [("username", &self.username), ("password", &self.password)] {
            if value.is_none() {
                problems.push(Problem::missing(name));
            }
        }
        match (self.username, self.password) {
            (Some(username), Some(password)) if problems.is_empty() => {
                Ok(LoginForm { username, password: Password::new(password) })
            }
            _ => Err(ApiError::Validation(problems)),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::{Value, json};

    use super::*;

    const URL_ENCODED: &str = "application/x-www-form-urlencoded";

    async fn read(content_type: &str, body: impl Into<Body>) -> Result<LoginForm, ApiError> {
        let request = Request::builder().header(CONTENT_TYPE, content_type).body(body.into()).unwrap();
        let (parts, body) = request.into_parts();
        LoginForm::read(&parts, body, 16 * 1024).await
    }

    async fn accepted(content_type: &str, body: impl Into<Body>) -> (String, String) {
        let form = read(content_type, body).await.unwrap_or_else(|error| panic!("{error:?}"));
        (form.username, form.password.secret().to_owned())
    }

    async fn problems(content_type: &str, body: impl Into<Body>) -> Value {
        match read(content_type, body).await.err() {
            Some(ApiError::Validation(problems)) => serde_json::to_value(problems).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn missing(field: &str) -> Value {
        json!({"type": "missing", "loc": ["body", field], "msg": "Field required", "input": null})
    }

    fn multipart(parts: &[(&str, &str)]) -> String {
        let parts = parts.iter().map(|(disposition, value)| {
            format!("--X\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n")
        });
        parts.chain(["--X--\r\n".to_owned()]).collect()
    }

    #[tokio::test]
    async fn both_encodings_give_the_same_exact_text() {
        let arthur = ("king.arthur@camelot.bt".to_owned(), " a+b\u{e9} ".to_owned());
        let body = "username=king.arthur%40camelot.bt&password=+a%2Bb%C3%A9+&scope=x&client_id=y&other=z";
        assert_eq!(accepted(URL_ENCODED, body).await, arthur);
        let body = multipart(&[("name=\"username\"", &arthur.0), ("name=\"password\"", &arthur.1)]);
        assert_eq!(accepted("multipart/form-data; boundary=X", body).await, arthur);
    }

    #[tokio::test]
    async fn an_empty_value_is_missing() {
        assert_eq!(problems(URL_ENCODED, "username=a&password=").await, json!([missing("password")]));
        assert_eq!(accepted(URL_ENCODED, "username=a&password=b&grant_type=").await, ("a".into(), "b".into()));
    }

    #[tokio::test]
    async fn only_the_password_grant_is_accepted() {
        assert_eq!(accepted(URL_ENCODED, "username=a&password=b&grant_type=password").await.0, "a");
        for grant in ["client_credentials", "PASSWORD", "password "] {
            assert_eq!(
                problems(URL_ENCODED, format!("password=b&grant_type={grant}")).await,
                json!([
                    {"type": "string_pattern_mismatch", "loc": ["body", "grant_type"],
                        "msg": "String should match pattern '^password$'", "input": grant,
                        "ctx": {"pattern": "^password$"}},
                    missing("username"),
                ])
            );
        }
    }

    #[tokio::test]
    async fn a_body_of_another_media_type_has_no_fields() {
        let both = json!([missing("username"), missing("password")]);
        assert_eq!(problems("application/json", r#"{"username":"a","password":"b"}"#).await, both);
        assert_eq!(problems("text/plain", "username=a&password=b").await, both);
    }

    #[tokio::test]
    async fn the_last_of_several_values_wins() {
        assert_eq!(accepted(URL_ENCODED, "username=a&username=b&password=c").await.0, "b");
        assert_eq!(problems(URL_ENCODED, "username=a&username=&password=c").await, json!([missing("username")]));
    }

    #[tokio::test]
    async fn a_form_is_decoded_once() {
        let twice = accepted(URL_ENCODED, "username=a%2540b&password=%252B").await;
        assert_eq!(twice, ("a%40b".into(), "%2B".into()));
    }

    #[tokio::test]
    async fn files_are_not_fields_and_malformed_forms_are_unreadable() {
        let file = multipart(&[("name=\"username\"; filename=\"a.txt\"", "a"), ("name=\"password\"", "b")]);
        assert_eq!(problems("multipart/form-data; boundary=X", file).await, json!([missing("username")]));
        for (content_type, body) in [
            ("multipart/form-data", multipart(&[])),
            ("multipart/form-data; boundary=X", "--X\r\nContent-Disposition: form-data; name=\"username\"".to_owned()),
        ] {
            assert_eq!(read(content_type, body).await.err(), Some(UNREADABLE));
        }
        let latin = b"--X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n\xe9\r\n--X--\r\n";
        assert_eq!(read("multipart/form-data; boundary=X", &latin[..]).await.err(), Some(UNREADABLE));
    }

    #[tokio::test]
    async fn a_form_beyond_the_limit_is_refused() {
        let body = format!("username=a&password={}", "b".repeat(16 * 1024));
        assert_eq!(read(URL_ENCODED, body).await.err(), Some(ApiError::PayloadTooLarge));
    }
}
