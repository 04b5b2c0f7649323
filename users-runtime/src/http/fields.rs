//! Validates an object against the fields of a schema and reports every problem with Pydantic's types and messages.

use serde_json::{Map, Number, Value};

use super::{Problem, rules};
use crate::domain::{
    EmailAddress,
    email::ReadEmail,
    field::{Field, FieldKind, FieldType, Shape},
    lax,
};

/// Checks an object against the fields of a schema and returns its address, if it has one. Replaces the lenient spellings
/// of booleans in `object` by booleans, because serde accepts only those.
///
/// # Errors
/// Every problem, at most one per field, in the order of the fields.
pub(super) fn check<'f>(
    fields: impl IntoIterator<Item = &'f Field>,
    object: &mut Map<String, Value>,
    emails: &dyn ReadEmail,
) -> Result<Option<EmailAddress>, Vec<Problem>> {
    let (mut email, mut problems) = (None, Vec::new());
    for field in fields {
        match check_field(field, object.get_mut(field.name), emails) {
            Ok(address) => email = address.or(email),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(email) } else { Err(problems) }
}

/// Returns whether a custom field accepts a value.
#[cfg(feature = "openapi")]
pub(crate) fn accepts(field: &Field, kind: FieldType, value: &Value) -> bool {
    custom(field, kind, &mut value.clone()).is_ok()
}

/// Checks one field. Returns the address if it is the field of the address.
fn check_field(
    field: &Field,
    value: Option<&mut Value>,
    emails: &dyn ReadEmail,
) -> Result<Option<EmailAddress>, Problem> {
    let Some(value) = value else {
        return if field.required { Err(Problem::missing(field.name)) } else { Ok(None) };
    };
    match field.kind {
        FieldKind::Email => return parse_email(field, value, emails).map(Some),
        FieldKind::Password | FieldKind::CurrentPassword | FieldKind::Token => secret(field, value),
        FieldKind::Flag => flag(field, value),
        FieldKind::DroppedFlag if value.is_null() => Ok(()),
        FieldKind::DroppedFlag => flag(field, value),
        FieldKind::Id(kind) | FieldKind::Custom(kind) => custom(field, kind, value),
    }
    .map(|()| None)
}

fn parse_email(field: &Field, value: &Value, emails: &dyn ReadEmail) -> Result<EmailAddress, Problem> {
    let Value::String(text) = value else {
        return Err(Problem::string_type(field.name).input(value));
    };
    emails.read(text).map_err(|refused| Problem::email(field.name, &refused).input(value))
}

/// Checks a string that is never echoed. Null is treated as absent if the field is optional.
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
        None => Err(not_a_boolean(field, value)),
    }
}

fn not_a_boolean(field: &Field, value: &Value) -> Problem {
    let (kind, msg) = match value {
        Value::String(_) => ("bool_parsing", UNABLE_TO_INTERPRET),
        Value::Number(number) if is_whole(number) => ("bool_parsing", UNABLE_TO_INTERPRET),
        _ => ("bool_type", "Input should be a valid boolean"),
    };
    Problem::at(field.name, kind, msg).input(value)
}

const UNABLE_TO_INTERPRET: &str = "Input should be a valid boolean, unable to interpret input";

