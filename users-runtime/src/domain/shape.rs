//! What a Rust type expects to find in JSON, learnt by asking it.

use std::{cell::Cell, fmt};

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, VariantAccess, Visitor, value::StrDeserializer,
};

use super::field::Shape;

/// Lets `T` deserialize from a probe that notes the first question and then fails.
pub(super) fn of<T: DeserializeOwned>() -> Shape {
    match ask::<T>(None) {
        Answer { nullable, shape: Shape::OneOf(variants) } => {
            // An enum is a choice of texts only if no variant carries data; each has to be asked.
            let texts = variants.iter().all(|variant| matches!(ask::<T>(Some(variant)).shape, Shape::String));
            wrap(if texts { Shape::OneOf(variants) } else { Shape::Any }, nullable)
        }
        Answer { nullable, shape } => wrap(shape, nullable),
    }
}

struct Answer {
    nullable: bool,
    shape: Shape,
}

fn wrap(shape: Shape, nullable: bool) -> Shape {
    if nullable { Shape::Nullable(Box::new(shape)) } else { shape }
}

fn ask<T: DeserializeOwned>(variant: Option<&'static str>) -> Answer {
    let (nullable, shape) = (Cell::new(false), Cell::new(Shape::Any));
    // The type may wrap or drop the probe's error, so the answer is what the probe noted and not what comes back.
    drop(T::deserialize(Probe { nullable: &nullable, shape: &shape, variant }));
    Answer { nullable: nullable.get(), shape: shape.into_inner() }
}

/// Notes what it is asked for. `variant`: the variant to claim when asked for an enum.
#[derive(Clone, Copy)]
struct Probe<'a> {
    nullable: &'a Cell<bool>,
    shape: &'a Cell<Shape>,
    variant: Option<&'static str>,
}

#[derive(Debug)]
struct Noted;

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a probe holds no value")
    }
}

impl std::error::Error for Noted {}

impl Error for Noted {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Probe<'_> {
    fn note<T>(self, shape: Shape) -> Result<T, Noted> {
        self.shape.set(shape);
        Err(Noted)
    }
}

macro_rules! note {
    ($($method:ident => $shape:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Noted> {
            self.note(Shape::$shape)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Noted;

    note! {
        deserialize_any => Any, deserialize_ignored_any => Any, deserialize_unit => Any,
        deserialize_bool => Boolean,
        deserialize_i8 => Integer, deserialize_i16 => Integer, deserialize_i32 => Integer,
        deserialize_i64 => Integer, deserialize_i128 => Integer,
        deserialize_u8 => Integer, deserialize_u16 => Integer, deserialize_u32 => Integer,
        deserialize_u64 => Integer, deserialize_u128 => Integer,
        deserialize_f32 => Number, deserialize_f64 => Number,
        deserialize_char => String, deserialize_str => String, deserialize_string => String,
        deserialize_identifier => String,
        deserialize_bytes => Array, deserialize_byte_buf => Array, deserialize_seq => Array,
        deserialize_map => Object,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Noted> {
        self.nullable.set(true);
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Noted> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, _: V) -> Result<V::Value, Noted> {
        self.note(Shape::Any)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Noted> {
        self.note(Shape::Array)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, _: V) -> Result<V::Value, Noted> {
        self.note(Shape::Array)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Noted> {
        self.note(Shape::Object)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Noted> {
        match self.variant {
            Some(_) => visitor.visit_enum(self),
            None => self.note(Shape::OneOf(variants)),
        }
    }
}

impl<'de> EnumAccess<'de> for Probe<'_> {
    type Error = Noted;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Noted> {
        let name: StrDeserializer<'_, Noted> = StrDeserializer::new(self.variant.unwrap_or_default());
        seed.deserialize(name).map(|variant| (variant, self))
    }
}

/// Notes what a variant carries: a text if it is nothing, else an object.
impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Noted;

    fn unit_variant(self) -> Result<(), Noted> {
        self.note(Shape::String)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Noted> {
        self.note(Shape::Object)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Noted> {
        self.note(Shape::Object)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Noted> {
        self.note(Shape::Object)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::domain::Timestamp;

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Green,
    }

    #[derive(Deserialize)]
    enum Mixed {
        #[expect(dead_code, reason = "only its shape is asked for")]
        Number(i64),
        Nothing,
    }

    #[derive(Deserialize)]
    struct Wrapped(#[expect(dead_code, reason = "only its shape is asked for")] String);

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is asked for")]
    struct Point {
        x: f64,
    }

    #[derive(Deserialize)]
    #[serde(try_from = "i64")]
    struct Even;

    impl TryFrom<i64> for Even {
        type Error = String;

        fn try_from(_: i64) -> Result<Self, String> {
            Err("odd".into())
        }
    }

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    #[test]
    fn a_type_says_what_it_expects() {
        for (asked, shape) in [
            (of::<bool>(), Shape::Boolean),
            (of::<u8>(), Shape::Integer),
            (of::<i128>(), Shape::Integer),
            (of::<f32>(), Shape::Number),
            (of::<String>(), Shape::String),
            (of::<char>(), Shape::String),
            (of::<uuid::Uuid>(), Shape::String),
            (of::<Timestamp>(), Shape::String),
            (of::<Box<String>>(), Shape::String),
            (of::<Wrapped>(), Shape::String),
            (of::<Even>(), Shape::Integer),
            (of::<Vec<String>>(), Shape::Array),
            (of::<(i32, i32)>(), Shape::Array),
            (of::<Point>(), Shape::Object),
            (of::<BTreeMap<String, i32>>(), Shape::Object),
            (of::<serde_json::Value>(), Shape::Any),
            (of::<Colour>(), Shape::OneOf(&["red", "green"])),
            (of::<Mixed>(), Shape::Any),
            (of::<Option<i32>>(), nullable(Shape::Integer)),
            (of::<Option<Option<bool>>>(), nullable(Shape::Boolean)),
            (of::<Option<Colour>>(), nullable(Shape::OneOf(&["red", "green"]))),
        ] {
            assert_eq!(asked, shape);
        }
    }
}
