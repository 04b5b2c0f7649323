//! The login form, which has the fields of the OAuth 2.0 password grant.

use std::{borrow::Cow, convert::Infallible};

use axum::body::{Body, Bytes};
use http::{
    HeaderMap,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    request::Parts,
};
use percent_encoding::percent_decode;

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
    /// The code of a second factor.
    pub(crate) otp: Option<String>,
    /// Whether to remember the device.
    pub(crate) remember_device: bool,
}

/// The parameters of the password grant, and that of a second factor. `scope`, `client_id` and `client_secret` are accepted and
/// ignored.
const PARAMETERS: [&str; 8] =
    ["grant_type", "username", "password", "scope", "client_id", "client_secret", "otp", "remember_device"];

/// What happens to a parameter with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// The form is refused (RFC 6749 section 3.2; OWASP ASVS 15.3.7).
    Refused,
    /// The last value is used, as in fastapi-users.
    LastWins,
}

/// The fields that are read, and how often each of [`PARAMETERS`] occurred.
#[derive(Default)]
struct Fields {
    grant_type: Option<String>,
    username: Option<String>,
    password: Option<String>,
    otp: Option<String>,
    remember_device: Option<String>,
    occurred: [u32; PARAMETERS.len()],
}

impl LoginForm {
    /// Reads a form, URL-encoded or multipart. A body of another type is treated as a form without fields.
    ///
    /// # Errors
    /// [`ApiError::PayloadTooLarge`] beyond `limit` bytes, [`ApiError::BadRequest`] for a form that cannot be read or
    /// is not UTF-8, [`ApiError::Validation`] for missing fields, for a grant that is not `password`, and for a refused
    /// repetition.
    pub(crate) async fn read(parts: &Parts, body: Body, limit: usize, repeated: Repeated) -> Result<Self, ApiError> {
        let bytes = body::read(body, limit).await?;
        match MediaType::of(&parts.headers) {
            MediaType::UrlEncoded => Fields::of_urlencoded(&bytes)?,
            MediaType::Multipart if bytes.is_empty() => Fields::default(),
            MediaType::Multipart => {
                let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                Fields::of_multipart(content_type.unwrap_or_default(), bytes, repeated).await?
            }
            MediaType::Json | MediaType::Other => Fields::default(),
        }
        .check(repeated)
    }
}

impl Fields {
    /// Sets a field. The last of several values wins and an empty value is treated as absent, as in fastapi-users.
    fn set(&mut self, name: &str, value: String) {
        if let Some((_, times)) = PARAMETERS.iter().zip(&mut self.occurred).find(|(parameter, _)| **parameter == name) {
            *times += 1;
        }
        let field = match name {
            "grant_type" => &mut self.grant_type,
            "username" => &mut self.username,
            "password" => &mut self.password,
            "otp" => &mut self.otp,
            "remember_device" => &mut self.remember_device,
            _ => return,
        };
        *field = (!value.is_empty()).then_some(value);
    }

    /// Reads a form as the [URL standard](https://url.spec.whatwg.org/#urlencoded-parsing) does, but refuses bytes that
    /// are not UTF-8, where the standard replaces them, which would make different passwords equal.
    fn of_urlencoded(bytes: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Self::default();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            fields.set(&url_decoded(name)?, url_decoded(value)?);
        }
        Ok(fields)
    }

    /// Reads a multipart form. A part with a file name is not a field.
    async fn of_multipart(content_type: &str, bytes: Bytes, repeated: Repeated) -> Result<Self, ApiError> {
        let boundary = multer::parse_boundary(content_type).map_err(|_| UNREADABLE)?;
        let whole = futures_util::stream::iter([Ok::<_, Infallible>(bytes)]);
        let mut parts = multer::Multipart::new(whole, boundary);
        let mut fields = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|_| UNREADABLE)? {
            check_part(part.headers(), repeated)?;
            let Some(name) = part.name().filter(|_| part.file_name().is_none()).map(str::to_owned) else {
                continue;
            };
            let bytes = part.bytes().await.map_err(|_| UNREADABLE)?;
            fields.set(&name, String::from_utf8(bytes.into()).map_err(|_| UNREADABLE)?);
        }
        Ok(fields)
    }

    fn check(self, repeated: Repeated) -> Result<LoginForm, ApiError> {
        const PATTERN: &str = "^password$";
        let mut problems = Vec::new();
        if repeated == Repeated::Refused {
            let twice = PARAMETERS.into_iter().zip(self.occurred).filter(|(_, times)| *times > 1);
            problems.extend(twice.map(|(name, _)| Problem::value_error(name, "the parameter occurs more than once")));
        }
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
                let remember_device = self.remember_device.is_some_and(|value| value == "true");
                Ok(LoginForm { username, password: Password::new(password), otp: self.otp, remember_device })
            }
            _ => Err(ApiError::Validation(problems)),
        }
    }
}

/// Decodes a name or a value of an URL-encoded form.
pub(super) fn url_decoded(bytes: &[u8]) -> Result<String, ApiError> {
    let spaced: Cow<'_, [u8]> = match bytes.contains(&b'+') {
        true => bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect(),
        false => bytes.into(),
    };
    percent_decode(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| UNREADABLE)
}