/// Returns whether Pydantic treats a number as an integer: it has no fraction and fits 64 bits, in any notation.
fn is_whole(number: &Number) -> bool {
    const TWO_TO_THE_63: f64 = 9_223_372_036_854_775_808.0;
    number.is_i64() || number.as_f64().is_some_and(|number| number.fract() == 0.0 && number.abs() < TWO_TO_THE_63)
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

/// Reports a value of the wrong type with Pydantic's type and message, or with serde's message `text` if Pydantic has none.
fn wrong_type(field: &Field, shape: &Shape, value: &Value, text: &str) -> Problem {
    let problem = |kind, msg: &str| Problem::at(field.name, kind, msg).input(value);
    match shape {
        Shape::Nullable(inner) => wrong_type(field, inner, value, text),
        Shape::Boolean => not_a_boolean(field, value),
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

/// Returns the words as `'a', 'b' or 'c'`.
fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

/// Returns whether a string in the value has a control character, which must not reach a database, log, header or mail
/// (OWASP ASVS 1.3.3). Tabs and line ends are allowed, since texts of several lines are common.
fn has_control_characters(value: &Value) -> bool {
    let in_text = |text: &str| text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
    match value {
        Value::String(text) => in_text(text),
        Value::Array(items) => items.iter().any(has_control_characters),
        Value::Object(entries) => entries.iter().any(|(key, value)| in_text(key) || has_control_characters(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::domain::{
        EmailRules,
        field::{Rule, check_with},
    };

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Green,
        Blue,
    }

    /// Returns the problems of one field with a value.
    fn problems(field: Field, value: Value) -> Value {
        let mut object = Map::from_iter([(field.name.to_owned(), value)]);
        serde_json::to_value(check(&[field], &mut object, &EmailRules::Ascii).err().unwrap_or_default()).unwrap()
    }

    fn problem(kind: &str, msg: &str, input: Value) -> Value {
        json!([{"type": kind, "loc": ["body", "x"], "msg": msg, "input": input}])
    }

    fn value_error(text: &str, input: Value) -> Value {
        json!([{"type": "value_error", "loc": ["body", "x"], "msg": format!("Value error, {text}"), "input": input,
            "ctx": {"error": text}}])
    }

    #[test]
    fn null_is_accepted_or_refused_depending_on_the_kind_of_the_field() {
        let none = json!([]);
        let string_type = |name: &str| {
            json!([{"type": "string_type", "loc": ["body", name],
            "msg": "Input should be a valid string", "input": null}])
        };
        assert_eq!(problems(Field::password(), Value::Null), none);
        assert_eq!(problems(Field::password().required(), Value::Null), string_type("password"));
        assert_eq!(problems(Field::current_password(), Value::Null), none);
        assert_eq!(problems(Field::email(), Value::Null), string_type("email"));
        assert_eq!(problems(Field::dropped_flag("x"), Value::Null), none);
        assert_eq!(
            problems(Field::flag("x"), Value::Null),
            problem("bool_type", "Input should be a valid boolean", Value::Null)
        );
        assert_eq!(problems(Field::custom::<Option<String>>("x"), Value::Null), none);
        assert_eq!(
            problems(Field::custom::<String>("x"), Value::Null),
            problem("string_type", "Input should be a valid string", Value::Null)
        );
    }

    #[test]
    fn secrets_are_never_echoed() {
        for field in [Field::password(), Field::current_password(), Field::token()] {
            for value in [json!(12345), json!(true), json!(["hunter2"]), json!({"a": "hunter2"})] {
                assert_eq!(problems(field, value)[0]["input"], Value::Null);
            }
        }
    }

    #[test]
    fn wrong_types_are_reported_as_pydantic_reports_them() {
        const NOT_A_BOOLEAN: &str = "Input should be a valid boolean, unable to interpret input";
        const WITH_FRACTION: &str = "Input should be a valid integer, got a number with a fractional part";
        for (field, value, kind, msg) in [
            (Field::custom::<String>("x"), json!(1), "string_type", "Input should be a valid string"),
            (Field::custom::<Option<String>>("x"), json!(true), "string_type", "Input should be a valid string"),
            (Field::custom::<i64>("x"), json!("1"), "int_type", "Input should be a valid integer"),
            (Field::custom::<i64>("x"), json!(true), "int_type", "Input should be a valid integer"),
            (Field::custom::<i64>("x"), json!(1.5), "int_from_float", WITH_FRACTION),
            (Field::custom::<i64>("x"), json!(1e30), "int_type", "Input should be a valid integer"),
            (Field::custom::<f64>("x"), json!("1.5"), "float_type", "Input should be a valid number"),
            (Field::custom::<bool>("x"), json!("maybe"), "bool_parsing", NOT_A_BOOLEAN),
            (Field::custom::<bool>("x"), json!(2), "bool_parsing", NOT_A_BOOLEAN),
            (Field::custom::<bool>("x"), json!(0.5), "bool_type", "Input should be a valid boolean"),
            (Field::custom::<Option<bool>>("x"), json!([]), "bool_type", "Input should be a valid boolean"),
            (Field::flag("x"), json!("maybe"), "bool_parsing", NOT_A_BOOLEAN),
            (Field::dropped_flag("x"), json!({}), "bool_type", "Input should be a valid boolean"),
            (Field::custom::<Vec<String>>("x"), json!("a"), "list_type", "Input should be a valid list"),
            (
                Field::custom::<std::collections::BTreeMap<String, i32>>("x"),
                json!("a"),
                "dict_type",
                "Input should be a valid dictionary",
            ),
        ] {
            let input = if value.is_array() || value.is_object() { Value::Null } else { value.clone() };
            assert_eq!(problems(field, value), problem(kind, msg, input));
        }
    }

    #[test]
    fn an_enum_lists_its_variants() {
        let expected = "'red', 'green' or 'blue'";
        for value in [json!("Red"), json!(1)] {
            assert_eq!(
                problems(Field::custom::<Option<Colour>>("x"), value.clone()),
                json!([{"type": "literal_error", "loc": ["body", "x"], "msg": format!("Input should be {expected}"),
                    "input": value, "ctx": {"expected": expected}}])
            );
        }
        assert_eq!(problems(Field::custom::<Colour>("x"), json!("red")), json!([]));
        assert_eq!((alternatives(&["a"]), alternatives(&["a", "b"])), ("'a'".into(), "'a' or 'b'".into()));
    }

    #[test]
    fn other_type_errors_have_the_message_of_serde() {
        assert_eq!(
            problems(Field::custom::<u8>("x"), json!(300)),
            value_error("invalid value: integer `300`, expected u8", json!(300))
        );
        let date = problems(Field::custom::<crate::domain::Timestamp>("x"), json!("soon"));
        assert_eq!((&date[0]["type"], &date[0]["input"]), (&json!("value_error"), &json!("soon")));
        let list = problems(Field::custom::<Vec<String>>("x"), json!(["a", 1]));
        assert_eq!(list, value_error("invalid type: integer `1`, expected a string", Value::Null));
    }

    #[test]
    fn lenient_spellings_become_booleans_in_custom_fields() {
        let fields = [Field::custom::<bool>("a"), Field::custom::<Option<bool>>("b"), Field::custom::<String>("c")];
        let Value::Object(mut object) = json!({"a": "YES", "b": 0, "c": "yes"}) else { return };
        assert_eq!(check(&fields, &mut object, &EmailRules::Ascii), Ok(None));
        assert_eq!(Value::Object(object), json!({"a": true, "b": false, "c": "yes"}));
    }

    #[test]
    fn control_characters_other_than_line_ends_are_refused() {
        for text in ["a\0b", "\u{1}", "\u{7f}", "\u{85}", "a\u{1b}[0m"] {
            let refused = value_error("control characters are not allowed", json!(text));
            assert_eq!(problems(Field::custom::<String>("x"), json!(text)), refused, "{text:?}");
            for nested in [json!([text]), json!({"a": [{"b": text}]}), json!({text: 1})] {
                let refused = value_error("control characters are not allowed", Value::Null);
                assert_eq!(problems(Field::custom::<Value>("x"), nested), refused, "{text:?}");
            }
        }
        assert_eq!(problems(Field::custom::<String>("x"), json!("one\r\n\ttwo 😀")), json!([]));
    }

    #[test]
    fn rules_are_checked_after_the_type_and_skip_null() {
        const RULES: &[Rule] = &[Rule::Length { min: Some(2), max: None }, Rule::Pattern("^[a-z]+$")];
        let field = Field::custom::<Option<String>>("x").rules(RULES);
        assert_eq!(problems(field, json!(1))[0]["type"], "string_type");
        assert_eq!(problems(field, json!("A"))[0]["type"], "string_too_short");
        assert_eq!(problems(field, json!("AB"))[0]["type"], "string_pattern_mismatch");
        assert_eq!(problems(field, json!("ab")), json!([]));
        assert_eq!(problems(field, Value::Null), json!([]));
    }

    #[test]
    fn a_custom_check_reports_its_own_message() {
        fn even(number: &i64) -> Result<(), &'static str> {
            if number % 2 == 0 { Ok(()) } else { Err("must be even") }
        }
        const RULES: &[Rule] = &[Rule::Check(|value| check_with(value, even))];
        let field = Field::custom::<i64>("x").rules(RULES);
        assert_eq!(problems(field, json!(3)), value_error("must be even", json!(3)));
        assert_eq!(problems(field, json!(4)), json!([]));
    }

    #[test]
    fn the_address_is_returned_in_its_normal_form() {
        let Value::Object(mut object) = json!({"email": " King@CAMELOT.bt ", "x": "a@b.co"}) else { return };
        let checked = check(&[Field::email(), Field::custom::<String>("x")], &mut object, &EmailRules::Ascii);
        assert_eq!(checked, Ok(EmailAddress::stored("King@camelot.bt")));
        assert_eq!(check(&[Field::email()], &mut Map::new(), &EmailRules::Ascii), Ok(None));
    }

    #[test]
    fn every_problem_is_reported_in_the_order_of_the_fields() {
        let fields = [Field::password().required(), Field::email().required(), Field::flag("is_active")];
        let Value::Object(mut object) = json!({"is_active": [], "email": 7}) else { return };
        let problems = check(&fields, &mut object, &EmailRules::Ascii).unwrap_err();
        let kinds: Vec<_> = problems.iter().map(Problem::kind).collect();
        assert_eq!(kinds, ["missing", "string_type", "bool_type"]);
    }
}
