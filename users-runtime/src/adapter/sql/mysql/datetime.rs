//! Times in custom columns on MySQL and MariaDB.

use chrono::NaiveDateTime;
use sqlx::{Encode, MySql, Type, TypeInfo as _, encode::IsNull, error::BoxDynError, mysql::MySqlTypeInfo};

/// Sends a value as `DATETIME` if sqlx would send it as `TIMESTAMP`. The bytes are the same, but a `TIMESTAMP` ends in
/// 2038, and MariaDB silently turns a later parameter into NULL.
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
