//! Times of the application's own as MySQL and MariaDB are to see them.

use chrono::NaiveDateTime;
use sqlx::{Encode, MySql, Type, TypeInfo as _, encode::IsNull, error::BoxDynError, mysql::MySqlTypeInfo};

/// A value, which is called a `DATETIME` if sqlx calls it a `TIMESTAMP`. The bytes are the same; a `TIMESTAMP` ends in 2038,
/// and MariaDB makes NULL of a parameter that is later, without a word.
pub(super) struct AsDatetime<'a, T>(pub(super) &'a T);

impl<T: Type<MySql>> Type<MySql> for AsDatetime<'_, T> {
    fn type_info() -> MySqlTypeInfo {
        T::type_info()
    }
}

impl<'q, T: Type<MySql> + Encode<'q, MySql>> Encode<'q, MySql> for AsDatetime<'_, T> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        self.0.encode_by_ref(buffer)
    }

    fn produces(&self) -> Option<MySqlTypeInfo> {
        let own = self.0.produces().unwrap_or_else(T::type_info);
        Some(if own.name() == "TIMESTAMP" { <NaiveDateTime as Type<MySql>>::type_info() } else { own })
    }

    fn size_hint(&self) -> usize {
        self.0.size_hint()
    }
}
