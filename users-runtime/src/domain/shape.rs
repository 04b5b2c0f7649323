//! Determines the JSON that a Rust type expects, through its `Deserialize` implementation.

use std::{cell::Cell, fmt};

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, VariantAccess, Visitor, value::StrDeserializer,
};

/// The JSON that a Rust type expects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// A string.
    String,
    /// One of these strings: a Rust enum of unit variants.
    OneOf(&'static [&'static str]),
    /// An array.
    Array,
    /// An object.
    Object,
    /// Anything.
    Any,
    /// The inner shape, or null.
    Nullable(Box<Shape>),
}

impl Shape {
    /// Returns the shape of `T`. It lets `T` deserialize from a probe that records which type is requested and then fails.
    #[must_use]
    pub fn of<T: DeserializeOwned>() -> Self {
        let Requested { nullable, shape, .. } = probe::<T>(None);
        let shape = match shape {
            Self::OneOf(variants) => {
                // Only unit variants are written as strings, so each variant has to be probed.
                let unit = variants.iter().all(|variant| probe::<T>(Some(variant)).shape == Self::String);
                if unit { Self::OneOf(variants) } else { Self::Any }
            }
            other => other,
        };
        if nullable { Self::Nullable(Box::new(shape)) } else { shape }
    }

    /// Returns whether it is a boolean, or a boolean or null.
    pub(crate) fn is_boolean(&self) -> bool {
        match self {
            Self::Boolean => true,
            Self::Nullable(inner) => inner.is_boolean(),
            _ => false,
        }
    }
}

/// Returns the name that serde has for the struct `T`; the name of the Rust type if serde has none.
pub(crate) fn struct_name<T: DeserializeOwned>() -> &'static str {
    match probe::<T>(None).name {
        "" => std::any::type_name::<T>().rsplit("::").next().unwrap_or_default(),
        name => name,
    }
}

/// Returns whether serde accepts an absent key for a field of type `T`: serde deserializes such a field from a value
/// that only an `Option` accepts.
pub(crate) fn accepts_absence<T: DeserializeOwned>() -> bool {
    T::deserialize(Absent).is_ok()
}

/// An absent key.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = Recorded;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Recorded> {
        Err(Recorded)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Recorded> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The type that a Rust type requests from its deserializer.
struct Requested {
    /// Whether null is accepted.
    nullable: bool,
    shape: Shape,
    /// The name, for a struct.
    name: &'static str,
}

/// Probes `T`. `variant` is the variant that the probe claims to have if `T` is an enum.
fn probe<T: DeserializeOwned>(variant: Option<&'static str>) -> Requested {
    let (nullable, shape, name) = (Cell::new(false), Cell::new(Shape::Any), Cell::new(""));
    // The type may wrap or drop the error of the probe, so the result is what the probe recorded.
    drop(T::deserialize(Probe { nullable: &nullable, shape: &shape, name: &name, variant }));
    Requested { nullable: nullable.get(), shape: shape.into_inner(), name: name.get() }
}

/// A deserializer that records the requested type.
#[derive(Clone, Copy)]
struct Probe<'a> {
    nullable: &'a Cell<bool>,
    shape: &'a Cell<Shape>,
    name: &'a Cell<&'static str>,
    variant: Option<&'static str>,
}

#[derive(Debug)]
struct Recorded;

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a probe has no value")
    }
}

impl std::error::Error for Recorded {}

impl Error for Recorded {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Probe<'_> {
    fn record<T>(self, shape: Shape) -> Result<T, Recorded> {
        self.shape.set(shape);
        Err(Recorded)
    }
}

macro_rules! record {
    ($($method:ident => $shape:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Recorded> {
            self.record(Shape::$shape)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Recorded;

    record! {
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

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Recorded> {
        self.nullable.set(true);
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Recorded> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, _: V) -> Result<V::Value, Recorded> {
        self.record(Shape::Any)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Recorded> {
        self.record(Shape::Array)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, _: V) -> Result<V::Value, Recorded> {
        self.record(Shape::Array)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Recorded> {
        self.name.set(name);
        self.record(Shape::Object)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Recorded> {
        match self.variant {
            Some(_) => visitor.visit_enum(self),
            None => self.record(Shape::OneOf(variants)),
        }
    }
}

impl<'de> EnumAccess<'de> for Probe<'_> {
    type Error = Recorded;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Recorded> {
        let name: StrDeserializer<'_, Recorded> = StrDeserializer::new(self.variant.unwrap_or_default());
        seed.deserialize(name).map(|variant| (variant, self))
    }
}

/// Records what a variant contains: a string for a unit variant, and an object for every other one.
impl<'de> VariantAccess<'de> for Probe<'_> {
    type Error = Recorded;

    fn unit_variant(self) -> Result<(), Recorded> {
        self.record(Shape::String)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Recorded> {
        self.record(Shape::Object)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Recorded> {
        self.record(Shape::Object)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Recorded> {
        self.record(Shape::Object)
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
        #[expect(dead_code, reason = "only the shape of the type is used")]
        Number(i64),
        Nothing,
    }

    #[derive(Deserialize)]
    struct Wrapped(#[expect(dead_code, reason = "only the shape of the type is used")] String);

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only the shape of the type is used")]
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

    #[test]
    fn a_struct_has_the_name_that_serde_has() {
        #[derive(Deserialize)]
        #[serde(rename = "Place")]
        #[expect(dead_code, reason = "only its name is requested")]
        struct Renamed {
            x: f64,
        }
        assert_eq!((struct_name::<Point>(), struct_name::<Renamed>()), ("Point", "Place"));
        assert_eq!(struct_name::<Even>(), "Even");
    }

    #[test]
    fn only_an_option_may_be_absent() {
        type Nickname = Option<String>;
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its absence is asked about")]
        struct Inside(Option<String>);
        assert!(accepts_absence::<Nickname>() && accepts_absence::<Option<Option<bool>>>());
        assert!(!accepts_absence::<String>() && !accepts_absence::<serde_json::Value>());
        // serde accepts null for it, but not an absent key.
        assert!(!accepts_absence::<Inside>());
    }

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    #[test]
    fn the_shape_of_a_type_is_found() {
        for (found, expected) in [
            (Shape::of::<bool>(), Shape::Boolean),
            (Shape::of::<u8>(), Shape::Integer),
            (Shape::of::<i128>(), Shape::Integer),
            (Shape::of::<f32>(), Shape::Number),
            (Shape::of::<String>(), Shape::String),
            (Shape::of::<char>(), Shape::String),
            (Shape::of::<uuid::Uuid>(), Shape::String),
            (Shape::of::<Timestamp>(), Shape::String),
            (Shape::of::<Box<String>>(), Shape::String),
            (Shape::of::<Wrapped>(), Shape::String),
            (Shape::of::<Even>(), Shape::Integer),
            (Shape::of::<Vec<String>>(), Shape::Array),
            (Shape::of::<(i32, i32)>(), Shape::Array),
            (Shape::of::<Point>(), Shape::Object),
            (Shape::of::<BTreeMap<String, i32>>(), Shape::Object),
            (Shape::of::<serde_json::Value>(), Shape::Any),
            (Shape::of::<Colour>(), Shape::OneOf(&["red", "green"])),
            (Shape::of::<Mixed>(), Shape::Any),
            (Shape::of::<Option<i32>>(), nullable(Shape::Integer)),
            (Shape::of::<Option<Option<bool>>>(), nullable(Shape::Boolean)),
            (Shape::of::<Option<Colour>>(), nullable(Shape::OneOf(&["red", "green"]))),
        ] {
            assert_eq!(found, expected);
        }
    }
}
