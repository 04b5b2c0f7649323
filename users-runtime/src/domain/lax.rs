//! Serde helpers of the generated schemas: fields that distinguish absent from null, and lenient booleans.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Returns the boolean that a value stands for, as Pydantic's lax mode reads it: `true`, `false`, 0, 1, or one of twelve
/// words in any case. Returns `None` for every other value.
#[must_use]
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => match number.as_f64()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        },
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "1" | "t" | "true" | "y" | "yes" | "on" => Some(true),
            "0" | "f" | "false" | "n" | "no" | "off" => Some(false),
            _ => None,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Deserializes the value of a present key as `Some`, for `#[serde(default, deserialize_with = "present")]`. An absent
/// key becomes `None`, so an `Option<Option<T>>` distinguishes it from null.
///
/// # Errors
/// The error of `T`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Changes {
        #[serde(default, deserialize_with = "present")]
        nickname: Option<Option<String>>,
    }

    #[test]
    fn only_the_listed_spellings_are_booleans() {
        for (value, truth) in [
            (json!(true), true),
            (json!(1), true),
            (json!(1.0), true),
            (json!("1"), true),
            (json!("T"), true),
            (json!("True"), true),
            (json!("y"), true),
            (json!("YES"), true),
            (json!("on"), true),
            (json!(false), false),
            (json!(0), false),
            (json!(0.0), false),
            (json!("0"), false),
            (json!("f"), false),
            (json!("FALSE"), false),
            (json!("n"), false),
            (json!("no"), false),
            (json!("Off"), false),
        ] {
            assert_eq!(boolean(&value), Some(truth), "{value}");
        }
        for value in [
            json!(null),
            json!(2),
            json!(-1),
            json!(0.5),
            json!(""),
            json!(" true"),
            json!("maybe"),
            json!("ok"),
            json!("ｔｒｕｅ"),
            json!([]),
            json!([true]),
            json!({}),
        ] {
            assert_eq!(boolean(&value), None, "{value}");
        }
    }

    #[test]
    fn absent_and_null_are_distinguished() {
        let read = |value| serde_json::from_value::<Changes>(value);
        assert_eq!(read(json!({})).unwrap(), Changes { nickname: None });
        assert_eq!(read(json!({"nickname": null})).unwrap(), Changes { nickname: Some(None) });
        let value = Changes { nickname: Some(Some("Art".into())) };
        assert_eq!(read(json!({"nickname": "Art"})).unwrap(), value);
    }
}
