//! Text to one JSON value: by serde_json, stricter than it is by default.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Loc, Problem, json_syntax};

/// How deep lists and objects may stand in each other (docs/contributing/security.md, "Default numbers").
pub(super) const MAX_DEPTH: usize = 32;

/// Parses a whole text. Refused beside malformed JSON: a key that stands twice in one object, since two readers can
/// take it in two ways, and anything deeper than [`MAX_DEPTH`].
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    let notes = RefCell::new(Notes::default());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { notes: &notes, depth: 0 }.deserialize(&mut deserializer);
    let error = match value.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    Err(match notes.into_inner().duplicate {
        Some(way) => Problem::along(way, "value_error", format!("Value error, {DUPLICATE}")).ctx("error", DUPLICATE),
        None => json_syntax::explain(text, &error),
    })
}

const DUPLICATE: &str = "the key stands twice in one object";

/// Where the reader is, and what it found that serde's errors cannot carry.
#[derive(Default)]
struct Notes {
    way: Vec<Loc>,
    duplicate: Option<Vec<Loc>>,
}

/// Reads one value, `depth` lists and objects down.
struct Strict<'a> {
    notes: &'a RefCell<Notes>,
    depth: usize,
}

impl<'a> Strict<'a> {
    /// The reader of what stands inside, unless that is too deep.
    fn inside<E: Error>(&self) -> Result<impl Fn() -> Strict<'a> + use<'a, E>, E> {
        let (notes, depth) = (self.notes, self.depth + 1);
        if depth > MAX_DEPTH {
            return Err(E::custom(json_syntax::TOO_DEEP));
        }
        Ok(move || Strict { notes, depth })
    }

    fn enter(&self, step: Loc) {
        self.notes.borrow_mut().way.push(step);
    }

    fn leave(&self) {
        self.notes.borrow_mut().way.pop();
    }

    fn note_duplicate(&self, key: String) {
        let notes = &mut *self.notes.borrow_mut();
        let mut way = notes.way.clone();
        way.push(key.into());
        notes.duplicate = Some(way);
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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
        let item = self.inside::<A::Error>()?;
        let mut list = Vec::new();
        loop {
            self.enter(list.len().into());
            match items.next_element_seed(item())? {
                Some(value) => list.push(value),
                None => break,
            }
            self.leave();
        }
        self.leave();
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let value = self.inside::<A::Error>()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                self.note_duplicate(key);
                return Err(A::Error::custom(DUPLICATE));
            }
            self.enter(key.clone().into());
            object.insert(key, entries.next_value_seed(value())?);
            self.leave();
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
    fn json_is_read_whole_and_exact() {
        let text = r#" {"a":[true,null,-1,18446744073709551615,0.5,"\ud83d\ude00 \u0000\/"],"b":{}} "#;
        let value = json!({"a": [true, null, -1, u64::MAX, 0.5, "😀 \0/"], "b": {}});
        assert_eq!(parse(text), Ok(value));
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_wherever_it_stands() {
        for (text, loc) in [
            (r#"{"a":1,"a":1}"#, json!(["body", "a"])),
            (r#"{"a":1,"\u0061":2}"#, json!(["body", "a"])),
            (r#"{"x":[0,{"b":{},"c":[],"b":2}]}"#, json!(["body", "x", 1, "b"])),
            (r#"{"x":[[],[[],{"":1,"":2}]]}"#, json!(["body", "x", 1, 1, ""])),
        ] {
            let error = "the key stands twice in one object";
            let problem = json!({"type": "value_error", "loc": loc, "msg": format!("Value error, {error}"),
                "input": null, "ctx": {"error": error}});
            assert_eq!(refusal(text), problem, "{text}");
        }
        assert!(parse(r#"{"a":{"a":1},"b":[{"a":1},{"a":1}],"A":1}"#).is_ok());
    }

    #[test]
    fn nesting_ends_at_thirty_two() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(parse(&nested(32)).is_ok());
        assert!(parse(&objects(32)).is_ok());
        for text in [nested(33), objects(33), "[".repeat(1_000_000), format!("[1e999,{}", nested(5_000))] {
            assert_eq!(refusal(&text)["type"], "json_invalid");
        }
        for text in [nested(33), objects(33), "[".repeat(33)] {
            assert_eq!(refusal(&text)["ctx"], json!({"error": "Nesting is too deep"}));
        }
    }
}