/// Refuses headers of a part that are not UTF-8, and a part with two names, because parsers differ in which one they use.
fn check_part(headers: &HeaderMap, repeated: Repeated) -> Result<(), ApiError> {
    let texts: Result<Vec<_>, _> = headers.values().map(|value| std::str::from_utf8(value.as_bytes())).collect();
    if texts.is_err() {
        return Err(UNREADABLE);
    }
    let names: usize = headers.get_all(CONTENT_DISPOSITION).iter().map(|value| names(value.as_bytes())).sum();
    if repeated == Repeated::Refused && names > 1 { Err(UNREADABLE) } else { Ok(()) }
}

/// Counts the parameters `name` and `name*` of a `Content-Disposition`, outside of quotation marks.
fn names(disposition: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    let parameters = disposition.split(|byte| {
        let is_end = *byte == b';' && !quoted;
        quoted ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && quoted && !escaped;
        is_end
    });
    let is_name = |parameter: &&[u8]| {
        let name = parameter.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"name") || name.eq_ignore_ascii_case(b"name*")
    };
    parameters.filter(is_name).count()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::{Value, json};

    use super::*;

    const URL_ENCODED: &str = "application/x-www-form-urlencoded";

    async fn read(content_type: &str, body: impl Into<Body>) -> Result<LoginForm, ApiError> {
        read_with(Repeated::Refused, content_type, body).await
    }

    async fn read_with(repeated: Repeated, content_type: &str, body: impl Into<Body>) -> Result<LoginForm, ApiError> {
        let request = Request::builder().header(CONTENT_TYPE, content_type).body(body.into()).unwrap();
        let (parts, body) = request.into_parts();
        LoginForm::read(&parts, body, 16 * 1024, repeated).await
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
    async fn a_parameter_with_two_values_is_refused_or_the_last_one_wins_as_in_fastapi_users() {
        let last = |form: LoginForm| (form.username, form.password.secret().to_owned());
        for parameter in PARAMETERS {
            let twice = format!("username=a&password=b&grant_type=password&{parameter}=password&{parameter}=password");
            let problem = &problems(URL_ENCODED, twice.clone()).await[0];
            assert_eq!((&problem["type"], &problem["loc"]), (&json!("value_error"), &json!(["body", parameter])));
            assert_eq!(problem["input"], Value::Null, "nothing is echoed");
            assert!(read_with(Repeated::LastWins, URL_ENCODED, twice).await.is_ok(), "{parameter}");
        }
        for (encoding, body) in [
            (URL_ENCODED, "username=a&username=b&password=c".to_owned()),
            (URL_ENCODED, "username=a&user%6eame=b&password=c".to_owned()),
            (URL_ENCODED, "username=&username=b&password=c".to_owned()),
            (
                "multipart/form-data; boundary=X",
                multipart(&[("name=\"username\"", "a"), ("name=\"username\"", "b"), ("name=\"password\"", "c")]),
            ),
        ] {
            assert_eq!(problems(encoding, body.clone()).await[0]["loc"], json!(["body", "username"]), "{body}");
            let form = read_with(Repeated::LastWins, encoding, body).await.map(last);
            assert_eq!(form, Ok(("b".to_owned(), "c".to_owned())));
        }
        let empty = read_with(Repeated::LastWins, URL_ENCODED, "username=a&username=&password=c").await;
        assert!(matches!(empty, Err(ApiError::Validation(_))), "an empty value is absent");
        assert_eq!(accepted(URL_ENCODED, "username=a&password=c&other=1&other=2").await.0, "a");
    }

    #[tokio::test]
    async fn a_part_with_two_names_is_refused() {
        for disposition in ["name=\"username\"; name=\"password\"", "name=username; NAME*=UTF-8''password"] {
            let body = multipart(&[(disposition, "a"), ("name=\"password\"", "b")]);
            assert_eq!(read("multipart/form-data; boundary=X", body).await.err(), Some(UNREADABLE), "{disposition}");
        }
        let body = multipart(&[("name=\"username\"", "a; name=b"), ("name=\"password\"", "b")]);
        assert_eq!(accepted("multipart/form-data; boundary=X", body).await.0, "a; name=b");
    }

    #[tokio::test]
    async fn bytes_that_are_not_utf_8_are_refused_in_every_encoding() {
        let boundary = "multipart/form-data; boundary=X";
        for repeated in [Repeated::Refused, Repeated::LastWins] {
            for wrong in [&b"\xff"[..], b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
                let escaped: String = wrong.iter().map(|byte| format!("%{byte:02x}")).collect();
                for body in [
                    [b"username=a&password=b", wrong].concat(),
                    format!("username=a&password=b{escaped}").into_bytes(),
                    format!("username={escaped}&password=b").into_bytes(),
                    format!("username=a&password=b&{escaped}=c").into_bytes(),
                ] {
                    assert_eq!(read_with(repeated, URL_ENCODED, body).await.err(), Some(UNREADABLE), "{escaped}");
                }
                let part = |name: &[u8], value: &[u8]| {
                    [b"--X\r\nContent-Disposition: form-data; name=\"", name, b"\"\r\n\r\n", value, b"\r\n"].concat()
                };
                let rest = [&part(b"username", b"a")[..], b"--X--\r\n"].concat();
                for wrong in [part(b"password", wrong), part(wrong, b"b")] {
                    let body = [&part(b"password", b"b")[..], &wrong, &rest].concat();
                    assert_eq!(read_with(repeated, boundary, body).await.err(), Some(UNREADABLE), "{escaped}");
                }
            }
        }
        assert_eq!(accepted(URL_ENCODED, "username=%zz%&password=\u{e9}%C3%A9&&=&x").await.1, "\u{e9}\u{e9}");
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
