//! Examples of request bodies, from the field tables. A generated client, an explorer and a fuzzer start from them.

use serde_json::{Map, Value, json};

use super::schemas;
use crate::{
    domain::field::{Field, FieldKind, FieldType, Rule, Shape},
    http::{self, Body},
    user::{AuthUser, SchemaKind},
};

const EMAIL: &str = "king.arthur@camelot.bt";
const PASSWORD: &str = "a long sword of steel";
/// The token in the example of fastapi-users.
pub(super) const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiOTIyMWZmYzktNjQwZi00MzcyLTg2ZDMtY2U2NDJjYmE1NjAzIiwiYXVkIjoiZmFzdGFwaS11c2VyczphdXRoIiwiZXhwIjoxNTcxNTA0MTkzfQ.M10bjOe45I5Ncu_uXvOmVV8QxnL-nZfcH96U90JaocI";

/// Texts that custom fields may accept: names, words, dates, ids, addresses.
const TEXTS: [&str; 14] = [
    "Arthur",
    "camelot",
    "CAMELOT",
    "camelot-1",
    "+441632960961",
    "https://camelot.bt/",
    "2030-01-01T00:00:00Z",
    "2030-01-01",
    "12:00:00",
    "d35d213e-f3d8-4f08-954a-7e0d1bea286f",
    "en",
    "GB",
    "1",
    "192.0.2.1",
];

/// Returns an example of the body of a request.
pub(super) fn of_body<U: AuthUser>(body: Body) -> Option<Value> {
    match body {
        Body::None | Body::Query(_) => None,
        Body::LoginForm => Some(json!({"grant_type": "password", "username": EMAIL, "password": PASSWORD})),
        Body::Object(fields) | Body::RefreshToken(fields) => Some(object(fields.iter().copied(), |_| true)),
        Body::Invitation => Some(object(schemas::of_invitation::<U>(), |_| true)),
        Body::Create => Some(object(SchemaKind::Create.fields::<U>(), |_| true)),
        // An explorer fills in the example: it changes neither the password nor the address, unless there is no other field.
        Body::CreateWithoutPassword => Some(object(SchemaKind::Create.fields_without_password::<U>(), |_| true)),
        Body::Update => Some(change::<U>(SchemaKind::Update, |field| matches!(field.kind, FieldKind::Email))),
        Body::AdminUpdate => Some(change::<U>(SchemaKind::AdminUpdate, |field| field.name == "is_verified")),
    }
}

/// Returns the custom fields of an update; those that `other` selects if there are none.
fn change<U: AuthUser>(kind: SchemaKind, other: impl Fn(&Field) -> bool) -> Value {
    let custom = object(kind.fields::<U>(), |field| matches!(field.kind, FieldKind::Custom(_)));
    match custom.as_object().is_some_and(Map::is_empty) {
        true => object(kind.fields::<U>(), other),
        false => custom,
    }
}

fn object(fields: impl Iterator<Item = Field>, shown: impl Fn(&Field) -> bool) -> Value {
    let shown = fields.filter(|field| shown(field) && (field.required || !field.deprecated));
    shown.filter_map(|field| Some((field.name.to_owned(), of_field(&field)?))).collect::<Map<_, _>>().into()
}

fn of_field(field: &Field) -> Option<Value> {
    match field.kind {
        FieldKind::Email => Some(EMAIL.into()),
        FieldKind::Password | FieldKind::CurrentPassword => Some(PASSWORD.into()),
        FieldKind::Token => Some(TOKEN.into()),
        FieldKind::Flag => Some(true.into()),
        FieldKind::DroppedFlag | FieldKind::Id(_) => None,
        FieldKind::Custom(kind) => of_custom_field(field, kind),
    }
}

/// Returns the first of some values that the field accepts. A required field that accepts none of them, because of a
/// pattern or a check, gets the first value of its type: the body is then complete, and the server reports the problem.
fn of_custom_field(field: &Field, kind: FieldType) -> Option<Value> {
    let values = candidates(&(kind.shape)(), field.rules);
    let accepted = values.iter().find(|value| http::accepts(field, kind, value));
    let typed = || values.iter().find(|value| field.required && (kind.check)(value).is_ok());
    accepted.or_else(typed).cloned()
}

