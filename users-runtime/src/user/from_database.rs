//! Fields that the database fills (`#[auth(from_database)]`), and types whose default is never intended.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use uuid::Uuid;

use crate::domain::Timestamp;

/// The data for temporary values of new fields, until the database has generated its own.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    now: Timestamp,
    random: [u8; 16],
}

impl Moment {
    /// Returns the moment `now`, with 16 random bytes.
    #[must_use]
    pub const fn new(now: Timestamp, random: [u8; 16]) -> Self {
        Self { now, random }
    }
}

/// A type with a sensible value for a field that the database fills, until the row is stored. Stores without SQL keep
/// it. All other types use their default.
pub trait UntilStored: Sized {
    /// Returns the value: the current time, or a random UUID.
    fn until_stored(moment: &Moment) -> Self;
}

macro_rules! until_stored {
    ($($type:ty: $value:expr;)*) => {$(
        impl UntilStored for $type {
            fn until_stored(moment: &Moment) -> Self {
                let value: fn(&Moment) -> Self = $value;
                value(moment)
            }
        }
    )*};
}

until_stored! {
    DateTime<Utc>: |moment| moment.now;
    DateTime<FixedOffset>: |moment| moment.now.fixed_offset();
    NaiveDateTime: |moment| moment.now.naive_utc();
    NaiveDate: |moment| moment.now.date_naive();
    NaiveTime: |moment| moment.now.time();
    Uuid: |moment| uuid::Builder::from_random_bytes(moment.random).into_uuid();
}

/// A type whose [`Default`] is a real value that no new user should get by accident: times, dates and UUIDs.
///
/// A field of such a type that no registration sets must have `from_database` or a `default` in its `#[auth(…)]`;
/// otherwise it does not compile. Implement this trait for your own types of this kind.
pub trait NoImplicitDefault {}

impl<Tz: TimeZone> NoImplicitDefault for DateTime<Tz> {}
impl NoImplicitDefault for NaiveDateTime {}
impl NoImplicitDefault for NaiveDate {}
impl NoImplicitDefault for NaiveTime {}
impl NoImplicitDefault for Uuid {}
impl NoImplicitDefault for uuid::fmt::Hyphenated {}
impl NoImplicitDefault for uuid::fmt::Simple {}
impl NoImplicitDefault for uuid::fmt::Braced {}
impl NoImplicitDefault for uuid::fmt::Urn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_the_database_fills_is_the_present_time_or_a_random_id_until_then() {
        let now = "2026-11-28T21:59:58.25Z".parse().unwrap();
        let moment = Moment::new(now, [7; 16]);
        assert_eq!(<DateTime<Utc>>::until_stored(&moment), now);
        assert_eq!(NaiveDate::until_stored(&moment).to_string(), "2026-11-28");
        assert_eq!(NaiveTime::until_stored(&moment).to_string(), "21:59:58.250");
        assert_eq!(NaiveDateTime::until_stored(&moment), now.naive_utc());
        assert_eq!(Uuid::until_stored(&moment).get_version_num(), 4);
    }
}
