//! Times in custom columns on MySQL and MariaDB.

use chrono::NaiveDateTime;
use sqlx::{Encode, MySql, Type, TypeInfo as _, encode::IsNull, error::BoxDynError, mysql::MySqlTypeInfo};

/// Sends a value as `DATETIME` if sqlx would send it as `TIMESTAMP`. The bytes are the same, but a `TIMESTAMP` ends in
/// 2038, and MariaDB silently turns a later parameter into NULL. Refuses dates and times that the server would change.
pub(super) struct AsDatetime<'a, T>(pub(super) &'a T);

impl<T: Type<MySql>> Type<MySql> for AsDatetime<'_, T> {
    fn type_info() -> MySqlTypeInfo {
        T::type_info()
    }
}

impl<'q, T: Type<MySql> + Encode<'q, MySql>> Encode<'q, MySql> for AsDatetime<'_, T> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        let start = buffer.len();
        let is_null = self.0.encode_by_ref(buffer)?;
        let sent = buffer.get(start..).unwrap_or_default();
        let own = self.0.produces().unwrap_or_else(T::type_info);
        let is_kept = match own.name() {
            _ if matches!(is_null, IsNull::Yes) => true,
            "DATE" | "DATETIME" | "TIMESTAMP" => has_year(sent) && has_microseconds(sent, 8),
            "TIME" => has_microseconds(sent, 9),
            _ => true,
        };
        if is_kept { Ok(is_null) } else { Err("the time is out of range".into()) }
    }

    fn produces(&self) -> Option<MySqlTypeInfo> {
        let own = self.0.produces().unwrap_or_else(T::type_info);
        Some(if own.name() == "TIMESTAMP" { <NaiveDateTime as Type<MySql>>::type_info() } else { own })
    }

    fn size_hint(&self) -> usize {
        self.0.size_hint()
    }
}

/// Returns `true` if the year is from 1 to 9999. The server stores other dates as zero. The bytes are a length, the year in
/// two bytes, month, day
/// (<https://mariadb.com/docs/server/reference/clientserver-protocol/4-server-response-packets/resultset-row>).
fn has_year(sent: &[u8]) -> bool {
    let Some(&[low, high]) = sent.get(1..3) else { return true };
    (1..=9999).contains(&u16::from_le_bytes([low, high]))
}

/// Returns `true` if the microseconds at this place, if there are any, are less than a second. A leap second has more.
fn has_microseconds(sent: &[u8], at: usize) -> bool {
    let bytes = sent.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    bytes.is_none_or(|bytes| u32::from_le_bytes(bytes) < 1_000_000)
}
