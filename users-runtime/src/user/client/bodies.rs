//! The bodies that are the same for every user type.

use serde::{Deserialize, Deserializer, Serialize, ser::SerializeMap};
use serde_json::Value;

use super::{RequestFields, RequestSchema};
use crate::domain::{AccessToken, Password, ResetToken, VerifyToken};

/// The form of a login. Send it as `application/x-www-form-urlencoded`, by [`Exposed`](super::Exposed).
#[derive(Debug, Clone)]
pub struct Login {
    /// The e-mail address.
    pub username: String,
    /// The password.
    pub password: Password,
}

impl RequestSchema for Login {
    fn send<M: SerializeMap>(&self, fields: RequestFields<M>) -> RequestFields<M> {
        fields.field("username", &self.username).password("password", &self.password)
    }
}

/// The body of `POST /forgot-password`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForgotPassword {
    /// The e-mail address.
    pub email: String,
}

/// The body of `POST /request-verify-token`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestVerifyToken {
    /// The e-mail address.
    pub email: String,
}

/// The body of `POST /reset-password`, by [`Exposed`](super::Exposed).
#[derive(Debug, Clone)]
pub struct ResetPassword {
    /// The token of the mail.
    pub token: ResetToken,
    /// The new password.
    pub password: Password,
}

impl RequestSchema for ResetPassword {
    fn send<M: SerializeMap>(&self, fields: RequestFields<M>) -> RequestFields<M> {
        fields.field("token", self.token.secret()).password("password", &self.password)
    }
}

/// The body of `POST /verify`, by [`Exposed`](super::Exposed).
#[derive(Debug, Clone)]
pub struct Verify {
    /// The token of the mail.
    pub token: VerifyToken,
}

impl RequestSchema for Verify {
    fn send<M: SerializeMap>(&self, fields: RequestFields<M>) -> RequestFields<M> {
        fields.field("token", self.token.secret())
    }
}

/// The response of a login at a bearer backend.
#[derive(Debug, Clone, Deserialize)]
pub struct BearerResponse {
    /// The token for the header `authorization: Bearer …`.
    #[serde(deserialize_with = "access_token")]
    pub access_token: AccessToken,
    /// Always `bearer`.
    pub token_type: String,
}

fn access_token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccessToken, D::Error> {
    String::deserialize(deserializer).map(AccessToken::new)
}

/// For a client that keeps the token.
impl RequestSchema for BearerResponse {
    fn send<M: SerializeMap>(&self, fields: RequestFields<M>) -> RequestFields<M> {
        fields.field("access_token", self.access_token.secret()).field("token_type", &self.token_type)
    }
}

/// The body of a response with an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// A code, a list of problems, or a code with details.
    pub detail: ErrorDetail,
}

impl ErrorResponse {
    /// Returns the code, such as `LOGIN_BAD_CREDENTIALS`. A list of problems has none.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.detail {
            ErrorDetail::Code(code) => Some(code),
            ErrorDetail::Object(object) => object.get("code").and_then(Value::as_str),
            ErrorDetail::Problems(_) => None,
        }
    }
}

/// The reason for an error response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ErrorDetail {
    /// A code such as `LOGIN_BAD_CREDENTIALS`, or a phrase such as `Unauthorized`.
    Code(String),
    /// The problems of the body, with status 422.
    Problems(Vec<ValidationProblem>),
    /// A code with details, such as `{"code": "REGISTER_INVALID_PASSWORD", "reason": …}`.
    Object(serde_json::Map<String, Value>),
}

/// A problem of a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValidationProblem {
    /// Where it is, such as `["body", "email"]`.
    pub loc: Vec<Value>,
    /// The message, in English.
    pub msg: String,
    /// The kind, such as `missing`.
    #[serde(rename = "type")]
    pub kind: String,
}
