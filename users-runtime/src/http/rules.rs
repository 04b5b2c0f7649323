//! Checks a value against one rule of its field and reports problems as Pydantic does.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use regex::Regex;
use serde_json::{Number, Value};
use validator::{ValidateLength, ValidateRange, ValidateRegex};

use super::Problem;
use crate::{
    domain::field::Rule,
    event::{self, operation},
};

/// Returns the problem if `value` breaks `rule`. A rule does not apply to values of other types.
pub(super) fn check(rule: &Rule, field: &'static str, value: &Value) -> Option<Problem> {
    match *rule {
        Rule::Length { min, max } => length(field, value, min, max),
        Rule::Range { min, max } => range(field, value.as_number()?, min, max),
        Rule::Pattern(pattern) => match_pattern(field, value.as_str()?, pattern),
        Rule::Check(check) => check(value).err().map(|text| Problem::value_error(field, text)),
    }
    .map(|problem| problem.input(value))
}

fn length(field: &'static str, value: &Value, min: Option<u64>, max: Option<u64>) -> Option<Problem> {
    let (name, actual) = match value {
        Value::String(text) => return length_of_text(field, text, min, max),
        Value::Array(items) => ("List", items.len()),
        Value::Object(entries) => ("Dictionary", entries.len()),
        _ => return None,
    };
    let problem = |kind, words: &str, limit: u64, key| {
        let msg = format!("{name} should have {words} {limit} item{} after validation, not {actual}", plural(limit));
        Problem::at(field, kind, msg).ctx("field_type", name).ctx(key, limit).ctx("actual_length", actual)
    };
    let actual = u64::try_from(actual).unwrap_or(u64::MAX);
    match (min, max) {
        (Some(min), _) if actual < min => Some(problem("too_short", "at least", min, "min_length")),
        (_, Some(max)) if actual > max => Some(problem("too_long", "at most", max, "max_length")),
        _ => None,
    }
}

