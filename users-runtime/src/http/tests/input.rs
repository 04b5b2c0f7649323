//! Arbitrary input has exactly one interpretation or is refused, and never causes a failure.

use axum::body::Body;
use http::{Request, header::CONTENT_TYPE};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    domain::{CanonicalEmail, EmailAddress, EmailRules, Password, UserId, field::Field, lax},
    http::{ApiError, JsonBody, LoginForm, Repeated},
};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// An update with a field of each kind.
#[derive(Debug, Deserialize)]
struct Update {
    password: Option<Password>,
    email: Option<String>,
    is_active: Option<bool>,
    #[serde(default, deserialize_with = "lax::present")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "lax::present")]
    note: Option<String>,
    #[serde(default, deserialize_with = "lax::present")]
    small: Option<u8>,
    #[serde(default, deserialize_with = "lax::present")]
    medium: Option<i32>,
    #[serde(default, deserialize_with = "lax::present")]
    large: Option<i64>,
    #[serde(default, deserialize_with = "lax::present")]
    unsigned: Option<u64>,
    #[serde(default, deserialize_with = "lax::present")]
    ratio: Option<f64>,
    #[serde(default, deserialize_with = "lax::present")]
    subscribed: Option<bool>,
    #[serde(default, deserialize_with = "lax::present")]
    tags: Option<Vec<String>>,
}

const UPDATE: [Field; 12] = [
    Field::password(),
    Field::email(),
    Field::flag("is_active"),
    Field::custom::<Option<String>>("name"),
    Field::custom::<String>("note"),
    Field::custom::<u8>("small"),
    Field::custom::<i32>("medium"),
    Field::custom::<i64>("large"),
    Field::custom::<u64>("unsigned"),
    Field::custom::<f64>("ratio"),
    Field::custom::<bool>("subscribed"),
    Field::custom::<Vec<String>>("tags"),
];

/// Runs a future that never waits, because the whole body is in memory.
fn now<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn json_of(content_types: &[&str], body: impl Into<Body>) -> Result<JsonBody, ApiError> {
    let mut request = Request::builder();
    for content_type in content_types {
        request = request.header(CONTENT_TYPE, *content_type);
    }
    let (parts, body) = request.body(body.into()).unwrap().into_parts();
    now(JsonBody::read(&parts, body, 16 * 1024))
}

fn form_of(content_type: &str, body: impl Into<Body>) -> Result<LoginForm, ApiError> {
    let (parts, body) = Request::builder().header(CONTENT_TYPE, content_type).body(body.into()).unwrap().into_parts();
    now(LoginForm::read(&parts, body, 16 * 1024, Repeated::Refused))
}

fn update(body: impl Into<Body>) -> Result<Update, ApiError> {
    json_of(&[JSON], body)?.schema(UPDATE, &EmailRules::Ascii).map(|parsed| parsed.input)
}

fn update_value(value: &Value) -> Result<Update, ApiError> {
    update(value.to_string())
}