fn candidates(shape: &Shape, rules: &[Rule]) -> Vec<Value> {
    let mut values = match shape {
        Shape::Nullable(inner) => candidates(inner, rules),
        Shape::Boolean => vec![json!(true)],
        Shape::Integer => vec![json!(1)],
        Shape::Number => vec![json!(1.5)],
        Shape::String => TEXTS.into_iter().map(Value::from).collect(),
        Shape::OneOf(words) => words.iter().map(|word| Value::from(*word)).collect(),
        Shape::Array => vec![json!(["camelot"]), json!([1]), json!([])],
        Shape::Object => vec![json!({"castle": "Camelot"}), json!({}), credential()],
        Shape::Any => [json!({}), json!([]), json!(true), json!(1)].into_iter().chain(TEXTS.map(Value::from)).collect(),
    };
    for rule in rules {
        match *rule {
            Rule::Range { min, max } => values.extend([min, max].into_iter().flatten().flat_map(numbers)),
            Rule::Length { min: Some(min), .. } => {
                let length = usize::try_from(min).unwrap_or_default().min(LONGEST);
                // After the most readable text, before dates and ids that happen to have the length.
                values.insert(values.len().min(1), "camelot ".repeat(length / 8 + 1).trim_end().into());
                values.push("a".repeat(length).into());
                values.push(vec!["camelot"; length].into());
            }
            Rule::Length { max: Some(max), .. } => {
                values.push("a".repeat(usize::try_from(max).unwrap_or_default().min(1)).into());
            }
            Rule::Length { .. } | Rule::Pattern(_) | Rule::Check(_) => {}
        }
    }
    values
}

/// Returns a credential of an authenticator, with the fields of a registration and of a login.
fn credential() -> Value {
    json!({
        "id": "qFFK4VwrTE2h4Me8zPTjGg",
        "rawId": "qFFK4VwrTE2h4Me8zPTjGg",
        "type": "public-key",
        "response": {
            "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
            "attestationObject": "o2NmbXRkbm9uZQ",
            "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
            "signature": "MEUCIQDx",
            "userHandle": "CQkJCQkJCQkJCQkJCQkJCQ",
        },
    })
}

/// The longest text or list in an example.
const LONGEST: usize = 1024;

/// Returns a bound as an integer and as a number.
fn numbers(bound: f64) -> [Value; 2] {
    [Value::from(bound.ceil() as i64), Value::from(bound)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Timestamp, field::check_with};

    fn example(field: Field) -> Option<Value> {
        of_field(&field)
    }

    #[test]
    fn an_example_is_a_value_that_the_field_accepts() {
        const LONG: &[Rule] = &[Rule::Length { min: Some(20), max: Some(40) }];
        const ADULT: &[Rule] = &[Rule::Range { min: Some(18.0), max: None }];
        const WORD: &[Rule] = &[Rule::Pattern("^[a-z]+$")];
        const EVEN: &[Rule] =
            &[Rule::Check(|value| check_with(value, |n: &i64| if n % 2 == 0 { Ok(()) } else { Err("odd") }))];
        assert_eq!(example(Field::custom::<Option<String>>("x")), Some(json!("Arthur")));
        assert_eq!(example(Field::custom::<String>("x").rules(LONG)).unwrap().as_str().unwrap().len(), 23);
        assert_eq!(example(Field::custom::<i32>("x").rules(ADULT)), Some(json!(18)));
        assert_eq!(example(Field::custom::<String>("x").rules(WORD)), Some(json!("camelot")));
        assert_eq!(example(Field::custom::<Option<Timestamp>>("x")), Some(json!("2030-01-01T00:00:00Z")));
        assert_eq!(example(Field::custom::<Vec<u8>>("x")), Some(json!([1])));
        // The values that a function accepts are not known: an optional field is omitted, a required one gets a value
        // of its type.
        assert_eq!(example(Field::custom::<i64>("x").rules(EVEN)), None);
        assert_eq!(example(Field::custom::<i64>("x").rules(EVEN).required()), Some(json!(1)));
    }
}