fn length_of_text(field: &'static str, text: &str, min: Option<u64>, max: Option<u64>) -> Option<Problem> {
    let problem = |kind, words: &str, limit: u64, key| {
        let msg = format!("String should have {words} {limit} character{}", plural(limit));
        Problem::at(field, kind, msg).ctx(key, limit)
    };
    match (min, max) {
        (Some(min), _) if !text.validate_length(Some(min), None, None) => {
            Some(problem("string_too_short", "at least", min, "min_length"))
        }
        (_, Some(max)) if !text.validate_length(None, Some(max), None) => {
            Some(problem("string_too_long", "at most", max, "max_length"))
        }
        _ => None,
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn range(field: &'static str, number: &Number, min: Option<f64>, max: Option<f64>) -> Option<Problem> {
    let problem = |kind, words: &str, limit: f64, key| {
        let limit = shown(limit);
        Problem::at(field, kind, format!("Input should be {words} than or equal to {limit}")).ctx(key, limit)
    };
    match (min, max) {
        (Some(min), _) if !within(number, Some(min), None) => Some(problem("greater_than_equal", "greater", min, "ge")),
        (_, Some(max)) if !within(number, None, Some(max)) => Some(problem("less_than_equal", "less", max, "le")),
        _ => None,
    }
}

/// Compares without rounding: an integer near the end of its type has no exact `f64`.
fn within(number: &Number, min: Option<f64>, max: Option<f64>) -> bool {
    match number.as_i128() {
        // `as` saturates, which is correct for bounds beyond any integer.
        Some(integer) => {
            integer.validate_range(min.map(|min| min.ceil() as i128), max.map(|max| max.floor() as i128), None, None)
        }
        None => number.as_f64().is_some_and(|number| number.validate_range(min, max, None, None)),
    }
}

/// Returns a bound as JSON, written `18` and not `18.0`.
fn shown(bound: f64) -> Value {
    // 2^53: below it every whole number is exact.
    if bound.fract() == 0.0 && bound.abs() < 9_007_199_254_740_992.0 {
        Value::from(bound as i64)
    } else {
        Value::from(bound)
    }
}

fn match_pattern(field: &'static str, text: &str, pattern: &'static str) -> Option<Problem> {
    let problem = || {
        Problem::at(field, "string_pattern_mismatch", format!("String should match pattern '{pattern}'"))
            .ctx("pattern", pattern)
    };
    match compiled(pattern) {
        Some(regex) => (!text.validate_regex(&regex)).then(problem),
        None => Some(problem()),
    }
}

/// Returns a pattern, compiled at its first use, or `None` if it does not compile; no value is then accepted.
fn compiled(pattern: &'static str) -> Option<Regex> {
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, Option<Regex>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled
        .entry(pattern)
        .or_insert_with(|| {
            Regex::new(pattern)
                .inspect_err(|error| {
                    let cause = event::cause(error);
                    operation!(ERROR, "pattern_invalid", "a pattern of a field does not compile", pattern, cause);
                })
                .ok()
        })
        .clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(rule: Rule, value: Value) -> Value {
        serde_json::to_value(check(&rule, "x", &value)).unwrap()
    }

    #[test]
    fn lengths_count_code_points_items_and_keys() {
        let rule = Rule::Length { min: Some(1), max: Some(2) };
        for value in
            [json!("é"), json!("日本"), json!("e\u{301}"), json!([1]), json!({"a": 1}), json!(12345), json!(null)]
        {
            assert_eq!(problem(rule, value.clone()), Value::Null, "{value}");
        }
        assert_eq!(
            problem(rule, json!("")),
            json!({"type": "string_too_short", "loc": ["body", "x"],
                "msg": "String should have at least 1 character", "input": "", "ctx": {"min_length": 1}})
        );
        assert_eq!(
            problem(rule, json!("abc")),
            json!({"type": "string_too_long", "loc": ["body", "x"],
                "msg": "String should have at most 2 characters", "input": "abc", "ctx": {"max_length": 2}})
        );
        assert_eq!(
            problem(rule, json!([])),
            json!({"type": "too_short", "loc": ["body", "x"],
                "msg": "List should have at least 1 item after validation, not 0", "input": null,
                "ctx": {"field_type": "List", "min_length": 1, "actual_length": 0}})
        );
        assert_eq!(
            problem(rule, json!({"a": 1, "b": 2, "c": 3})),
            json!({"type": "too_long", "loc": ["body", "x"],
                "msg": "Dictionary should have at most 2 items after validation, not 3", "input": null,
                "ctx": {"field_type": "Dictionary", "max_length": 2, "actual_length": 3}})
        );
    }

    #[test]
    fn a_range_includes_both_bounds() {
        let rule = Rule::Range { min: Some(18.0), max: Some(99.5) };
        for value in [json!(18), json!(18.0), json!(99), json!(99.5), json!("1"), json!(null)] {
            assert_eq!(problem(rule, value.clone()), Value::Null, "{value}");
        }
        assert_eq!(
            problem(rule, json!(17)),
            json!({"type": "greater_than_equal", "loc": ["body", "x"],
                "msg": "Input should be greater than or equal to 18", "input": 17, "ctx": {"ge": 18}})
        );
        assert_eq!(
            problem(rule, json!(99.75)),
            json!({"type": "less_than_equal", "loc": ["body", "x"],
                "msg": "Input should be less than or equal to 99.5", "input": 99.75, "ctx": {"le": 99.5}})
        );
    }

    #[test]
    fn integers_are_compared_without_rounding() {
        // 2^53 + 1 has no exact f64; as one it would equal the bound.
        let rule = Rule::Range { min: None, max: Some(9_007_199_254_740_992.0) };
        assert_eq!(problem(rule, json!(9_007_199_254_740_992_u64)), Value::Null);
        assert_eq!(problem(rule, json!(9_007_199_254_740_993_u64))["type"], "less_than_equal");
        let unbounded = Rule::Range { min: Some(f64::NEG_INFINITY), max: Some(f64::INFINITY) };
        assert_eq!(problem(unbounded, json!(u64::MAX)), Value::Null);
        assert_eq!(problem(unbounded, json!(i64::MIN)), Value::Null);
    }

    #[test]
    fn a_pattern_matches_anywhere_unless_it_is_anchored() {
        assert_eq!(problem(Rule::Pattern("[0-9]"), json!("a1b")), Value::Null);
        assert_eq!(
            problem(Rule::Pattern("^[0-9]+$"), json!("a1b")),
            json!({"type": "string_pattern_mismatch", "loc": ["body", "x"],
                "msg": "String should match pattern '^[0-9]+$'", "input": "a1b", "ctx": {"pattern": "^[0-9]+$"}})
        );
        assert_eq!(problem(Rule::Pattern("^[0-9]+$"), json!("1\n"))["type"], "string_pattern_mismatch");
    }

    #[test]
    fn a_pattern_that_does_not_compile_refuses_every_value() {
        assert_eq!(problem(Rule::Pattern("("), json!("("))["type"], "string_pattern_mismatch");
    }
}
