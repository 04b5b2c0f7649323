//! Number and flag fields in columns of another numeric affinity, as other programs declare them: SQLite stores `7.0` in a column
//! `DECIMAL(10,2)` as the integer 7, and an integer in a column `REAL` as 7.0. Old versions of Rails wrote flags as `t` and `f`.

use std::any::Any;

use sqlx::{Decode, Sqlite, Type, TypeInfo as _, Value as _, ValueRef, error::BoxDynError, sqlite::SqliteValueRef};

/// The number up to which every integer is exactly representable as a floating-point number.
const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53

/// Reads a value as `T`, if it is the same number or flag in another storage class.
pub(super) fn convert<T>(value: &SqliteValueRef<'_>) -> Option<Result<T, BoxDynError>>
where
    T: Type<Sqlite> + for<'r> Decode<'r, Sqlite> + 'static,
{
    let (wanted, found) = (T::type_info(), value.type_info().name().to_owned());
    let is_integer = matches!(found.as_str(), "INTEGER" | "BOOLEAN");
    match (wanted.name(), found.as_str()) {
        ("REAL", _) if is_integer => Some(read(value, || {
            let integer = <i64 as Decode<Sqlite>>::decode(ValueRef::to_owned(value).as_ref())?;
            Ok(is_exact(integer))
        })),
        ("INTEGER", "REAL") => Some(read(value, || Ok(is_whole(real(value)?)))),
        ("BOOLEAN", "REAL") => Some(read(value, || Ok([0.0, 1.0].contains(&real(value)?)))),
        ("BOOLEAN", "TEXT") => flag(value).transpose(),
        _ => None,
    }
}

/// Decodes a value if it is exactly a value of `T`. sqlx lets SQLite convert it.
fn read<T>(value: &SqliteValueRef<'_>, is_same: impl FnOnce() -> Result<bool, BoxDynError>) -> Result<T, BoxDynError>
where
    T: for<'r> Decode<'r, Sqlite> + 'static,
{
    if is_same()? {
        T::decode(ValueRef::to_owned(value).as_ref())
    } else {
        Err("the number is not one of the field's type".into())
    }
}

fn real(value: &SqliteValueRef<'_>) -> Result<f64, BoxDynError> {
    <f64 as Decode<Sqlite>>::decode(ValueRef::to_owned(value).as_ref())
}

/// Returns whether a floating-point number has the value of an integer.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the loss is what is asked for")]
fn is_exact(integer: i64) -> bool {
    (integer as f64) as i128 == i128::from(integer)
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() <= EXACT
}

/// Reads the text of a flag, if `T` is one or an `Option` of one.
fn flag<T: 'static>(value: &SqliteValueRef<'_>) -> Result<Option<T>, BoxDynError> {
    let text = <String as Decode<Sqlite>>::decode(ValueRef::to_owned(value).as_ref())?;
    let flag = match text.as_str() {
        "t" => true,
        "f" => false,
        _ => return Ok(None),
    };
    let mut converted: Option<T> = None;
    let slot: &mut dyn Any = &mut converted;
    if let Some(slot) = slot.downcast_mut::<Option<bool>>() {
        *slot = Some(flag);
    } else if let Some(slot) = slot.downcast_mut::<Option<Option<bool>>>() {
        *slot = Some(Some(flag));
    }
    Ok(converted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_only_if_it_keeps_its_value() {
        assert!(is_exact(7) && is_exact(-(1 << 53)) && is_exact(1 << 62));
        assert!(!is_exact((1 << 53) + 1) && !is_exact(i64::MAX));
        assert!(is_whole(7.0) && is_whole(-EXACT));
        assert!(!is_whole(7.5) && !is_whole(1e300) && !is_whole(f64::NAN) && !is_whole(f64::INFINITY));
    }
}
