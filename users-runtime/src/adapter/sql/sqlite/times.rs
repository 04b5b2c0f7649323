//! Times as text without an offset and always with six decimals: the format of fastapi-users, which is compared as text.

use chrono::NaiveDate;
use sqlx::{Decode, Row as _, Sqlite, ValueRef as _, sqlite};

use crate::{adapter::sql::SqlResult, domain::Timestamp};

pub(super) fn to_text(time: Timestamp) -> String {
    time.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// Reads a column. sqlx tries many formats, and even the first takes longer than the rest of a row. So the common
/// format is parsed here, and others by sqlx.
pub(super) fn read(row: &sqlite::SqliteRow, index: usize) -> SqlResult<Option<Timestamp>> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        return Ok(None);
    }
    let usual = <&str as Decode<Sqlite>>::decode(value).ok().and_then(parse);
    if usual.is_some() {
        return Ok(usual);
    }
    Ok(row.try_get::<Option<chrono::NaiveDateTime>, _>(index)?.map(|time| time.and_utc()))
}

/// Reads `2026-11-29 12:00:00.000000`.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 26] = text.as_bytes().try_into().ok()?;
    let is_separated = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':'), (19, b'.')];
    if is_separated.iter().any(|&(at, separator)| bytes[at] != separator) {
        return None;
    }
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| 10 * sum + u32::from(digit - b'0')))
    };
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(&bytes[..4])?).ok()?,
        number(&bytes[5..7])?,
        number(&bytes[8..10])?,
    )?;
    let time = date.and_hms_micro_opt(
        number(&bytes[11..13])?,
        number(&bytes[14..16])?,
        number(&bytes[17..19])?,
        number(&bytes[20..])?,
    )?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDateTime};

    use super::*;

    #[test]
    fn a_time_is_read_as_it_was_written_and_as_sqlx_reads_it() {
        for microseconds in [0, 1, 1_795_953_599_999_999, 951_782_400_000_000, -1, 253_402_300_799_999_999] {
            let time = DateTime::from_timestamp_micros(microseconds).unwrap();
            assert_eq!(parse(&to_text(time)), Some(time), "{time}");
            let read = NaiveDateTime::parse_from_str(&to_text(time), "%Y-%m-%d %H:%M:%S%.f").unwrap();
            assert_eq!(read.and_utc(), time);
        }
    }

    #[test]
    fn another_format_is_left_to_sqlx() {
        for text in [
            "",
            "2026-11-29",
            "2026-11-29 12:00:00",
            "2026-11-29T12:00:00.000000",
            "2026-11-29 12:00:00.00000Z",
            "2026-02-29 12:00:00.000000",
            "2026-13-01 12:00:00.000000",
            "2026-11-29 24:00:00.000000",
            "2026-11-29 12:60:00.000000",
            "2026-11-29 12:00:00.00+000",
            "+026-11-29 12:00:00.000000",
            "2026-11-29 12:00:00.0000é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
