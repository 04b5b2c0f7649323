//! Text to one JSON value: by serde_json, stricter than it is by default.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Loc, Problem, json_syntax};

/// How deep lists and objects may stand in each other (security.md (a)).
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
