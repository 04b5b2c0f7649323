//! A table of fields against an object: everything that is wrong, in the wire's words (contract.md section 5).

use serde_json::{Map, Value};

use super::{Problem, rules};
use crate::domain::{
    EmailAddress, EmailRules,
    field::{Field, FieldType, Kind, Shape},
    lax,
};

/// Reports every problem, at most one per field, in the order of the table. Spellings of booleans that the wire
/// allows are put right in `object`, for serde knows `true` and `false` only.
pub(super) fn check(
    fields: impl Iterator<Item = &'static Field>,
    object: &mut Map<String, Value>,
    emails: EmailRules,
) -> Vec<Problem> {
    fields.filter_map(|field| check_field(field, object.get_mut(field.name), emails).err()).collect()
}

fn check_field(field: &Field, value: Option<&mut Value>, emails: EmailRules) -> Result<(), Problem> {
    let Some(value) = value else {
        return if field.required { Err(Problem::missing(field.name)) } else { Ok(()) };
    };
    match field.kind {
        Kind::Email => email(field, value, emails),
        Kind::Password | Kind::CurrentPassword | Kind::Token => secret(field, value),
        Kind::Flag => flag(field, value),
        Kind::DroppedFlag if value.is_null() => Ok(()),
        Kind::DroppedFlag => flag(field, value),
        Kind::Id(kind) | Kind::Custom(kind) => custom(field, kind, value),
    }
}

fn email(field: &Field, value: &Value, emails: EmailRules) -> Result<(), Problem> {
    let Value::String(text) = value else {
        return Err(Problem::string_type(field.name).input(value));
    };
    match EmailAddress::parse(text, emails) {
        Ok(_) => Ok(()),
        Err(refused) => Err(Problem::email(field.name, refused).input(value)),
    }
}

/// A text that is never echoed; null counts as absent where the field may be absent.
fn secret(field: &Field, value: &Value) -> Result<(), Problem> {
    match value {
        Value::String(_) => Ok(()),
        Value::Null if !field.required => Ok(()),
        _ => Err(Problem::string_type(field.name)),
    }
}

fn flag(field: &Field, value: &mut Value) -> Result<(), Problem> {
    match lax::boolean(value) {
        Some(truth) => {
            *value = truth.into();
            Ok(())
        }
        None => Err(no_boolean(field, value)),
    }
}

fn no_boolean(field: &Field, value: &Value) -> Problem {
    let (kind, msg) = match value {
        Value::String(_) | Value::Number(_) => {
            ("bool_parsing", "Input should be a valid boolean, unable to interpret input")
        }
        _ => ("bool_type", "Input should be a valid boolean"),
    };
    Problem::at(field.name, kind, msg).input(value)
}

fn custom(field: &Field, kind: FieldType, value: &mut Value) -> Result<(), Problem> {
    if let Err(text) = (kind.check)(value) {
        let shape = (kind.shape)();
        match lax::boolean(value) {
            Some(truth) if shape.is_boolean() => *value = truth.into(),
            _ => return Err(wrong_type(field, &shape, value, &text)),
        }
    }
    if has_control_characters(value) {
        return Err(Problem::value_error(field.name, "control characters are not allowed").input(value));
    }
    match field.rules.iter().find_map(|rule| rules::check(rule, field.name, value)) {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

/// The wire's words for a value that does not have its field's type; `text` is serde's, for what the wire has no word for.
fn wrong_type(field: &Field, shape: &Shape, value: &Value, text: &str) -> Problem {
    let problem = |kind, msg: &str| Problem::at(field.name, kind, msg).input(value);
    match shape {
        Shape::Nullable(inner) => wrong_type(field, inner, value, text),
        Shape::Boolean => no_boolean(field, value),
        Shape::String if !value.is_string() => problem("string_type", "Input should be a valid string"),
        Shape::Integer => match value {
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() != 0.0) => {
                problem("int_from_float", "Input should be a valid integer, got a number with a fractional part")
            }
            Value::Number(number) if !number.is_f64() => Problem::value_error(field.name, text).input(value),
            _ => problem("int_type", "Input should be a valid integer"),
        },
        Shape::Number if !value.is_number() => problem("float_type", "Input should be a valid number"),
        Shape::Array if !value.is_array() => problem("list_type", "Input should be a valid list"),
        Shape::Object if !value.is_object() => problem("dict_type", "Input should be a valid dictionary"),
        Shape::OneOf(words) => {
            let expected = alternatives(words);
            problem("literal_error", &format!("Input should be {expected}")).ctx("expected", expected)
        }
        _ => Problem::value_error(field.name, text).input(value),
    }
}

/// `'a', 'b' or 'c'`.
fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

/// Whether a text in the value has a character that no database, log, header or mail should meet (security.md 1.3.3).
/// Tabs and line ends may stay: a text of several lines is an ordinary thing to store.
fn has_control_characters(value: &Value) -> bool {
    let in_text = |text: &str| text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
    match value {
        Value::String(text) => in_text(text),
        Value::Array(items) => items.iter().any(has_control_characters),
        Value::Object(entries) => entries.iter().any(|(key, value)| in_text(key) || has_control_characters(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
