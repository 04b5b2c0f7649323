//! HTTP: how a request is read and how an answer is shaped. Knows no flow.

mod body;
mod error;
mod fields;
mod form;
mod json;
mod json_syntax;
mod json_value;
mod problem;
mod redact;
mod rules;

pub use error::ApiError;
pub use form::LoginForm;
pub use json::JsonBody;
pub use problem::{Loc, Problem};
