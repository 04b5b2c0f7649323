//! Fields of signed integers over unsigned columns, which other programs prefer for ids and counters.

use std::any::Any;

use sqlx::{Decode, MySql, Type, TypeInfo as _, ValueRef as _, error::BoxDynError, mysql::MySqlValueRef};

/// Reads a value of an unsigned column as `T`, if `T` is a signed integer.
pub(super) fn convert<T>(value: &MySqlValueRef<'_>) -> Option<Result<T, BoxDynError>>
where
    T: Type<MySql> + for<'r> Decode<'r, MySql> + 'static,
{
    let is_signed = <i64 as Type<MySql>>::compatible(&T::type_info());
    (is_signed && value.type_info().name().ends_with("UNSIGNED")).then(|| read(value))
}

fn read<T>(value: &MySqlValueRef<'_>) -> Result<T, BoxDynError>
where
    T: for<'r> Decode<'r, MySql> + 'static,
{
    let number = <u64 as Decode<MySql>>::decode(value.clone())?;
    if let Some(integer) = integer(number)? {
        return Ok(integer);
    }
    // Another type that sqlx decodes as a signed integer of the column's width: without the highest bit, the value is the
    // same.
    let highest = match value.type_info().name() {
        "TINYINT UNSIGNED" => u64::from(i8::MAX.unsigned_abs()),
        "SMALLINT UNSIGNED" => u64::from(i16::MAX.unsigned_abs()),
        "MEDIUMINT UNSIGNED" | "INT UNSIGNED" => u64::from(i32::MAX.unsigned_abs()),
        _ => i64::MAX.unsigned_abs(),
    };
    if number > highest {
        return Err("the value is out of the range of the field's type".into());
    }
    T::decode(value.clone())
}

/// Returns the number as `T` if `T` is an integer of the standard library, or an `Option` of one.
fn integer<T: 'static>(number: u64) -> Result<Option<T>, BoxDynError> {
    let mut converted: Option<T> = None;
    let slot: &mut dyn Any = &mut converted;
    macro_rules! integers {
        ($($integer:ty),*) => {$(
            if let Some(slot) = slot.downcast_mut::<Option<$integer>>() {
                *slot = Some(<$integer>::try_from(number)?);
            } else if let Some(slot) = slot.downcast_mut::<Option<Option<$integer>>>() {
                *slot = Some(Some(<$integer>::try_from(number)?));
            }
        )*};
    }
    integers!(i8, i16, i32, i64);
    Ok(converted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_integers_within_their_range() {
        assert_eq!(integer::<i64>(u64::from(u32::MAX)).unwrap(), Some(i64::from(u32::MAX)));
        assert_eq!(integer::<Option<i16>>(7).unwrap(), Some(Some(7)));
        assert_eq!(integer::<String>(7).unwrap(), None);
        assert!(integer::<i32>(u64::from(u32::MAX)).is_err());
        assert!(integer::<i64>(u64::MAX).is_err());
    }
}
