//! Parses a body into a JSON value with serde_json, and refuses more than serde_json does.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Problem;

/// The maximum nesting depth of arrays and objects.
const MAX_DEPTH: usize = 32;

/// Parses a whole text. Besides malformed JSON it refuses duplicate keys in an object, which parsers interpret
/// differently, and nesting deeper than [`MAX_DEPTH`].
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Strict { depth: 0 }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)).map_err(
        |error| {
            // serde_json's messages name the expected token and do not quote the text.
            Problem::at(offset(text, &error), "json_invalid", "JSON decode error")
                .empty_object_as_input()
                .ctx("error", error.to_string())
        },
    )
}

/// Returns the position of an error in characters. serde_json counts lines and bytes, both from 1.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.chars().count();
    }
    let lines_before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let position = lines_before + error.column().saturating_sub(1);
    text.char_indices().take_while(|(at, _)| *at < position).count()
}

/// Reads one value that is nested in `depth` arrays and objects.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    /// Returns the reader of the values inside an array or object.
    fn nested<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let item = self.nested()?;
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(item)? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let value = self.nested()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom("duplicate key"));
            }
            object.insert(key, entries.next_value_seed(value)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(text: &str) -> Value {
        serde_json::to_value(parse(text).expect_err(text)).unwrap()
    }

    #[test]
    fn values_are_kept_exactly() {
        let text = r#" {"a":[true,null,-1,18446744073709551615,0.5,"\ud83d\ude00 \u0000\/"],"b":{}} "#;
        let value = json!({"a": [true, null, -1, u64::MAX, 0.5, "😀 \0/"], "b": {}});
        assert_eq!(parse(text), Ok(value));
    }

    #[test]
    fn malformed_json_is_refused_with_its_position_in_characters() {
        for (text, offset) in [
            ("{bad", 1),
            ("{", 1),
            (r#"{"é":}"#, 5),
            (r#"{"a":1,}"#, 7),
            ("[1 2]", 3),
            ("{\n\"é\":1 x", 8),
            (r#"{"a":1} x"#, 8),
            ("\u{feff}{}", 0),
            ("NaN", 0),
        ] {
            let refusal = refusal(text);
            assert!(refusal["ctx"]["error"].as_str().is_some_and(|error| error.contains("at line")), "{refusal}");
            let problem = json!({"type": "json_invalid", "loc": ["body", offset], "msg": "JSON decode error",
                "input": {}, "ctx": refusal["ctx"]});
            assert_eq!(refusal, problem, "{text}");
        }
        for text in ["", " ", "tru", "01", "[1,]", r#"{"a"}"#, "\"\u{1}\"", r#""\x""#, r#""\ud800""#, "1e999", "-"] {
            assert_eq!(refusal(text)["type"], "json_invalid", "{text}");
        }
    }

    #[test]
    fn errors_quote_nothing_of_the_text() {
        for text in ["hunter2", r#"{"password":hunter2}"#, r#"{"hunter2":1,"hunter2":2}"#, r#"["hunter2" 1]"#] {
            assert!(!refusal(text).to_string().contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_duplicate_key_is_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[0,{"b":{},"c":[],"b":2}]}"#,
            r#"{"x":[[],[[],{"":1,"":2}]]}"#,
        ] {
            let refusal = refusal(text);
            assert_eq!(refusal["type"], "json_invalid", "{text}");
            assert!(refusal["ctx"]["error"].as_str().is_some_and(|error| error.starts_with("duplicate key")), "{text}");
        }
        assert!(parse(r#"{"a":{"a":1},"b":[{"a":1},{"a":1}],"A":1}"#).is_ok());
    }

    #[test]
    fn nesting_is_limited_to_thirty_two() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(parse(&nested(32)).is_ok());
        assert!(parse(&objects(32)).is_ok());
        for text in [nested(33), objects(33), "[".repeat(33), "[".repeat(1_000_000), format!("[1,{}", nested(5_000))] {
            let refusal = refusal(&text);
            assert_eq!(refusal["type"], "json_invalid");
            assert!(refusal["ctx"]["error"].as_str().is_some_and(|error| error.starts_with("nested too deep")));
        }
    }
}
