//! One entry of a 422 response.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::domain::EmailRefused;

/// One entry of a 422 response: `{"type","loc","msg","input","ctx"?}`, in this order, as Pydantic writes it.
///
/// `input` is null unless [`Problem::input`] sets it, so that no input is echoed by accident. `Debug` omits it.
#[derive(Clone, PartialEq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    loc: Vec<Loc>,
    msg: String,
    input: Value,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "in_order")]
    ctx: Vec<(&'static str, Value)>,
}

/// One step of the path to an invalid value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Loc {
    /// The name of a field, or the `body` that every path starts with.
    Key(&'static str),
    /// The offset of a syntax error in characters.
    Index(usize),
}

impl From<&'static str> for Loc {
    fn from(key: &'static str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Loc {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Problem {
    /// Reports a problem of the body as a whole.
    #[must_use]
    pub fn of_body(kind: &'static str, msg: impl Into<String>) -> Self {
        Self { kind, loc: vec!["body".into()], msg: msg.into(), input: Value::Null, ctx: Vec::new() }
    }

    /// Reports a problem of a field, or of the text at an offset.
    #[must_use]
    pub fn at(place: impl Into<Loc>, kind: &'static str, msg: impl Into<String>) -> Self {
        let mut problem = Self::of_body(kind, msg);
        problem.loc.push(place.into());
        problem
    }

    /// Reports an absent field.
    #[must_use]
    pub fn missing(field: &'static str) -> Self {
        Self::at(field, "missing", "Field required")
    }

    /// Reports a value that is not a string. The value is not echoed.
    #[must_use]
    pub fn string_type(field: &'static str) -> Self {
        Self::at(field, "string_type", "Input should be a valid string")
    }

    /// Reports an unacceptable email address.
    #[must_use]
    pub fn email(field: &'static str, refused: &EmailRefused) -> Self {
        let msg = format!("value is not a valid email address: {}", refused.reason);
        Self::at(field, "value_error", msg).ctx("reason", refused.reason)
    }

    /// Reports a value that a check rejects, with the message of the check.
    #[must_use]
    pub fn value_error(field: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::at(field, "value_error", format!("Value error, {text}")).ctx("error", text)
    }

    /// Reports a query parameter that a check rejects.
    #[cfg(any(feature = "oauth", feature = "audit"))]
    pub(crate) fn in_query(parameter: &'static str, text: &str) -> Self {
        let mut problem = Self::value_error(parameter, text);
        problem.loc = vec!["query".into(), parameter.into()];
        problem
    }

    /// Echoes the value that was sent, unless it is an object or array: those may contain secrets and stay null.
    ///
    /// # Security
    /// The value is part of the response. Never pass a secret.
    #[must_use]
    pub fn input(mut self, value: &Value) -> Self {
        if !value.is_object() && !value.is_array() {
            self.input = value.clone();
        }
        self
    }

    /// Sets `input` to `{}`, as Pydantic does for a body that is not JSON.
    #[must_use]
    pub(super) fn empty_object_as_input(mut self) -> Self {
        self.input = Value::Object(Map::new());
        self
    }

    /// Adds a value to `ctx`, in the order of the calls.
    #[must_use]
    pub fn ctx(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.ctx.push((key, value.into()));
        self
    }

    /// Returns the stable identifier of the problem, such as `missing`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns the values in `ctx`.
    #[cfg(feature = "pages")]
    pub(crate) fn context(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.ctx.iter().map(|(key, value)| (*key, value))
    }

    /// Returns the path to the value.
    #[must_use]
    pub fn loc(&self) -> &[Loc] {
        &self.loc
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem").field("kind", &self.kind).field("loc", &self.loc).finish_non_exhaustive()
    }
}

fn in_order<S: Serializer>(ctx: &[(&'static str, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(ctx.len()))?;
    for (key, value) in ctx {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_pydantics_order_and_an_empty_ctx_is_omitted() {
        let problem = Problem::at("tags", "too_long", "msg").input(&"x".into()).ctx("min", 1).ctx("actual", 2);
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            r#"{"type":"too_long","loc":["body","tags"],"msg":"msg","input":"x","ctx":{"min":1,"actual":2}}"#
        );
        assert_eq!(
            serde_json::to_string(&Problem::missing("email")).unwrap(),
            r#"{"type":"missing","loc":["body","email"],"msg":"Field required","input":null}"#
        );
    }

    #[test]
    fn objects_and_arrays_are_never_echoed() {
        for value in [serde_json::json!({"password": "p"}), serde_json::json!(["p"])] {
            assert_eq!(Problem::missing("x").input(&value).input, Value::Null);
        }
    }

    #[test]
    fn debug_omits_the_input() {
        let problem = Problem::value_error("x", "hunter2").input(&"hunter2".into());
        assert!(!format!("{problem:?}").contains("hunter2"));
    }
}