/// Any JSON value of limited depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-zA-Z.@ ]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// An object with any value under any of the known keys.
fn any_update() -> impl Strategy<Value = Value> {
    let entries = UPDATE.into_iter().map(|field| prop::option::of(any_json()).prop_map(move |v| (field.name, v)));
    entries
        .collect::<Vec<_>>()
        .prop_map(|entries| entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// Text that is almost JSON, almost a form, almost an address, or something else.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..256),
        any::<String>().prop_map(String::into_bytes),
        r#"[{}\[\]",:\\ue0-9nultrasfE+.\- ]{0,64}"#.prop_map(String::into_bytes),
        "[a-z%+&=@0-9A-F]{0,64}".prop_map(String::into_bytes),
        r#"(--X\r\n(Content-Disposition: form-data; name="(username|password|x)")?(\r\n\r\n)?[a-z]{0,9}\r\n){0,3}(--X--)?"#
            .prop_map(String::into_bytes),
        (any_update(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(value, at, byte)| {
            let mut text = value.to_string().into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            text
        }),
    ]
}

fn is_refusal(error: &ApiError) -> bool {
    error.status().is_client_error()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Every reader returns a value or a 4xx error for any input.
    #[test]
    fn validators_total(body in any_text(), content_type in prop_oneof![
        Just(JSON), Just(FORM), Just("multipart/form-data; boundary=X"), Just("multipart/form-data"), Just("text/plain"), Just(";"),
    ]) {
        match json_of(&[content_type], body.clone()) {
            Ok(json) => if let Err(error) = json.schema::<Update>(UPDATE, &EmailRules::Internationalized) {
                prop_assert!(is_refusal(&error), "{error:?}");
            },
            Err(error) => prop_assert!(is_refusal(&error), "{error:?}"),
        }
        if let Err(error) = form_of(content_type, body.clone()) {
            prop_assert!(is_refusal(&error), "{error:?}");
        }
        let text = String::from_utf8_lossy(&body);
        for rules in [EmailRules::Ascii, EmailRules::Internationalized] {
            if let Ok(address) = EmailAddress::parse(&text, rules) {
                prop_assert!(address.as_str().len() <= 254);
                prop_assert!(EmailAddress::parse(address.as_str(), rules).is_ok_and(|again| again == address));
                prop_assert!(address.canonical().may_be_stored());
            }
        }
        let _ = (uuid::Uuid::parse(&text), <i32 as UserId>::parse(&text), <i64 as UserId>::parse(&text));
        let _ = CanonicalEmail::of(&text);
    }

    /// Any value of any field is typed or refused, and no refusal echoes an array, an object or a password.
    #[test]
    fn any_value_is_typed_or_refused(value in any_update()) {
        match update_value(&value) {
            Ok(update) => {
                let sent = |key: &str| value.get(key).is_some();
                prop_assert_eq!(update.password.is_some(), value["password"].is_string());
                prop_assert_eq!(update.email.is_some(), value["email"].is_string());
                prop_assert_eq!(update.is_active.is_some(), sent("is_active"));
                prop_assert_eq!(update.subscribed.is_some(), sent("subscribed"));
                prop_assert_eq!(update.name.is_some(), sent("name"));
                prop_assert_eq!(update.note.map(Value::from), value.get("note").cloned());
                prop_assert_eq!(update.ratio.is_some(), value["ratio"].is_number());
                prop_assert_eq!(update.tags.map(Value::from), value.get("tags").cloned());
            }
            Err(ApiError::Validation(problems)) => for problem in serde_json::to_value(problems).unwrap().as_array().unwrap() {
                prop_assert!(!problem["input"].is_array() && (problem["type"] == "json_invalid" || !problem["input"].is_object()));
                prop_assert!(problem["loc"][1] != "password" || problem["input"].is_null());
            },
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    /// An integer of any size is kept exactly or refused, in fields of any size.
    #[test]
    fn integers_never_overflow(number in prop_oneof![
        any::<i128>(), any::<i64>().prop_map(i128::from), any::<u64>().prop_map(i128::from), (-300..300_i128),
        any::<i8>().prop_map(|near| i128::from(i64::MAX) + i128::from(near)),
        any::<i8>().prop_map(|near| i128::from(i64::MIN) + i128::from(near)),
        any::<i8>().prop_map(|near| i128::from(i32::MAX) + i128::from(near)),
    ]) {
        let read = |field: &str| update(format!("{{\"{field}\":{number}}}")).ok();
        prop_assert_eq!(read("small").and_then(|update| update.small), u8::try_from(number).ok());
        prop_assert_eq!(read("medium").and_then(|update| update.medium), i32::try_from(number).ok());
        prop_assert_eq!(read("large").and_then(|update| update.large), i64::try_from(number).ok());
        prop_assert_eq!(read("unsigned").and_then(|update| update.unsigned), u64::try_from(number).ok());
        let text = number.to_string();
        prop_assert_eq!(<i32 as UserId>::parse(&text), i32::try_from(number).ok());
        prop_assert_eq!(<i64 as UserId>::parse(&text), i64::try_from(number).ok());
    }

    /// A duplicate key is refused with any value, in any spelling and at any depth. So is a body with two content types.
    #[test]
    fn ambiguous_requests_refused(
        key in "[a-z_]{1,9}", first in any_json(), second in any_json(), others in any_json(), nested in any::<bool>(),
        at in any::<prop::sample::Index>(),
    ) {
        let letter = at.index(key.len());
        let escaped = format!("{}\\u{:04x}{}", &key[..letter], u32::from(key.as_bytes()[letter]), &key[letter + 1..]);
        for spelling in [key.clone(), escaped] {
            let twice = format!(r#"{{"{key}":{first},"{spelling}":{second}}}"#);
            let body = if nested { format!(r#"{{"name":"a","":[{others},{twice}]}}"#) } else { twice };
            prop_assert!(matches!(update(body), Err(ApiError::Validation(_))));
        }
        let good = json!({"name": "a"}).to_string();
        for claims in [[JSON, JSON], [JSON, FORM], [FORM, JSON]] {
            let body = json_of(&claims, good.clone());
            prop_assert!(body.and_then(|body| body.schema::<Update>(UPDATE, &EmailRules::Ascii)).is_err());
        }
        prop_assert!(json_of(&[JSON], good).and_then(|body| body.schema::<Update>(UPDATE, &EmailRules::Ascii)).is_ok());
    }

    /// Accepted values contain no control characters but line ends and tabs, and addresses contain none at all.
    #[test]
    fn no_control_characters_reach_sinks(
        before in "[a-z]{0,3}", c in prop_oneof![prop::char::range('\0', '\u{9f}'), any::<char>()], after in "[a-z]{0,3}",
    ) {
        let text = format!("{before}{c}{after}");
        let forbidden = c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        for body in [json!({"name": text}), json!({"note": text}), json!({"tags": ["a", text]})] {
            prop_assert_eq!(update_value(&body).is_err(), forbidden);
        }
        for rules in [EmailRules::Ascii, EmailRules::Internationalized] {
            for address in [format!("{text}@camelot.bt"), format!("a@{text}.bt"), format!("a@camelot.bt{text}")] {
                if let Ok(address) = EmailAddress::parse(&address, rules) {
                    prop_assert!(!address.as_str().contains(char::is_control));
                }
            }
        }
        let stored = CanonicalEmail::of(&format!("{text}@camelot.bt"));
        prop_assert_eq!(stored.may_be_stored(), !c.is_control());
    }
}

#[test]
fn deep_json_refused() {
    let nested = |depth: usize| format!("{{\"name\":\"a\",\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(update(nested(31)).is_ok());
    for body in [nested(32), nested(8_000), "[".repeat(16 * 1024), "{\"x\":".repeat(3_000)] {
        let refusal = update(body).unwrap_err();
        assert!(matches!(refusal, ApiError::Validation(_)), "{refusal:?}");
    }
}

#[test]
fn double_encoding_stays_encoded() {
    let body = r#"{"name":"%3Cb%3E &lt; \\u0041 %2500 +","email":"a%2540b@camelot.bt"}"#;
    let update = update(body).unwrap();
    assert_eq!(update.name.flatten().as_deref(), Some("%3Cb%3E &lt; \\u0041 %2500 +"));
    assert_eq!(update.email.as_deref(), Some("a%2540b@camelot.bt"));
    let form = form_of(FORM, "username=a%252540b&password=%252B%2526").unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!((form.username.as_str(), form.password.secret()), ("a%2540b", "%2B%26"));
}

#[test]
fn no_type_juggling() {
    for (key, refused, accepted) in [
        (
            "name",
            vec![json!(1), json!(1.5), json!(true), json!([]), json!(["a"]), json!({})],
            vec![json!("1"), json!(null)],
        ),
        ("email", vec![json!(1), json!(true), json!(["a@camelot.bt"]), json!({})], vec![json!("a@camelot.bt")]),
        ("password", vec![json!(1), json!(false), json!(["p"]), json!({})], vec![json!("p"), json!(null)]),
        ("large", vec![json!("1"), json!(""), json!(true), json!(1.5), json!([1]), json!({})], vec![json!(1)]),
        ("ratio", vec![json!("1.5"), json!(true), json!([1.5])], vec![json!(1.5), json!(1)]),
        (
            "is_active",
            vec![json!(2), json!("2"), json!("wahr"), json!(""), json!([]), json!([true])],
            vec![json!("on"), json!(0)],
        ),
        (
            "subscribed",
            vec![json!(2), json!("2"), json!("wahr"), json!(""), json!([]), json!([true])],
            vec![json!("on"), json!(0)],
        ),
        ("tags", vec![json!("a"), json!({"0": "a"}), json!([1]), json!([null])], vec![json!([]), json!(["a"])]),
    ] {
        for value in refused {
            assert!(update_value(&json!({key: value})).is_err(), "{key}: {value}");
        }
        for value in accepted {
            assert!(update_value(&json!({key: value})).is_ok(), "{key}: {value}");
        }
    }
}

#[test]
fn null_never_written() {
    for key in ["email", "is_active", "note", "small", "medium", "large", "unsigned", "ratio", "subscribed", "tags"] {
        assert!(matches!(update_value(&json!({key: null})), Err(ApiError::Validation(_))), "{key}");
    }
    let ignored = update_value(&json!({"password": null})).unwrap();
    assert!(ignored.password.is_none());
    let cleared = update_value(&json!({"name": null})).unwrap();
    assert_eq!(cleared.name, Some(None));
}
